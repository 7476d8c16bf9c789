package plug

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// A process that was stopped goes on with the view that it had. What the Southbound said meanwhile is
// read before anything is plugged by it.
func TestSync_NothingIsPluggedByWhatWasAskedBeforeTheViewWasUpToDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vf0, vf1 := testcard.Netdev{Name: "pf0vf0", IfIndex: 10}, testcard.Netdev{VF: 1, Name: "pf0vf1", IfIndex: 11}
		c := newCloud(testcard.Index(vf0, vf1), plantest.Asks("a", 0, 0))
		c.unread = func() { c.view = plantest.Trusted(plantest.Asks("a", 0, 1)) }
		sw := &recordingSwitch{localSwitch: localSwitch{c}}
		r := c.reconciler(func(cfg *Config) { cfg.Switch = sw })
		for range 3 {
			r.Pass(t.Context())
		}
		for _, a := range sw.all {
			for _, ch := range a.changes {
				for _, p := range ch.Plug {
					if p.Netdev != "pf0vf1" {
						t.Errorf("%s was plugged for %s, which asks for another VF by now", p.Netdev, p.IfaceID)
					}
				}
			}
		}
		if _, there := c.rows()["pf0vf1"]; !there {
			t.Errorf("the rows are %v", c.rows())
		}
	})
}

func TestSync_WithoutAnAnswerNothingNewIsPluggedAndARenamedNetdevIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		renamed, vf1 := testcard.Netdev{Name: "ens1", IfIndex: 10}, testcard.Netdev{VF: 1, Name: "pf0vf1", IfIndex: 11}
		c := newCloud(testcard.Index(renamed, vf1), plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1))
		c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, renamed.IfIndex))
		c.silent = true
		r := c.reconciler(nil)
		r.Pass(t.Context())
		rows := c.rows()
		if _, there := rows["pf0vf1"]; there || rows["ens1"].IfaceID != "a" {
			t.Errorf("the rows are %v", rows)
		}
		if s := find(t, r.Report(), "b"); s.State != plan.Pending || reason.CodeOf(s.Reason) != reason.CodeTransactionPending ||
			!strings.Contains(s.Reason.Message, "still asked for: no answer") {
			t.Errorf("b is %s: %v", s.State, s.Reason)
		}
		c.with(func() { c.silent = false })
		elapse(time.Second)
		r.Pass(t.Context())
		if c.rows()["pf0vf1"].IfaceID != "b" {
			t.Errorf("the rows are %v", c.rows())
		}
	})
}

// A Southbound that takes its time holds up neither a leak nor what needs no word of its.
func TestSync_ASlowSouthboundHoldsUpNoLeakAndIsHeardInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vf0, vf1 := testcard.Netdev{Name: "pf0vf0", IfIndex: 10}, testcard.Netdev{VF: 1, Name: "pf0vf1", IfIndex: 11}
		c := newCloud(testcard.Index(vf0, vf1), plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1))
		c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10))
		const takes = 4 * time.Second
		sw := &recordingSwitch{localSwitch: localSwitch{c}}
		r := c.reconciler(func(cfg *Config) {
			cfg.Southbound, cfg.Switch = &slowSouthbound{fakeSouthbound: fakeSouthbound{c}, syncs: []time.Duration{takes, takes}}, sw
		})
		began := time.Now()
		run(t, r)
		elapse(time.Second)
		if _, there := c.rows()["pf0vf1"]; there {
			t.Error("b was plugged before the Southbound had answered")
		}
		c.with(func() { c.index = testcard.Index(testcard.Netdev{VF: 7, Name: "pf0vf0", IfIndex: 17}, vf1) })
		leaked := time.Now()
		r.Poke()
		elapse(time.Second)
		var first applied
		c.with(func() { first = sw.all[0] })
		if after := first.at.Sub(leaked); after < 0 || after > 200*time.Millisecond || len(first.changes[0].Unplug) != 1 {
			t.Errorf("the first change was made %v after the leak: %+v", after, first.changes)
		}
		elapse(2 * takes) // the second slow answer shows that it is the server that is slow
		if c.rows()["pf0vf1"].IfaceID != "b" {
			t.Errorf("%v after the start the rows are %v", time.Since(began), c.rows())
		}
	})
}

