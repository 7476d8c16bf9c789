package plug

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// away is the tests' card while VF 0 has no netdev.
func away() *representor.Index { return testcard.Index(testcard.Netdev{PF: 0, VF: 0}) }

// unopened is a row that ovs-vswitchd had open before the machine was rebooted.
func unopened() *cloud {
	c := newCloud(away(), plantest.Asks("a", 0, 0))
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 0)
	row.Ofport = 7
	c.actual = plantest.BridgeWith(row)
	return c
}

func isReady(r *Reconciler) bool {
	select {
	case <-r.Ready():
		return true
	default:
		return false
	}
}

func TestParking_BeforeReadyARowWithoutItsFunctionLosesItsName(t *testing.T) {
	none := representor.NewIndex(representor.Card{Complete: true, Links: map[uint32]representor.Link{1: {Name: "lo", Settled: true}}},
		representor.Settings{})
	for name, index := range map[string]*representor.Index{"no netdev": away(), "no devlink port at all": none} {
		t.Run(name, func(t *testing.T) {
			c := unopened()
			c.index, c.view = index, southbound.View{}
			r := c.reconciler(nil)
			r.Pass(t.Context())
			if row := c.rows()["pf0vf0"]; row.IfaceID != "" || row.Parked != "a" || row.UUID != "uuid-pf0vf0" {
				t.Errorf("the row is %+v", row)
			}
			if !isReady(r) {
				t.Error("ovs-vswitchd may not start, though the row carries nobody's name")
			}
		})
	}
}

func TestParking_ACardThatIsNotKnownIsWaitedForBeforeReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := unopened()
		c.index = representor.NewIndex(representor.Card{Problem: "not read yet"}, representor.Settings{})
		r := c.reconciler(nil)
		r.Pass(t.Context())
		if row := c.rows()["pf0vf0"]; row.IfaceID != "a" || isReady(r) {
			t.Fatalf("at once: ready %v, %+v", isReady(r), row)
		}
		elapse(startPatience)
		r.Pass(t.Context())
		if row := c.rows()["pf0vf0"]; row.IfaceID != "" || !isReady(r) {
			t.Errorf("when it stays unknown: ready %v, %+v", isReady(r), row)
		}
	})
}

// A daemon that is restarted beside an ovs-vswitchd that runs changes nothing for a port
// that carries traffic, whatever it can't read.
func TestParking_ARowThatIsOpenKeepsItsNameAtAStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(representor.NewIndex(representor.Card{Problem: "not read yet"}, representor.Settings{}), plantest.Asks("a", 0, 0))
		c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10))
		r := c.reconciler(nil)
		run(t, r)
		elapse(time.Minute)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "a" || c.applied != 0 {
			t.Errorf("%d changes, the row is %+v", c.applied, row)
		}
	})
}

func TestParking_AFunctionThatIsAwayForSecondsTakesTheNameAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() { c.index = away() })
		r.Poke()
		elapse(absentGrace - time.Millisecond)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "a" {
			t.Fatalf("too early: %+v", row)
		}
		elapse(time.Millisecond)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "" || row.Parked != "a" {
			t.Fatalf("after some seconds: %+v", row)
		}
		if s := find(t, r.Report(), "a"); s.State != plan.Pending || reason.CodeOf(s.Reason) != reason.CodeNoNetdev {
			t.Errorf("the port: %+v", s)
		}
		applied := c.applied
		elapse(10 * time.Minute)
		if c.applied != applied {
			t.Errorf("%d changes while it stays away", c.applied-applied)
		}
		c.with(func() { c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 99}) })
		r.Poke()
		synctest.Wait()
		if row := c.rows()["pf0vf0"]; row.IfaceID != "a" || row.Parked != "" {
			t.Errorf("in the pass that sees it again: %+v", row)
		}
	})
}

// What was on the bridge before stays what it was, whether the Southbound can be asked
// or not.
func TestParking_TheNameComesBackWithoutTheSouthbound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := unopened()
		c.view = southbound.View{Problem: "connecting"}
		r := c.reconciler(nil)
		run(t, r)
		elapse(time.Minute)
		c.with(func() { c.index = testcard.Index(testcard.OneVF()) })
		r.Poke()
		synctest.Wait()
		if row := c.rows()["pf0vf0"]; row.IfaceID != "a" || row.Parked != "" {
			t.Errorf("the row is %+v", row)
		}
	})
}

func TestParking_TheNameDoesNotComeBackForWhatIsAnothers(t *testing.T) {
	other := plantest.Asks("b", 0, 0)
	unsettled := testcard.OneVF()
	unsettled.Unready = true
	for name, tt := range map[string]struct {
		index *representor.Index
		asks  southbound.Binding
	}{
		"another function has the name": {testcard.Index(testcard.Netdev{PF: 0, VF: 0},
			testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 11}), plantest.Asks("a", 0, 0)},
		"another port has the function": {testcard.Index(testcard.OneVF()), other},
		"udev isn't finished":           {testcard.Index(unsettled), plantest.Asks("a", 0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := unopened()
				r := c.reconciler(nil)
				run(t, r)
				synctest.Wait()
				c.with(func() {
					c.index, c.view = tt.index, plantest.Trusted(tt.asks)
					c.truth = map[string]southbound.Binding{tt.asks.LogicalPort: tt.asks}
				})
				r.Poke()
				elapse(time.Second)
				for _, row := range c.rows() {
					if row.Marker.LogicalPort == "a" && row.IfaceID != "" {
						t.Errorf("the row is %+v", row)
					}
				}
			})
		})
	}
}

// A renamed netdev stays open under its row until the row follows.
func TestParking_ARowThatIsOpenForItsFunctionUnderAnotherNameKeepsItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() {
			c.actual.PortNames["ens1"] = true // somebody else's Port has the new name
			c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10})
		})
		r.Poke()
		elapse(time.Minute)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "a" {
			t.Errorf("the row is %+v", row)
		}
	})
}
