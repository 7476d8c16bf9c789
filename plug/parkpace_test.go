package plug

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

// A change that the kernel doesn't confirm is tried ever less often. Taking a name away
// needs no confirmation.
func TestParking_DoesNotWaitForWhatIsPutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() {
			c.index, c.mute = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}), errors.New("no answer")
		})
		r.Poke()
		elapse(5 * time.Minute)
		c.with(func() {
			row := c.actual.Interfaces["pf0vf0"]
			row.Ofport, row.IfIndex = -1, 0
			c.actual, c.index = plantest.BridgeWith(row), away()
		})
		r.Poke()
		elapse(absentGrace)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "" {
			t.Errorf("after %v the row still has its name: %+v", absentGrace, row)
		}
	})
}
