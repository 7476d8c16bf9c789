package plug

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

// measuring is a cloud of which what takes how long is noted, passes apart.
type measuring struct {
	*cloud
	*Reconciler
	took map[Step][]time.Duration
}

func newMeasuring(c *cloud) *measuring {
	m := &measuring{cloud: c, took: map[Step][]time.Duration{}}
	m.Reconciler = c.reconciler(func(cfg *Config) {
		cfg.Switch = shutSwitch{localSwitch{c}}
		cfg.Took = func(s Step, d time.Duration) {
			if s != StepPass {
				m.took[s] = append(m.took[s], d)
			}
		}
	})
	return m
}

// at makes a pass after a while, once something was changed.
func (m *measuring) at(t *testing.T, d time.Duration, change func()) {
	t.Helper()
	<-time.After(d)
	m.with(change)
	m.Pass(t.Context())
}

// setUp is what Port_Binding.up says from now on.
func (m *measuring) setUp(up bool) {
	view := m.view
	view.Bindings = maps.Clone(view.Bindings)
	for name, b := range view.Bindings {
		b.Up = up
		view.Bindings[name] = b
	}
	m.view = view
}

// setOfport is what ovs-vswitchd makes of our rows from now on.
func (m *measuring) setOfport(ofport int) {
	actual := m.actual
	actual.Interfaces = maps.Clone(actual.Interfaces)
	for name, i := range actual.Interfaces {
		i.Ofport = ofport
		if ofport == 0 {
			i.IfIndex = 0
		} else {
			i.IfIndex = testcard.OneVF().IfIndex
		}
		actual.Interfaces[name] = i
	}
	m.actual = actual
}

// setInstalled is what ovn-controller says in our rows from now on.
func (m *measuring) setInstalled(installed bool) {
	actual := m.actual
	actual.Interfaces = maps.Clone(actual.Interfaces)
	for name, i := range actual.Interfaces {
		i.Installed = installed
		actual.Interfaces[name] = i
	}
	m.actual = actual
}

func nothing() {}

func TestSteps_EachOfARequestIsMeasuredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeasuring(newCloud(testcard.Index(testcard.OneVF())))
		m.at(t, 0, nothing)
		m.refuse["a"] = errors.New("not now")
		m.at(t, time.Hour, func() { m.view = plantest.Trusted(plantest.Asks("a", 0, 0)) })
		m.at(t, 3*time.Second, func() { delete(m.refuse, "a") })
		want := map[Step][]time.Duration{StepCommit: {3 * time.Second}}
		if diff := cmp.Diff(want, m.took); diff != "" {
			t.Errorf("when it has a row:\n%s", diff)
		}
		m.at(t, time.Second, func() { m.setOfport(7) })
		want[StepOpen] = []time.Duration{time.Second}
		m.at(t, 4*time.Second, func() { m.setInstalled(true) })
		want[StepInstalled] = []time.Duration{4 * time.Second}
		m.at(t, 2*time.Second, func() { m.setUp(true) })
		want[StepUp] = []time.Duration{2 * time.Second}
		if diff := cmp.Diff(want, m.took); diff != "" {
			t.Errorf("when it is up:\n%s", diff)
		}
		for range 3 { // ovs-vswitchd and ovn-controller are restarted
			m.at(t, time.Second, func() { m.setOfport(0); m.setInstalled(false); m.setUp(false) })
			m.at(t, time.Second, func() { m.setOfport(7); m.setInstalled(true); m.setUp(true) })
		}
		if diff := cmp.Diff(want, m.took); diff != "" {
			t.Errorf("in the end:\n%s", diff)
		}
	})
}

func TestSteps_ARequestThatComesToNameAnotherFunctionIsMeasuredAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		second := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
		m := newMeasuring(newCloud(testcard.Index(testcard.OneVF(), second), plantest.Asks("a", 0, 0)))
		m.at(t, 0, nothing)
		m.refuse["a"] = errors.New("not now")
		b := plantest.Asks("a", 0, 1)
		m.at(t, time.Minute, func() { m.view = plantest.Trusted(b); m.truth["a"] = b })
		m.at(t, time.Second, func() { delete(m.refuse, "a") })
		if got, want := m.took[StepCommit], []time.Duration{0, time.Second}; !slices.Equal(got, want) {
			t.Errorf("commits took %v, want %v", got, want)
		}
	})
}

func TestSteps_WhatWasPluggedBeforeIsNotMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		c.reconciler(nil).Pass(t.Context())
		m := newMeasuring(c) // we were restarted
		m.at(t, time.Second, nothing)
		m.at(t, time.Second, func() { m.setInstalled(true); m.setUp(true) })
		m.at(t, time.Second, func() { m.setInstalled(false) }) // ovn-controller was restarted
		m.at(t, time.Second, func() { m.setInstalled(true) })
		if len(m.took) > 0 {
			t.Errorf("%v", m.took)
		}
	})
}

