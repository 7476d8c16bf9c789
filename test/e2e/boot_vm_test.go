//go:build vm

package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

func booting() []scenario {
	return []scenario{
		{"a restart of the daemon touches no row", restartsWithoutATrace},
		{"a restart while a driver can't tell of a port touches no row, of that and of those behind it in the list", restartsWithAShortList},
		{"a device that reloads, or leaves switchdev mode and returns, keeps its rows", outlivesTheDevice},
		{"a wiped local database is filled again", refillsTheLocalDatabase},
		{"after a reboot, rows whose names mean other functions go before READY, without ovs-vswitchd or Southbound", boots},
	}
}

// revive starts again what a scenario left dead when it failed.
func (d *dpu) revive(t *testing.T) {
	t.Helper()
	if dead(d.vswitchd) {
		d.vswitchd = servers.VSwitchdKernel(d.top, d.local)
	}
	d.reviveController(t)
	if dead(d.daemon) {
		d.startDaemon(t)
	}
}

// reviveController starts ovn-controller again if it died.
func (d *dpu) reviveController(t *testing.T) {
	t.Helper()
	if dead(d.controller) {
		d.controller = servers.Controller(d.top, d.local, d.central.SB.Endpoint)
	}
}

func dead(p *servers.Process) bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

// restartDaemon stops the daemon as systemd would, and starts it again.
func (d *dpu) restartDaemon(t *testing.T, options ...string) {
	t.Helper()
	d.stopDaemon(t)
	d.startDaemon(t, options...)
}

func (d *dpu) stopDaemon(t *testing.T) {
	t.Helper()
	d.daemon.Signal(syscall.SIGTERM)
	select {
	case <-d.daemon.Done():
	case <-time.After(patience):
		t.Fatal("representord doesn't stop on SIGTERM")
	}
}

// restartsWithAShortList: before Linux 6.2 nobody says that the list is short.
func restartsWithAShortList(t *testing.T, d *dpu) {
	d.judged(t)
	a, b := twoPorts(t, d)
	d.stopDaemon(t)
	sim(t, "port fail-hwaddr card0 10 on")
	d.startDaemon(t)
	p := d.awaitPort(t, "vm0", plan.Pending, reason.CodeFunctionNotFound)
	began := time.Now() // it has made a pass
	if !strings.Contains(p.Reason.Message, "the kernel's list of devlink ports is short") {
		t.Errorf("it says %s", p.Reason.Message)
	}
	if c := d.diagnosed(t, "devlink"); c.Verdict != diagnose.Warning.String() ||
		!strings.Contains(c.Finding, "the kernel's list of devlink ports is short") {
		t.Errorf("the doctor says %+v", c)
	}
	d.until(t, "the time is over for which a netdev may be without a port", func() bool { return time.Since(began) > 8*time.Second })
	d.quiet(t)
	d.wantUntouched(t, "pf0vf0", a)
	d.wantUntouched(t, "pf0vf1", b)
	sim(t, "port fail-hwaddr card0 10 off", "port add card0 12 flavour=pcivf controller=1 external=1 pf=0 vf=2 netdev=pf0vf2 peer=host2")
	d.awaitPort(t, "vm0", plan.Plugged)
	d.awaitPort(t, "vm1", plan.Plugged)
	d.wantUntouched(t, "pf0vf0", a)
	d.wantUntouched(t, "pf0vf1", b)
}

func restartsWithoutATrace(t *testing.T, d *dpu) {
	d.judged(t)
	a, b := twoPorts(t, d)
	d.stopDaemon(t)
	d.wantUntouched(t, "pf0vf0", a)
	d.startDaemon(t)
	d.awaitPort(t, "vm0", plan.Plugged)
	d.awaitPort(t, "vm1", plan.Plugged)
	kill(d.daemon)
	d.startDaemon(t)
	d.awaitPort(t, "vm0", plan.Plugged)
	d.awaitPort(t, "vm1", plan.Plugged)
	d.quiet(t)
	d.wantUntouched(t, "pf0vf0", a)
	d.wantUntouched(t, "pf0vf1", b)
}

