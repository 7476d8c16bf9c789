package plug

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A change that the kernel doesn't confirm is tried ever less often. Taking a name away
// needs no confirmation.
func TestParking_DoesNotWaitForWhatIsPutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() {
			c.index, c.mute = indexOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}), errors.New("no answer")
		})
		r.Poke()
		elapse(5 * time.Minute)
		c.with(func() {
			row := c.actual.Interfaces["pf0vf0"]
			row.Ofport, row.IfIndex = -1, 0
			c.actual, c.index = bridgeWith(row), away()
		})
		r.Poke()
		elapse(absentGrace)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "" {
			t.Errorf("after %v the row still has its name: %+v", absentGrace, row)
		}
	})
}
