package plug

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

func find(t *testing.T, rep Report, lport string) Port {
	t.Helper()
	i := slices.IndexFunc(rep.Ports, func(p Port) bool { return p.LogicalPort == lport })
	if i < 0 {
		t.Fatalf("no status for %s in %+v", lport, rep.Ports)
	}
	return rep.Ports[i]
}

// run starts the reconciler, and stops it and waits for it at the end of the test, or when it is told to before.
func run(t *testing.T, r *Reconciler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// elapse lets the test's clock run on, and everything that is due then end.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestPass_PlugsWhatIsAskedAndReportsIt(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	r := c.reconciler(nil)
	if s := find(t, r.Pass(t.Context()), "a"); s.State != plan.Plugged || s.Netdev != "pf0vf0" || s.Ofport != 10 {
		t.Errorf("after one pass: %+v", s)
	}
	if rep := r.Pass(t.Context()); c.applied != 1 || len(rep.Planned) != 0 {
		t.Errorf("a second pass planned %v; %d changes in all, want 1", rep.Planned, c.applied)
	}
}

func TestPass_APokeMakesOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() { c.view = plantest.Trusted(plantest.Asks("a", 0, 0)) })
		r.Poke()
		r.Poke()
		synctest.Wait()
		if s := find(t, r.Report(), "a"); s.State != plan.Plugged {
			t.Errorf("after a poke: %+v", s)
		}
	})
}

func TestPass_TheAuditNoticesDriftWithoutAnyPoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()))
		r := c.reconciler(func(cfg *Config) { cfg.Audit = time.Minute })
		run(t, r)
		synctest.Wait()
		c.with(func() { c.view = plantest.Trusted(plantest.Asks("a", 0, 0)) })
		elapse(time.Minute + time.Second)
		if s := find(t, r.Report(), "a"); s.State != plan.Plugged {
			t.Errorf("after an audit: %+v", s)
		}
	})
}

func TestRefused_AChangeIsRetriedAndHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}), plantest.Asks("a", 0, 0),
			plantest.Asks("b", 0, 1))
		c.refuse["a"] = errors.New("constraint violation")
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		a, b := find(t, r.Report(), "a"), find(t, r.Report(), "b")
		if b.State != plan.Plugged || a.State != plan.Pending || reason.CodeOf(a.Reason) != reason.CodeTransactionFailed {
			t.Fatalf("a: %+v\nb: %+v", a, b)
		}
		elapse(10 * time.Minute)
		if n := r.Report().Failures; n < 10 || n > 60 {
			t.Errorf("%d tries in 10 minutes, want a delay that grows to 30 s and no more", n)
		}
		c.with(func() { delete(c.refuse, "a") })
		elapse(time.Minute)
		if a := find(t, r.Report(), "a"); a.State != plan.Plugged {
			t.Errorf("a minute after the cause went away: %+v", a)
		}
		if rep := r.Report(); rep.Retries != rep.Failures {
			t.Errorf("%d retries are counted, of a change that failed %d times and then did not", rep.Retries, rep.Failures)
		}
	})
}

func TestEdit_OfARowAgainAndAgainIsPutBackAtABoundedRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		for range 600 { // a minute of a script that edits every 100 ms
			c.with(func() {
				v := plantest.BridgeWith()
				for n, i := range c.actual.Interfaces {
					i.IfaceID = "edited"
					v.Interfaces[n] = i
				}
				c.actual = v
			})
			r.Poke()
			elapse(100 * time.Millisecond)
			s := find(t, r.Report(), "a")
			if waits := c.rows()["pf0vf0"].IfaceID != "a"; waits != (s.State == plan.Pending) || waits &&
				reason.CodeOf(s.Reason) != reason.CodeTransactionPending {
				t.Fatalf("with iface-id %s: %+v", c.rows()["pf0vf0"].IfaceID, s)
			}
		}
		elapse(time.Minute)
		var n int
		c.with(func() { n = c.changes["a"] })
		if n < 20 || n > 90 {
			t.Errorf("%d changes for 600 edits in a minute, want about one a second", n)
		}
		if s := find(t, r.Report(), "a"); s.State != plan.Plugged || c.rows()["pf0vf0"].IfaceID != "a" {
			t.Errorf("after quiet: %+v", s)
		}
	})
}

func TestVerify_ARowStaysWhenTheSouthboundDoesNotConfirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		r.Pass(t.Context())
		c.view, c.silent = plantest.Trusted(), true
		delete(c.truth, "a")
		if s := find(t, r.Pass(t.Context()), "a"); s.State != plan.Held || len(c.rows()) != 1 {
			t.Errorf("unconfirmed: %+v with %d rows", s, len(c.rows()))
		}
		c.silent = false
		elapse(time.Second)
		if rep := r.Pass(t.Context()); len(rep.Ports) != 0 || len(c.rows()) != 0 {
			t.Errorf("confirmed: %+v with %d rows, want none", rep.Ports, len(c.rows()))
		}
	})
}

