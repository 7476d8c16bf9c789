package plug

import (
	"context"
	"slices"
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

func TestARowThatStaysOpenForANetdevThatIsNoMoreIsTriedAgainAfterASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
		r := c.reconciler(func(cfg *Config) {
			cfg.Detach = func(_ context.Context, ifindex uint32, _ string) (bool, error) {
				t.Errorf("netdev %d taken out of the datapath, which may have it open", ifindex)
				return false, nil
			}
		})
		r.Pass(t.Context())
		before := c.applied
		c.with(func() {
			i := c.actual.Interfaces["pf0vf0"]
			i.IfIndex = 9
			c.actual.Interfaces["pf0vf0"] = i
		})
		for n, wait := range []time.Duration{time.Second, time.Second, 2 * time.Second} {
			r.Pass(t.Context())
			if due := r.Due(); c.applied != before+n || due != wait {
				t.Fatalf("%d attempts after %d waits, the next in %s; want %d, and one in %s", c.applied-before, n, due, n, wait)
			}
			elapse(wait)
		}
	})
}

func TestANetdevWithoutAnOpenFlowPortLeavesTheDatapathWhenAskingTwiceWasInVain(t *testing.T) {
	for name, tt := range map[string]struct {
		why  string // the error column
		want []string
	}{
		"no error, which ovs-vswitchd takes for a success": {"", []string{"pf0vf0", "pf0vf0", "", ""}},
		"an error, after which it tries again anyhow": {"could not add network device pf0vf0 to ofproto (File exists)",
			[]string{"pf0vf0", "pf0vf0", "pf0vf0", "pf0vf0"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
				var detached []string
				r := c.reconciler(func(cfg *Config) {
					cfg.Detach = func(_ context.Context, ifindex uint32, name string) (bool, error) {
						if ifindex != 10 {
							t.Errorf("netdev %d taken out of the datapath, want 10", ifindex)
						}
						detached = append(detached, name)
						return true, nil
					}
				})
				r.Pass(t.Context())
				row := c.rows()["pf0vf0"].UUID
				c.failing("pf0vf0", tt.why)
				for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 0} {
					r.Pass(t.Context())
					elapse(wait)
				}
				if !slices.Equal(detached, tt.want) {
					t.Errorf("taken out of the datapath unless found under %q, want %q", detached, tt.want)
				}
				if is := c.rows()["pf0vf0"].UUID; is != row {
					t.Errorf("the row became %s, it was %s", is, row)
				}
			})
		})
	}
}

func TestANetdevWithoutAnOpenFlowPortHasAFreshStartOnceItWasOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
		var detached []string
		r := c.reconciler(func(cfg *Config) {
			cfg.Detach = func(_ context.Context, _ uint32, name string) (bool, error) {
				detached = append(detached, name)
				return true, nil
			}
		})
		r.Pass(t.Context())
		open := c.rows()["pf0vf0"]
		for range 3 {
			for range 2 {
				c.failing("pf0vf0", "")
				r.Pass(t.Context())
				elapse(nudgeMost)
			}
			c.with(func() { c.actual.Interfaces["pf0vf0"] = open })
			r.Pass(t.Context())
		}
		if len(detached) != 6 || slices.Contains(detached, "") {
			t.Errorf("taken out of the datapath unless found under %q, want six times pf0vf0", detached)
		}
	})
}
