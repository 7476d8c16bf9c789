package plug

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// swapped is the card after VF 0's netdev was renamed and VF 1's got its name.
func swapped() *representor.Index {
	return testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}, testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 11})
}

func TestLeak_IsRemovedWithoutWaitingForTheSouthbound(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	r := c.reconciler(nil)
	r.Pass(t.Context())
	c.view.Connected, c.silent = false, true
	c.index = testcard.Index(testcard.Netdev{PF: 1, VF: 1, Name: "pf0vf0", IfIndex: 20})
	if rep := r.Pass(t.Context()); len(c.rows()) != 0 || rep.Leaks != 1 {
		t.Errorf("rows %v, %d leaks counted; want no row and 1", c.rows(), rep.Leaks)
	}
}

func TestReady_WaitsForALeakThatCantBeRemovedYet(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()))
	leak := plantest.OurRow("a", "pf0vf0", 0, 7, 10) // the netdev is VF 0's now
	c.actual = plantest.BridgeWith(leak)
	c.refuse["a"] = errors.New("disk full")
	r := c.reconciler(nil)
	r.Pass(t.Context())
	select {
	case <-r.Ready():
		t.Fatal("ready with a leak on the bridge")
	default:
	}
	c.refuse = map[string]error{}
	r.Pass(t.Context())
	select {
	case <-r.Ready():
	default:
		t.Fatal("not ready after the leak was removed")
	}
}

func TestLeak_DoesNotWaitForThePaceOfWhatIsToBeDoneWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() {
			c.refuse["a"] = errors.New("constraint violation")
			c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10})
		})
		r.Poke()
		elapse(3 * time.Minute) // the swap is tried every 30 s by now
		c.with(func() {
			delete(c.refuse, "a")
			c.index = swapped()
		})
		r.Poke()
		synctest.Wait()
		if _, still := c.rows()["pf0vf0"]; still {
			t.Fatal("the leak waits for the next try of the swap")
		}
		elapse(time.Minute)
		if s := find(t, r.Report(), "a"); s.State != plan.Plugged || s.Netdev != "ens1" || r.Report().Leaks != 1 {
			t.Errorf("a minute later: %+v, %d leaks", s, r.Report().Leaks)
		}
	})
}

func TestLeak_IsClosedThoughThePlugThatGoesWithItIsRefused(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	r := c.reconciler(nil)
	r.Pass(t.Context())
	c.index, c.refusePlugs = swapped(), errors.New("constraint violation")
	rep := r.Pass(t.Context())
	if len(c.rows()) != 0 || rep.Leaks != 1 {
		t.Errorf("rows %v, %d leaks counted; want no row and 1", c.rows(), rep.Leaks)
	}
	if s := find(t, rep, "a"); reason.CodeOf(s.Reason) != reason.CodeTransactionFailed {
		t.Errorf("the plug that was refused: %+v", s)
	}
}

func TestLeak_ThatStaysDoesNotKeepOtherRemovalsFromBeingConfirmed(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}), plantest.Asks("a", 0, 0))
	c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 7, 10), plantest.OurRow("b", "pf0vf1", 0, 1, 11))
	c.refuse["a"] = errors.New("disk full")
	rep := c.reconciler(nil).Pass(t.Context())
	if _, still := c.rows()["pf0vf1"]; still {
		t.Errorf("the row of b, which nobody asks for, is still there: %+v", rep.Ports)
	}
}

func TestDryRun_WithALeakPlansWhatARunWouldDo(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()))
	c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 7, 10), plantest.OurRow("gone", "pf0vf9", 0, 9, 19))
	rep := c.reconciler(func(cfg *Config) { cfg.DryRun = true }).Pass(t.Context())
	if len(rep.Planned) != 2 || c.applied != 0 {
		t.Errorf("planned %d changes and made %d, want 2 and none", len(rep.Planned), c.applied)
	}
}

func TestReady_MeansThatThePlanSawTheCardItself(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()))
	c.view = southbound.View{}
	c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 7, 10)) // a leak
	unread := representor.NewIndex(representor.Card{}, representor.Settings{})
	r := c.reconciler(func(cfg *Config) { cfg.Devices = &lateDevices{devices: devices{c}, first: unread} })
	r.Pass(t.Context())
	select {
	case <-r.Ready():
		if len(c.rows()) != 0 {
			t.Error("ready with a leak on the bridge")
		}
	default:
	}
	r.Pass(t.Context())
	select {
	case <-r.Ready():
	default:
		t.Error("not ready after a pass that saw everything")
	}
	if len(c.rows()) != 0 {
		t.Errorf("left %v", c.rows())
	}
}

