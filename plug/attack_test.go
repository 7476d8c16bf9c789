package plug

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// What devlink doesn't tell for a moment proves nothing: the netdev is there, under the
// row's name, and ovs-vswitchd has it open.
func TestParking_ARowThatIsOpenForALiveNetdevThatTheCardCannotPlaceKeepsItsName(t *testing.T) {
	short := testcard.WithNetdev(testcard.Of(), 10, representor.Link{Name: "pf0vf0"})
	short.Problem = "the kernel's list of devlink ports is short: 1 can't be read"
	short.MayLackPFs = true
	ofPort := representor.Link{Name: "pf0vf0", TellsPort: true, Port: devlink.Some(devlink.PortID{Handle: testcard.Handle(), Index: 0})}
	told := testcard.WithNetdev(testcard.Of(), 10, ofPort)
	told.Problem = short.Problem
	disputed := testcard.Of(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 10})
	twice := testcard.Of(testcard.OneVF(), testcard.OneVF())
	// The driver made the netdev anew, and the list of ports doesn't answer yet.
	reloaded := testcard.WithNetdev(testcard.Of(testcard.Netdev{PF: 0, VF: 0}), 10, ofPort)
	for name, card := range map[string]representor.Card{
		"its port can't be read":                          short,
		"its port can't be read, and the netdev names it": told,
		"two functions claim its netdev":                  disputed,
		"two ports claim its function":                    twice,
		"its netdev is new, and devlink has not said so":  reloaded,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
				r := c.reconciler(nil)
				run(t, r)
				synctest.Wait()
				c.with(func() { c.index = representor.NewIndex(card, representor.Settings{}) })
				r.Poke()
				elapse(time.Minute)
				if row := c.rows()["pf0vf0"]; row.IfaceID != "a" || row.UUID == "" {
					t.Errorf("a running machine's row is now %+v", row)
				}
			})
		})
	}
}

func TestParking_AStartWithoutTheCardParksWithoutAPoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := unopened()
		c.index = representor.NewIndex(representor.Card{Problem: "not read yet"}, representor.Settings{})
		r := c.reconciler(nil)
		run(t, r)
		elapse(startPatience + time.Second)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "" || !isReady(r) {
			t.Errorf("after %v: ready %v, %+v", startPatience+time.Second, isReady(r), row)
		}
	})
}

// READY while a change that would move a row is put off: ovs-vswitchd opens the row for
// whatever gets its name.
func TestReady_WaitsForARowThatIsToMoveAndWasNotMoved(t *testing.T) {
	c := unopened()
	c.index, c.mute = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}), errors.New("no answer")
	r := c.reconciler(nil)
	r.Pass(t.Context())
	if row := c.rows()["pf0vf0"]; isReady(r) && row.IfaceID != "" {
		t.Errorf("ready, and the row is neither parked nor open nor is its netdev there: %+v", row)
	}
}

// The requests of all ports can't be read any more, and other ports ask for all functions.
func TestBrake_AllPortsWhoseFunctionsOthersTakeAtOnceAreHeld(t *testing.T) {
	for name, becomes := range map[string]func(southbound.Binding) southbound.Binding{
		"invalid": func(b southbound.Binding) southbound.Binding { return plantest.Invalid(b.LogicalPort) },
		"kept":    func(b southbound.Binding) southbound.Binding { return plantest.Classified(b, southbound.Kept) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 20
				c := manyPorts(n)
				r := c.reconciler(nil)
				run(t, r)
				synctest.Wait()
				before := c.ifaceIDs()
				c.with(func() {
					var all []southbound.Binding
					for vf := range n {
						all = append(all, becomes(c.truth[fmt.Sprintf("p%d", vf)]), plantest.Asks(fmt.Sprintf("q%d", vf), 0, vf))
					}
					for _, b := range all {
						c.truth[b.LogicalPort] = b
					}
					c.view = plantest.Trusted(all...)
				})
				r.Poke()
				elapse(time.Minute)
				if got := c.moved(before); got != 0 {
					t.Errorf("%d of %d machines are on another port's network, held: %+v", got, n, r.Report().Holds)
				}
				elapse(2 * time.Minute)
				if got := c.moved(before); got != n {
					t.Errorf("%d of %d moved after the hold", got, n)
				}
			})
		})
	}
}

// The local database is away in the moment in which the datapath is looked at.
func TestLetGo_ADatabaseThatIsAwayForAMomentForgetsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		k := &kernelDatapath{has: map[uint32]bool{10: true}}
		r := c.reconciler(func(cfg *Config) { cfg.Detach = oneByOne(k.detach) })
		run(t, r)
		synctest.Wait()
		c.with(func() { c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 10}) })
		r.Poke()
		elapse(letGoAfter / 2)
		c.with(func() { c.actual.Complete = false })
		r.Poke()
		elapse(letGoAfter)
		c.with(func() { c.actual.Complete = true })
		r.Poke()
		elapse(time.Minute)
		if k.holds(10) {
			t.Error("the kernel still forwards what the row had open, for ever")
		}
	})
}

