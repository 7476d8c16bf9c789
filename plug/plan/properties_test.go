package plan

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func TestPlan_IsAFunctionOfItsInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		if diff := cmp.Diff(planWith(w.input(), w.truth...), planWith(w.input(), w.truth...)); diff != "" {
			t.Fatalf("two plans of one input differ:\n%s", diff)
		}
	})
}

func TestPlan_NeverTouchesARowThatIsNotOurs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for _, c := range planWith(w.input(), w.truth...).Changes {
			for _, u := range c.Unplug {
				if !isOurs(u.Interface) && w.strangerStays(c, u) != "" {
					t.Fatalf("unplugs %+v", u.Interface)
				}
			}
			for _, e := range c.Edit {
				if !isOurs(e.Interface) && !w.adoptable(e.Interface) {
					t.Fatalf("edits %+v", e.Interface)
				}
			}
		}
	})
}

func isOurs(r ovs.Interface) bool { return r.Marked && r.OVNPlugged == "" && r.Bridge == "br-int" }

// wasOurs: a row of ours on a bridge that was ours.
func (w world) wasOurs(r ovs.Interface) bool {
	return r.Marked && r.OVNPlugged == "" && r.Bridge != "br-int" && w.left[r.Bridge]
}

// adoptable: the built-in provider's, for a port that is asked for, and not one that
// it took from us since we run.
func (w world) adoptable(r ovs.Interface) bool {
	return w.adopt && r.OVNPlugged != "" && r.Bridge == "br-int" && w.truthOf(r.IfaceID).Disposition == southbound.Asked &&
		(!r.Marked || r.Marker.LogicalPort == r.IfaceID && !w.taken[r.UUID])
}

// strangerStays says why a row that isn't ours on our bridge must stay, "" if it may go: a
// left-over, or a row of ours on a bridge that was ours, which leaks, or is for what its port
// has here.
func (w world) strangerStays(c ovs.Change, u ovs.Unplug) string {
	r := u.Interface
	switch {
	case u.LeftOver:
		return w.leftOverStays(r)
	case !u.Moved || !w.wasOurs(r):
		return "it was never ours"
	case u.Leak && w.leaks(r) != "":
		return ""
	}
	b := w.truthOf(r.LogicalPort())
	for _, p := range c.Plug {
		if p.IfaceID == r.LogicalPort() && w.isFor(r, p.Marker.Function) && w.asksFor(p) {
			return ""
		}
		if w.isFor(r, p.Marker.Function) && !w.hold.All &&
			(b.Disposition != southbound.Asked || b.Request.Invalid != nil || r.Name != p.Netdev || !w.mayMean(b.Request.Query, r)) && w.asksFor(p) {
			return "" // makes room for a request
		}
	}
	for _, o := range w.actual.Interfaces {
		if isOurs(o) && o.LogicalPort() == r.LogicalPort() && w.marked(o) == w.marked(r) {
			return ""
		}
	}
	return "nothing takes its place"
}

// leftOverStays says why a row of the built-in provider's must stay, "" if it may go: like
// one of ours, when it may be adopted and the Southbound says that nothing asks for it.
func (w world) leftOverStays(r ovs.Interface) string {
	b := w.truthOf(r.IfaceID)
	switch {
	case !w.adopt || r.OVNPlugged != "representor" || r.Bridge != "br-int" || r.Marked &&
		(r.Marker.LogicalPort != r.IfaceID || w.taken[r.UUID]):
		return "it isn't ours to take"
	case !w.view.Complete || !w.view.Connected || !w.view.ChassisKnown || w.hold.All:
		return "the Southbound is not trusted"
	case b.Disposition != southbound.Gone && b.Disposition != southbound.Withdrawn:
		return "it may be asked for"
	case w.hold.Grace && !w.hold.Graced[r.IfaceID]:
		return "it may be asked for again in a moment"
	}
	return ""
}

func TestPlan_PlugsOnlyWhatIsAskedOrMoves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		changes := planWith(w.input(), w.truth...).Changes
		for _, c := range changes {
			for _, p := range c.Plug {
				w.checkPlug(t, changes, p)
			}
		}
	})
}

