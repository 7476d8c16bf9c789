package plug

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

func TestCounters_RetargetsAndLeaksAreCountedWhenTheyAreCommittedAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11},
			testcard.Netdev{PF: 0, VF: 2, Name: "pf0vf2", IfIndex: 12}),
			plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() {
			c.refuse["a"] = errors.New("disk full")
			c.view, c.truth["a"] = plantest.Trusted(plantest.Asks("a", 0, 2), plantest.Asks("b", 0, 1)), plantest.Asks("a", 0, 2)
		})
		for i := range 50 { // while the change for a is refused, others are made
			c.with(func() {
				i2 := c.actual.Interfaces["pf0vf1"]
				i2.IfaceID = fmt.Sprint("edited", i)
				c.actual = plantest.BridgeWith(c.actual.Interfaces["pf0vf0"], i2)
			})
			r.Poke()
			elapse(2 * time.Second)
		}
		if rep := r.Report(); rep.Retargets != 0 {
			t.Errorf("%d retargets counted before any was done", rep.Retargets)
		}
		c.with(func() { delete(c.refuse, "a") })
		elapse(time.Minute)
		if rep := r.Report(); rep.Retargets != 1 || rep.Leaks != 0 || find(t, rep, "a").Netdev != "pf0vf2" {
			t.Errorf("%d retargets and %d leaks counted, want 1 and 0: %+v", rep.Retargets, rep.Leaks, rep.Ports)
		}
	})
}
