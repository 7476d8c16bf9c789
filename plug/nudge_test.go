package plug

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

// failing makes ovs-vswitchd give up on the row of a netdev.
func (c *cloud) failing(netdev, why string) {
	c.with(func() {
		i := c.actual.Interfaces[netdev]
		i.Ofport, i.IfIndex, i.Error = -1, 0, why
		c.actual.Interfaces[netdev] = i
	})
}

func TestNudge_ARowThatOVSFailedToOpenIsTriedAgainAtOnceAndThenEverMoreSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
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

func TestNudge_ARowWhoseNetdevWasAwayIsLeftToOVSForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
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

func TestNudge_ARowThatStaysOpenForANetdevThatIsNoMoreIsTriedAgainAfterASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(func(cfg *Config) {
			cfg.Detach = oneByOne(func(_ context.Context, ifindex uint32, _ string, _ bool) (bool, error) {
				t.Errorf("netdev %d taken out of the datapath, which may have it open", ifindex)
				return false, nil
			})
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

func TestNudge_ANetdevWithoutAnOpenFlowPortLeavesTheDatapathWhenAskingTwiceWasInVain(t *testing.T) {
	for name, tt := range map[string]struct {
		why  string // the error column
		want []bool // by force?
	}{
		"no error, which ovs-vswitchd takes for a success": {"", []bool{false, false, true, true}},
		"an error, after which it tries again anyhow": {"could not add network device pf0vf0 to ofproto (File exists)",
			[]bool{false, false, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
				var detached []bool
				r := c.reconciler(func(cfg *Config) {
					cfg.Detach = oneByOne(func(_ context.Context, ifindex uint32, name string, force bool) (bool, error) {
						if ifindex != 10 || name != "pf0vf0" {
							t.Errorf("netdev %d, %s, taken out of the datapath, want 10, pf0vf0", ifindex, name)
						}
						detached = append(detached, force)
						return true, nil
					})
				})
				r.Pass(t.Context())
				row := c.rows()["pf0vf0"].UUID
				c.failing("pf0vf0", tt.why)
				for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 0} {
					r.Pass(t.Context())
					elapse(wait)
				}
				if !slices.Equal(detached, tt.want) {
					t.Errorf("taken out of the datapath by force: %v, want %v", detached, tt.want)
				}
				if is := c.rows()["pf0vf0"].UUID; is != row {
					t.Errorf("the row became %s, it was %s", is, row)
				}
			})
		})
	}
}

func TestNudge_ANetdevWithoutAnOpenFlowPortHasAFreshStartOnceItWasOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		var detached []bool
		r := c.reconciler(func(cfg *Config) {
			cfg.Detach = oneByOne(func(_ context.Context, _ uint32, _ string, force bool) (bool, error) {
				detached = append(detached, force)
				return true, nil
			})
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
		if len(detached) != 6 || slices.Contains(detached, true) {
			t.Errorf("taken out of the datapath by force: %v, want six times false", detached)
		}
	})
}

func TestNudge_OnlyAttemptsAtANetdevWithoutAnOpenFlowPortCountBeforeItIsTakenOut(t *testing.T) {
	for name, before := range map[string]func(*cloud){
		"refused with an error before": func(c *cloud) { c.failing("pf0vf0", "could not add network device pf0vf0 to ofproto (File exists)") },
		"open for the netdev before": func(c *cloud) {
			c.with(func() {
				i := c.actual.Interfaces["pf0vf0"]
				i.IfIndex = 9
				c.actual.Interfaces["pf0vf0"] = i
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
				var forced []bool
				r := c.reconciler(func(cfg *Config) {
					cfg.Detach = oneByOne(func(_ context.Context, _ uint32, _ string, force bool) (bool, error) {
						forced = append(forced, force)
						return true, nil
					})
				})
				r.Pass(t.Context())
				before(c)
				for range 4 {
					r.Pass(t.Context())
					elapse(nudgeMost)
				}
				forced = nil
				c.failing("pf0vf0", "")
				r.Pass(t.Context())
				if !slices.Equal(forced, []bool{false}) {
					t.Errorf("the first attempt takes it out by force: %v, want false", forced)
				}
			})
		})
	}
}

