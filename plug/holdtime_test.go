package plug

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plantest"
)

// cutOff takes the Southbound away for some time.
func (c *cloud) cutOff(r *Reconciler, d time.Duration) {
	c.with(func() { c.view.Connected = false })
	r.Poke()
	elapse(d)
	c.with(func() { c.view.Connected = true })
	r.Poke()
	synctest.Wait()
}

// Whoever sees a hold takes the Southbound down to mend it. What comes back has its time
// to be filled, as if it had not been away.
func TestHold_DoesNotRunOutWhileTheSouthboundIsAway(t *testing.T) {
	for name, tt := range map[string]struct {
		identity string
		left     int
		grace    time.Duration
	}{
		"another Southbound": {"sb2", 0, -1},
		"most ports":         {"sb1", 0, -1},
		"a grace":            {"sb1", 3, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := fourPorts()
				r := c.reconciler(func(cfg *Config) { cfg.Grace = tt.grace })
				run(t, r)
				elapse(brakeWindow)
				c.become(r, tt.identity, tt.left)
				elapse(time.Second)
				c.cutOff(r, 10*time.Minute)
				elapse(time.Second)
				if n := len(c.rows()); n != 4 {
					t.Errorf("%d of 4 rows are left two seconds of a Southbound after it asked for none, held: %+v", n, r.Report().Holds)
				}
				elapse(3 * time.Minute)
				if n := len(c.rows()); n != tt.left {
					t.Errorf("%d rows after the hold, want %d", n, tt.left)
				}
			})
		})
	}
}

// A port goes and comes back while the Southbound answers for nothing. When it goes again
// that is a new time.
func TestGrace_APortThatCameBackWhileAnotherIsInDoubtHasItsGraceAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(func(cfg *Config) { cfg.Grace = 0 })
		run(t, r)
		synctest.Wait()
		shows := func(silent bool, vfs ...int) {
			c.with(func() {
				var bs []southbound.Binding
				for _, vf := range vfs {
					bs = append(bs, plantest.Asks(fmt.Sprintf("p%d", vf), 0, vf))
				}
				c.silent, c.view, c.truth = silent, plantest.Trusted(bs...), map[string]southbound.Binding{}
				for _, b := range bs {
					c.truth[b.LogicalPort] = b
				}
			})
			r.Poke()
			synctest.Wait()
		}
		shows(false, 0, 1, 2)
		elapse(time.Second)
		shows(true, 0, 1, 3) // p3 is back, and p2 in doubt
		elapse(time.Minute)
		shows(false, 0, 1, 2)
		elapse(time.Second)
		if row := c.rows()["pf0vf3"]; row.IfaceID != "p3" {
			t.Error("p3 was unplugged a second after it went")
		}
	})
}

// What is deleted after a hold, and made again at once, is no less deleted and made again for
// what the Southbound said before it counted.
func TestGrace_BeginsWhenTheSouthboundCounts(t *testing.T) {
	for name, tt := range map[string]struct {
		returns bool // the Southbound of before
		release bool
		want    int // rows a moment later
	}{
		"the other Southbound is accepted":   {want: 4},
		"the first Southbound is back":       {returns: true, want: 4},
		"an operator released what was held": {release: true, want: 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := fourPorts()
				r := c.reconciler(func(cfg *Config) { cfg.Grace, cfg.MassUnplugHold = 5*time.Second, time.Minute })
				run(t, r)
				elapse(brakeWindow)
				c.become(r, "sb2", 3)
				elapse(58 * time.Second)
				switch {
				case tt.returns:
					c.become(r, "sb1", 3)
				case tt.release:
					r.ReleaseHold(r.Report().Holds)
				}
				elapse(4 * time.Second)
				if n := len(c.rows()); n != tt.want {
					t.Errorf("%d rows within the grace, want %d; held: %+v", n, tt.want, r.Report().Holds)
				}
				c.become(r, c.view.Identity, tt.want)
				elapse(time.Minute)
				if n := len(c.rows()); n != tt.want {
					t.Errorf("%d rows though %d are asked for again", n, tt.want)
				}
				c.become(r, c.view.Identity, 2)
				elapse(4 * time.Second)
				if n := len(c.rows()); n != tt.want {
					t.Errorf("%d rows before the grace of those that went is over, want %d", n, tt.want)
				}
				elapse(2 * time.Minute)
				if n := len(c.rows()); n != 2 {
					t.Errorf("%d rows, and two are asked for", n)
				}
			})
		})
	}
}

