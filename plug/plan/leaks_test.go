package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

func TestLeak_ANetdevThatNoDevlinkPortClaimsIsNone(t *testing.T) {
	card := testcard.Of(testcard.Netdev{PF: 0, VF: 0})
	card.Links[10] = representor.Link{Name: "pf0vf0", Up: true, Settled: true} // registered before devlink names it
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	d := planWith(Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: representor.NewIndex(card, representor.Settings{}),
		Actual: plantest.BridgeWith(row)},
		plantest.Asks("a", 0, 0))
	if s := statusOf(t, d, "a"); len(d.Changes) != 0 || s.State != Pending || reason.CodeOf(s.Reason) != reason.CodeNoNetdev {
		t.Errorf("plan %v, status %+v; want the row to stay", did(d), s)
	}
}

// What a row is for is known from its request alone once its function was edited away. While
// the card has no PF of that MAC it may be for any VF 0, and never for a VF 1.
func TestLeak_ARowThatLostItsFunctionIsOneOfAnyOtherNumberThanWasAsked(t *testing.T) {
	edited := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	edited.Marker.Function = ""
	unknown := plantest.Asks("a", 0, 0)
	unknown.Request.Query.PFMAC = representor.MAC{0, 0x53, 0, 0, 0, 0x99}
	edited.Marker.Request = unknown.Request.Query.String()
	opened := edited
	opened.Name, opened.PortName, opened.IfIndex = "old", "old", 11
	keeps := unknown
	keeps.Disposition = southbound.Kept
	other, silent := edited, edited
	other.Marker.Request, silent.Marker.Request = testcard.VFQuery(3, 0).String(), "edited"
	swapped := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 11}
	for _, c := range []struct {
		name string
		row  ovs.Interface
		asks southbound.Binding
		card testcard.Netdev
		want int
	}{
		{"a VF of another number has its name", edited, unknown, swapped, 1},
		{"a VF of another number is open under it", opened, unknown, testcard.Netdev{PF: 0, VF: 1, Name: "new", IfIndex: 11}, 1},
		{"a VF of the number that is asked", edited, unknown, testcard.Netdev{PF: 1, VF: 0, Name: "pf0vf0", IfIndex: 20}, 0},
		{"no netdev", edited, unknown, testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}, 0},
		{"nobody asks for it now", edited, keeps, swapped, 1},
		{"the row was made for another request, of the same number", other, unknown, swapped, 1},
		{"the row doesn't say what it was asked for", silent, unknown, swapped, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := planWith(Input{Asked: plantest.Trusted(c.asks), Index: testcard.Index(c.card), Actual: plantest.BridgeWith(c.row)})
			if len(d.Leaks) != c.want {
				t.Errorf("%d leaks, want %d: %v", len(d.Leaks), c.want, did(d))
			}
		})
	}
}

// A row that lost representord-function, while the card knows which function is asked
// for: that one has no netdev now, and another PF's VF of the same number has the name.
func TestLeak_ARowWithoutItsFunctionThatHasAnotherPFsNetdevGoes(t *testing.T) {
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 20)
	row.Marker.Function = ""
	d := planWith(Input{
		Asked:  plantest.Trusted(plantest.Asks("a", 0, 0)),
		Index:  testcard.Index(testcard.Netdev{PF: 0, VF: 0}, testcard.Netdev{PF: 1, VF: 0, Name: "pf0vf0", IfIndex: 20}),
		Actual: plantest.BridgeWith(row),
	}, plantest.Asks("a", 0, 0))
	if got := did(d); len(got) != 1 || got[0] != "-pf0vf0" {
		t.Errorf("did %q, want -pf0vf0: port a is on the network of %s; it is %+v", got, testcard.VF(1, 0), d.Ports[0].Reason)
	}
}

// A DPU boots a kernel that reports controllers, which the one before didn't: the same
// function under the same name has a marker in other words. The Southbound is away, so
// what is removed stays away.
func TestLeak_ARowOfAKernelWithoutControllersIsNone(t *testing.T) {
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	row.Marker.Function = unnumbered(testcard.VF(0, 0).String())
	view := plantest.Trusted()
	view.Connected, view.Complete = false, false
	d := Plan(Input{Asked: view, Index: testcard.Index(testcard.OneVF()), Actual: plantest.BridgeWith(row)})
	if len(d.Changes) != 0 {
		t.Errorf("did %q for a row of %q, whose netdev is %q", did(d), row.Marker.Function, testcard.VF(0, 0))
	}
}

func TestLeak_ARowOfAKernelWithoutControllersIsTheFunctions(t *testing.T) {
	old := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	old.Marker.Function = unnumbered(testcard.VF(0, 0).String())
	secondHost := func(c *representor.Card) {
		pf := c.Ports[0]
		pf.Index, pf.Controller, pf.Function = 999, devlink.Some(uint32(2)), &devlink.Function{HWAddr: []byte{0, 0x53, 0, 0, 0, 0x99}}
		c.Ports = append(c.Ports, pf)
	}
	renamed := testcard.Netdev{PF: 0, VF: 0, Name: "c1pf0vf0", IfIndex: 10}
	for _, tt := range []struct {
		name string
		dev  testcard.Netdev
		card func(*representor.Card)
		asks southbound.Binding
		want []string
	}{
		{name: "its marker is corrected", dev: testcard.OneVF(), asks: plantest.Asks("a", 0, 0), want: []string{"~pf0vf0"}},
		{name: "it follows its netdev", dev: renamed, asks: plantest.Asks("a", 0, 0), want: []string{"-pf0vf0 +c1pf0vf0=a"}},
		{name: "also while it is only kept", dev: renamed, asks: plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept),
			want: []string{"-pf0vf0 +c1pf0vf0=a"}},
		{name: "it makes room for another port that asks for its function", dev: renamed, asks: plantest.Asks("b", 0, 0),
			want: []string{"-pf0vf0 +c1pf0vf0=b"}},
		{name: "another VF's netdev is a leak", dev: testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 10},
			asks: plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept),
			want: []string{"-pf0vf0"}},
		{name: "it is nobody's if it may be another host's", dev: testcard.OneVF(), card: secondHost,
			asks: plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept),
			want: []string{"-pf0vf0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			card := testcard.Of(tt.dev)
			if tt.card != nil {
				tt.card(&card)
			}
			in := Input{Asked: plantest.Trusted(tt.asks), Index: representor.NewIndex(card, representor.Settings{}),
				Actual: plantest.BridgeWith(old)}
			d := planWith(in, tt.asks)
			if diff := cmp.Diff(tt.want, did(d)); diff != "" {
				t.Fatalf("changes (-want +got):\n%s", diff)
			}
			after, err := plantest.Commit(in.Actual, in.Index, d.Changes)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range after.Interfaces {
				if r.Marker.Function != testcard.VF(0, 0).String() {
					t.Errorf("%s says it is for %q", r.Name, r.Marker.Function)
				}
			}
		})
	}
}
