package plug

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

func TestReport_ShowsARowForAsLongAsItIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() {
			c.refuse["a"] = errors.New("disk full")
			c.view, c.truth = plantest.Trusted(), map[string]southbound.Binding{}
		})
		r.Poke()
		elapse(10 * time.Minute)
		rep := r.Report()
		s := find(t, rep, "a")
		if s.State != plan.Held || reason.CodeOf(s.Reason) != reason.CodeTransactionFailed || !strings.Contains(s.Reason.Message, "disk full") {
			t.Errorf("a removal that is refused: %+v", s)
		}
		if rep.Failures < 10 || rep.Failures > 60 {
			t.Errorf("%d tries in 10 minutes", rep.Failures)
		}
		c.with(func() { delete(c.refuse, "a") })
		elapse(time.Minute)
		if rep := r.Report(); len(rep.Ports) != 0 || len(c.rows()) != 0 {
			t.Errorf("once it can be removed: %+v", rep.Ports)
		}
	})
}

func TestLeak_ThatCanNotBeRemovedIsTheReasonOfItsPort(t *testing.T) {
	c := newCloud(testcard.Index(testcard.Netdev{PF: 0, VF: 0}, testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 11}),
		plantest.Asks("a", 0, 0))
	c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10))
	c.refuse["a"] = errors.New("disk full")
	if s := find(t, c.reconciler(nil).Pass(t.Context()), "a"); s.State != plan.Pending ||
		reason.CodeOf(s.Reason) != reason.CodeTransactionFailed {
		t.Errorf("%+v", s)
	}
}

func TestRefused_ASecondRowThatCanNotBeRemovedIsAWarningOnAPluggedPort(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10), plantest.OurRow("a", "pf0vf9", 0, 9, 19))
	c.refuse["a"] = errors.New("disk full")
	s := find(t, c.reconciler(nil).Pass(t.Context()), "a")
	if s.State != plan.Plugged || len(s.Warnings) != 1 || s.Warnings[0].Code != reason.CodeTransactionFailed {
		t.Errorf("%+v", s)
	}
}

func TestRefused_WhatIsNoLongerDueIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		c.refuse["a"] = errors.New("constraint violation")
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() { c.view, c.truth = plantest.Trusted(), map[string]southbound.Binding{} })
		r.Poke()
		elapse(2 * time.Minute)
		if n := r.pace.Len(); n != 0 {
			t.Errorf("%d ports are remembered", n)
		}
	})
}

// A local database that hung answers late: by then the pace of the ports whose leaks it
// refused is over.
func TestLeak_ThatCanNotBeClosedKeepsItsPortFromAnotherRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The VFs have exchanged their netdevs' names with nobody's: each row is another's.
		c := newCloud(testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "rep0", IfIndex: 10},
			testcard.Netdev{PF: 0, VF: 1, Name: "rep1", IfIndex: 11},
			testcard.Netdev{PF: 0, VF: 2, Name: "pf0vf0", IfIndex: 12}, testcard.Netdev{PF: 0, VF: 3, Name: "pf0vf1", IfIndex: 13}),
			plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1))
		parked := plantest.OurRow("a", "pf0vf0", 0, 0, 12)
		parked.IfaceID, parked.Parked = "", "a"
		c.actual = plantest.BridgeWith(parked, plantest.OurRow("b", "pf0vf1", 0, 1, 13))
		r := c.reconciler(func(cfg *Config) {
			cfg.Switch = refusesLeaks{localSwitch{c}}
			cfg.Log = slog.New(slowLog{})
		})
		r.Pass(t.Context())
		if rows := c.rows(); len(rows) != 2 {
			t.Errorf("a row beside one that could not be removed: %v", rows)
		}
		r.cfg.Switch = localSwitch{c}
		elapse(time.Minute)
		r.Pass(t.Context())
		if rows := c.rows(); len(rows) != 2 || rows["rep0"].IfaceID != "a" || rows["rep1"].IfaceID != "b" {
			t.Errorf("once they can be removed: %v", rows)
		}
	})
}

type refusesLeaks struct{ localSwitch }

func (s refusesLeaks) Apply(ctx context.Context, changes []ovs.Change) []error {
	errs := make([]error, len(changes))
	for i, c := range changes {
		if plan.ClosesLeak(c) {
			errs[i] = errors.New("no answer in time")
		} else {
			errs[i] = s.localSwitch.Apply(ctx, changes[i:i+1])[0]
		}
	}
	return errs
}

// slowLog takes its time for each record, as one on a full disk.
type slowLog struct{ slog.Handler }

func (slowLog) Enabled(context.Context, slog.Level) bool { return true }

func (slowLog) Handle(context.Context, slog.Record) error { <-time.After(time.Second); return nil }
