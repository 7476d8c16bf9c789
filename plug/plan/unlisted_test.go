package plan

import (
	"slices"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// What is listed counts more than what a netdev says of itself.
func TestUnlisted_ANetdevThatSaysItIsAFunctionsThatHasAnotherIsALeak(t *testing.T) {
	link := representor.Link{Name: "pf0vf0", PortName: "c1pf0vf0", Parent: testcard.Handle()}
	card := testcard.WithNetdev(testcard.Of(testcard.Netdev{PF: 0, VF: 0, Name: "eth9", IfIndex: 9}), 10, link)
	r := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	in := Input{
		Asked: plantest.Trusted(), Index: representor.NewIndex(card, representor.Settings{}), Actual: plantest.BridgeWith(r),
		Unclaimed: map[string]bool{unclaimedIn(r, 10): true},
	}
	in.Asked.Connected = false
	if d := Plan(in); !slices.Contains(did(d), "-pf0vf0 ") && !slices.Contains(d.Leaks, r.UUID) {
		t.Errorf("%v, leaks %v", did(d), d.Leaks)
	}
}

// The list of ports is short, the row has lost its function, and the card its serial number.
func TestUnlisted_ANetdevThatSaysItIsOneThatTheRowsRequestMayMeanIsNoLeak(t *testing.T) {
	for says, leaks := range map[string]bool{"c1pf0vf0": false, "c1pf1vf0": false, "c1pf0vf7": true, "c1pf0sf0": true, "": true} {
		for _, function := range []string{"", "x"} {
			r := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
			r.Marker.Function, r.Marker.Request = function, onCard(plantest.Asks("a", 0, 0), "MT1").Request.Query.String()
			in := Input{
				Asked: plantest.Trusted(), Index: representor.NewIndex(testcard.ShortOf(says), representor.Settings{}),
				Actual: plantest.BridgeWith(r), Unclaimed: map[string]bool{unclaimedIn(r, 10): true},
			}
			in.Asked.Connected = false
			if d := Plan(in); slices.Contains(d.Leaks, r.UUID) != leaks {
				t.Errorf("the netdev says %q, function %q: leaks %v", says, function, d.Leaks)
			}
		}
	}
}

// Two controllers' SFs may have one number, and this machine's own has the name without one.
func TestUnlisted_AnSFOfThisMachinesOwnIsNoHosts(t *testing.T) {
	sf := representor.Function{Handle: testcard.Handle(), Controller: devlink.Some[uint32](1), External: true, PF: 0, Kind: representor.SF,
		Number: 88}
	r := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	r.Marker.Function, r.Marker.Request = sf.String(), representor.Query{PFMAC: testcard.PFMAC(0), Kind: representor.SF, Number: 88}.String()
	in := Input{
		Asked: plantest.Trusted(), Index: representor.NewIndex(testcard.ShortOf("pf0sf88"), representor.Settings{}),
		Actual:    plantest.BridgeWith(r),
		Unclaimed: map[string]bool{unclaimedIn(r, 10): true},
	}
	if d := Plan(in); !slices.Contains(d.Leaks, r.UUID) {
		t.Errorf("no leak: %v", did(d))
	}
}
