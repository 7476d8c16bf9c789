package plug

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// withNetdev adds a netdev that rtnetlink shows, whatever devlink says of it.
func withNetdev(c representor.Card, ifindex uint32, l representor.Link) representor.Card {
	l.Up, l.Settled = true, true
	c.Links[ifindex] = l
	return c
}

// What devlink doesn't tell for a moment proves nothing: the netdev is there, under the
// row's name, and ovs-vswitchd has it open.
func TestParking_ARowThatIsOpenForALiveNetdevThatTheCardCannotPlaceKeepsItsName(t *testing.T) {
	short := withNetdev(cardOf(), 10, representor.Link{Name: "pf0vf0"})
	short.Problem = "the kernel's list of devlink ports is short: 1 can't be read"
	short.MayLackPFs = true
	ofPort := representor.Link{Name: "pf0vf0", TellsPort: true, Port: devlink.Some(devlink.PortID{Handle: handle(), Index: 0})}
	told := withNetdev(cardOf(), 10, ofPort)
	told.Problem = short.Problem
	disputed := cardOf(oneVF(), netdev{pf: 0, vf: 1, name: "pf0vf0", ifindex: 10})
	twice := cardOf(oneVF(), oneVF())
	// The driver made the netdev anew, and the list of ports doesn't answer yet.
	reloaded := withNetdev(cardOf(netdev{pf: 0, vf: 0}), 10, ofPort)
	for name, card := range map[string]representor.Card{
		"its port can't be read":                          short,
		"its port can't be read, and the netdev names it": told,
		"two functions claim its netdev":                  disputed,
		"two ports claim its function":                    twice,
		"its netdev is new, and devlink has not said so":  reloaded,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
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

// The PFs' MACs changed places: what a asks for is a VF of the other PF now.
func TestParking_TheNameDoesNotComeBackForAFunctionThatTheRequestNoLongerMeans(t *testing.T) {
	card := cardOf(oneVF(), netdev{pf: 1, vf: 0})
	one, two := pfMAC(1), pfMAC(0)
	card.Ports[0].Function, card.Ports[1].Function = &devlink.Function{HWAddr: one[:]}, &devlink.Function{HWAddr: two[:]}
	row := ourRow("a", "pf0vf0", 0, 0, 0)
	row.Ofport, row.IfaceID, row.Parked = -1, "", "a"
	d := Plan(Input{Asked: trusted(asks("a", 0, 0)), Index: representor.NewIndex(card, representor.Settings{}), Actual: bridgeWith(row)})
	for _, c := range d.Changes {
		for _, e := range c.Edit {
			if e.Set[ovs.KeyIfaceID] != "" {
				t.Errorf("%s's netdev is given to a, whose request means VF 0 of the other PF: %v", vfFunction(0, 0), e.Set)
			}
		}
	}
}

// Of two rows for one port, only the one that its request means gets the name back.
func TestParking_TheNameDoesNotComeBackForAnExtraRow(t *testing.T) {
	extra := ourRow("a", "pf0vf1", 0, 1, 0)
	extra.Ofport, extra.IfaceID, extra.Parked = -1, "", "a"
	d := Plan(Input{
		Asked: trusted(asks("a", 0, 0)), Index: indexOf(oneVF(), netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}),
		Actual: bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10), extra),
	})
	if got := did(d); len(got) != 0 {
		t.Errorf("planned %v: VF 1 goes to a, which asks for VF 0", got)
	}
}

// A marker that was edited gives no row a name that it never had.
func TestParking_ARowGetsBackTheNameThatWasParkedOnly(t *testing.T) {
	row := ourRow("b", "pf0vf0", 0, 0, 0)
	row.Ofport, row.IfaceID, row.Parked = -1, "", "a"
	d := Plan(Input{Asked: ovn.View{Problem: "connecting"}, Index: indexOf(oneVF()), Actual: bridgeWith(row)})
	for _, c := range d.Changes {
		for _, e := range c.Edit {
			if got := e.Set[ovs.KeyIfaceID]; got != "" && got != "a" {
				t.Errorf("a row that was parked as a comes back as %s", got)
			}
		}
	}
}

// An operator put the port on another interface while ours was away.
func TestParking_TheNameDoesNotComeBackBesideSomebodyElsesRowForThePort(t *testing.T) {
	row := ourRow("a", "pf0vf0", 0, 0, 0)
	row.Ofport, row.IfaceID, row.Parked = -1, "", "a"
	for name, view := range map[string]ovn.View{"asked": trusted(asks("a", 0, 0)), "Southbound away": {Problem: "connecting"}} {
		t.Run(name, func(t *testing.T) {
			d := Plan(Input{Asked: view, Index: indexOf(oneVF()), Actual: bridgeWith(row, foreignRow("tap0", "a"))})
			for _, c := range d.Changes {
				for _, e := range c.Edit {
					if e.Set[ovs.KeyIfaceID] != "" {
						t.Errorf("two interfaces get iface-id a: %v", e.Set)
					}
				}
			}
		})
	}
}

