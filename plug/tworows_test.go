package plug

import (
	"slices"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// A port has two rows, as after somebody's edits, and its netdev can't be plugged now.
func TestTwoRows_NoneThatCarriesAFunctionGoesBeforeTheRightOneDoes(t *testing.T) {
	unsettled := netdev{pf: 0, vf: 0, name: "n0", ifindex: 10, unready: true}
	other := netdev{pf: 0, vf: 1, name: "n1", ifindex: 11}
	unopened := func(r ovs.Interface) ovs.Interface {
		r.Ofport, r.IfIndex = -1, 0
		return r
	}
	for _, tt := range []struct {
		name string
		devs []netdev
		rows []ovs.Interface
		want []string
	}{
		{"the first leaks", []netdev{unsettled, other},
			[]ovs.Interface{ourRow("a", "n0", 0, 0, 11), ourRow("a", "old", 0, 0, 10)}, []string{"-n0"}},
		{"the first isn't open", []netdev{unsettled}, []ovs.Interface{unopened(ourRow("a", "n0", 0, 0, 10)), ourRow("a", "old", 0, 0, 10)}, nil},
		{"the right one is open for a netdev that is no more", []netdev{unsettled, other},
			[]ovs.Interface{ourRow("a", "n0", 0, 0, 9), ourRow("a", "n1", 0, 1, 11)}, nil},
		{"the right one isn't open", []netdev{unsettled, other},
			[]ovs.Interface{unopened(ourRow("a", "n0", 0, 0, 10)), ourRow("a", "n1", 0, 1, 11)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Asked: trusted(asks("a", 0, 0)), Index: indexOf(tt.devs...), Actual: bridgeWith(tt.rows...)}
			if d := planWith(in, asks("a", 0, 0)); !slices.Equal(did(d), tt.want) {
				t.Errorf("did %q, want %q", did(d), tt.want)
			}
		})
	}
}

func TestTwoRows_NoneGoesWhileTheCardCantTellWhichIsMeant(t *testing.T) {
	zero := &devlink.Function{HWAddr: make([]byte, 6)}
	first, second := ourRow("a", "pf0vf0", 0, 0, 10), ourRow("a", "pf1vf0", 1, 0, 20)
	first.Ofport, first.IfIndex = -1, 0
	second.Marker.Request = first.Marker.Request
	for name, edit := range map[string]func(*representor.Card){
		"both PFs have one MAC": func(c *representor.Card) { c.Ports[1].Function = c.Ports[0].Function },
		"neither's is known":    func(c *representor.Card) { c.Ports[0].Function, c.Ports[1].Function = zero, zero },
	} {
		t.Run(name, func(t *testing.T) {
			card := cardOf(netdev{pf: 0, vf: 0, name: "pf0vf0", ifindex: 10, master: "br0"}, netdev{pf: 1, vf: 0, name: "pf1vf0", ifindex: 20})
			edit(&card)
			in := Input{Asked: trusted(asks("a", 0, 0)), Index: representor.NewIndex(card, representor.Settings{}),
				Actual: bridgeWith(first, second)}
			if d := planWith(in, asks("a", 0, 0)); len(d.Changes) != 0 {
				t.Errorf("did %q: %+v", did(d), d.Ports)
			}
		})
	}
}
