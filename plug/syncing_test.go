package plug

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
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
			cfg.Southbound, cfg.Switch = &slowSouthbound{southbound: southbound{c}, syncs: []time.Duration{takes, takes}}, sw
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

// The answer came while the process was stopped, and what was said after that is still to be read.
func TestSync_AnAnswerThatTookLongIsNotUsedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vf0, vf1 := testcard.Netdev{Name: "pf0vf0", IfIndex: 10}, testcard.Netdev{VF: 1, Name: "pf0vf1", IfIndex: 11}
		c := newCloud(testcard.Index(vf0, vf1), plantest.Asks("a", 0, 0))
		c.unread = func() { c.view = plantest.Trusted(plantest.Asks("a", 0, 1)) }
		sw := &recordingSwitch{localSwitch: localSwitch{c}}
		run(t, c.reconciler(func(cfg *Config) {
			cfg.Southbound, cfg.Switch = &slowSouthbound{southbound: southbound{c}, syncs: []time.Duration{2 * time.Second}}, sw
		}))
		elapse(3 * time.Second)
		if len(sw.all) != 1 || len(sw.all[0].changes) != 1 || sw.all[0].changes[0].Plug[0].Netdev != "pf0vf1" {
			t.Errorf("changes: %+v", sw.all)
		}
	})
}

// Whatever a pass left behind has ended when the one who ran it returns: nothing asks of a connection
// that is being closed, and nothing pokes what is over.
func TestSync_NoQuestionOutlivesTheOneWhoRanThePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		sb := &lingeringSouthbound{southbound: southbound{c}}
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
	southbound
	asking atomic.Bool
}

func (s *lingeringSouthbound) Sync(ctx context.Context) error {
	s.asking.Store(true)
	defer s.asking.Store(false)
	<-ctx.Done()
	<-time.After(time.Second)
	return context.Cause(ctx)
}
