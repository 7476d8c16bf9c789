package plan

import (
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// The PFs' MACs changed places: what a asks for is a VF of the other PF now.
func TestParking_TheNameDoesNotComeBackForAFunctionThatTheRequestNoLongerMeans(t *testing.T) {
	card := testcard.Of(testcard.OneVF(), testcard.Netdev{PF: 1, VF: 0})
	one, two := testcard.PFMAC(1), testcard.PFMAC(0)
	card.Ports[0].Function, card.Ports[1].Function = &devlink.Function{HWAddr: one[:]}, &devlink.Function{HWAddr: two[:]}
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 0)
	row.Ofport, row.IfaceID, row.Parked = -1, "", "a"
	d := Plan(Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: representor.NewIndex(card, representor.Settings{}),
		Actual: plantest.BridgeWith(row)})
	for _, c := range d.Changes {
		for _, e := range c.Edit {
			if e.Set[ovs.KeyIfaceID] != "" {
				t.Errorf("%s's netdev is given to a, whose request means VF 0 of the other PF: %v", testcard.VF(0, 0), e.Set)
			}
		}
	}
}

// Of two rows for one port, only the one that its request means gets the name back.
func TestParking_TheNameDoesNotComeBackForAnExtraRow(t *testing.T) {
	extra := plantest.OurRow("a", "pf0vf1", 0, 1, 0)
	extra.Ofport, extra.IfaceID, extra.Parked = -1, "", "a"
	d := Plan(Input{
		Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: testcard.Index(testcard.OneVF(),
			testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}),
		Actual: plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10), extra),
	})
	if got := did(d); len(got) != 0 {
		t.Errorf("planned %v: VF 1 goes to a, which asks for VF 0", got)
	}
}

// A marker that was edited gives no row a name that it never had.
func TestParking_ARowGetsBackTheNameThatWasParkedOnly(t *testing.T) {
	row := plantest.OurRow("b", "pf0vf0", 0, 0, 0)
	row.Ofport, row.IfaceID, row.Parked = -1, "", "a"
	d := Plan(Input{Asked: southbound.View{Problem: "connecting"}, Index: testcard.Index(testcard.OneVF()), Actual: plantest.BridgeWith(row)})
	for _, c := range d.Changes {
		for _, e := range c.Edit {
			if got := e.Set[ovs.KeyIfaceID]; got != "" && got != "a" {
				t.Errorf("a row that was parked as a comes back as %s", got)
			}
		}
	}
}

// An operator put the port on another interface while ours was away.
func TestParking_TheNameDoesNotComeBackBesideSomebodyElsesRowForThePort(t *testing.T) {
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 0)
	row.Ofport, row.IfaceID, row.Parked = -1, "", "a"
	for name, view := range map[string]southbound.View{"asked": plantest.Trusted(plantest.Asks("a", 0, 0)),
		"Southbound away": {Problem: "connecting"}} {
		t.Run(name, func(t *testing.T) {
			d := Plan(Input{Asked: view, Index: testcard.Index(testcard.OneVF()), Actual: plantest.BridgeWith(row,
				plantest.ForeignRow("tap0", "a"))})
			for _, c := range d.Changes {
				for _, e := range c.Edit {
					if e.Set[ovs.KeyIfaceID] != "" {
						t.Errorf("two interfaces get iface-id a: %v", e.Set)
					}
				}
			}
		})
	}
}
