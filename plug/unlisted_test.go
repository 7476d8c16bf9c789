package plug

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// A driver fails to tell of one port, and before Linux 6.2 nothing says that the kernel's list
// ends there. Who has just started sees netdevs of no port, and machines use them.
func TestUnlisted_ARowWhoseNetdevSaysThatItIsTheFunctionsStays(t *testing.T) {
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
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
		t.Run(fmt.Sprintf("%q, open %v", tt.says, tt.row.IsOpen()), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(representor.NewIndex(testcard.ShortOf(tt.says), representor.Settings{}), plantest.Asks("a", 0, 0))
				c.actual = plantest.BridgeWith(tt.row)
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
