package plug

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

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
