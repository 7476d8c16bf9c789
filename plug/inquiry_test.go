package plug

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

// slowSouthbound answers after a while in which something may happen, or never.
type slowSouthbound struct {
	fakeSouthbound
	takes time.Duration // of Verify, 0 for never
	// syncs are what the next calls of Sync take, which read nothing that was said.
	syncs     []time.Duration
	meanwhile []func() // one for each question
}

func (s *slowSouthbound) Verify(ctx context.Context, lports []string) (southbound.Verdict, error) {
	if len(s.meanwhile) > 0 {
		first := s.meanwhile[0]
		s.meanwhile = s.meanwhile[1:]
		s.with(first)
	}
	if s.takes == 0 {
		<-ctx.Done()
		return southbound.Verdict{}, context.Cause(ctx)
	}
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return southbound.Verdict{}, context.Cause(ctx)
	}
	return s.fakeSouthbound.Verify(ctx, lports)
}

func (s *slowSouthbound) Sync(ctx context.Context) error {
	if len(s.syncs) == 0 {
		return s.fakeSouthbound.Sync(ctx)
	}
	takes := s.syncs[0]
	s.syncs = s.syncs[1:]
	select {
	case <-time.After(takes):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// applied is what a Switch was asked to do, and when.
type applied struct {
	at      time.Time
	changes []ovs.Change
}

type recordingSwitch struct {
	localSwitch
	before func([]ovs.Change)
	all    []applied
}

func (s *recordingSwitch) Apply(ctx context.Context, changes []ovs.Change) []error {
	if s.before != nil {
		s.before(changes)
	}
	s.with(func() { s.all = append(s.all, applied{time.Now(), changes}) })
	return s.localSwitch.Apply(ctx, changes)
}

// leakClosed is when a row was removed as a leak, zero if it was not.
func (s *recordingSwitch) leakClosed(name string) time.Time {
	for _, a := range s.all {
		for _, c := range a.changes {
			for _, u := range c.Unplug {
				if u.Leak && u.Interface.Name == name {
					return a.at
				}
			}
		}
	}
	return time.Time{}
}

// Port b is deleted and a is to be plugged. While the Southbound is asked about b, the
// card deals its names anew, and the index shows that.
func TestInquiry_WhatIsPluggedAfterItIsPlannedOnTheCardAsItIsThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}), plantest.Asks("b", 0, 1))
		c.reconciler(nil).Pass(t.Context())
		c.view, c.truth = plantest.Trusted(plantest.Asks("a", 0, 0)), map[string]southbound.Binding{"a": plantest.Asks("a", 0, 0)}
		slow := &slowSouthbound{fakeSouthbound: fakeSouthbound{c}, takes: 2 * time.Second, meanwhile: []func(){func() {
			c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf9", IfIndex: 10},
				testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11},
				testcard.Netdev{PF: 0, VF: 2, Name: "pf0vf0", IfIndex: 12})
		}}}
		s := &recordingSwitch{localSwitch: localSwitch{c}, before: func(changes []ovs.Change) {
			for _, change := range changes {
				for _, p := range change.Plug {
					if found, ok := (devices{c}).Index().ByNetdev(p.Netdev); ok && found.Function.String() != p.Marker.Function {
						t.Errorf("%s goes to port %s as %s, and is %s's", p.Netdev, p.IfaceID, p.Marker.Function, found.Function)
					}
				}
			}
		}}
		c.reconciler(func(cfg *Config) { cfg.Southbound, cfg.Switch = slow, s }).Pass(t.Context())
		if row := c.rows()["pf0vf9"]; row.IfaceID != "a" || len(c.rows()) != 1 {
			t.Errorf("rows %v", c.rows())
		}
	})
}

// The function that a asks for is given to c while the Southbound is asked about b.
func TestInquiry_WhatIsTakenBackMeanwhileIsNotPlugged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}), plantest.Asks("b", 0, 1))
		c.reconciler(nil).Pass(t.Context())
		both := testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11})
		c.view, c.truth = plantest.Trusted(plantest.Asks("a", 0, 0)), map[string]southbound.Binding{"c": plantest.Asks("c", 0, 0)}
		slow := &slowSouthbound{fakeSouthbound: fakeSouthbound{c}, takes: 2 * time.Second, meanwhile: []func(){func() {
			c.view, c.index = plantest.Trusted(plantest.Asks("c", 0, 0)), both // the VF comes, and is c's by then
		}}}
		s := &recordingSwitch{localSwitch: localSwitch{c}, before: func(changes []ovs.Change) {
			for _, change := range changes {
				for _, p := range change.Plug {
					if b := (fakeSouthbound{c}).View().Bindings[p.IfaceID]; b.Disposition != southbound.Asked {
						t.Errorf("%s is plugged for %s, which nobody asks for", p.Netdev, p.IfaceID)
					}
				}
			}
		}}
		r := c.reconciler(func(cfg *Config) { cfg.Southbound, cfg.Switch = slow, s })
		r.Pass(t.Context())
		if row := c.rows()["pf0vf0"]; row.IfaceID != "c" {
			t.Errorf("rows %v", c.rows())
		}
	})
}

