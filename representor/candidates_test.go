package representor_test

import (
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

// A PF is refused exactly when the lookup doesn't lead to it.
func TestCandidates_EachSaysWhyItWasRefused(t *testing.T) {
	handle := func(n string) devlink.Handle { return devlink.Handle{Bus: "pci", Device: n} }
	pf := func(h devlink.Handle, index, controller uint32, external bool, number uint16, mac byte) devlink.Port {
		return devlink.Port{
			Handle: h, Index: index, Type: devlink.TypeEth, Flavour: devlink.FlavourPCIPF, Controller: devlink.Some(controller),
			External: devlink.Some(external), PF: devlink.Some(number), Function: &devlink.Function{HWAddr: []byte{0, 0, 0, 0, 0, mac}},
		}
	}
	a, b := handle("0000:03:00.0"), handle("0000:04:00.0")
	card := representor.Card{
		Complete: true, Links: map[uint32]representor.Link{}, Serials: map[devlink.Handle]representor.Serial{a: {Number: "A"}},
		Ports: []devlink.Port{
			pf(a, 1, 1, true, 0, 7), pf(a, 2, 1, true, 1, 8), pf(a, 3, 2, true, 0, 7), pf(a, 4, 0, false, 0, 7), pf(a, 5, 1, true, 2, 0),
			pf(b, 1, 1, true, 0, 7),
		},
	}
	x := representor.NewIndex(card, representor.Settings{})
	const (
		local, otherMAC, noMAC = "it is a function of this machine itself, which local-functions does not admit", "it has another MAC",
			"its MAC is not known"
		twin, noSerial = "another PF has this MAC too", "the serial number of its card is not known"
	)
	mac := func(last byte) representor.MAC { return representor.MAC{5: last} }
	for _, tt := range []struct {
		name  string
		query representor.Query
		want  map[string]string
	}{
		{
			"one of several PFs has the MAC", representor.Query{PFMAC: mac(8), Kind: representor.PF},
			map[string]string{
				"pci/0000:03:00.0 c0pf0 local": local, "pci/0000:03:00.0 c1pf0": otherMAC, "pci/0000:03:00.0 c1pf1": "",
				"pci/0000:03:00.0 c1pf2": noMAC, "pci/0000:03:00.0 c2pf0": otherMAC, "pci/0000:04:00.0 c1pf0": otherMAC,
			},
		},
		{
			"several PFs have the MAC", representor.Query{PFMAC: mac(7), Kind: representor.PF},
			map[string]string{
				"pci/0000:03:00.0 c0pf0 local": local, "pci/0000:03:00.0 c1pf0": twin, "pci/0000:03:00.0 c1pf1": otherMAC,
				"pci/0000:03:00.0 c1pf2": noMAC, "pci/0000:03:00.0 c2pf0": twin, "pci/0000:04:00.0 c1pf0": twin,
			},
		},
		{
			"a controller is asked for", representor.Query{PFMAC: mac(7), Kind: representor.PF, Controller: devlink.Some[uint32](2)},
			map[string]string{
				"pci/0000:03:00.0 c0pf0 local": local, "pci/0000:03:00.0 c1pf0": "only controller 2 is asked for", "pci/0000:03:00.0 c1pf1": otherMAC,
				"pci/0000:03:00.0 c1pf2": "only controller 2 is asked for", "pci/0000:03:00.0 c2pf0": "",
				"pci/0000:04:00.0 c1pf0": "only controller 2 is asked for",
			},
		},
		{
			"another card is asked for", representor.Query{PFMAC: mac(7), Kind: representor.PF, CardSerial: "B"},
			map[string]string{
				"pci/0000:03:00.0 c0pf0 local": local, "pci/0000:03:00.0 c1pf0": "its card has another serial number than asked for",
				"pci/0000:03:00.0 c1pf1": otherMAC,
				"pci/0000:03:00.0 c1pf2": "its card has another serial number than asked for",
				"pci/0000:03:00.0 c2pf0": "its card has another serial number than asked for",
				"pci/0000:04:00.0 c1pf0": noSerial,
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := x.Candidates(tt.query)
			if len(got) != len(tt.want) {
				t.Errorf("%d candidates, want %d", len(got), len(tt.want))
			}
			for _, c := range got {
				if want, ok := tt.want[c.Function.String()]; !ok || c.Refused != want {
					t.Errorf("%s is refused for %q, want %q", c.Function, c.Refused, want)
				}
			}
			if rep, why := x.Lookup(tt.query); rep.Function.Kind != 0 && tt.want[rep.Function.String()] != "" {
				t.Errorf("the lookup leads to %s (%v)", rep.Function, why)
			}
		})
	}
}