// ovs-vswitchd keeps what it has open under a row that comes back at once, whoever's it is.
func TestLeak_ANameThatWasOpenForAnotherNetdevIsForNobodyForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}), plantest.Asks("b", 0, 0))
		c.actual = plantest.BridgeWith(plantest.OurRow("o", "pf0vf0", 0, 0, 11))
		run(t, c.reconciler(nil))
		elapse(reopenDelay - 10*time.Millisecond)
		if rows := c.rows(); len(rows) != 0 {
			t.Errorf("%+v", rows)
		}
		elapse(20 * time.Millisecond)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "b" {
			t.Errorf("%+v", c.rows())
		}
	})
}

// The program was stopped between the plan and the commit, and the names were dealt back.
func TestLeak_ARowWhoseNameIsTheFunctionsAgainBeforeTheCommitStays(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10))
	d := &lateDevices{devices: devices{c}, first: swapped()}
	rep := c.reconciler(func(cfg *Config) { cfg.Devices = d }).Pass(t.Context())
	if row := c.rows()["pf0vf0"]; row.IfaceID != "a" || rep.Leaks != 0 || c.applied != 0 {
		t.Errorf("%d leaks closed, %d changes, rows %v", rep.Leaks, c.applied, c.rows())
	}
}

// thenDevices let something happen when they are asked for the second time.
type thenDevices struct {
	devices
	asked int
	then  func()
}

func (d *thenDevices) Index() *representor.Index {
	d.asked++
	if d.asked == 2 {
		d.with(d.then)
	}
	return d.devices.Index()
}

// ovs-vswitchd has opened the right netdev since the plan, or somebody has put the marks right.
func TestLeak_ARowThatIsRightWhenItComesToTheCommitStays(t *testing.T) {
	right := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	wrongOpen, wrongMark := right, right
	wrongOpen.IfIndex = 11
	wrongMark.Marker.Function = testcard.VF(0, 1).String()
	for name, row := range map[string]ovs.Interface{"another netdev was open": wrongOpen, "another function was marked": wrongMark} {
		for _, mended := range []bool{true, false} {
			c := newCloud(testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}), plantest.Asks("a", 0, 0))
			c.actual = plantest.BridgeWith(row)
			d := &thenDevices{devices: devices{c}, then: func() {
				if mended {
					c.actual = plantest.BridgeWith(right)
				}
			}}
			rep := c.reconciler(func(cfg *Config) { cfg.Devices = d }).Pass(t.Context())
			planned := slices.ContainsFunc(rep.Planned, plan.ClosesLeak)
			if !planned || (rep.Leaks == 0) != mended {
				t.Errorf("%s, mended %v: %d leaks closed, rows %v", name, mended, rep.Leaks, c.rows())
			}
		}
	}
}

func TestLeak_OneThatWasSeenIsClosedThoughTheCardSaysLessWhenItComesToTheCommit(t *testing.T) {
	one, two := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf1", IfIndex: 10}, testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 11}
	full, newer := testcard.Of(one, two), testcard.Of(one, testcard.Netdev{PF: 0, VF: 1})
	newer.Links[30] = representor.Link{
		Name: "pf0vf0", Up: true, Settled: true, TellsPort: true, Port: devlink.Some(devlink.PortID{Handle: testcard.Handle(), Index: 77}),
	}
	for name, card := range map[string]representor.Card{
		"nothing is known":           {Problem: "interrupted", LinksProblem: "interrupted"},
		"netdevs alone are":          {Problem: "interrupted", LinksComplete: true, Links: full.Links},
		"two ports claim the netdev": testcard.Of(one, two, testcard.Netdev{PF: 0, VF: 2, Name: "pf0vf0", IfIndex: 11}),
		"its port isn't listed yet":  newer,
		"the VFs' ports are gone":    {Complete: true, Links: full.Links, Ports: full.Ports[:2]},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(representor.NewIndex(card, representor.Settings{}), plantest.Asks("a", 0, 0))
			row := plantest.OurRow("a", "pf0vf0", 0, 0, 11)
			row.Ofport, row.IfIndex = -1, 0
			c.actual = plantest.BridgeWith(row)
			d := &lateDevices{devices: devices{c}, first: representor.NewIndex(full, representor.Settings{})}
			if rep := c.reconciler(func(cfg *Config) { cfg.Devices = d }).Pass(t.Context()); rep.Leaks != 1 {
				t.Errorf("%d leaks closed, rows %v", rep.Leaks, c.rows())
			}
		})
	}
}