func TestDryRun_WritesNothing(t *testing.T) {
	down := testcard.OneVF()
	down.Down = true
	c := newCloud(testcard.Index(down), plantest.Asks("a", 0, 0))
	c.actual = plantest.BridgeWith(plantest.OurRow("gone", "pf0vf9", 0, 9, 19))
	r := c.reconciler(func(cfg *Config) { cfg.DryRun = true })
	rep := r.Pass(t.Context())
	if c.applied != 0 || len(c.up) != 0 || len(rep.Planned) != 2 {
		t.Errorf("applied %d, links up %v, planned %d; want 0, none, 2", c.applied, c.up, len(rep.Planned))
	}
}

func TestLink_ThatCanNotBeSetUpIsAWarningOnThePort(t *testing.T) {
	down := testcard.OneVF()
	down.Down = true
	c := newCloud(testcard.Index(down), plantest.Asks("a", 0, 0))
	c.upErr = os.ErrPermission
	s := find(t, c.reconciler(nil).Pass(t.Context()), "a")
	if s.State != plan.Plugged || len(s.Warnings) != 1 || s.Warnings[0].Code != reason.CodeLinkUpFailed {
		t.Errorf("%+v, want plugged with a warning", s)
	}
}

func TestReady_NeedsTheLocalDatabaseAndTheCardAndNotTheSouthbound(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()))
	whole := c.index
	c.view = southbound.View{}
	r := c.reconciler(nil)
	ready := func() bool {
		r.Pass(t.Context())
		select {
		case <-r.Ready():
			return true
		default:
			return false
		}
	}
	c.actual.Complete = false
	if ready() {
		t.Fatal("ready before the local database was read")
	}
	c.actual.Complete, c.index = true, representor.NewIndex(representor.Card{}, representor.Settings{})
	if ready() {
		t.Fatal("ready before the card was read")
	}
	c.index = whole
	if !ready() {
		t.Fatal("not ready after a pass over the local database and the card")
	}
}

func TestNudge_ANetdevThatWasNotOpenedIsAskedForAgainAtABoundedRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		failed := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
		failed.Ofport, failed.IfIndex, failed.Error = -1, 0, "could not add network device pf0vf0 to ofproto (File exists)"
		c.actual = plantest.BridgeWith(failed)
		asked := func() (n int) {
			c.with(func() { n = c.changes["a"] })
			return n
		}
		detached := map[string]uint32{}
		r := c.reconciler(func(cfg *Config) {
			cfg.Detach = oneByOne(func(_ context.Context, ifindex uint32, name string, _ bool) (bool, error) {
				if asked() != 0 {
					return false, nil
				}
				c.with(func() { detached[name] = ifindex })
				return true, nil
			})
		})
		run(t, r)
		synctest.Wait()
		if n := asked(); n != 1 {
			t.Fatalf("asked %d times at once, want 1", n)
		}
		if diff := cmp.Diff(map[string]uint32{"pf0vf0": 10}, detached); diff != "" {
			t.Errorf("detached before ovs-vswitchd was asked (-want +got):\n%s", diff)
		}
		elapse(10 * time.Minute)
		if n := asked(); n < 10 || n > 20 {
			t.Errorf("asked %d times in 10 minutes, want an interval that grows to a minute", n)
		}
		if row := c.rows()["pf0vf0"]; row.UUID != failed.UUID || row.Marker != failed.Marker {
			t.Errorf("the row became %+v", row)
		}
	})
}

func TestNudge_ANetdevThatAnotherRowHasOpenIsNotTakenOutOfTheDatapath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		failed := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
		failed.Ofport, failed.IfIndex, failed.Error = -1, 0, "could not add network device pf0vf0 to ofproto (File exists)"
		other := plantest.ForeignRow("old", "")
		other.IfIndex, other.Ofport = 10, 5
		c.actual = plantest.BridgeWith(failed, other)
		var detached []uint32
		run(t, c.reconciler(func(cfg *Config) {
			cfg.Detach = oneByOne(func(_ context.Context, ifindex uint32, _ string, _ bool) (bool, error) {
				detached = append(detached, ifindex)
				return true, nil
			})
		}))
		elapse(5 * time.Second)
		if len(detached) > 0 {
			t.Fatalf("detached %v, which somebody else has open", detached)
		}
		c.with(func() { c.actual = plantest.BridgeWith(failed) })
		elapse(10 * time.Second)
		if len(detached) == 0 || detached[0] != 10 {
			t.Errorf("detached %v, want 10", detached)
		}
	})
}

func TestCleanup_RemovesOurRowsAndNoOthers(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()))
	other := plantest.OurRow("b", "pf0vf1", 0, 1, 11)
	other.Bridge = "br-ex"
	c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10), other, plantest.ForeignRow("tap0", "x"))
	removed, err := c.reconciler(nil).Cleanup(t.Context())
	if len(removed) != 1 || removed[0].Unplug[0].Interface.Name != "pf0vf0" || err != nil {
		t.Errorf("removed %v, %v; want pf0vf0", removed, err)
	}
	if _, still := c.rows()["pf0vf0"]; still || len(c.rows()) != 2 {
		t.Errorf("left %v", c.rows())
	}
}
