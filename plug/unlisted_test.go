package plug

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/representor"
)

// A driver fails to tell of one port, and before Linux 6.2 nothing says that the kernel's list
// ends there. Who has just started sees netdevs of no port, and machines use them.
func TestLeak_ANetdevThatSaysItIsTheRowsOwnIsNoneThoughNoPortIsListedForIt(t *testing.T) {
	for says, stays := range map[string]bool{"c1pf0vf0": true, "c1pf0vf1": false, "": false} {
		for _, reopened := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, reopened %v", says, reopened), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
					r := c.reconciler(nil)
					run(t, r)
					synctest.Wait()
					c.with(func() {
						c.index = representor.NewIndex(withNetdev(cardOf(), 10, representor.Link{Name: "pf0vf0", PortName: says, Parent: handle()}), representor.Settings{})
						if reopened { // ovs-vswitchd has started anew, and has not come to it yet
							row := c.actual.Interfaces["pf0vf0"]
							row.Ofport, row.IfIndex = 0, 0
							c.actual = bridgeWith(row)
						}
					})
					r.Poke()
					elapse(time.Minute)
					if row := c.rows()["pf0vf0"]; (row.IfaceID == "a") != stays {
						t.Errorf("of a netdev that says it is %q the row is %+v", says, row)
					}
				})
			})
		}
	}
}
