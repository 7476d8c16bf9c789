package plug

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plantest"
)

// moved counts the rows that are for another port than before.
func (c *cloud) moved(before map[string]string) int {
	n := 0
	for name, lport := range before {
		if c.rows()[name].IfaceID != lport {
			n++
		}
	}
	return n
}

func (c *cloud) ifaceIDs() map[string]string {
	out := map[string]string{}
	for name, r := range c.rows() {
		out[name] = r.IfaceID
	}
	return out
}

func TestBrake_PortsThatGoByHalvesAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := manyPorts(200)
		r := c.reconciler(nil)
		run(t, r)
		elapse(brakeWindow)
		for n := 100; n > 0; n /= 2 {
			c.leave(r, n)
			elapse(time.Second)
		}
		c.leave(r, 0)
		if held := r.Report().Holds; len(c.rows()) < 100 || len(held) != 1 || held[0].Code != reason.CodeMassUnplug {
			t.Fatalf("%d rows of 200 are left, held: %+v", len(c.rows()), held)
		}
		elapse(2*time.Minute + 10*time.Second)
		if n := len(c.rows()); n != 0 {
			t.Errorf("%d rows after the hold", n)
		}
	})
}

func TestBrake_PortsThatAreDeletedOneByOneAreHeldOnceHalfAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := manyPorts(16)
		r := c.reconciler(func(cfg *Config) { cfg.Grace = 0 })
		run(t, r)
		elapse(brakeWindow)
		for n := 15; n >= 0; n-- {
			c.leave(r, n)
			elapse(time.Second)
		}
		elapse(10 * time.Second)
		// The last ones before that were still in their grace.
		if n := len(c.rows()); n < 8 || n > 12 {
			t.Errorf("%d rows, want half of 16 at least", n)
		}
		if held := r.Report().Holds; len(held) != 1 || len(held[0].Ports) != len(c.rows()) {
			t.Errorf("held: %+v", held)
		}
		elapse(3 * time.Minute)
		if n := len(c.rows()); n != 0 {
			t.Errorf("%d rows after the hold", n)
		}
	})
}

func TestBrake_WhatWentLongAgoDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := manyPorts(16)
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		for n := 15; n >= 1; n-- {
			c.leave(r, n)
			elapse(brakeWindow / 4)
			if held := r.Report().Holds; len(held) != 0 && n > 6 {
				t.Fatalf("with %d ports left %+v is held", n, held)
			}
		}
	})
}

func TestBrake_AllPortsThatAreBoundToOtherFunctionsAtOnceAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 200
		c := manyPorts(n)
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		before := c.ifaceIDs()
		var off []southbound.Binding // a control plane that counts from 1 on
		for vf := range n {
			b := plantest.Asks(fmt.Sprintf("p%d", vf), 0, (vf+1)%n)
			off = append(off, b)
			c.with(func() { c.truth[b.LogicalPort] = b })
		}
		c.with(func() { c.view = plantest.Trusted(off...) })
		r.Poke()
		elapse(time.Minute)
		if held := r.Report().Holds; c.moved(before) != 0 || len(held) != 1 || len(held[0].Ports) != n {
			t.Fatalf("%d of %d ports are on other functions, held: %+v", c.moved(before), n, held)
		}
		elapse(2 * time.Minute)
		if got := c.moved(before); got != n {
			t.Errorf("%d of %d moved after the hold", got, n)
		}
	})
}

// Ports leave faster than the Southbound can be asked about them. What is held is told of
// with its end, and the last of them isn't forgotten.
func TestBrake_PortsThatLeaveWhileTheSouthboundIsAskedAreHeldWithTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := manyPorts(20)
		slow := &slowSouthbound{fakeSouthbound: fakeSouthbound{c}, takes: 500 * time.Millisecond}
		r := c.reconciler(func(cfg *Config) { cfg.Southbound, cfg.Audit = slow, time.Hour })
		run(t, r)
		synctest.Wait()
		for n := 19; n >= 0; n-- {
			c.leave(r, n)
			elapse(100 * time.Millisecond)
			for _, h := range r.Report().Holds {
				if len(h.Ports) > 0 && time.Until(h.Until) < time.Minute {
					t.Fatalf("held until %v, and it is %v", h.Until, time.Now())
				}
			}
		}
		elapse(5 * time.Second)
		for _, s := range r.Report().Ports {
			if reason.CodeOf(s.Reason) != reason.CodeMassUnplug {
				t.Errorf("%+v", s)
			}
		}
	})
}

// A DPU with little to do, on which machines are made and deleted one after the other.
func TestBrake_MachinesThatComeAndGoOneByOneAreNotHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := manyPorts(1)
		r := c.reconciler(func(cfg *Config) { cfg.Grace = 0 })
		run(t, r)
		synctest.Wait()
		for range 20 {
			c.leave(r, 0)
			elapse(6 * time.Second)
			if n, held := len(c.rows()), r.Report().Holds; n != 0 || len(held) != 0 {
				t.Fatalf("%d rows after the grace, held: %+v", n, held)
			}
			c.leave(r, 1)
			elapse(6 * time.Second)
		}
	})
}
