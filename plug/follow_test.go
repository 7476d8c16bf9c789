package plug

import (
	"testing"

	"github.com/representord/representord/representor"
)

// A function whose row has a name of its own, and one of an older kernel's words for a port
// that the Southbound wasn't asked about.
func TestEviction_ByARowThatFollowsItsFunctionIsConfirmed(t *testing.T) {
	card := cardOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10})
	card.MayLackPFs = true
	old := ourRow("b", "ens1", 0, 0, 0)
	old.Marker.Function = unnumbered(old.Marker.Function)
	d := Plan(Input{
		Asked: trusted(asks("a", 0, 0)), Index: representor.NewIndex(card, representor.Settings{}),
		Actual: bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10), old),
	})
	for _, c := range d.Changes {
		for _, u := range c.Unplug {
			if u.Interface.Name == "ens1" {
				t.Errorf("b's row goes and the Southbound wasn't asked: %v", did(d))
			}
		}
	}
}
