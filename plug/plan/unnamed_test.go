package plan

import (
	"slices"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// Two PFs have the MAC, and nobody knows what the row was made for.
func TestUnnamed_ARowWithoutRequestIsLookedAfterWhileTheCardCannotTellWhatItsPortMeans(t *testing.T) {
	card := testcard.Of(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10})
	card.Ports[1].Function = card.Ports[0].Function
	a := plantest.Asks("a", 0, 0)
	for _, request := range []string{"", "x"} {
		row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
		row.Marker.Request = request
		in := Input{Asked: plantest.Trusted(a), Actual: plantest.BridgeWith(row), Index: representor.NewIndex(card, representor.Settings{})}
		if d := planWith(in, a); !slices.Equal(did(d), []string{"-pf0vf0 +ens1=a"}) {
			t.Errorf("made for %q: did %q: %+v", request, did(d), d.Ports)
		}
		b := plantest.Asks("b", 0, 0)
		b.Request.Query.Controller = devlink.Some[uint32](1)
		in.Asked = plantest.Trusted(a, b)
		if d := planWith(in, a, b); slices.ContainsFunc(d.Changes, func(c ovs.Change) bool {
			return slices.ContainsFunc(c.Plug, func(p ovs.Plug) bool { return p.IfaceID == "b" })
		}) {
			t.Errorf("made for %q: another port took its function: %q", request, did(d))
		}
	}
}

// The row's function is known, its request isn't, and the port's means another VF for certain.
func TestUnnamed_ARowWithoutRequestIsNotNamedForAPortThatMeansAnotherFunction(t *testing.T) {
	card := func(dev testcard.Netdev) *representor.Index {
		c := testcard.Of(dev)
		c.Serials = map[devlink.Handle]representor.Serial{testcard.Handle(): {Number: "MT1"}}
		return representor.NewIndex(c, representor.Settings{})
	}
	parked, renamed := plantest.OurRow("a", "pf0vf0", 0, 0, 0), plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	parked.Ofport, parked.IfaceID, parked.Parked = -1, "", "a"
	for name, tt := range map[string]struct {
		row ovs.Interface
		dev testcard.Netdev
	}{"parked": {parked, testcard.OneVF()}, "renamed": {renamed, testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}}} {
		for means, ask := range map[string]southbound.Binding{
			"another VF, which isn't there": plantest.Asks("a", 0, 5), "a PF that isn't there": plantest.Asks("a", 9, 0),
			"another card": onCard(plantest.Asks("a", 0, 0), "MT2"),
		} {
			for _, request := range []string{"", "x"} {
				tt.row.Marker.Request = request
				in := Input{Asked: plantest.Trusted(ask), Actual: plantest.BridgeWith(tt.row), Index: card(tt.dev)}
				if d := planWith(in, ask); len(d.Changes) != 0 {
					t.Errorf("%s, made for %q, means %s: did %q", name, request, means, did(d))
				}
			}
		}
	}
}

// The card can't tell whether a request, in other words than the row's, means what the row was
// asked for.
func TestUnnamed_ARowThatLostItsFunctionStaysWhileItsRequestMayMeanTheSame(t *testing.T) {
	onCard := func(vf int) southbound.Binding {
		b := plantest.Asks("a", 0, vf)
		b.Request.Query.CardSerial = "MT1" // which isn't known
		return b
	}
	for name, tt := range map[string]struct {
		request string
		asks    southbound.Binding
		netdev  testcard.Netdev
		want    []string
	}{
		"the row's own request means its netdev": {testcard.VFQuery(0, 0).String(), onCard(0), testcard.OneVF(), []string{"~pf0vf0"}},
		"the card tells of neither":              {onCard(0).Request.Query.String() + "7", onCard(0), testcard.OneVF(), nil},
		"the names were dealt anew": {onCard(0).Request.Query.String(), onCard(0), testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 10},
			[]string{"-pf0vf0"}},
		"another VF is asked for": {testcard.VFQuery(0, 0).String(), onCard(1), testcard.OneVF(), []string{"-pf0vf0"}},
	} {
		t.Run(name, func(t *testing.T) {
			row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
			row.Marker.Function, row.Marker.Request = "", tt.request
			d := planWith(Input{Asked: plantest.Trusted(tt.asks), Actual: plantest.BridgeWith(row), Index: testcard.Index(tt.netdev)}, tt.asks)
			if !slices.Equal(did(d), tt.want) {
				t.Errorf("planned %q, want %q", did(d), tt.want)
			}
		})
	}
}