// ovn-controller writes to two databases, and either may be seen first.
func TestSteps_APortThatIsUpBeforeItIsSeenInstalledTakesNoTimeToBecomeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeasuring(newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0)))
		m.at(t, 0, nothing)
		m.at(t, time.Second, func() { m.setOfport(7) })
		m.at(t, time.Second, func() { m.setUp(true) })
		m.at(t, time.Second, func() { m.setInstalled(true) })
		want := map[Step][]time.Duration{StepCommit: {0}, StepOpen: {time.Second}, StepInstalled: {2 * time.Second}, StepUp: {0}}
		if diff := cmp.Diff(want, m.took); diff != "" {
			t.Error(diff)
		}
	})
}

// ovs-vswitchd may have the netdev open that had the name before, and ovn-controller
// install its flows.
func TestSteps_WhatWasInstalledForAnotherNetdevIsNotMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeasuring(newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0)))
		m.at(t, 0, nothing)
		m.at(t, time.Second, func() { m.setInstalled(true) })
		m.at(t, time.Second, func() { m.setOfport(7); m.setUp(true) })
		m.at(t, time.Second, func() { m.setInstalled(false) })
		m.at(t, time.Second, func() { m.setInstalled(true) })
		want := map[Step][]time.Duration{StepCommit: {0}, StepOpen: {2 * time.Second}}
		if diff := cmp.Diff(want, m.took); diff != "" {
			t.Error(diff)
		}
	})
}

// The row of the request before has ovn-installed as well, and is seen until the
// database tells of the new one.
func TestSteps_ThatTheOldRowOfARetargetedPortIsInstalledSaysNothingOfTheNewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		second := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
		c := newCloud(testcard.Index(testcard.OneVF(), second), plantest.Asks("a", 0, 0))
		c.reconciler(nil).Pass(t.Context())
		m := newMeasuring(c)
		m.at(t, 0, func() { m.setOfport(7); m.setInstalled(true); m.setUp(true) })
		m.refuse["a"] = errors.New("not now")
		b := plantest.Asks("a", 0, 1)
		b.Up = true
		m.at(t, time.Minute, func() { m.view = plantest.Trusted(b); m.truth["a"] = b })
		m.at(t, time.Second, func() { delete(m.refuse, "a") })
		m.at(t, time.Second, nothing)
		want := map[Step][]time.Duration{StepCommit: {time.Second}}
		if diff := cmp.Diff(want, m.took); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSteps_APortThatIsUpElsewhereIsNotMeasuredUntilItWasDownHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := plantest.Asks("a", 0, 0)
		b.Up = true
		m := newMeasuring(newCloud(testcard.Index(testcard.OneVF()), b))
		m.at(t, 0, nothing)
		m.at(t, time.Second, func() { m.setOfport(7) })
		m.at(t, time.Second, func() { m.setInstalled(true) })
		if n := m.took; len(n[StepOpen]) != 1 || len(n[StepInstalled]) != 1 || len(n[StepUp]) > 0 {
			t.Errorf("%v", n)
		}
	})
}

func TestSteps_ARequestIsSeenWhenTheReconcilerIsPoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeasuring(newCloud(testcard.Index(testcard.OneVF())))
		m.at(t, 0, nothing)
		m.with(func() { m.view = plantest.Trusted(plantest.Asks("a", 0, 0)) })
		m.Poke()
		<-time.After(time.Second)
		m.Poke()
		m.at(t, time.Second, nothing) // the pass before took that long, say
		if got, want := m.took[StepCommit], []time.Duration{2 * time.Second}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func TestSteps_PokesThatNobodyWasToAnswerAreNotMeasuredFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeasuring(newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0)))
		m.Poke()
		<-time.After(time.Hour) // in standby
		run(t, m.Reconciler)
		synctest.Wait()
		if got, want := m.took[StepCommit], []time.Duration{0}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func TestSteps_NothingIsRememberedOfRequestsThatAreGone(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1))
	r := c.reconciler(nil)
	r.Pass(t.Context())
	c.view = plantest.Trusted()
	c.truth = map[string]southbound.Binding{}
	r.Pass(t.Context())
	if n := len(r.steps.ports); n > 0 {
		t.Errorf("%d ports are remembered", n)
	}
}

func TestSteps_EveryPassIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		var passes []time.Duration
		r := c.reconciler(func(cfg *Config) {
			cfg.Switch = slowSwitch{localSwitch{c}}
			cfg.Took = func(s Step, d time.Duration) {
				if s == StepPass {
					passes = append(passes, d)
				}
			}
		})
		r.Pass(t.Context())
		r.Pass(t.Context())
		if want := []time.Duration{time.Second, 0}; !slices.Equal(passes, want) {
			t.Errorf("%v, want %v", passes, want)
		}
	})
}

// shutSwitch opens no netdev by itself.
type shutSwitch struct{ localSwitch }

func (s shutSwitch) Apply(ctx context.Context, changes []ovs.Change) []error {
	errs := s.localSwitch.Apply(ctx, changes)
	s.with(func() {
		for name, i := range s.actual.Interfaces {
			i.Ofport, i.IfIndex = 0, 0
			s.actual.Interfaces[name] = i
		}
	})
	return errs
}

// slowSwitch takes a second for a change.
type slowSwitch struct{ localSwitch }

func (s slowSwitch) Apply(ctx context.Context, changes []ovs.Change) []error {
	<-time.After(time.Second)
	return s.localSwitch.Apply(ctx, changes)
}