// checkPlug is the first invariant: a row only for a request that stands now and
// for exactly its function, or for the function that the port's row had already.
func (w world) checkPlug(t *rapid.T, changes []ovs.Change, p ovs.Plug) {
	rep, ok := w.index.ByNetdev(p.Netdev)
	if !ok || rep.Function.String() != p.Marker.Function || !rep.Link.Settled {
		t.Fatalf("plugs %s as %s, which it is not", p.Netdev, p.Marker.Function)
	}
	for _, c := range changes {
		for _, u := range c.Unplug {
			if u.Interface.Marker.LogicalPort == p.IfaceID && w.isFor(u.Interface, p.Marker.Function) {
				return // moved
			}
		}
	}
	b := w.view.Bindings[p.IfaceID]
	if w.view.Complete && w.view.Connected {
		if _, inView := w.view.Bindings[p.IfaceID]; !inView || b.Disposition != southbound.Asked {
			b = w.truthOf(p.IfaceID)
		}
	}
	found, why := w.index.Lookup(b.Request.Query)
	if !w.view.Complete || !w.view.Connected || !w.view.ChassisKnown || b.Disposition != southbound.Asked ||
		b.Request.Invalid != nil || why != nil || found.Function.String() != p.Marker.Function {
		t.Fatalf("plugs %s for %s, which asks for %+v", p.Marker.Function, p.IfaceID, b)
	}
}

func TestLeak_AfterAPlanNoRowOfOursHasAnotherFunctionsNetdev(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		after, err := plantest.Commit(w.actual, w.index, planWith(w.input(), w.truth...).Changes)
		if err != nil {
			t.Fatalf("the plan can't be applied: %v", err)
		}
		for _, r := range after.Interfaces {
			if f := w.leaks(r); f != "" && (isOurs(r) || w.wasOurs(r)) {
				t.Errorf("%s, a row for %s, carries %s", r.Name, r.Marker.Function, f)
			}
		}
	})
}

// Which Southbound was before is known from the rows alone after a restart.
func TestSouthbound_NoPortMovesOnToAnotherWhileThatIsNotAccepted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.hold.All = true
		answers := func(v ovs.View, lport, southbound string) bool {
			for _, r := range v.Interfaces {
				if (isOurs(r) || w.wasOurs(r)) && r.LogicalPort() == lport && r.Southbound == southbound {
					return true
				}
			}
			return false
		}
		after, err := plantest.Commit(w.actual, w.index, planWith(w.input(), w.truth...).Changes)
		if err != nil {
			t.Fatalf("the plan can't be applied: %v", err)
		}
		for _, l := range lports() {
			was, is := answers(w.actual, l, "SB_Global sb0"), false
			for _, r := range after.Interfaces {
				is = is || isOurs(r) && r.LogicalPort() == l
			}
			if was && is && !answers(after, l, "SB_Global sb0") && !w.lostARow(l) {
				t.Fatalf("%s had a row that answers sb0, and has none of those of %+v", l, after.Interfaces)
			}
		}
	})
}

// lostARow: a row of a port's that answers sb0 leaks, or makes room for another port.
func (w world) lostARow(lport string) bool {
	for _, c := range planWith(w.input(), w.truth...).Changes {
		for _, u := range c.Unplug {
			if r := u.Interface; r.LogicalPort() == lport && r.Southbound == "SB_Global sb0" &&
				(u.Leak || slices.ContainsFunc(c.LogicalPorts, func(p string) bool { return p != lport })) {
				return true
			}
		}
	}
	return false
}

func TestSouthbound_ThatIsAcceptedIsNamedByEveryRowThatIsPlugged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.hold.All = false
		if !w.whole || !w.view.Complete || !w.view.Connected || !w.view.ChassisKnown {
			return // nothing is accepted then
		}
		d := planWith(w.input(), w.truth...)
		after, err := plantest.Commit(w.actual, w.index, d.Changes)
		if err != nil {
			t.Fatalf("the plan can't be applied: %v", err)
		}
		for _, s := range d.Ports {
			if r, ok := after.Interfaces[s.Netdev]; ok && s.State == Plugged && r.Southbound != w.view.Names.String() {
				t.Errorf("%s is plugged, and its row answers %q", s.LogicalPort, r.Southbound)
			}
		}
	})
}

func TestPlan_ThatWasAppliedNeedsNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		// Applying may make room for more; what matters is that it ends, soon. The longest: a
		// leak, what it was in the way of, a left-over, and the plug, each after the one before.
		for range 6 {
			d := planWith(w.input(), w.truth...)
			if len(d.Changes) == 0 {
				return
			}
			next, err := plantest.Commit(w.actual, w.index, d.Changes)
			if err != nil {
				t.Fatalf("the plan can't be applied: %v\n%v", err, did(d))
			}
			w.actual = next
		}
		t.Fatalf("still planning after six rounds: %v", did(planWith(w.input(), w.truth...)))
	})
}

func TestPlan_NeverMakesTwoInterfacesOfOneFunctionOrPort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		d := planWith(w.input(), w.truth...)
		after, err := plantest.Commit(w.actual, w.index, d.Changes)
		if err != nil {
			t.Fatalf("the plan can't be applied: %v", err)
		}
		for _, c := range d.Changes {
			for _, p := range c.Plug {
				for _, r := range after.Interfaces {
					if r.Name == p.Netdev {
						continue
					}
					if (isOurs(r) || w.wasOurs(r) && r.LogicalPort() != p.IfaceID) && w.isFor(r, p.Marker.Function) {
						t.Errorf("%s is plugged as %s and as %s", p.Marker.Function, r.Name, p.Netdev)
					}
					if r.IfaceID == p.IfaceID && isOurs(r) {
						t.Errorf("%s has %s and %s", p.IfaceID, r.Name, p.Netdev)
					}
				}
			}
		}
	})
}

// Whoever has a function keeps it until the Southbound was asked, and as long as it isn't
// accepted: also when the row leaks, or is on a bridge that was ours.
func TestOwner_NoFunctionGoesToAnotherPortUnaskedOrUnderAHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		unasked := Plan(w.input())
		w.hold.All = true
		for when, d := range map[string]Decision{"unasked": unasked, "under a hold": planWith(w.input(), w.truth...)} {
			for _, c := range d.Changes {
				for _, p := range c.Plug {
					for _, r := range w.actual.Interfaces {
						// What a mark without a controller means may not be told, and a port that has the
						// function by its own row's mark follows it then.
						rep, _ := w.index.ByFunction(called(p.Marker.Function))
						_, may := w.index.Unnumbered(rep.Function)
						told := !may || r.Marker.Function == p.Marker.Function || !w.has(p.IfaceID, p.Marker.Function)
						if told && (isOurs(r) || w.wasOurs(r)) && r.LogicalPort() != p.IfaceID && w.isFor(r, p.Marker.Function) {
							t.Errorf("%s, %s goes to %s; %s has row %s", when, p.Marker.Function, p.IfaceID, r.LogicalPort(), r.Name)
						}
					}
				}
			}
		}
	})
}

func TestStatus_EveryRequestAndEveryRowHasOneState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		d := planWith(w.input(), w.truth...)
		states := map[string]int{}
		for _, s := range d.Ports {
			states[s.LogicalPort]++
			if (s.State == Plugged) != (s.Reason == nil) {
				t.Errorf("%s is %s with reason %v", s.LogicalPort, s.State, s.Reason)
			}
		}
		for l, b := range w.view.Bindings {
			if b.Disposition == southbound.Asked && states[l] != 1 {
				t.Errorf("request %s has %d states", l, states[l])
			}
		}
	})
}

// A name is put into a row for a request that stands now, or is given back to the netdev
// that it was taken from.
func TestPlan_NamesARowOnlyForItsOwnFunction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for _, c := range planWith(w.input(), w.truth...).Changes {
			for _, e := range c.Edit {
				name, r := e.Set[ovs.KeyIfaceID], e.Interface
				if name == "" || r.OVNPlugged != "" {
					continue
				}
				has, named := w.index.ByNetdev(r.Name)
				if named && has.Function.String() != w.marked(r) {
					t.Fatalf("%s's netdev is given to %s by a row for %s", has.Function, name, r.Marker.Function)
				}
				b := w.truthOf(name)
				if v, inView := w.view.Bindings[name]; inView {
					b = v
				}
				asked := w.view.Complete && w.view.Connected && w.view.ChassisKnown && b.Disposition == southbound.Asked && b.Request.Invalid == nil &&
					w.mayMean(b.Request.Query, r)
				if !asked && (r.Parked != name || !named) {
					t.Fatalf("%s is named %s, which asks for %+v", r.Name, name, b)
				}
			}
		}
	})
}
