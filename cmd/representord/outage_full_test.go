//go:build full

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

func TestSouthbound_ThatIsAwayForAMinuteCostsNoTransactionWithAThousandPorts(t *testing.T) {
	t.Parallel()
	const ports = 1000
	for name, outage := range map[string]func(*cloud) (end func()){
		"killed": func(cl *cloud) func() { cl.Kill(); return cl.Restart },
		"hanging": func(cl *cloud) func() {
			cl.Signal(syscall.SIGSTOP)
			return func() { cl.Signal(syscall.SIGCONT) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, f := newJudgedHost(t, cardWith(ports))
			cl := newCloud(t, h)
			c := startService(t, f, h.flags()...)
			w := plugged(t, h, cl, c, ports)
			end := outage(cl)
			<-time.After(time.Minute) // the time is the fault
			s := await(t, c, "the status says since when", func(s api.Status) bool { return !s.Southbound.Connected })
			if away := time.Since(s.Southbound.Since); away < 40*time.Second || away > 90*time.Second {
				t.Errorf("away for %v, it says", away)
			}
			w.wantUntouched(t)
			end()
			await(t, c, "all ports are plugged again",
				func(s api.Status) bool { return s.Southbound.Connected && s.Ports[plan.Plugged] == ports })
			w.wantUntouched(t)
		})
	}
}

// A relay goes on to answer for half a minute after its source is gone, and then says
// that it isn't connected.
func TestRelay_ThatLosesTheSouthboundIsNoticedAndTrustedAgain(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(2))
	cl := newCloud(t, h)
	relay := servers.NewRelay(t, "OVN_Southbound", cl.OVSDB)
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-remote="+relay.Endpoint)
	c := startService(t, f, h.flags()...)
	w := plugged(t, h, cl, c, 2)
	cl.Kill()
	awaitLong(t, c, "the relay says that it lost its source", func(s api.Status) bool {
		return !s.Southbound.Connected && strings.Contains(s.Southbound.Problem, "the relay has no connection to the database that it relays")
	})
	w.wantUntouched(t)
	cl.Restart()
	awaitLong(t, c, "the relay is trusted again", func(s api.Status) bool { return s.Southbound.Connected && s.Ports[plan.Plugged] == 2 })
	w.wantUntouched(t)
	cl.forget(t, "vm1")
	servers.Until(t, "vm1 is unplugged", func() bool { return len(h.ports(t, "br-int")) == 1 })
}

// awaitLong is await for what takes more than its 30 seconds.
func awaitLong(t *testing.T, c *api.Client, what string, is func(api.Status) bool) {
	t.Helper()
	deadline := time.After(3 * time.Minute)
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		s, err := c.Status(t.Context())
		if err == nil && is(s) {
			return
		}
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s: %+v, %v", what, s, err)
		}
	}
}
