package plug

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

// The Southbound is put back from last night's backup. Since then the ports of yesterday
// were deleted and their functions given to others, whose machines run.
func TestEviction_NothingMovesWhileAnotherSouthboundIsHeld(t *testing.T) {
	for _, n := range []int{1, 20} {
		t.Run(fmt.Sprint(n, " machines"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := manyPorts(n)
				r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = 2 * time.Minute })
				run(t, r)
				synctest.Wait()
				before, now, truth := c.rows(), c.view, c.truth
				var old []southbound.Binding
				c.with(func() {
					c.truth = map[string]southbound.Binding{}
					for vf := range n {
						b := plantest.Asks(fmt.Sprintf("yesterday%d", vf), 0, vf)
						old, c.truth[b.LogicalPort] = append(old, b), b
					}
					c.view = plantest.Trusted(old...)
					c.view.Identity, c.view.Names = "sb2", ovn.Names{Global: "sb2"}
				})
				r.Poke()
				for range 119 {
					elapse(time.Second)
					for name, row := range before {
						if c.rows()[name] != row {
							t.Fatalf("%s became %+v during the hold", name, c.rows()[name])
						}
					}
				}
				s := find(t, r.Report(), "yesterday0")
				if s.State != plan.Pending || reason.CodeOf(s.Reason) != reason.CodeSouthboundReplaced {
					t.Errorf("who waits for the function: %+v", s)
				}
				if held := r.Report().Holds; len(held) != 1 || len(held[0].Ports) != n {
					t.Errorf("held: %+v", held)
				}
				// ovn-northd has put the Southbound right, and the hold ends.
				c.with(func() {
					c.view, c.truth = now, truth
					c.view.Identity, c.view.Names = "sb2", ovn.Names{Global: "sb2"}
				})
				r.Poke()
				elapse(time.Minute)
				for name, row := range before {
					if got := c.rows()[name]; got != plantest.Answering(row, "SB_Global sb2") {
						t.Errorf("%s became %+v", name, got)
					}
				}
			})
		})
	}
}

func TestEviction_WaitsForTheSouthboundsWordOnBothPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() {
			b := plantest.Asks("b", 0, 0)
			c.view, c.truth, c.silent = plantest.Trusted(b), map[string]southbound.Binding{"b": b}, true
		})
		r.Poke()
		elapse(time.Minute)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "a" {
			t.Fatalf("the row is %q's, and the Southbound never answered", row.IfaceID)
		}
		if s := find(t, r.Report(), "b"); s.State != plan.Pending || reason.CodeOf(s.Reason) != reason.CodeRequestUnverified {
			t.Errorf("who waits: %+v", s)
		}
		c.with(func() { c.silent = false })
		elapse(time.Minute)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "b" {
			t.Errorf("the row is %q's after the answer", row.IfaceID)
		}
	})
}

func TestEviction_DoesNotHappenForARequestThatTheSouthboundDoesNotConfirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(func(cfg *Config) { cfg.Grace = time.Hour })
		run(t, r)
		synctest.Wait()
		c.with(func() { c.view, c.truth = plantest.Trusted(plantest.Asks("b", 0, 0)), map[string]southbound.Binding{} }) // both are gone
		r.Poke()
		elapse(time.Minute)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "a" {
			t.Errorf("the row is %q's", row.IfaceID)
		}
	})
}
