package plug

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/representord/representord/ovs"
)

// What was planned may be done in part: each change is independent of the others,
// and what is planned on the result still obeys both rules, and ends.
func TestAPlanThatWasAppliedInPartGoesOnWithoutHarm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for round := range 8 {
			d := planWith(w.input(), w.truth...)
			if len(d.Changes) == 0 {
				return
			}
			planned := w
			for i, c := range d.Changes {
				planned.checkChange(t, d.Changes, c)
				if round < 3 && !closesLeak(c) && rapid.Bool().Draw(t, fmt.Sprintf("round %d refuses %d", round, i)) {
					continue
				}
				next, err := commit(w.actual, w.index, []ovs.Change{c})
				if err != nil {
					t.Fatalf("one change needs another one: %v\n%v", err, did(d))
				}
				w.actual = next
			}
			for _, r := range w.actual.Interfaces {
				if f := w.leaks(r); f != "" && (isOurs(r) || w.wasOurs(r)) {
					t.Fatalf("%s, a row for %s, carries %s", r.Name, r.Marker.Function, f)
				}
			}
		}
		t.Fatalf("still planning: %v", did(planWith(w.input(), w.truth...)))
	})
}

func (w world) checkChange(t *rapid.T, all []ovs.Change, c ovs.Change) {
	for _, u := range c.Unplug {
		if why := w.proof(c, u.Interface); why != "" {
			t.Fatalf("removes %+v: %s", u.Interface, why)
		}
	}
	for _, p := range c.Plug {
		w.checkPlug(t, all, p)
	}
}

// changingSwitch lets something happen between the plan and what it plans.
type changingSwitch struct {
	localSwitch
	meanwhile func()
}

func (s *changingSwitch) Apply(ctx context.Context, changes []ovs.Change) []error {
	if f := s.meanwhile; f != nil {
		s.meanwhile = nil
		s.with(f)
	}
	return s.localSwitch.Apply(ctx, changes)
}

func TestANetdevThatIsRenamedInTheMiddleOfAPassIsNotLeftUnderAnothersName(t *testing.T) {
	c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
	s := &changingSwitch{localSwitch: localSwitch{c}, meanwhile: func() { c.index = swapped() }}
	rep := c.reconciler(func(cfg *Config) { cfg.Switch = s }).Pass(t.Context())
	if st := find(t, rep, "a"); st.State != Plugged || st.Netdev != "ens1" || len(c.rows()) != 1 || rep.Leaks != 1 {
		t.Errorf("%+v with %v, %d leaks", st, c.rows(), rep.Leaks)
	}
}

func TestARowThatIsEditedInTheMiddleOfAPassIsPlannedOnAfresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
		c.actual = bridgeWith(ourRow("a", "old", 0, 0, 19))
		s := &changingSwitch{localSwitch: localSwitch{c}, meanwhile: func() {
			r := ourRow("b", "old", 0, 7, 19) // the operator gave it to another port
			c.actual = bridgeWith(r)
		}}
		r := c.reconciler(func(cfg *Config) { cfg.Switch = s })
		run(t, r)
		elapse(time.Minute)
		rows := c.rows()
		if st := find(t, r.Report(), "a"); st.State != Plugged || len(rows) != 1 || rows["pf0vf0"].IfaceID != "a" {
			t.Errorf("%+v with %v", st, rows)
		}
	})
}

func TestTheSouthboundsAnswerCountsMoreThanTheViewThatChangedMeanwhile(t *testing.T) {
	c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
	r := c.reconciler(nil)
	r.Pass(t.Context())
	c.view = trusted() // the view lost it, the server still has it
	c.refusePlugs = errors.New("not to be plugged again")
	rep := r.Pass(t.Context())
	if s := find(t, rep, "a"); s.State != Plugged || len(rep.Planned) != 0 {
		t.Errorf("%+v after %v", s, rep.Planned)
	}
}