// The network stood still, and what was said since the answer comes right behind that.
func TestSync_AnAnswerThatTookLongIsNotUsedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vf0, vf1 := testcard.Netdev{Name: "pf0vf0", IfIndex: 10}, testcard.Netdev{VF: 1, Name: "pf0vf1", IfIndex: 11}
		c := newCloud(testcard.Index(vf0, vf1), plantest.Asks("a", 0, 0))
		c.unread = func() { c.view = plantest.Trusted(plantest.Asks("a", 0, 1)) }
		sw := &recordingSwitch{localSwitch: localSwitch{c}}
		run(t, c.reconciler(func(cfg *Config) {
			cfg.Southbound, cfg.Switch = &slowSouthbound{fakeSouthbound: fakeSouthbound{c}, syncs: []time.Duration{2 * time.Second}}, sw
		}))
		elapse(3 * time.Second)
		if len(sw.all) != 1 || len(sw.all[0].changes) != 1 || sw.all[0].changes[0].Plug[0].Netdev != "pf0vf1" {
			t.Errorf("changes: %+v", sw.all)
		}
	})
}

// The answers came while the process was stopped, and what was said after them is still to be read: also
// when that happens again and again, as where a DPU is short of CPU.
func TestSync_AnAnswerCountsOnlyIfTheProcessHasRunSinceTheQuestion(t *testing.T) {
	for _, stops := range []int{1, 2, 5} {
		synctest.Test(t, func(t *testing.T) {
			vf0, vf1 := testcard.Netdev{Name: "pf0vf0", IfIndex: 10}, testcard.Netdev{VF: 1, Name: "pf0vf1", IfIndex: 11}
			c := newCloud(testcard.Index(vf0, vf1), plantest.Asks("a", 0, 0))
			sb := &stoppingSouthbound{fakeSouthbound: fakeSouthbound{c}, stops: stops, behind: plantest.Trusted(plantest.Asks("a", 0, 1))}
			sw := &recordingSwitch{localSwitch: localSwitch{c}}
			r := c.reconciler(func(cfg *Config) { cfg.Southbound, cfg.Switch = sb, sw })
			r.stood = sb.stood
			run(t, r)
			elapse(time.Duration(stops)*stopLasts + time.Second)
			if len(sw.all) != 1 || len(sw.all[0].changes) != 1 || sw.all[0].changes[0].Plug[0].Netdev != "pf0vf1" {
				t.Errorf("after %d stops the changes are %+v", stops, sw.all)
			}
		})
	}
}

// stoppingSouthbound is one that answers while the process is stopped, for the first echoes, and what it
// says after its last answer is read with the next.
type stoppingSouthbound struct {
	fakeSouthbound
	asked  atomic.Int32
	stops  int
	behind southbound.View
}

const stopLasts = 2 * time.Second

func (s *stoppingSouthbound) Sync(ctx context.Context) error {
	if n := s.asked.Add(1); int(n) <= s.stops {
		<-time.After(stopLasts)
	} else {
		s.with(func() { s.view = s.behind })
	}
	return s.fakeSouthbound.Sync(ctx)
}

// stood is how long the process stood still since the last echo was asked for.
func (s *stoppingSouthbound) stood(*retry.Pulse, time.Time) time.Duration {
	if int(s.asked.Load()) <= s.stops {
		return stopLasts
	}
	return 0
}

func TestSync_AnAnswerCountsForSecondsAndNotAcrossAStopOrAConnection(t *testing.T) {
	c := newCloud(testcard.Index())
	v := plantest.Trusted()
	for name, tt := range map[string]struct {
		asked, answered, stood time.Duration // so long ago, and in all
		reconnected            bool
		counts                 bool
	}{
		"just now": {asked: time.Millisecond, counts: true},
		"just now, where the process gets no CPU":  {asked: stallMost / 2, stood: stallMost, counts: true},
		"from a slow server":                       {asked: 10 * time.Second, answered: time.Second, counts: true},
		"too long ago":                             {asked: 10 * time.Second, answered: answerFresh + time.Second},
		"the process was stopped since":            {asked: 10 * time.Second, answered: time.Millisecond, stood: 9 * time.Second},
		"the process was stopped after the answer": {asked: time.Second, answered: time.Second - time.Millisecond, stood: time.Second},
		"on a connection that has ended":           {asked: time.Millisecond, reconnected: true},
	} {
		t.Run(name, func(t *testing.T) {
			r, now := c.reconciler(nil), time.Now()
			r.stood = func(*retry.Pulse, time.Time) time.Duration { return tt.stood }
			e := &question{saw: v, asked: now.Add(-tt.asked), at: now.Add(-tt.answered)}
			c.with(func() {
				c.view = v
				if tt.reconnected {
					c.view.Since = now
				}
			})
			if got := r.counts(e); got != tt.counts {
				t.Errorf("counts: %v", got)
			}
		})
	}
}

