package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

// startStoppable runs the program until it is stopped, which waits for its end.
func startStoppable(t *testing.T, h *host, f *fakeCard, flags ...string) (c *api.Client, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan outcome, 1)
	go func() { done <- inProcess(ctx, f, flags...) }()
	return api.NewClient(h.socket()), func() {
		cancel()
		if o := <-done; o.status != exitOK {
			t.Errorf("exit status %d\n%s", o.status, o.stderr)
		}
	}
}

func TestRestart_WithNothingChangedCostsNoTransaction(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(3))
	cl := newCloud(t, h)
	c, stop := startStoppable(t, h, f, h.flags()...)
	w := plugged(t, h, cl, c, 3)
	if said := h.southbounds(t, 3); slices.ContainsFunc(said, func(s string) bool { return s != cl.named(t) }) {
		t.Errorf("the rows name %q, want %q", said, cl.named(t))
	}
	stop()
	again := startService(t, f, h.flags()...)
	s := await(t, again, "the ports are plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 3 })
	if s.Transactions != 0 {
		t.Errorf("%d changes committed", s.Transactions)
	}
	cl.Kill()
	await(t, again, "the Southbound is away", func(s api.Status) bool { return !s.Southbound.Connected })
	cl.Restart()
	await(t, again, "the Southbound is back", func(s api.Status) bool { return s.Southbound.Connected && s.Ports[plan.Plugged] == 3 })
	(&watchman{h: h, c: again, rows: w.rows, before: s}).wantUntouched(t)
}

// One port is too few for a mass removal: that the Southbound is another one is all
// that tells a disaster from a port that was deleted.
func TestRestart_ASouthboundWipedWhileNobodyLookedTakesNoRowWithinTheHold(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, c *api.Client){
		"which ends": nil,
		"which is released": func(t *testing.T, c *api.Client) {
			t.Helper()
			if released, err := release(t, c); err != nil || len(released) != 1 || released[0].Code != reason.CodeSouthboundReplaced {
				t.Errorf("released: %+v, %v", released, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, f := newJudgedHost(t, cardWith(1))
			cl := newCloud(t, h)
			c, stop := startStoppable(t, h, f, h.flags()...)
			w := plugged(t, h, cl, c, 1)
			stop()
			cl.rebuild(t)

			for _, flags := range [][]string{{"--once"}, {"--once", "--dry-run"}} {
				o := inProcess(t.Context(), f, h.flags(flags...)...)
				if o.status != exitOK || !strings.HasPrefix(o.stdout, "nothing to change\nports: 0 plugged, 1 held\nremovals wait") ||
					!strings.Contains(o.stdout, "vm0 held\n    southbound-replaced: ") {
					t.Errorf("%v: %+v", flags, o)
				}
			}
			hold := "--mass-unplug-hold=1h"
			if end == nil {
				hold = "--mass-unplug-hold=20s"
			}
			for range 2 {
				c, stop = startStoppable(t, h, f, h.flags("--mass-unplug-hold=1h")...)
				s := await(t, c, "the port is held", func(s api.Status) bool { return s.Ports[plan.Held] == 1 && len(s.Holds) == 1 })
				if s.Holds[0].Code != reason.CodeSouthboundReplaced || !slices.Equal(s.Holds[0].Ports, []string{"vm0"}) {
					t.Errorf("held: %+v", s.Holds)
				}
				(&watchman{h: h, c: c, rows: w.rows, before: s}).wantUntouched(t)
				stop()
			}
			last := startService(t, f, h.flags(hold)...)
			await(t, last, "the port is held", func(s api.Status) bool { return s.Ports[plan.Held] == 1 && len(s.Holds) == 1 })
			if now := h.interfaces(t); !maps.Equal(now, w.rows) {
				t.Errorf("the rows are %v, and were %v", now, w.rows)
			}
			h.witness.Nothing(func() {
				if end != nil {
					end(t, last)
				}
				servers.Until(t, "the row is gone", func() bool { return len(h.ports(t, "br-int")) == 0 })
			}, "vm0")
			await(t, last, "nothing is held", func(s api.Status) bool { return len(s.Holds) == 0 && s.Ports[plan.Held] == 0 })
		})
	}
}
