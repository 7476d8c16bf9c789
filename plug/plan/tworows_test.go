package plan

import (
	"slices"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// A port has two rows, as after somebody's edits, and its netdev can't be plugged now.
func TestTwoRows_NoneThatCarriesAFunctionGoesBeforeTheRightOneDoes(t *testing.T) {
	unsettled := testcard.Netdev{PF: 0, VF: 0, Name: "n0", IfIndex: 10, Unready: true}
	other := testcard.Netdev{PF: 0, VF: 1, Name: "n1", IfIndex: 11}
	unopened := func(r ovs.Interface) ovs.Interface {
		r.Ofport, r.IfIndex = -1, 0
		return r
	}
	for _, tt := range []struct {
		name string
		devs []testcard.Netdev
		rows []ovs.Interface
		want []string
	}{
		{"the first leaks", []testcard.Netdev{unsettled, other},
			[]ovs.Interface{plantest.OurRow("a", "n0", 0, 0, 11), plantest.OurRow("a", "old", 0, 0, 10)}, []string{"-n0"}},
		{"the first isn't open", []testcard.Netdev{unsettled}, []ovs.Interface{unopened(plantest.OurRow("a", "n0", 0, 0, 10)),
			plantest.OurRow("a", "old", 0, 0, 10)}, nil},
		{"the right one is open for a netdev that is no more", []testcard.Netdev{unsettled, other},
			[]ovs.Interface{plantest.OurRow("a", "n0", 0, 0, 9), plantest.OurRow("a", "n1", 0, 1, 11)}, nil},
		{"the right one isn't open", []testcard.Netdev{unsettled, other},
			[]ovs.Interface{unopened(plantest.OurRow("a", "n0", 0, 0, 10)), plantest.OurRow("a", "n1", 0, 1, 11)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: testcard.Index(tt.devs...),
				Actual: plantest.BridgeWith(tt.rows...)}
			if d := planWith(in, plantest.Asks("a", 0, 0)); !slices.Equal(did(d), tt.want) {
				t.Errorf("did %q, want %q", did(d), tt.want)
			}
		})
	}
}

func TestTwoRows_NoneGoesWhileTheCardCantTellWhichIsMeant(t *testing.T) {
	zero := &devlink.Function{HWAddr: make([]byte, 6)}
	first, second := plantest.OurRow("a", "pf0vf0", 0, 0, 10), plantest.OurRow("a", "pf1vf0", 1, 0, 20)
	first.Ofport, first.IfIndex = -1, 0
	second.Marker.Request = first.Marker.Request
	for name, edit := range map[string]func(*representor.Card){
		"both PFs have one MAC": func(c *representor.Card) { c.Ports[1].Function = c.Ports[0].Function },
		"neither's is known":    func(c *representor.Card) { c.Ports[0].Function, c.Ports[1].Function = zero, zero },
	} {
		t.Run(name, func(t *testing.T) {
			card := testcard.Of(testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10, Master: "br0"},
				testcard.Netdev{PF: 1, VF: 0, Name: "pf1vf0", IfIndex: 20})
			edit(&card)
			in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: representor.NewIndex(card, representor.Settings{}),
				Actual: plantest.BridgeWith(first, second)}
			if d := planWith(in, plantest.Asks("a", 0, 0)); len(d.Changes) != 0 {
				t.Errorf("did %q: %+v", did(d), d.Ports)
			}
		})
	}
}