// ovsdb-server was restarted: ofport is there, ifindex is not yet.
func TestLetGo_ANetdevThatARowMayHaveOpenIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		k := &kernelDatapath{has: map[uint32]bool{10: true}}
		r := c.reconciler(func(cfg *Config) { cfg.Detach = oneByOne(k.detach) })
		run(t, r)
		synctest.Wait()
		c.with(func() { c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 10}) })
		r.Poke()
		elapse(letGoAfter / 2)
		c.with(func() {
			other := plantest.ForeignRow("pf0vf0", "operator")
			other.Bridge, other.Ofport = "br-ex", 5
			c.actual = plantest.BridgeWith(other)
		})
		r.Poke()
		elapse(letGoAfter)
		if !k.holds(10) {
			t.Error("a netdev that an operator's row has open was taken out of the datapath")
		}
	})
}

// While the Southbound is asked, what is due goes on.
func TestInquiry_WhatTheDatapathMustLetGoWaitsForNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vf1 := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
		c := newCloud(testcard.Index(testcard.OneVF(), vf1), plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1))
		k := &kernelDatapath{has: map[uint32]bool{10: true}}
		r := c.reconciler(func(cfg *Config) {
			cfg.Detach, cfg.Southbound = oneByOne(k.detach), &slowSouthbound{fakeSouthbound: fakeSouthbound{c}}
		})
		run(t, r)
		synctest.Wait()
		c.with(func() {
			c.view = plantest.Trusted(plantest.Asks("a", 0, 0)) // b is in doubt
			c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 10}, vf1)
		})
		r.Poke()
		elapse(letGoAfter + 100*time.Millisecond)
		if len(c.rows()) != 1 || k.holds(10) {
			t.Errorf("%d rows; the datapath still has the leak's netdev %v after its row went: %v", len(c.rows()), letGoAfter, k.holds(10))
		}
	})
}

// hangingDevices doesn't answer about one function.
type hangingDevices struct {
	devices
	hangs representor.Function
}

func (d hangingDevices) Confirm(ctx context.Context, r representor.Representor) (bool, error) {
	if r.Function == d.hangs {
		<-ctx.Done()
		return false, ctx.Err()
	}
	return d.devices.Confirm(ctx, r)
}

func TestConfirm_AFunctionThatTheKernelDoesNotAnswerAboutKeepsNoOtherFromBeingPlugged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}), plantest.Asks("a", 0, 0),
			plantest.Asks("b", 0, 1))
		r := c.reconciler(func(cfg *Config) { cfg.Devices = hangingDevices{devices{c}, testcard.VF(0, 0)} })
		run(t, r)
		elapse(10 * time.Minute)
		if row := c.rows()["pf0vf1"]; row.IfaceID != "b" {
			t.Errorf("b waits for a for ever: rows %v", c.rows())
		}
	})
}

// fickleDevices confirm once, and not again, as long as it is about one function.
type fickleDevices struct {
	devices
	of    representor.Function
	asked *int
}

func (d fickleDevices) Confirm(ctx context.Context, r representor.Representor) (bool, error) {
	if r.Function == d.of {
		*d.asked++
		return *d.asked == 1, nil
	}
	return d.devices.Confirm(ctx, r)
}

// a's row is put right while its netdev has the name that b's row has; the netdev is
// renamed in that moment.
func TestRecheck_ClosesTheRowThatWasChangedAndNoOther(t *testing.T) {
	a, b := plantest.OurRow("a", "pf0vf0", 0, 0, 10), plantest.OurRow("b", "ens1", 0, 1, 11)
	a.IfaceID = "edited"
	c := newCloud(testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}), plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1))
	c.actual = plantest.BridgeWith(a, b)
	asked := 0
	// b's row is right again by the time that it is removed; only the plan is wrong.
	d := plan.Decision{Gives: map[string]representor.Representor{}}
	if rep, ok := c.index.ByNetdev("ens1"); ok {
		d.Gives["pf0vf0"] = rep
	}
	r := c.reconciler(func(cfg *Config) { cfg.Devices = fickleDevices{devices{c}, testcard.VF(0, 0), &asked} })
	asked = 1
	r.recheck(t.Context(), []ovs.Change{{LogicalPorts: []string{"a"},
		Edit: []ovs.Edit{{Interface: a, Set: map[string]string{ovs.KeyIfaceID: "a"}}}}}, d)
	if _, there := c.rows()["ens1"]; !there {
		t.Error("b's row was removed for a change of a's row")
	}
}

// Retargets in groups too large for a transaction count as moves like small ones.
func TestBrake_MovesOfLargeGroupsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, group = 200, 80
		c := manyPorts(n)
		r := c.reconciler(nil)
		run(t, r)
		elapse(brakeWindow)
		before := c.ifaceIDs()
		for first := 0; first+group <= n; first += group {
			c.with(func() {
				for vf := range group {
					b := plantest.Asks(fmt.Sprintf("p%d", first+vf), 0, first+(vf+1)%group)
					c.truth[b.LogicalPort] = b
				}
				var all []southbound.Binding
				for _, b := range c.truth {
					all = append(all, b)
				}
				c.view = plantest.Trusted(all...)
			})
			r.Poke()
			elapse(5 * time.Second)
		}
		if got := c.moved(before); got > n/2 {
			t.Errorf("%d of %d moved within seconds, held: %+v", got, n, r.Report().Holds)
		}
	})
}
