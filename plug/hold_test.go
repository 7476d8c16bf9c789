package plug

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

// fourPorts is a cloud with ports p0 to p3 for VFs 0 to 3.
func fourPorts() *cloud { return manyPorts(4) }

// manyPorts is a cloud with ports p0 and on for as many VFs.
func manyPorts(n int) *cloud {
	var devs []testcard.Netdev
	var bs []southbound.Binding
	for vf := range n {
		devs = append(devs, testcard.Netdev{PF: 0, VF: vf, Name: fmt.Sprintf("pf0vf%d", vf), IfIndex: uint32(10 + vf)})
		bs = append(bs, plantest.Asks(fmt.Sprintf("p%d", vf), 0, vf))
	}
	return newCloud(testcard.Index(devs...), bs...)
}

// leave makes the Southbound ask for the first n ports of manyPorts only.
func (c *cloud) leave(r *Reconciler, n int) { c.become(r, "sb1", n) }

// forget makes the Southbound ask for nothing any more.
func (c *cloud) forget(r *Reconciler, identity string) { c.become(r, identity, 0) }

// become makes the Southbound this one, which asks for the first n ports of manyPorts.
func (c *cloud) become(r *Reconciler, identity string, n int) {
	c.with(func() {
		var bs []southbound.Binding
		c.truth = map[string]southbound.Binding{}
		for vf := range n {
			b := plantest.Asks(fmt.Sprintf("p%d", vf), 0, vf)
			bs, c.truth[b.LogicalPort] = append(bs, b), b
		}
		c.view = plantest.Trusted(bs...)
		c.view.Identity, c.view.Names = identity, ovn.Names{Global: identity}
	})
	r.Poke()
	synctest.Wait()
}

func TestHold_IsReportedUntilItEnds(t *testing.T) {
	for _, tt := range []struct {
		name, identity string
		code           reason.Code
	}{
		{"most ports go", "sb1", reason.CodeMassUnplug},
		{"another Southbound", "sb2", reason.CodeSouthboundReplaced},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := fourPorts()
				r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = 2 * time.Minute })
				run(t, r)
				synctest.Wait()
				if held := r.Report().Holds; len(held) != 0 {
					t.Fatalf("%+v is held while all is well", held)
				}
				began := time.Now()
				c.forget(r, tt.identity)
				held := r.Report().Holds
				if len(held) != 1 || held[0].Code != tt.code || held[0].Until.Sub(began) != 2*time.Minute ||
					!slices.Equal(held[0].Ports, []string{"p0", "p1", "p2", "p3"}) {
					t.Fatalf("held: %+v", held)
				}
				elapse(2*time.Minute + time.Second)
				if rep := r.Report(); len(rep.Holds) != 0 || len(c.rows()) != 0 {
					t.Errorf("after the hold %+v is held and %d rows are there", rep.Holds, len(c.rows()))
				}
			})
		})
	}
}

func TestReleaseHold_EndsWhatIsHeldAndNothingThatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		if released, _ := r.ReleaseHold(r.Report().Holds); len(released) != 0 {
			t.Errorf("%+v released with nothing held", released)
		}
		c.forget(r, "sb1")
		if len(c.rows()) != 4 || len(r.Report().Holds) != 1 {
			t.Fatalf("%d rows and %+v held, after a release with nothing held", len(c.rows()), r.Report().Holds)
		}
		if released, _ := r.ReleaseHold(r.Report().Holds); len(released) != 1 || released[0].Code != reason.CodeMassUnplug {
			t.Errorf("released: %+v", released)
		}
		synctest.Wait()
		if len(c.rows()) != 0 || len(r.Report().Holds) != 0 {
			t.Errorf("after the release %d rows are there and %+v is held", len(c.rows()), r.Report().Holds)
		}
	})
}

