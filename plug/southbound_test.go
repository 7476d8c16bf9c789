package plug

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

func TestSouthbound_AStartingHolderTakesTheOneThatTheRowsNameForAccepted(t *testing.T) {
	row := func(lport, database string) ovs.Interface {
		return plantest.Answering(plantest.OurRow(lport, "n"+lport, 0, 0, 10), database)
	}
	elsewhere, foreign, taken := row("a", "SB_Global sb0"), plantest.ForeignRow("nb", "b"), row("c", "SB_Global sb0")
	elsewhere.Bridge, foreign.Southbound, taken.OVNPlugged = "br-ex", "SB_Global sb0", "representor"
	blind := plantest.BridgeWith()
	blind.Complete = false
	for _, tt := range []struct {
		name   string
		actual ovs.View
		names  ovn.Names
		held   bool
	}{
		{name: "nothing is plugged", actual: plantest.BridgeWith()},
		{name: "rows of the present one", actual: plantest.BridgeWith(row("a", "SB_Global sb1"), row("b", "SB_Global sb1"))},
		{name: "rows of older versions", actual: plantest.BridgeWith(row("a", ""), row("b", ""))},
		{name: "rows of another one", actual: plantest.BridgeWith(row("a", "SB_Global sb0")), held: true},
		{name: "one row of another one", actual: plantest.BridgeWith(row("a", "SB_Global sb1"), row("b", "SB_Global sb0"), row("c", "")),
			held: true},
		{name: "a row that says what nobody can read", actual: plantest.BridgeWith(row("a", "edited")), held: true},
		{name: "rows that aren't ours on our bridge", actual: plantest.BridgeWith(elsewhere, foreign, taken)},
		{name: "rows of the cluster, seen through a relay", actual: plantest.BridgeWith(row("a", "cluster c1 SB_Global sb1"))},
		{name: "rows of what a relay showed, and the cluster behind it", actual: plantest.BridgeWith(row("a", "SB_Global sb1")),
			names: ovn.Names{Cluster: "c1", Global: "sb1"}},
		{name: "rows of another cluster with the same SB_Global", actual: plantest.BridgeWith(row("a", "cluster c2 SB_Global sb1")),
			names: ovn.Names{Cluster: "c1", Global: "sb1"}, held: true},
		{name: "the switch isn't known", actual: blind},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, v, now := newHolder(time.Minute, 0), plantest.Trusted(), time.Now()
			if tt.names != (ovn.Names{}) {
				v.Names = tt.names
			}
			lost := v
			lost.Connected = false
			h.before(now, lost, testcard.Index(), tt.actual)
			if h.accepted != "" {
				t.Errorf("%q was accepted untrusted", h.accepted)
			}
			if got := h.before(now, v, testcard.Index(), tt.actual); got.All != tt.held {
				t.Errorf("held: %v, want %v", got.All, tt.held)
			}
			if accepted := h.accepted == "sb1"; accepted != (!tt.held && tt.actual.Complete) {
				t.Errorf("accepted: %q", h.accepted)
			}
			if got := h.before(now.Add(time.Minute-1), v, testcard.Index(), tt.actual); got.All != tt.held {
				t.Errorf("held just before the hold ends: %v, want %v", got.All, tt.held)
			}
			if got := h.before(now.Add(time.Minute), v, testcard.Index(), tt.actual); got.All {
				t.Error("held after the hold ended")
			}
			if got := h.before(now.Add(time.Hour), v, testcard.Index(), tt.actual); got.All {
				t.Error("held again, for rows that were not edited")
			}
		})
	}
}

func TestSouthbound_ThatIsWhatTheRowsNameAgainEndsTheHold(t *testing.T) {
	h, now := newHolder(time.Minute, 0), time.Now()
	actual := plantest.BridgeWith(plantest.OurRow("a", "n0", 0, 0, 10))
	wrong := plantest.Trusted()
	wrong.Identity, wrong.Names = "sb2", ovn.Names{Global: "sb2"}
	if !h.before(now, wrong, testcard.Index(), actual).All {
		t.Fatal("another Southbound isn't held")
	}
	if h.before(now.Add(time.Second), plantest.Trusted(), testcard.Index(), actual).All || h.accepted != "sb1" {
		t.Errorf("the right one is held; accepted: %q", h.accepted)
	}
	if !h.before(now.Add(2*time.Second), wrong, testcard.Index(), actual).All {
		t.Error("the wrong one isn't held the second time")
	}
}

func TestRestart_TheOtherSouthboundOnTheRowsIsHeldAsAtRunTime(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *Reconciler){
		"until the hold ends": func(*testing.T, *Reconciler) { elapse(2 * time.Second) },
		"until it is released": func(t *testing.T, r *Reconciler) {
			t.Helper()
			if released, _ := r.ReleaseHold(r.Report().Holds); len(released) != 1 || released[0].Code != reason.CodeSouthboundReplaced {
				t.Errorf("released: %+v", released)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := manyPorts(1)
				first := c.reconciler(nil)
				first.Pass(t.Context())
				before := c.rows()
				c.with(func() {
					c.view, c.truth = plantest.Trusted(), map[string]southbound.Binding{}
					c.view.Identity, c.view.Names = "sb2", ovn.Names{Global: "sb2"}
				})
				for range 3 { // restarts
					r := c.reconciler(nil)
					r.Pass(t.Context())
					if s := find(t, r.Report(), "p0"); s.State != plan.Held || reason.CodeOf(s.Reason) != reason.CodeSouthboundReplaced {
						t.Fatalf("after a restart: %+v", s)
					}
				}
				r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = 2 * time.Minute })
				run(t, r)
				elapse(2*time.Minute - time.Second)
				if diff := cmp.Diff(before, c.rows()); diff != "" {
					t.Fatalf("within the hold (-before +now):\n%s", diff)
				}
				end(t, r)
				synctest.Wait()
				if n := len(c.rows()); n != 0 {
					t.Errorf("%d rows are there after the hold", n)
				}
			})
		})
	}
}

func TestRestart_WithNothingChangedWritesNothing(t *testing.T) {
	c := manyPorts(3)
	c.reconciler(nil).Pass(t.Context())
	applied := c.applied
	r := c.reconciler(nil)
	if rep := r.Pass(t.Context()); c.applied != applied || len(rep.Holds) != 0 || len(rep.Planned) != 0 {
		t.Errorf("%d changes were made: %+v", c.applied-applied, rep)
	}
}

// Only one run can tell that a cluster was restored under its own id.
func TestRestart_ARestoredClusterIsTakenForTheSame(t *testing.T) {
	c := manyPorts(1)
	c.with(func() { c.view.Identity, c.view.Names = "c1", ovn.Names{Cluster: "c1", Global: "g1"} })
	r := c.reconciler(nil)
	r.Pass(t.Context())
	applied := c.applied
	c.with(func() { c.view.Identity = "c1 restored at 7" })
	if held := r.Pass(t.Context()).Holds; len(held) != 1 {
		t.Errorf("held at run time: %+v", held)
	}
	c.with(func() { c.view.Identity = "c1" })
	if rep := c.reconciler(nil).Pass(t.Context()); len(rep.Holds) != 0 || c.applied != applied {
		t.Errorf("after a restart %+v is held, and %d changes were made", rep.Holds, c.applied-applied)
	}
}
