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

// What was planned may be done in part: each change is independent of the others, but for
// those of a port whose leak could not be closed; and what is planned on the result still
// obeys both rules, and ends.
func TestAPlanThatWasAppliedInPartGoesOnWithoutHarm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for round := range 8 {
			d := planWith(w.input(), w.truth...)
			if len(d.Changes) == 0 {
				return
			}
			before := w.rowsOfPorts()
			refuses := func(i int) bool {
				return round < 3 && rapid.Bool().Draw(t, fmt.Sprintf("round %d refuses %d", round, i))
			}
			var leaking map[string]bool
			w, leaking = w.applyInPart(t, d.Changes, refuses)
			for _, r := range w.actual.Interfaces {
				if f := w.leaks(r); f != "" && (isOurs(r) || w.wasOurs(r)) && !leaking[r.UUID] {
					t.Fatalf("%s, a row for %s, carries %s", r.Name, r.Marker.Function, f)
				}
			}
			for port, n := range w.rowsOfPorts() {
				if n > max(1, before[port]) {
					t.Fatalf("%s has %d rows, and had %d", port, n, before[port])
				}
			}
		}
		t.Fatalf("still planning: %v", did(planWith(w.input(), w.truth...)))
	})
}

// applyInPart applies the changes that are not refused, as the Reconciler does, and returns
// the rows that go on to leak.
func (w world) applyInPart(t *rapid.T, changes []ovs.Change, refuses func(int) bool) (_ world, leaking map[string]bool) {
	leaking = map[string]bool{}
	var open []ovs.Unplug
	planned := w
	for i, c := range changes {
		planned.checkChange(t, changes, c)
		if !closesLeak(c) && len(waitFor(open, []ovs.Change{c})) == 0 {
			continue
		}
		if refuses(i) {
			if closesLeak(c) {
				leaking[c.Unplug[0].Interface.UUID], open = true, append(open, c.Unplug[0])
			}
			continue
		}
		next, err := commit(w.actual, w.index, []ovs.Change{c})
		if err != nil {
			t.Fatalf("one change needs another one: %v", err)
		}
		w.actual = next
	}
	return w, leaking
}

// rowsOfPorts is how many rows of ours each port has.
func (w world) rowsOfPorts() map[string]int {
	ports := map[string]int{}
	for _, r := range w.actual.Interfaces {
		if isOurs(r) {
			ports[lportOf(r)]++
		}
	}
	return ports
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

func TestWaitFor_IsForWhatNeedsThePlaceOfARowThatIsStillThere(t *testing.T) {
	r := ourRow("a", "pf0vf0", 0, 0, 10)
	nameless := ovs.Interface{Name: "pf0vf5"}
	plug := func(netdev, lport string) ovs.Change {
		return ovs.Change{Plug: []ovs.Plug{{Netdev: netdev, IfaceID: lport}}}
	}
	edit := func(set map[string]string) ovs.Change { return ovs.Change{Edit: []ovs.Edit{{Set: set}}} }
	for name, tt := range map[string]struct {
		row   ovs.Unplug
		then  ovs.Change
		waits bool
	}{
		"another row for its port":              {ovs.Unplug{Interface: r}, plug("ens1", "a"), true},
		"a row of its name":                     {ovs.Unplug{Interface: r}, plug("pf0vf0", "b"), true},
		"its port's name back into another row": {ovs.Unplug{Interface: r}, edit(map[string]string{ovs.KeyIfaceID: "a"}), true},
		"another port's":                        {ovs.Unplug{Interface: r}, plug("ens1", "b"), false},
		"a correction":                          {ovs.Unplug{Interface: r}, edit(map[string]string{ovs.KeyRequest: "x"}), false},
		"its port's removal": {ovs.Unplug{Interface: r},
			ovs.Change{LogicalPorts: []string{"a"}, Unplug: []ovs.Unplug{{Interface: r}}}, false},
		"another row for its port, on the other bridge": {ovs.Unplug{Interface: r, Moved: true}, plug("ens1", "a"), false},
		"a correction, of a row that names no port":     {ovs.Unplug{Interface: nameless}, edit(map[string]string{ovs.KeyRequest: "x"}), false},
	} {
		if waits := len(waitFor([]ovs.Unplug{tt.row}, []ovs.Change{tt.then})) == 0; waits != tt.waits {
			t.Errorf("%s: waits %t", name, waits)
		}
	}
}