func TestHold_WhatIsAskedAgainWithinItIsNoLongerHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		before := c.rows()
		truth, view := c.truth, c.view
		c.forget(r, "sb2")
		elapse(time.Minute)
		c.with(func() { c.truth, c.view = truth, view; c.view.Identity, c.view.Names = "sb2", ovn.Names{Global: "sb2"} })
		r.Poke()
		synctest.Wait()
		if s := find(t, r.Report(), "p0"); s.State != plan.Plugged {
			t.Errorf("asked for again: %+v", s)
		}
		elapse(5 * time.Minute)
		for name, row := range c.rows() {
			if want := plantest.Answering(before[name], "SB_Global sb2"); row != want {
				t.Errorf("%s became %+v, want %+v", name, row, want)
			}
		}
		if c.applied != 8 || len(c.rows()) != 4 {
			t.Errorf("%d changes in all, want the 4 plugs, and an edit of each row when the other Southbound was accepted", c.applied)
		}
	})
}

func TestCounters_RetargetsAndLeaksAreCountedWhenTheyAreCommittedAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11},
			testcard.Netdev{PF: 0, VF: 2, Name: "pf0vf2", IfIndex: 12}),
			plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() {
			c.refuse["a"] = errors.New("disk full")
			c.view, c.truth["a"] = plantest.Trusted(plantest.Asks("a", 0, 2), plantest.Asks("b", 0, 1)), plantest.Asks("a", 0, 2)
		})
		for i := range 50 { // while the change for a is refused, others are made
			c.with(func() {
				i2 := c.actual.Interfaces["pf0vf1"]
				i2.IfaceID = fmt.Sprint("edited", i)
				c.actual = plantest.BridgeWith(c.actual.Interfaces["pf0vf0"], i2)
			})
			r.Poke()
			elapse(2 * time.Second)
		}
		if rep := r.Report(); rep.Retargets != 0 {
			t.Errorf("%d retargets counted before any was done", rep.Retargets)
		}
		c.with(func() { delete(c.refuse, "a") })
		elapse(time.Minute)
		if rep := r.Report(); rep.Retargets != 1 || rep.Leaks != 0 || find(t, rep, "a").Netdev != "pf0vf2" {
			t.Errorf("%d retargets and %d leaks counted, want 1 and 0: %+v", rep.Retargets, rep.Leaks, rep.Ports)
		}
	})
}

func TestHold_StartsOverForWhatHasNotWaited(t *testing.T) {
	for _, at := range []time.Duration{time.Minute, 119 * time.Second, 120*time.Second - time.Nanosecond} {
		t.Run(at.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := manyPorts(40)
				r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = 2 * time.Minute })
				run(t, r)
				synctest.Wait()
				c.leave(r, 19) // 21 of 40
				elapse(at)
				c.leave(r, 0)
				elapse(2*time.Minute - time.Second)
				held := r.Report().Holds
				if n := len(c.rows()); n != 40 || len(held) != 1 || len(held[0].Ports) != 40 {
					t.Fatalf("%d rows and %+v held", n, held)
				}
				elapse(2 * time.Second)
				if n := len(c.rows()); n != 0 {
					t.Errorf("%d rows after all waited", n)
				}
			})
		})
	}
}

func TestHold_WhatHasWaitedDoesNotWaitAgainWhenItsRemovalIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = 2 * time.Minute })
		run(t, r)
		synctest.Wait()
		for i := range 4 {
			c.refuse[fmt.Sprintf("p%d", i)] = errors.New("disk full")
		}
		c.forget(r, "sb1")
		elapse(2*time.Minute + time.Second)
		c.with(func() { clear(c.refuse) })
		elapse(31 * time.Second)
		if n := len(c.rows()); n != 0 {
			t.Errorf("%d rows half a minute after the database took changes again", n)
		}
	})
}

