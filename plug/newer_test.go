package plug

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// A netdev that was made anew a moment ago belongs to no port in a list of ports that is
// older than it: devlink hangs during a reload, and says so only after 10 s.
func TestLeak_ANetdevNewerThanTheListOfPortsIsNotUnclaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() {
			// The list has the port with the netdev before, 10, which is no more.
			card := testcard.Of(testcard.OneVF())
			delete(card.Links, 10)
			c.index = representor.NewIndex(testcard.WithNetdev(card, 99, representor.Link{Name: "pf0vf0"}), representor.Settings{})
			row := c.actual.Interfaces["pf0vf0"]
			row.IfIndex = 99
			c.actual = plantest.BridgeWith(row)
		})
		r.Poke()
		elapse(9 * time.Second)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "a" {
			t.Errorf("the row is %+v", row)
		}
	})
}
