package plug

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

// muteSwitch does what it is told, and its answer is lost.
type muteSwitch struct {
	localSwitch
	lost bool
}

func (s *muteSwitch) Apply(ctx context.Context, changes []ovs.Change) []error {
	errs := s.localSwitch.Apply(ctx, changes)
	for i := range errs {
		if s.lost && errs[i] == nil {
			errs[i] = ovs.ErrUncertain
		}
	}
	return errs
}

func TestLetGo_ALeakThatWasClosedWithoutAnAnswerIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		k := &kernelDatapath{has: map[uint32]bool{10: true}}
		s := &muteSwitch{localSwitch: localSwitch{c}}
		r := c.reconciler(func(cfg *Config) { cfg.Detach, cfg.Switch = oneByOne(k.detach), s })
		run(t, r)
		synctest.Wait()
		c.with(func() {
			s.lost, c.index = true, testcard.Index(testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 10})
		})
		r.Poke()
		elapse(time.Minute)
		if len(c.rows()) != 0 || k.holds(10) {
			t.Errorf("%d rows; the kernel still forwards what the row had open: %v", len(c.rows()), k.holds(10))
		}
	})
}

// Removals whose answer is lost count as removals.
func TestBrake_WhatWentWithoutAnAnswerCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 16
		c := manyPorts(n)
		s := &muteSwitch{localSwitch: localSwitch{c}}
		r := c.reconciler(func(cfg *Config) { cfg.Switch = s })
		run(t, r)
		elapse(brakeWindow)
		c.with(func() { s.lost = true })
		for left := n - 1; left >= 0; left-- {
			c.leave(r, left)
			elapse(time.Second)
		}
		if got := len(c.rows()); got < n/2 {
			t.Errorf("%d rows of %d are left, held: %+v", got, n, r.Report().Holds)
		}
	})
}

// downSwitch has lost its server before anything could be sent.
type downSwitch struct{ localSwitch }

func (s downSwitch) Apply(_ context.Context, changes []ovs.Change) []error {
	errs := make([]error, len(changes))
	for i := range errs {
		errs[i] = ovs.ErrNotConnected
	}
	s.with(func() { s.actual.Complete = false })
	return errs
}

func TestBrake_WhatWasNeverSentDoesNotCount(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10))
	c.view = plantest.Trusted()
	delete(c.truth, "a")
	r := c.reconciler(func(cfg *Config) { cfg.Switch = downSwitch{localSwitch{c}} })
	r.Pass(t.Context())
	if len(r.hold.lately) != 0 || len(r.hold.went) != 0 || len(r.letGo.rows) != 0 {
		t.Errorf("departed %v, %v; to be let go of: %v", r.hold.lately, r.hold.went, r.letGo.rows)
	}
}