// busyDevices do something while a link is set up, which may take a second.
type busyDevices struct {
	devices
	meanwhile func()
}

func (d busyDevices) LinkUp(ctx context.Context, ifindex uint32) error {
	d.meanwhile()
	return d.devices.LinkUp(ctx, ifindex)
}

// ovs-vswitchd may open the netdev after the pass has read the local database and before
// it comes to its nudges.
func TestNudge_ANetdevThatOVSHasOpenedMeanwhileIsNotTakenOutOfTheDatapath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := testcard.OneVF()
		down.Down = true
		c := newCloud(testcard.Index(down), plantest.Asks("a", 0, 0))
		opened := func() {}
		attempts, forced := 0, 0
		r := c.reconciler(func(cfg *Config) {
			cfg.Devices, cfg.LinkGrace = busyDevices{devices{c}, func() { opened() }}, -1 // it never shows up, and is set up each second
			cfg.Detach = oneByOne(func(_ context.Context, _ uint32, _ string, force bool) (bool, error) {
				attempts++
				if force {
					forced++
				}
				return true, nil
			})
		})
		r.Pass(t.Context())
		open := c.rows()["pf0vf0"]
		c.failing("pf0vf0", "")
		for _, wait := range []time.Duration{time.Second, 2 * time.Second} {
			r.Pass(t.Context())
			elapse(wait)
		}
		opened = func() { c.with(func() { c.actual.Interfaces["pf0vf0"] = open }) }
		r.Pass(t.Context())
		if attempts != 2 || forced != 0 {
			t.Errorf("taken out %d times, by force %d; want 2 and 0: it is open now", attempts, forced)
		}
	})
}

func TestNudge_ANetdevThatWasTakenOutOfTheDatapathIsAskedForUntilOVSWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		var open ovs.Interface
		r := c.reconciler(func(cfg *Config) {
			cfg.Detach = oneByOne(func(_ context.Context, _ uint32, _ string, force bool) (bool, error) {
				if force { // too late: ovs-vswitchd has just given it a port, and the database is full
					c.with(func() {
						c.actual.Interfaces["pf0vf0"] = open
						c.refuse["a"] = errors.New("disk full")
					})
				}
				return true, nil
			})
		})
		r.Pass(t.Context())
		open = c.rows()["pf0vf0"]
		c.failing("pf0vf0", "")
		for range 3 {
			r.Pass(t.Context())
			elapse(nudgeMost)
		}
		before := c.applied
		r.Pass(t.Context())
		elapse(nudgeMost)
		c.with(func() { delete(c.refuse, "a") })
		r.Pass(t.Context())
		if told := c.applied - before; told != 1 {
			t.Errorf("told %d times that it should look again, want once", told)
		}
		elapse(nudgeMost)
		r.Pass(t.Context())
		if told := c.applied - before; told != 1 {
			t.Errorf("told %d times that it should look again, want once", told)
		}
	})
}

// Interface.ofport is kept in conf.db and Interface.ifindex is not (vswitch.ovsschema):
// this is every port of ours after ovsdb-server was restarted, until ovs-vswitchd is there.
func TestNudge_NoRowIsWrittenWhileOVSIsDownAfterTheLocalDatabaseWasRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		r.Pass(t.Context())
		c.with(func() {
			i := c.actual.Interfaces["pf0vf0"]
			i.IfIndex = 0
			c.actual.Interfaces["pf0vf0"] = i
		})
		before := c.applied
		var rep Report
		for range 20 {
			rep = r.Pass(t.Context())
			elapse(r.Due())
		}
		if wrote := c.applied - before; wrote != 0 {
			t.Errorf("%d transactions for a row that is right", wrote)
		}
		if code := reason.CodeOf(rep.Ports[0].Reason); code != reason.CodeAwaitingOfport {
			t.Errorf("reason %s (%s), want %s", code, rep.Ports[0].Reason.Message, reason.CodeAwaitingOfport)
		}
	})
}