// An answer is about what the view showed when the question was put.
func TestInquiry_AnAnswerAboutAPortThatTheViewHasChangedSinceCountsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		c.reconciler(nil).Pass(t.Context())
		c.view, c.truth = plantest.Trusted(), map[string]southbound.Binding{}
		slow := &slowSouthbound{fakeSouthbound: fakeSouthbound{c}, takes: time.Second, meanwhile: []func(){func() {
			c.view = plantest.Trusted(plantest.Asks("a", 0, 0)) // it is there again, and the server is yet to hear of it
		}}}
		rep := c.reconciler(func(cfg *Config) { cfg.Southbound = slow }).Pass(t.Context())
		if len(c.rows()) != 1 || find(t, rep, "a").State != plan.Plugged {
			t.Errorf("rows %v, %+v", c.rows(), rep.Ports)
		}
	})
}

func TestInquiry_ALeakThatComesMeanwhileIsClosedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vf1 := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
		c := newCloud(testcard.Index(testcard.OneVF(), vf1), plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1))
		s := &recordingSwitch{localSwitch: localSwitch{c}}
		r := c.reconciler(func(cfg *Config) {
			cfg.Switch, cfg.Southbound = s, &slowSouthbound{fakeSouthbound: fakeSouthbound{c}} // accepts, and never answers
		})
		run(t, r)
		synctest.Wait()
		c.with(func() { c.view = plantest.Trusted(plantest.Asks("a", 0, 0)) }) // b is in doubt
		r.Poke()
		elapse(500 * time.Millisecond)
		c.with(func() { c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 20}, vf1) })
		since := time.Now()
		r.Poke()
		elapse(100 * time.Millisecond)
		if closed := s.leakClosed("pf0vf0"); closed.IsZero() || closed.Sub(since) > 100*time.Millisecond {
			t.Errorf("closed: %v after it was shown", closed.Sub(since))
		}
	})
}

// The first round closes a leak; while it is committed another one comes, and a port to
// be asked about.
func TestInquiry_ALeakOfALaterRoundWaitsForNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}), plantest.Asks("a", 0, 0),
			plantest.Asks("b", 0, 1))
		c.reconciler(nil).Pass(t.Context())
		c.index = testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 8, Name: "pf0vf1", IfIndex: 30})
		var since time.Time
		s := &recordingSwitch{localSwitch: localSwitch{c}}
		s.before = func([]ovs.Change) {
			if len(s.all) == 0 {
				since = time.Now()
				c.with(func() {
					c.view, c.index = plantest.Trusted(), testcard.Index(testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 20})
				})
			}
		}
		c.reconciler(func(cfg *Config) {
			cfg.Switch, cfg.Southbound = s, &slowSouthbound{fakeSouthbound: fakeSouthbound{c}}
		}).Pass(t.Context())
		if closed := s.leakClosed("pf0vf0"); closed.IsZero() || closed.Sub(since) > 100*time.Millisecond {
			t.Errorf("closed %v after it was shown", closed.Sub(since))
		}
	})
}

// What needs no answer is done while one is waited for.
func TestInquiry_ARequestThatComesMeanwhileIsPluggedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vf1 := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
		c := newCloud(testcard.Index(testcard.OneVF(), vf1), plantest.Asks("a", 0, 0))
		r := c.reconciler(func(cfg *Config) { cfg.Southbound = &slowSouthbound{fakeSouthbound: fakeSouthbound{c}} })
		run(t, r)
		synctest.Wait()
		c.with(func() { c.view = plantest.Trusted() })
		r.Poke()
		elapse(time.Second)
		c.with(func() { c.view = plantest.Trusted(plantest.Asks("b", 0, 1)) })
		r.Poke()
		synctest.Wait()
		if row := c.rows()["pf0vf1"]; row.IfaceID != "b" {
			t.Errorf("rows %v", c.rows())
		}
	})
}

func TestInquiry_APassThatIsEndedEndsItsQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		c.reconciler(nil).Pass(t.Context())
		c.view = plantest.Trusted()
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { <-time.After(time.Second); cancel(errors.New("stopped")) }()
		began := time.Now()
		c.reconciler(func(cfg *Config) { cfg.Southbound = &slowSouthbound{fakeSouthbound: fakeSouthbound{c}} }).Pass(ctx)
		if took := time.Since(began); took != time.Second || len(c.rows()) != 1 {
			t.Errorf("ended after %v with %d rows", took, len(c.rows()))
		}
	})
}
