package plug

import (
	"testing"
	"testing/synctest"
	"time"
)

// failing makes ovs-vswitchd give up on the row of a netdev.
func (c *cloud) failing(netdev, why string) {
	c.with(func() {
		i := c.actual.Interfaces[netdev]
		i.Ofport, i.IfIndex, i.Error = -1, 0, why
		c.actual.Interfaces[netdev] = i
	})
}

func TestARowThatOVSFailedToOpenIsTriedAgainAtOnceAndThenEverMoreSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
		r := c.reconciler(nil)
		r.Pass(t.Context())
		c.failing("pf0vf0", "could not add network device pf0vf0 to ofproto (File exists)")
		before := c.applied
		for n, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
			r.Pass(t.Context())
			if made := c.applied - before; made != n+1 {
				t.Fatalf("%d attempts after %d waits, want %d", made, n, n+1)
			}
			if due := r.Due(); due != wait {
				t.Errorf("the next attempt is due in %s, want %s", due, wait)
			}
			r.Pass(t.Context())
			if made := c.applied - before; made != n+1 {
				t.Errorf("%d attempts before the time, want %d", made, n+1)
			}
			elapse(wait)
		}
	})
}

func TestARowWhoseNetdevWasAwayIsLeftToOVSForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
		r := c.reconciler(nil)
		r.Pass(t.Context())
		c.failing("pf0vf0", "could not open network device pf0vf0 (No such device)")
		before := c.applied
		r.Pass(t.Context())
		if due := r.Due(); c.applied != before || due != time.Second {
			t.Fatalf("%d attempts at once, the next in %s; want none, and one in a second", c.applied-before, due)
		}
		elapse(time.Second)
		r.Pass(t.Context())
		if c.applied != before+1 {
			t.Errorf("%d attempts after a second, want 1", c.applied-before)
		}
	})
}