// A Southbound that comes and goes tells nothing while it is away, which is no
// reason to forget for how long ports have been held.
func TestHold_EndsThoughTheSouthboundComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = 2 * time.Minute })
		run(t, r)
		synctest.Wait()
		c.with(func() { c.view, c.truth = plantest.Trusted(), map[string]southbound.Binding{} })
		r.Poke()
		away := func(is bool) {
			c.with(func() { c.view.Connected = !is })
			r.Poke()
			elapse(time.Second)
		}
		elapse(90 * time.Second)
		if n := len(c.rows()); n != 4 {
			t.Fatalf("%d rows within the hold, want 4", n)
		}
		away(true)
		away(false)
		elapse(40 * time.Second)
		if n := len(c.rows()); n != 0 {
			t.Errorf("%d rows after the hold, want none: %+v", n, r.Report().Holds)
		}
	})
}

func TestReleaseHold_WhileTheSouthboundIsAwayReleasesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = time.Hour })
		run(t, r)
		synctest.Wait()
		c.with(func() { c.view, c.truth = plantest.Trusted(), map[string]southbound.Binding{} })
		r.Poke()
		elapse(time.Second)
		c.with(func() { c.view.Connected = false })
		r.Poke()
		elapse(time.Second)
		if released, _ := r.ReleaseHold(r.Report().Holds); len(released) != 0 {
			t.Errorf("released %+v, want nothing: nothing is held on the word of a Southbound that is away", released)
		}
		c.with(func() { c.view.Connected = true })
		r.Poke()
		elapse(5 * time.Second)
		if n := len(c.rows()); n != 4 {
			t.Errorf("%d rows, want all 4 to be held again", n)
		}
	})
}

func TestReleaseHold_IsNoPermissionForAnotherSouthbound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = 2 * time.Hour })
		run(t, r)
		synctest.Wait()
		c.with(func() { c.view, c.truth = plantest.Trusted(), map[string]southbound.Binding{} })
		r.Poke()
		elapse(10 * time.Second)
		c.with(func() { c.silent = true })
		r.ReleaseHold(r.Report().Holds)
		elapse(10 * time.Minute)
		c.with(func() {
			c.silent = false
			c.view.Identity, c.view.Names = "sb2", ovn.Names{Global: "sb2"}
		})
		r.Poke()
		elapse(time.Minute)
		if n := len(c.rows()); n != 4 {
			t.Errorf("%d rows with another Southbound, want all 4 to be held: %+v", n, r.Report().Holds)
		}
	})
}

func TestReleaseHold_ThatCouldNotBeUsedIsNoPermissionForWhatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = 2 * time.Minute })
		run(t, r)
		synctest.Wait()
		c.leave(r, 1) // p1 to p3 are held
		c.with(func() { c.view.Connected = false })
		r.ReleaseHold(r.Report().Holds)
		synctest.Wait()
		elapse(time.Hour)
		c.forget(r, "sb1") // the Southbound is back, and p0 is gone from it as well
		if _, there := c.rows()["pf0vf0"]; !there {
			t.Error("p0 was unplugged with all the others at once, by an hour-old release of three others")
		}
	})
}

func TestReleaseHold_ThatCouldNotBeUsedAtOnceIsForThePortsThatWereHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := manyPorts(5)
		r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = 2 * time.Hour })
		run(t, r)
		synctest.Wait()
		c.leave(r, 2) // p2 to p4 are held
		c.with(func() { c.view.Connected = false })
		r.ReleaseHold(r.Report().Holds)
		elapse(time.Minute)
		c.leave(r, 2) // the Southbound is back and says the same
		if n := len(c.rows()); n != 2 {
			t.Errorf("%d rows, want 2: the others were released", n)
		}
	})
}

func TestReleaseHold_IsOverForAPortThatIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = 2 * time.Hour })
		run(t, r)
		synctest.Wait()
		c.forget(r, "sb1")
		for i := range 4 {
			c.with(func() { c.refuse[fmt.Sprintf("p%d", i)] = errors.New("disk full") })
		}
		r.ReleaseHold(r.Report().Holds)
		elapse(time.Second)
		c.leave(r, 4)
		c.with(func() { clear(c.refuse) })
		c.forget(r, "sb1")
		elapse(time.Minute)
		if n := len(c.rows()); n != 4 {
			t.Errorf("%d rows, want all 4: the release was for an earlier hold", n)
		}
	})
}

