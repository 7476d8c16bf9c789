package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/servers"
)

func TestProcess_ADaemonThatWasStoppedForAWhileCatchesUp(t *testing.T) {
	t.Parallel()
	h, _ := newJudgedHost(t, cardWith(3))
	cl := newCloud(t, h)
	p := process(t, []string{fmt.Sprint(withCard, "=3")}, h.flags()...)
	c := api.NewClient(h.socket())
	plugged(t, h, cl, c, 2)
	row := h.Ctl(t, "get", "Interface", "pf0vf0", "_uuid")
	hears := h.witness.Deaf()
	p.Signal(syscall.SIGSTOP)
	cl.forget(t, "vm1")
	cl.ask(t, "vm2", 2)
	if got := h.ports(t, "br-int"); !slices.Equal(got, []string{"pf0vf0", "pf0vf1"}) {
		t.Errorf("while it was stopped br-int got %v", got)
	}
	p.Signal(syscall.SIGCONT)
	hears()
	h.opened(t, "pf0vf2", 102)
	servers.Until(t, "vm1 is unplugged", func() bool { return slices.Equal(h.ports(t, "br-int"), []string{"pf0vf0", "pf0vf2"}) })
	if now := h.Ctl(t, "get", "Interface", "pf0vf0", "_uuid"); now != row {
		t.Errorf("vm0 has row %s, and had %s", now, row)
	}
}

// The second has seen nothing of what the first did but the rows.
func TestProcess_ADaemonThatTakesOverChangesNoRow(t *testing.T) {
	t.Parallel()
	h, _ := newJudgedHost(t, cardWith(3))
	cl := newCloud(t, h)
	env := []string{fmt.Sprint(withCard, "=3")}
	first := process(t, env, h.flags()...)
	w := plugged(t, h, cl, api.NewClient(h.socket()), 3)
	socket := filepath.Join(h.dir, "second.sock")
	process(t, env, h.flags("--control-socket="+socket)...)
	second := api.NewClient(socket)
	await(t, second, "the second stands by", func(s api.Status) bool { return s.Role == api.Standby })
	w.wantUntouched(t)
	first.Kill()
	w.c = second
	w.before = await(t, second, "the second has taken over",
		func(s api.Status) bool { return s.Role == api.Active && s.Ports[plan.Plugged] == 3 })
	if w.before.Transactions != 0 {
		t.Errorf("the second committed %d changes", w.before.Transactions)
	}
	w.wantUntouched(t)
}

// stops are the ways in which a process may fail, and how it is well again.
func stops(t *testing.T, p *servers.Process, start func() *servers.Process, check func()) *servers.Process {
	t.Helper()
	p.Signal(syscall.SIGSTOP)
	check()
	p.Signal(syscall.SIGCONT)
	check()
	p.Kill()
	check()
	p = start()
	check()
	p.Signal(syscall.SIGTERM)
	<-p.Done()
	check()
	return start()
}

func TestProcess_OVNNorthdAndOVNControllerMayStopDieAndReturn(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(3))
	central := servers.OVN(t)
	controller := servers.Controller(t, h.OVSDB, central.SB.Endpoint)
	central.Nbctl(t, "ls-add", "net")
	add := func(vf int) {
		lport := fmt.Sprint("vm", vf)
		h.witness.Requests(map[string]invariants.Request{lport: asks(vf)}, func() {
			central.Nbctl(t, "lsp-add", "net", lport, "--", "lsp-set-options", lport, "requested-chassis=dpu1", "vif-plug-type=representor",
				"vif-plug:representor:pf-mac="+pfMAC, fmt.Sprint("vif-plug:representor:vf-num=", vf))
		})
	}
	add(0)
	add(1)
	c := startService(t, f, h.flags()...)
	h.openedMany(t, 2)
	w := watchOver(t, h, c, 2)
	check := func() { t.Helper(); w.wantUntouched(t) }
	stops(t, central.Northd, func() *servers.Process { central.StartNorthd(t); return central.Northd }, check)
	// SIGTERM makes ovn-controller delete its Chassis row, as a stop of its unit does.
	stops(t, controller, func() *servers.Process {
		p := servers.Controller(t, h.OVSDB, central.SB.Endpoint)
		await(t, c, "the ports are plugged", func(s api.Status) bool { return s.Southbound.ChassisKnown && s.Ports[plan.Plugged] == 2 })
		return p
	}, check)
	await(t, c, "the ports are plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 2 })
	check()
	add(2)
	h.opened(t, "pf0vf2", 102)
	await(t, c, "a new port is plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 3 })
}

// A real ovs-vswitchd, on simulated netdevs.
func TestProcess_OVSVSwitchdMayStopDieAndReturn(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(3))
	start := func() *servers.Process { return servers.VSwitchd(t, h.OVSDB) }
	vswitchd := start()
	cl := newCloud(t, h)
	c := startService(t, f, h.flags()...)
	cl.askMany(t, 2)
	servers.Until(t, "both have rows", func() bool { return len(h.ports(t, "br-int")) == 2 })
	servers.SetIfIndex(t, h.OVSDB, "pf0vf0", 100)
	servers.SetIfIndex(t, h.OVSDB, "pf0vf1", 101)
	w := watchOver(t, h, c, 2)
	// ovs-vswitchd writes to the rows by itself: they are to be the same ones, and
	// what is written is not to be ours.
	check := func() {
		t.Helper()
		w.morePasses(t)
		h.witness.Check()
		now := h.interfaces(t)
		s := await(t, c, "the daemon answers", func(api.Status) bool { return true })
		if !slices.Equal(slices.Sorted(maps.Keys(now)), slices.Sorted(maps.Keys(w.rows))) || s.Transactions != w.before.Transactions {
			t.Errorf("%d transactions; the rows are %v, and were %v", s.Transactions-w.before.Transactions, now, w.rows)
		}
	}
	stops(t, vswitchd, start, check)
	await(t, c, "both are plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 2 })
	check()
}