func outlivesTheDevice(t *testing.T, d *dpu) {
	d.judged(t)
	a, _ := twoPorts(t, d)
	again := func() {
		d.awaitPort(t, "vm0", plan.Plugged)
		d.awaitPort(t, "vm1", plan.Plugged)
		if now := d.row(t, "pf0vf0"); now.uuid != a.uuid || now.ifindex == a.ifindex {
			t.Errorf("row %+v, was %+v; want the same row on a new netdev", now, a)
		}
		d.bound(t, "vm0")
	}
	d.changes(t, func() { run(t, "devlink", "dev", "reload", "platform/card0") })
	again()
	d.changes(t, func() { run(t, "devlink", "dev", "eswitch", "set", "platform/card0", "mode", "legacy") })
	d.awaitPort(t, "vm0", plan.Pending)
	if now := d.row(t, "pf0vf0"); now.uuid != a.uuid {
		t.Errorf("in legacy mode: row %+v, was %+v; want it kept", now, a)
	}
	d.changes(t, func() { run(t, "devlink", "dev", "eswitch", "set", "platform/card0", "mode", "switchdev") })
	again()
}

func refillsTheLocalDatabase(t *testing.T, d *dpu) {
	d.judged(t)
	a, _ := twoPorts(t, d)
	before := d.transactions(t)
	d.witness.Removes(d.local.Wipe)
	d.local.Ctl(t, "init")
	d.local.Ctl(t, "set", "Open_vSwitch", ".", "external_ids:system-id=dpu1", "external_ids:ovn-remote="+d.central.SB.Endpoint,
		"external_ids:ovn-encap-type=geneve", "external_ids:ovn-encap-ip=127.0.0.1")
	d.await(t, "both are plugged again", func(ps []api.Port) bool {
		d.reviveController(t) // OVN 23.03's sometimes dies of a database without rows
		return plugged(ps) == 2
	})
	if now := d.row(t, "pf0vf0"); now.uuid == a.uuid || now.ifaceID != "vm0" {
		t.Errorf("row %+v, was %+v", now, a)
	}
	if n := d.transactions(t) - before; n != 2 {
		t.Errorf("%d changes, want one for each port", n)
	}
	d.bound(t, "vm0")
}

func boots(t *testing.T, d *dpu) {
	d.judged(t)
	_, b := twoPorts(t, d)
	d.stopDaemon(t)
	kill(d.vswitchd)
	d.central.SB.Kill()
	// The machine comes up again, and pf0vf0 is another function's name now.
	d.changes(t, func() {
		sim(t, "port del card0 10", "port add card0 17 flavour=pcivf controller=1 external=1 pf=0 vf=7 netdev=pf0vf0 peer=host7")
	})
	notify := listenNotify(t, d)
	t.Setenv("NOTIFY_SOCKET", notify.LocalAddr().String())
	d.startDaemon(t)
	awaitReady(t, notify)
	d.wantGone(t, "pf0vf0")
	d.wantKept(t, "pf0vf1", b)
	d.vswitchd = servers.VSwitchdKernel(d.top, d.local)
	d.central.SB.Restart()
	d.awaitPort(t, "vm0", plan.Pending, reason.CodeFunctionNotFound)
	d.awaitPort(t, "vm1", plan.Plugged)
	if err := os.Unsetenv("NOTIFY_SOCKET"); err != nil {
		t.Fatal(err)
	}
	d.restartDaemon(t)
}

// listenNotify is the service manager's end of sd_notify(3).
func listenNotify(t *testing.T, d *dpu) *net.UnixConn {
	t.Helper()
	path := filepath.Join(d.dir, "notify")
	_ = os.Remove(path)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func awaitReady(t *testing.T, conn *net.UnixConn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatalf("waiting for READY: %v", err)
		}
		if strings.Contains(string(buffer[:n]), "READY=1") {
			return
		}
	}
}