func TestReleaseHold_OfAnotherSouthboundIsForThatOneAndThePortsItHeld(t *testing.T) {
	for _, tt := range []struct {
		name, identity string // what the Southbound is when it is back
		ports, want    int    // that it asks for then, and the rows after that
	}{
		{"the same with the same ports", "sb2", 1, 1},
		{"the same, and the last port is gone", "sb2", 0, 4},
		{"a third one", "sb3", 1, 4},
		{"the first one", "sb1", 1, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := fourPorts()
				r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = 2 * time.Hour })
				run(t, r)
				synctest.Wait()
				c.become(r, "sb2", 1)
				if held := r.Report().Holds; len(held) != 1 || held[0].Identity != "sb2" || !slices.Equal(held[0].Ports, []string{"p1", "p2", "p3"}) {
					t.Fatalf("held: %+v", held)
				}
				c.with(func() { c.view.Connected = false })
				r.ReleaseHold(r.Report().Holds)
				elapse(time.Minute)
				c.become(r, tt.identity, tt.ports)
				elapse(time.Minute)
				if n := len(c.rows()); n != tt.want {
					t.Errorf("%d rows, want %d: %+v", n, tt.want, r.Report().Holds)
				}
			})
		})
	}
}

func TestReleaseHold_IsForWhatWasSeenAndIsStillHeld(t *testing.T) {
	mass := func(ports ...string) Holding { return Holding{Code: reason.CodeMassUnplug, Ports: ports} }
	replaced := func(identity string, ports ...string) Holding {
		return Holding{Code: reason.CodeSouthboundReplaced, Identity: identity, Ports: ports}
	}
	for name, tt := range map[string]struct{ seen, now, released, held []Holding }{
		"nothing was seen":         {nil, []Holding{mass("a", "b")}, nil, []Holding{mass("a", "b")}},
		"nothing is held any more": {[]Holding{mass("a")}, nil, nil, nil},
		"the same":                 {[]Holding{mass("a", "b")}, []Holding{mass("a", "b")}, []Holding{mass("a", "b")}, nil},
		"a port came":              {[]Holding{mass("a", "b")}, []Holding{mass("a", "b", "c")}, []Holding{mass("a", "b")}, []Holding{mass("c")}},
		"a port went":              {[]Holding{mass("a", "b")}, []Holding{mass("b")}, []Holding{mass("b")}, nil},
		"all are others":           {[]Holding{mass("a", "b")}, []Holding{mass("c")}, nil, []Holding{mass("c")}},
		"another Southbound":       {[]Holding{replaced("1", "a")}, []Holding{replaced("2", "a")}, nil, []Holding{replaced("2", "a")}},
		"another hold":             {[]Holding{mass("a")}, []Holding{replaced("1", "a")}, nil, []Holding{replaced("1", "a")}},
		"a Southbound that holds no port": {
			[]Holding{replaced("1")}, []Holding{replaced("1")}, []Holding{replaced("1")}, nil,
		},
		"another Southbound that holds no port": {[]Holding{replaced("1")}, []Holding{replaced("2")}, nil, []Holding{replaced("2")}},
		"in another order":                      {[]Holding{mass("b", "a")}, []Holding{mass("a", "b")}, []Holding{mass("a", "b")}, nil},
		"one of two": {
			[]Holding{mass("a", "b")}, []Holding{mass("a", "b", "new"), replaced("2", "c")},
			[]Holding{mass("a", "b")}, []Holding{mass("new"), replaced("2", "c")},
		},
	} {
		released, held := partHolds(tt.seen, tt.now)
		if diff := cmp.Diff([][]Holding{tt.released, tt.held}, [][]Holding{released, held}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
