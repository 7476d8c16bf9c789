package plan

import (
	"testing"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// A function whose row has a name of its own, and one of an older kernel's words for a port
// that the Southbound wasn't asked about.
func TestEviction_ByARowThatFollowsItsFunctionIsConfirmed(t *testing.T) {
	card := testcard.Of(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10})
	card.MayLackPFs = true
	old := plantest.OurRow("b", "ens1", 0, 0, 0)
	old.Marker.Function = unnumbered(old.Marker.Function)
	d := Plan(Input{
		Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: representor.NewIndex(card, representor.Settings{}),
		Actual: plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10), old),
	})
	for _, c := range d.Changes {
		for _, u := range c.Unplug {
			if u.Interface.Name == "ens1" {
				t.Errorf("b's row goes and the Southbound wasn't asked: %v", did(d))
			}
		}
	}
}