// A server that is busy has yet to tell what it has committed since it answered last.
func TestSync_TheAnswerOfAQuickServerServesOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vf0, vf1 := testcard.Netdev{Name: "pf0vf0", IfIndex: 10}, testcard.Netdev{VF: 1, Name: "pf0vf1", IfIndex: 11}
		a, b := plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1)
		c := newCloud(testcard.Index(vf0, vf1), a)
		r := c.reconciler(func(cfg *Config) {
			cfg.Southbound = &slowSouthbound{fakeSouthbound: fakeSouthbound{c}, syncs: []time.Duration{time.Millisecond, 5 * time.Second}}
		})
		run(t, r)
		elapse(time.Second)
		if c.rows()["pf0vf0"].IfaceID != "a" {
			t.Fatalf("the rows are %v", c.rows())
		}
		c.with(func() { c.view, c.truth["b"] = plantest.Trusted(a, b), b })
		r.Poke()
		elapse(4 * time.Second)
		if _, there := c.rows()["pf0vf1"]; there {
			t.Error("b was plugged before the Southbound had answered")
		}
		elapse(2 * time.Second)
		if c.rows()["pf0vf1"].IfaceID != "b" {
			t.Errorf("the rows are %v", c.rows())
		}
	})
}

// A parked row carries nobody's name, so that its port gets something with the name.
func TestSync_AParkedRowGetsItsNameBackByWhatIsAskedNow(t *testing.T) {
	for name, tt := range map[string]struct {
		netdev       string // of the function
		disconnected bool
	}{"under its name": {netdev: "pf0vf0"}, "under another name": {netdev: "ens1"}, "without the Southbound": {"pf0vf0", true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(testcard.Index(testcard.Netdev{Name: tt.netdev, IfIndex: 10}), plantest.Asks("a", 0, 0))
				row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
				row.IfaceID, row.Parked, row.Ofport, row.IfIndex = "", "a", -1, 0
				c.actual = plantest.BridgeWith(row)
				c.unread = func() {
					b := plantest.Asks("b", 0, 0)
					c.view, c.truth = plantest.Trusted(b), map[string]southbound.Binding{"b": b}
				}
				if tt.disconnected {
					c.view.Connected = false
				}
				sw := &recordingSwitch{localSwitch: localSwitch{c}}
				run(t, c.reconciler(func(cfg *Config) { cfg.Switch = sw }))
				elapse(10 * time.Second)
				gave := false
				for _, at := range sw.all {
					for _, ch := range at.changes {
						gave = gave || slices.ContainsFunc(ch.Edit, func(e ovs.Edit) bool { return e.Set[ovs.KeyIfaceID] == "a" }) ||
							slices.ContainsFunc(ch.Plug, func(p ovs.Plug) bool { return p.IfaceID == "a" })
					}
				}
				if gave != tt.disconnected {
					t.Errorf("a got the name back: %v; changes: %+v", gave, sw.all)
				}
			})
		})
	}
}

// What is asked for again since the Southbound confirmed a removal stays, and a process that was stopped
// meanwhile has yet to read that.
func TestSync_NothingIsRemovedByAWordFromBeforeAStop(t *testing.T) {
	for _, stopped := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud(testcard.Index(testcard.OneVF()))
			c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10))
			c.truth["a"] = southbound.Binding{LogicalPort: "a", Disposition: southbound.Gone}
			c.unread = func() { c.view = plantest.Trusted(plantest.Asks("a", 0, 0)) }
			r := c.reconciler(func(cfg *Config) {
				cfg.Southbound = &slowSouthbound{fakeSouthbound: fakeSouthbound{c}, takes: time.Second}
			})
			r.stood = func(*retry.Pulse, time.Time) time.Duration {
				if stopped {
					return time.Second
				}
				return 0
			}
			r.Pass(t.Context())
			if _, stays := c.rows()["pf0vf0"]; stays != stopped {
				t.Errorf("stopped: %v; the rows are %v", stopped, c.rows())
			}
		})
	}
}

