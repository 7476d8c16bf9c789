package plug

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// A reboot dealt all names anew, and last night's Southbound was put back meanwhile. The
// rows that say so leak, and go before the Southbound can be asked, or after.
func TestHold_AReplacedSouthboundIsKnownFromRowsThatLeakedToo(t *testing.T) {
	for name, first := range map[string]bool{"the card is there first": false, "the Southbound is there first": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 4
				c := manyPorts(n)
				run(t, c.reconciler(nil))
				synctest.Wait()
				var devs, away []testcard.Netdev
				var stale []southbound.Binding
				for vf := range n {
					devs = append(devs, testcard.Netdev{PF: 0, VF: vf, Name: fmt.Sprintf("pf0vf%d", (vf+1)%n), IfIndex: uint32(30 + vf)})
					away = append(away, testcard.Netdev{PF: 0, VF: vf})
					stale = append(stale, plantest.Asks(fmt.Sprintf("old%d", vf), 0, vf))
				}
				// And one of the ports was elsewhere last night, where nobody is now.
				devs, away = append(devs, testcard.Netdev{PF: 0, VF: n, Name: "pf0vf9", IfIndex: 39}), append(away, testcard.Netdev{PF: 0, VF: n})
				stale = append(stale, plantest.Asks("p0", 0, n))
				if !first {
					away = devs
				}
				again := newCloud(testcard.Index(away...), stale...)
				again.actual = c.actual
				again.view.Connected = first
				again.view.Identity, again.view.Names = "sb2", ovn.Names{Global: "sb2"}
				r := again.reconciler(nil)
				run(t, r)
				elapse(time.Second)
				again.with(func() { again.view.Connected, again.index = true, testcard.Index(devs...) })
				r.Poke()
				elapse(time.Minute)
				for name, row := range again.rows() {
					t.Errorf("%s is %s's in the Southbound of last night, held: %+v", name, row.IfaceID, r.Report().Holds)
				}
				elapse(3 * time.Minute)
				if got := len(again.rows()); got != n+1 {
					t.Errorf("%d rows after the hold, want %d", got, n+1)
				}
			})
		})
	}
}

// Two ports ask for one function, and the one that has it is served. Its netdev's name is
// dealt anew.
func TestOwner_IsNoOtherAfterALeakIsClosed(t *testing.T) {
	for name, back := range map[string]time.Duration{"at once": 0, "its netdev comes later": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("b", 0, 0), plantest.Asks("a", 0, 0))
				c.actual = plantest.BridgeWith(plantest.OurRow("b", "pf0vf0", 0, 0, 10))
				r := c.reconciler(nil)
				run(t, r)
				synctest.Wait()
				other := testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 20}
				moved := testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}
				if back > 0 {
					c.with(func() { c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 0}, other) })
					r.Poke()
					elapse(back)
				}
				c.with(func() { c.index = testcard.Index(moved, other) })
				r.Poke()
				elapse(time.Second)
				if row := c.rows()["ens1"]; row.IfaceID != "b" {
					t.Errorf("b's machine is %s's", row.IfaceID)
				}
			})
		})
	}
}

// Names were dealt anew, and all rows made anew. The ports are as old as before.
func TestBrake_PortsThatGoOneByOneAfterALeakWasClosedAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 16
		c := manyPorts(n)
		r := c.reconciler(nil)
		run(t, r)
		elapse(brakeWindow)
		for _, unready := range []bool{true, false} {
			var devs []testcard.Netdev
			for vf := range n {
				devs = append(devs, testcard.Netdev{PF: 0, VF: vf, Name: fmt.Sprintf("pf0vf%d", (vf+1)%n), IfIndex: uint32(30 + vf), Unready: unready})
			}
			c.with(func() { c.index = testcard.Index(devs...) })
			r.Poke()
			elapse(time.Second)
		}
		for left := n - 1; left >= 0; left-- {
			c.leave(r, left)
			elapse(time.Second)
		}
		if got := len(c.rows()); got < n/2 {
			t.Errorf("%d rows of %d are left, held: %+v", got, n, r.Report().Holds)
		}
	})
}

// The row that leaked has gone, and the Southbound has been asked about nobody.
// Whoever is asked for by the backup of last night would else get it.
func TestOwner_AClaimOutlivesATimeInWhichTheCardCannotTellWhatARowIsFor(t *testing.T) {
	r := plantest.OurRow("a", "pf0vf0", 0, 0, 20)
	r.Marker.Function = ""
	devs := []testcard.Netdev{{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}, {PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 20}}
	x, twins := testcard.Index(devs...), testcard.Of(devs...)
	twins.Ports[1].Function = twins.Ports[0].Function
	h, now := newHolder(0, 0), time.Now()
	h.before(now, plantest.Trusted(), x, plantest.BridgeWith(r))
	h.before(now.Add(time.Second), plantest.Trusted(), representor.NewIndex(twins, representor.Settings{}), plantest.BridgeWith(r))
	hold := h.before(now.Add(2*time.Second), plantest.Trusted(), x, plantest.BridgeWith())
	for _, hold.All = range []bool{false, true} {
		d := plan.Plan(plan.Input{Asked: plantest.Trusted(plantest.Asks("b", 0, 0)), Index: x, Actual: plantest.BridgeWith(), Hold: hold})
		if len(d.Changes) != 0 {
			t.Errorf("another Southbound: %v; planned %v", hold.All, d.Changes)
		}
	}
}

func TestOwner_AClaimOutlivesTheLeakOfARowThatHasLostItsFunction(t *testing.T) {
	r := plantest.OurRow("a", "pf0vf0", 0, 0, 20)
	r.Marker.Function = ""
	x := testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}, testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 20})
	h, now := newHolder(0, 0), time.Now()
	h.before(now, plantest.Trusted(), x, plantest.BridgeWith(r))
	hold := h.before(now.Add(time.Second), plantest.Trusted(), x, plantest.BridgeWith())
	d := plan.Plan(plan.Input{Asked: plantest.Trusted(plantest.Asks("b", 0, 0)), Index: x, Actual: plantest.BridgeWith(), Hold: hold})
	if len(d.Changes) != 0 || !slices.Equal(d.Unconfirmed, []string{"a", "b"}) {
		t.Errorf("nobody was asked: planned %v, doubts %q", d.Changes, d.Unconfirmed)
	}
}

// The claim was made on a kernel that numbered no controllers, and the function has a row by its present name.
func TestLost_AClaimEndsWhenTheFunctionHasARowByWhateverName(t *testing.T) {
	f := testcard.VF(0, 0)
	was := f
	was.Controller, was.External = devlink.Optional[uint32]{}, true
	h := holder{lost: map[representor.Function]string{was: "a"}}
	h.findLost(testcard.Index(testcard.OneVF()), map[string]placed{"uuid-c": {"c", f}})
	if len(h.lost) != 0 {
		t.Errorf("lost are %v", h.lost)
	}
}
