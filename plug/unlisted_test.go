package plug

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// shortOf is what is read of a card whose list of ports has its PFs alone: a netdev under a
// row's name that no port claims, and that says of itself which function's it is.
func shortOf(says string) representor.Card {
	return withNetdev(cardOf(), 10, representor.Link{Name: "pf0vf0", PortName: says, Parent: handle()})
}

// A driver fails to tell of one port, and before Linux 6.2 nothing says that the kernel's list
// ends there. Who has just started sees netdevs of no port, and machines use them.
func TestUnlisted_ARowWhoseNetdevSaysThatItIsTheFunctionsStays(t *testing.T) {
	row := ourRow("a", "pf0vf0", 0, 0, 10)
	unopened := row
	unopened.Ofport, unopened.IfIndex = 0, 0
	const kept, removed, parked = "kept", "removed", "parked"
	for _, tt := range []struct {
		says    string
		row     ovs.Interface
		becomes string
	}{
		{"c1pf0vf0", row, kept},
		{"c1pf0vf1", row, removed},
		{"pf0vf0", row, removed}, // this machine's own
		{"", row, removed},
		{"c1pf0vf0", unopened, kept},
		{"c1pf0vf1", unopened, parked},
		{"", unopened, parked},
	} {
		t.Run(fmt.Sprintf("%q, open %v", tt.says, open(tt.row)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(representor.NewIndex(shortOf(tt.says), representor.Settings{}), asks("a", 0, 0))
				c.actual = bridgeWith(tt.row)
				run(t, c.reconciler(nil))
				elapse(time.Minute)
				becomes := removed
				if now, there := c.rows()["pf0vf0"]; there && now.IfaceID == "a" {
					becomes = kept
				} else if there && now.Parked == "a" {
					becomes = parked
				}
				if becomes != tt.becomes {
					t.Errorf("the row is %s: %+v", becomes, c.rows())
				}
			})
		})
	}
}

// What is listed counts more than what a netdev says of itself.
func TestUnlisted_ANetdevThatSaysItIsAFunctionsThatHasAnotherIsALeak(t *testing.T) {
	link := representor.Link{Name: "pf0vf0", PortName: "c1pf0vf0", Parent: handle()}
	card := withNetdev(cardOf(netdev{pf: 0, vf: 0, name: "eth9", ifindex: 9}), 10, link)
	r := ourRow("a", "pf0vf0", 0, 0, 10)
	in := Input{
		Asked: trusted(), Index: representor.NewIndex(card, representor.Settings{}), Actual: bridgeWith(r),
		Unclaimed: map[string]bool{unclaimedIn(r, 10): true},
	}
	in.Asked.Connected = false
	if d := Plan(in); !slices.Contains(did(d), "-pf0vf0 ") && !slices.Contains(d.Leaks, r.UUID) {
		t.Errorf("%v, leaks %v", did(d), d.Leaks)
	}
}

// Two controllers' SFs may have one number, and this machine's own has the name without one.
func TestUnlisted_AnSFOfThisMachinesOwnIsNoHosts(t *testing.T) {
	sf := representor.Function{Handle: handle(), Controller: devlink.Some[uint32](1), External: true, PF: 0, Kind: representor.SF, Number: 88}
	r := ourRow("a", "pf0vf0", 0, 0, 10)
	r.Marker.Function, r.Marker.Request = sf.String(), representor.Query{PFMAC: pfMAC(0), Kind: representor.SF, Number: 88}.String()
	in := Input{
		Asked: trusted(), Index: representor.NewIndex(shortOf("pf0sf88"), representor.Settings{}), Actual: bridgeWith(r),
		Unclaimed: map[string]bool{unclaimedIn(r, 10): true},
	}
	if d := Plan(in); !slices.Contains(d.Leaks, r.UUID) {
		t.Errorf("no leak: %v", did(d))
	}
}