// READY while a change that would move a row is put off: ovs-vswitchd opens the row for
// whatever gets its name.
func TestReady_WaitsForARowThatIsToMoveAndWasNotMoved(t *testing.T) {
	c := unopened()
	c.index, c.mute = indexOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}), errors.New("no answer")
	r := c.reconciler(nil)
	r.Pass(t.Context())
	if row := c.rows()["pf0vf0"]; isReady(r) && row.IfaceID != "" {
		t.Errorf("ready, and the row is neither parked nor open nor is its netdev there: %+v", row)
	}
}

// The requests of all ports can't be read any more, and other ports ask for all functions.
func TestBrake_AllPortsWhoseFunctionsOthersTakeAtOnceAreHeld(t *testing.T) {
	for name, becomes := range map[string]func(ovn.Binding) ovn.Binding{
		"invalid": func(b ovn.Binding) ovn.Binding { return invalid(b.LogicalPort) },
		"kept":    func(b ovn.Binding) ovn.Binding { return fated(b, ovn.Kept) },
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
					var all []ovn.Binding
					for vf := range n {
						all = append(all, becomes(c.truth[fmt.Sprintf("p%d", vf)]), asks(fmt.Sprintf("q%d", vf), 0, vf))
					}
					for _, b := range all {
						c.truth[b.LogicalPort] = b
					}
					c.view = trusted(all...)
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
		c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
		k := &kernelDatapath{has: map[uint32]bool{10: true}}
		r := c.reconciler(func(cfg *Config) { cfg.Detach = oneByOne(k.detach) })
		run(t, r)
		synctest.Wait()
		c.with(func() { c.index = indexOf(netdev{pf: 0, vf: 7, name: "pf0vf0", ifindex: 10}) })
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
		c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
		k := &kernelDatapath{has: map[uint32]bool{10: true}}
		r := c.reconciler(func(cfg *Config) { cfg.Detach = oneByOne(k.detach) })
		run(t, r)
		synctest.Wait()
		c.with(func() { c.index = indexOf(netdev{pf: 0, vf: 7, name: "pf0vf0", ifindex: 10}) })
		r.Poke()
		elapse(letGoAfter / 2)
		c.with(func() {
			other := foreignRow("pf0vf0", "operator")
			other.Bridge, other.Ofport = "br-ex", 5
			c.actual = bridgeWith(other)
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
		vf1 := netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}
		c := newCloud(indexOf(oneVF(), vf1), asks("a", 0, 0), asks("b", 0, 1))
		k := &kernelDatapath{has: map[uint32]bool{10: true}}
		r := c.reconciler(func(cfg *Config) {
			cfg.Detach, cfg.Southbound = oneByOne(k.detach), &slowSouthbound{southbound: southbound{c}}
		})
		run(t, r)
		synctest.Wait()
		c.with(func() {
			c.view = trusted(asks("a", 0, 0)) // b is in doubt
			c.index = indexOf(netdev{pf: 0, vf: 7, name: "pf0vf0", ifindex: 10}, vf1)
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
		c := newCloud(indexOf(oneVF(), netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}), asks("a", 0, 0), asks("b", 0, 1))
		r := c.reconciler(func(cfg *Config) { cfg.Devices = hangingDevices{devices{c}, vfFunction(0, 0)} })
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
	a, b := ourRow("a", "pf0vf0", 0, 0, 10), ourRow("b", "ens1", 0, 1, 11)
	a.IfaceID = "edited"
	c := newCloud(indexOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}), asks("a", 0, 0), asks("b", 0, 1))
	c.actual = bridgeWith(a, b)
	asked := 0
	// b's row is right again by the time that it is removed; only the plan is wrong.
	d := Decision{Gives: map[string]representor.Representor{}}
	if rep, ok := c.index.ByNetdev("ens1"); ok {
		d.Gives["pf0vf0"] = rep
	}
	r := c.reconciler(func(cfg *Config) { cfg.Devices = fickleDevices{devices{c}, vfFunction(0, 0), &asked} })
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
					b := asks(fmt.Sprintf("p%d", first+vf), 0, first+(vf+1)%group)
					c.truth[b.LogicalPort] = b
				}
				var all []ovn.Binding
				for _, b := range c.truth {
					all = append(all, b)
				}
				c.view = trusted(all...)
			})
			r.Poke()
			elapse(5 * time.Second)
		}
		if got := c.moved(before); got > n/2 {
			t.Errorf("%d of %d moved within seconds, held: %+v", got, n, r.Report().Holds)
		}
	})
}