// A daemon that started while another Southbound was there has heard nothing of the one that its rows name.
func TestGrace_BeginsWhenTheSouthboundThatRowsNameIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		run(t, c.reconciler(nil))
		elapse(brakeWindow)
		c.with(func() { c.view.Identity, c.view.Names = "sb2", ovn.Names{Global: "sb2"} })
		r := c.reconciler(func(cfg *Config) { cfg.Grace = 5 * time.Second })
		run(t, r)
		c.become(r, "sb2", 3)
		elapse(time.Minute)
		c.become(r, "sb1", 3)
		elapse(4 * time.Second)
		if n := len(c.rows()); n != 4 {
			t.Errorf("%d of 4 rows are left four seconds after the Southbound said that one is gone, held: %+v", n, r.Report().Holds)
		}
		elapse(2 * time.Second)
		if n := len(c.rows()); n != 3 {
			t.Errorf("%d rows after the grace, want 3, held: %+v", n, r.Report().Holds)
		}
	})
}

func TestHold_ForMostPortsBeginsWhenTheSouthboundCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = time.Minute })
		run(t, r)
		elapse(brakeWindow)
		c.forget(r, "sb2")
		elapse(58 * time.Second)
		c.forget(r, "sb1")
		elapse(50 * time.Second)
		if n := len(c.rows()); n != 4 {
			t.Errorf("%d of 4 rows are left, held: %+v", n, r.Report().Holds)
		}
		elapse(12 * time.Second)
		if n := len(c.rows()); n != 0 {
			t.Errorf("%d rows after the hold, held: %+v", n, r.Report().Holds)
		}
	})
}

func TestReleaseHold_OfASouthboundThatIsNotThereAnyMoreReleasesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(func(cfg *Config) { cfg.Grace = 5 * time.Second })
		run(t, r)
		elapse(brakeWindow)
		c.become(r, "sb2", 1)
		elapse(time.Minute)
		held := r.Report().Holds
		c.with(func() { c.view.Identity, c.view.Names = "sb1", ovn.Names{Global: "sb1"} })
		r.ReleaseHold(held) // the next pass is the first to see that
		elapse(time.Minute)
		if n := len(c.rows()); n != 4 {
			t.Errorf("%d of 4 rows are left, held: %+v", n, r.Report().Holds)
		}
		h := newHolder(time.Minute, time.Second)
		h.accepted = "sb1"
		h.release(time.Now(), held)
		if len(h.leaving)+len(h.graces) > 0 {
			t.Errorf("of another Southbound's hold these are released: %v", h.leaving)
		}
	})
}

func TestReleaseHold_LeavesThePortsThatItDoesNotNameTheirGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(func(cfg *Config) { cfg.Grace = 5 * time.Second })
		run(t, r)
		elapse(brakeWindow)
		c.become(r, "sb2", 3)
		held := r.Report().Holds
		c.become(r, "sb2", 2)
		elapse(20 * time.Second)
		r.ReleaseHold(held)
		elapse(4 * time.Second)
		if n := len(c.rows()); n != 3 {
			t.Errorf("%d rows, and one of four was released: %+v", n, r.Report().Holds)
		}
		elapse(2 * time.Second)
		if n := len(c.rows()); n != 2 {
			t.Errorf("%d rows after the grace of the other: %+v", n, r.Report().Holds)
		}
	})
}

func TestHold_IsReleasedForGoodWhileTheSouthboundIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.forget(r, "sb2")
		c.with(func() { c.view.Connected = false })
		r.Poke()
		elapse(time.Second)
		r.ReleaseHold(r.Report().Holds)
		elapse(10 * time.Second)
		c.with(func() { c.view.Connected = true })
		r.Poke()
		synctest.Wait()
		if held := r.Report().Holds; len(held) != 0 && held[0].Code == reason.CodeSouthboundReplaced {
			t.Errorf("still held: %+v", held)
		}
	})
}
