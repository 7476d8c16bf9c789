package plan

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

// What was planned may be done in part: each change is independent of the others, but for
// those of a port whose leak could not be closed; and what is planned on the result still
// obeys both rules, and ends.
func TestPlan_ThatWasAppliedInPartGoesOnWithoutHarm(t *testing.T) {
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
		if !ClosesLeak(c) && len(WaitFor(open, []ovs.Change{c})) == 0 {
			continue
		}
		if refuses(i) {
			if ClosesLeak(c) {
				leaking[c.Unplug[0].Interface.UUID], open = true, append(open, c.Unplug[0])
			}
			continue
		}
		next, err := plantest.Commit(w.actual, w.index, []ovs.Change{c})
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
			ports[r.LogicalPort()]++
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

func TestWaitFor_IsForWhatNeedsThePlaceOfARowThatIsStillThere(t *testing.T) {
	r := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
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
		if waits := len(WaitFor([]ovs.Unplug{tt.row}, []ovs.Change{tt.then})) == 0; waits != tt.waits {
			t.Errorf("%s: waits %t", name, waits)
		}
	}
}