// What was asked about needs no echo besides, which a Southbound that takes its time would answer too late.
func TestSync_AVerifiedChangeWaitsForNoEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vf0, vf1 := testcard.Netdev{Name: "pf0vf0", IfIndex: 10}, testcard.Netdev{VF: 1, Name: "pf0vf1", IfIndex: 11}
		a := plantest.Asks("a", 0, 1)
		c := newCloud(testcard.Index(vf0, vf1), a)
		c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10))
		r := c.reconciler(func(cfg *Config) {
			cfg.Southbound = &slowSouthbound{fakeSouthbound: fakeSouthbound{c}, takes: 2500 * time.Millisecond, syncs: []time.Duration{time.Hour}}
		})
		r.Pass(t.Context())
		if c.rows()["pf0vf1"].IfaceID != "a" {
			t.Errorf("the rows are %v", c.rows())
		}
	})
}

// A Southbound that takes seconds for each answer, and a kernel that takes its time as well: many ports are
// plugged by one answer, and one whose netdev was renamed waits for none.
func TestSync_ASlowSouthboundAndASlowKernelHoldUpNoRenamedNetdevAndPlugAllInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 40
		var devs []testcard.Netdev
		var asks []southbound.Binding
		for vf := range n {
			devs = append(devs, testcard.Netdev{VF: vf, Name: fmt.Sprintf("n%02d", vf), IfIndex: uint32(10 + vf)})
			asks = append(asks, plantest.Asks(fmt.Sprintf("p%02d", vf), 0, vf))
		}
		devs[n-1].Name = "renamed"
		c := newCloud(testcard.Index(devs...), asks...)
		c.actual = plantest.BridgeWith(plantest.OurRow(asks[n-1].LogicalPort, "n39", 0, n-1, 10+n-1))
		r := c.reconciler(func(cfg *Config) {
			cfg.Southbound = &slowSouthbound{fakeSouthbound: fakeSouthbound{c}, syncs: slices.Repeat([]time.Duration{3 * time.Second}, 10)}
			cfg.Devices = slowKernel{devices{c}}
		})
		run(t, r)
		elapse(time.Second)
		if row := c.rows()["renamed"]; row.IfaceID != asks[n-1].LogicalPort {
			t.Errorf("the renamed netdev was not followed: %v", c.rows())
		}
		elapse(10 * time.Second)
		if got := len(c.rows()); got != n {
			t.Errorf("%d rows, want %d", got, n)
		}
	})
}

// slowKernel takes 20 ms to say whose netdev something is.
type slowKernel struct{ devices }

func (k slowKernel) Confirm(ctx context.Context, rep representor.Representor) (bool, error) {
	<-time.After(20 * time.Millisecond)
	return k.devices.Confirm(ctx, rep)
}

// Whatever a pass left behind has ended when the one who ran it returns: nothing asks of a connection
// that is being closed, and nothing pokes what is over.
func TestSync_NoQuestionOutlivesTheOneWhoRanThePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		sb := &lingeringSouthbound{fakeSouthbound: fakeSouthbound{c}}
		r := c.reconciler(func(cfg *Config) { cfg.Southbound = sb })
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan struct{})
		go func() {
			defer close(ran)
			if err := r.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		}()
		elapse(time.Second)
		if !sb.asking.Load() {
			t.Fatal("the Southbound was asked for no echo, or has answered")
		}
		cancel()
		<-ran
		if sb.asking.Load() {
			t.Error("Run has returned, and a question is under way")
		}
	})
}

// lingeringSouthbound answers no echo, and takes a while to notice that nobody waits any more.
type lingeringSouthbound struct {
	fakeSouthbound
	asking atomic.Bool
}

func (s *lingeringSouthbound) Sync(ctx context.Context) error {
	s.asking.Store(true)
	defer s.asking.Store(false)
	<-ctx.Done()
	<-time.After(time.Second)
	return context.Cause(ctx)
}
