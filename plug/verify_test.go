package plug

import (
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

func (c *cloud) timesAsked() (n int) {
	c.with(func() { n = c.asked })
	return n
}

func TestVerify_TheSouthboundIsAskedAgainWithoutAnyPoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(func(cfg *Config) { cfg.Audit = time.Hour })
		run(t, r)
		synctest.Wait()
		c.with(func() { c.silent = true })
		c.leave(r, 0)
		elapse(10 * time.Minute)
		if n, rows := c.timesAsked(), len(c.rows()); n < 15 || n > 60 || rows != 1 {
			t.Errorf("asked %d times in 10 minutes with %d rows, want an interval that grows to 30 s and the row", n, rows)
		}
		c.with(func() { c.silent = false })
		elapse(37 * time.Second)
		if len(c.rows()) != 0 {
			t.Error("the row is still there half a minute after the Southbound could answer again")
		}
	})
}

func TestVerify_ManyPokesDoNotMakeManyQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() { c.silent = true })
		c.leave(r, 0)
		for range 600 {
			elapse(100 * time.Millisecond)
			r.Poke()
		}
		if n := c.timesAsked(); n > 20 {
			t.Errorf("asked %d times in a minute", n)
		}
	})
}

func TestVerify_AHoldThatEndsWhileTheSouthboundIsSilentDoesNotSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fourPorts()
		r := c.reconciler(func(cfg *Config) { cfg.MassUnplugHold = 2 * time.Minute })
		run(t, r)
		synctest.Wait()
		c.with(func() { c.view, c.truth = plantest.Trusted(), map[string]southbound.Binding{} })
		r.Poke()
		elapse(time.Minute)
		c.with(func() { c.silent = true })
		elapse(2 * time.Minute)
		before := r.Report().Passes
		elapse(10 * time.Minute)
		if n := r.Report().Passes - before; n > 60 {
			t.Errorf("%d passes in 10 minutes", n)
		}
	})
}

// unask deletes a logical port.
func (c *cloud) unask(r *Reconciler, lport string) {
	c.with(func() {
		c.view.Bindings = maps.Clone(c.view.Bindings)
		delete(c.view.Bindings, lport)
		delete(c.truth, lport)
	})
	r.Poke()
	synctest.Wait()
}

// Somebody who deletes a port waits for that, and must not wait for what another
// connection, or another port, failed at before.
func TestVerify_WhatFailedBeforeDoesNotDelayWhatIsNew(t *testing.T) {
	for name, tt := range map[string]struct {
		anew func(c *cloud, r *Reconciler)
		most time.Duration
		left int
	}{
		"another connection to the Southbound": {func(c *cloud, r *Reconciler) {
			c.with(func() { c.silent, c.view.Since = false, time.Now() })
			r.Poke()
		}, 10 * time.Millisecond, 3},
		"another server of it": {func(c *cloud, r *Reconciler) {
			c.with(func() { c.silent, c.view.Endpoint = false, "tcp:192.0.2.7:6642" })
			r.Poke()
		}, 10 * time.Millisecond, 3},
		"another port that is gone": {func(c *cloud, r *Reconciler) {
			c.with(func() { c.silent = false })
			c.unask(r, "p1")
		}, doubtPause + 10*time.Millisecond, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := fourPorts()
				r := c.reconciler(func(cfg *Config) { cfg.Audit = time.Hour })
				run(t, r)
				synctest.Wait()
				c.with(func() { c.silent = true })
				c.unask(r, "p0")
				elapse(10*time.Minute + 3*time.Second)
				if n := len(c.rows()); n != 4 {
					t.Fatalf("%d rows without an answer, want all", n)
				}
				tt.anew(c, r)
				elapse(tt.most)
				if n := len(c.rows()); n != tt.left {
					t.Errorf("%d rows %v later, want %d", n, tt.most, tt.left)
				}
			})
		})
	}
}

func TestVerify_PortsThatGoOneAfterTheOtherAreAskedAboutOnceASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ports = 200
		c := manyPorts(ports)
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() { c.silent = true })
		before := c.timesAsked()
		for n := range ports {
			c.unask(r, fmt.Sprint("p", n))
			elapse(50 * time.Millisecond)
		}
		if n := c.timesAsked() - before; n < 8 || n > 14 {
			t.Errorf("asked %d times in ten seconds", n)
		}
	})
}
