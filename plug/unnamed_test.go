package plug

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

// Somebody deleted representord-function, and the name is dealt anew: by its request the row is
// for another function.
func TestLeak_ARowThatLostItsFunctionIsClosedWhenItsNameIsDealtAnew(t *testing.T) {
	for name, tt := range map[string]struct{ ifaceID, parked string }{
		"it is parked":           {"", "a"},
		"the machine boots anew": {"a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(testcard.Index(testcard.Netdev{PF: 0, VF: 0}, testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 20}))
				row := plantest.OurRow("a", "pf0vf0", 0, 0, 0)
				row.Marker.Function, row.IfaceID, row.Parked = "", tt.ifaceID, tt.parked
				c.actual, c.view = plantest.BridgeWith(row), southbound.View{Problem: "connecting"}
				r := c.reconciler(nil)
				run(t, r)
				elapse(time.Minute)
				if row, there := c.rows()["pf0vf0"]; there || !isReady(r) {
					t.Fatalf("VF 7 is %s's; ready: %v", row.IfaceID, isReady(r))
				}
				c.with(func() {
					c.index, c.view = testcard.Index(testcard.OneVF()), plantest.Trusted(plantest.Asks("a", 0, 0))
					c.truth["a"] = plantest.Asks("a", 0, 0)
				})
				r.Poke()
				elapse(10 * time.Second)
				if row := c.rows()["pf0vf0"]; row.IfaceID != "a" || row.Marker.Function != testcard.VF(0, 0).String() {
					t.Errorf("asked for: %+v", row)
				}
			})
		})
	}
}
