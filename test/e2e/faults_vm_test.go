//go:build vm

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/datapath"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/servers"
	"github.com/representord/representord/test/virtualhost"
)

func failing() []scenario {
	return []scenario{
		{"ovn-controller that is restarted with --restart leaves every row as it is", outlivesARestartOfController},
		{"a clock that jumps ends no hold and changes no row, and release-hold ends the hold", ignoresTheClock},
		{"without CAP_NET_ADMIN a port is plugged, and warns until somebody sets its link up", plugsWithoutCapability},
		{"after a flood of events that overran the socket the card is known as it is, in bounded memory", outlivesAFlood},
		{"ovs-vswitchd killed and back changes no row, and opens what was plugged meanwhile", outlivesVSwitchd},
		{"a netdev that left the datapath, and whose row is touched, is added afresh and carries packets", isAddedAfresh},
		{"a port of ours that the built-in provider marks is not fought for", leavesMarkedRows},
		{"a plug provider that is registered in ovn-controller is told before it plugs anything", tellsOfAProvider},
	}
}

func outlivesARestartOfController(t *testing.T, d *dpu) {
	d.judged(t)
	a, b := twoPorts(t, d)
	before := d.transactions(t)
	servers.StopController(t, d.local, d.controller, "--restart")
	d.quiet(t)
	d.wantUntouched(t, "pf0vf0", a)
	d.wantUntouched(t, "pf0vf1", b)
	d.awaitPort(t, "vm0", plan.Plugged)
	d.controller = servers.Controller(d.top, d.local, d.central.SB.Endpoint)
	d.bound(t, "vm0")
	d.quiet(t)
	d.wantKept(t, "pf0vf0", a)
	d.wantKept(t, "pf0vf1", b)
	if n := d.transactions(t) - before; n != 0 {
		t.Errorf("%d local transactions, want none", n)
	}
}

// jump moves the clock of the machine.
func jump(t *testing.T, by time.Duration) {
	t.Helper()
	now := syscall.NsecToTimeval(time.Now().Add(by).UnixNano())
	if err := syscall.Settimeofday(&now); err != nil {
		t.Fatal(err)
	}
}

func ignoresTheClock(t *testing.T, d *dpu) {
	d.restartDaemon(t, "--mass-unplug-hold=1h")
	defer d.restartDaemon(t)
	d.judged(t)
	a, b := twoPorts(t, d)
	d.changes(t, func() {
		sim(t, "port add card0 12 flavour=pcivf controller=1 external=1 pf=0 vf=2 netdev=pf0vf2 peer=host2")
	})
	d.neutronPort(t, request{lport: "vm2", pfMAC: pfMAC, vf: "2"})
	d.awaitPort(t, "vm2", plan.Plugged)
	before := d.awaitStatus(t, "all is well", func(s api.Status) bool { return s.Southbound.Connected })
	for _, by := range []time.Duration{3 * time.Hour, -6 * time.Hour} {
		jump(t, by)
		d.quiet(t)
		s := d.awaitStatus(t, "the daemon answers", func(api.Status) bool { return true })
		if !s.Southbound.Connected || !s.Southbound.Since.Equal(before.Southbound.Since) || s.Transactions != before.Transactions {
			t.Errorf("the clock jumped by %v: %+v, and was %+v", by, s, before)
		}
	}
	jump(t, 3*time.Hour)
	d.wantUntouched(t, "pf0vf0", a)
	d.wantUntouched(t, "pf0vf1", b)

	d.central.Nbctl(t, "lsp-del", "vm0", "--", "lsp-del", "vm1", "--", "lsp-del", "vm2")
	d.awaitPort(t, "vm0", plan.Held, reason.CodeMassUnplug)
	jump(t, 24*time.Hour)
	d.quiet(t)
	jump(t, -24*time.Hour)
	d.quiet(t)
	if s := d.awaitStatus(t, "the daemon answers", func(api.Status) bool { return true }); len(s.Holds) != 1 ||
		len(s.Holds[0].Ports) != 3 {
		t.Errorf("after the clock jumped by a day %+v is held", s.Holds)
	}
	if r := d.row(t, "pf0vf0"); r.ifaceID != "vm0" {
		t.Errorf("the clock ended the hold: %+v", r)
	}

	out, status := d.ctl(t, "status")
	if status != 0 || !strings.Contains(out, "HELD        mass-unplug: 3 ports vm0, vm1, vm2\n") ||
		!strings.Contains(out, "representorctl release-hold") {
		t.Errorf("exit status %d, %s", status, out)
	}
	d.witness.Nothing(func() { out, status = d.ctl(t, "release-hold") }, "vm0", "vm1", "vm2")
	if status != 0 || out != "released    mass-unplug: 3 ports vm0, vm1, vm2\n" {
		t.Errorf("exit status %d, %s", status, out)
	}
	d.await(t, "the ports are gone", func(ps []api.Port) bool { return len(ps) == 0 })
	if out, status := d.ctl(t, "release-hold"); status != 0 || out != "nothing is held\n" {
		t.Errorf("exit status %d, %s", status, out)
	}
}

func plugsWithoutCapability(t *testing.T, d *dpu) {
	d.judged(t)
	d.stopDaemon(t)
	defer d.restartDaemon(t)
	d.startDaemonUnder(t, "setpriv", "--bounding-set=-net_admin", "--inh-caps=-all")
	d.changes(t, func() { sim(t, append(card(), vf0)...) })
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	warned := func() (warned bool) {
		p := d.awaitPort(t, "vm0", plan.Plugged)
		for _, w := range p.Warnings {
			warned = warned || w.Code == reason.CodeLinkUpFailed && strings.Contains(w.Message, "ip link set pf0vf0 up")
		}
		return warned
	}
	d.until(t, "the port says that its link can't be set up", warned)
	d.bound(t, "vm0")
	run(t, "ip", "link", "set", "pf0vf0", "up")
	d.until(t, "the warning is gone", func() bool { return !warned() })
}

// startDaemonUnder starts the daemon by way of another program.
func (d *dpu) startDaemonUnder(t *testing.T, under ...string) {
	t.Helper()
	d.daemon = d.machine.StartDaemonUnder(t, under)
	d.awaitStatus(t, "the daemon is active", func(s api.Status) bool {
		return s.Role == api.Active && s.Southbound.Connected && s.Southbound.Complete && s.Local.Complete
	})
}

// outlivesAFlood stops the daemon while more happens than its sockets hold, so that
// the kernel drops notifications (ENOBUFS), and then goes on while it runs.
func outlivesAFlood(t *testing.T, d *dpu) {
	d.judged(t)
	_, b := twoPorts(t, d)
	before := memory(t, d.daemon.Pid(), "VmRSS")
	flood := func(rounds int) {
		var batch strings.Builder
		for i := range rounds {
			fmt.Fprintf(&batch, "link set dev p0 mtu %d\n", 1400+i%100)
		}
		file := filepath.Join(d.dir, "batch")
		if err := os.WriteFile(file, []byte(batch.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, "ip", "-batch", file)
		for i := range 40 {
			sim(t, fmt.Sprintf("port add card0 %d flavour=pcivf controller=1 external=1 pf=0 vf=%d netdev=flood%d", 100+i, 100+i, i))
		}
		for i := range 40 {
			sim(t, fmt.Sprintf("port del card0 %d", 100+i))
		}
	}
	overruns := d.overruns(t)
	d.daemon.Signal(syscall.SIGSTOP)
	defer d.daemon.Signal(syscall.SIGCONT)
	// The socket holds 16 MB as the kernel counts, and one change takes 1.25 KiB of it or 2.25, by
	// what else the kernel says of the netdev: one flood is enough, however long it takes.
	flood(16000)
	// What counts comes last, and is lost.
	d.changes(t, func() { sim(t, "port del card0 10", vf0) })
	d.daemon.Signal(syscall.SIGCONT)
	d.until(t, "the daemon knows that notifications were dropped", func() bool { return d.overruns(t) > overruns })
	flood(500)
	pulse := invariants.NewPulse()
	defer pulse.Close()
	quiet := time.Now()
	d.until(t, "the card is known as the kernel has it", func() bool { return slices.Equal(d.known(t), d.known(t, "--kernel")) })
	if took := pulse.Ran(quiet, time.Now()); took > 5*time.Second {
		t.Errorf("it took %v of quiet, want 5s at most", took)
	}
	p := d.awaitPort(t, "vm0", plan.Plugged)
	index, err := os.ReadFile("/sys/class/net/pf0vf0/ifindex")
	if err != nil || strconv.Itoa(int(p.IfIndex)) != strings.TrimSpace(string(index)) {
		t.Errorf("vm0 is plugged on %d, and the kernel has %s, %v", p.IfIndex, index, err)
	}
	d.wantUntouched(t, "pf0vf1", b)
	if after := memory(t, d.daemon.Pid(), "VmRSS"); after > before+32<<20 {
		t.Errorf("the daemon has %d bytes of memory now, and had %d", after, before)
	}
}

// overruns is how often the kernel has dropped notifications of netdevs, as the daemon counts.
func (d *dpu) overruns(t *testing.T) float64 {
	t.Helper()
	n, ok := d.sample(t, `representord_netlink_overruns_total{source="rtnetlink"}`)
	if !ok {
		t.Fatal("there is no such metric")
	}
	return n
}

// known lists the representors with their netdevs, as representorctl gives them.
func (d *dpu) known(t *testing.T, options ...string) []string {
	t.Helper()
	out, status := d.ctl(t, append([]string{"representors", "--json"}, options...)...)
	var answer api.Representors
	if err := json.Unmarshal([]byte(out), &answer); err != nil || (status == 0) != answer.Complete {
		t.Fatalf("representorctl: exit status %d, %v: %s", status, err, out)
	}
	if !answer.Complete {
		return []string{"not complete: " + answer.Problem}
	}
	var all []string
	for _, r := range answer.Representors {
		all = append(all, fmt.Sprintf("%s %s %d", r.Function, r.Netdev, r.IfIndex))
	}
	return all
}

func outlivesVSwitchd(t *testing.T, d *dpu) {
	d.judged(t)
	a, b := twoPorts(t, d)
	before := d.transactions(t)
	kill(d.vswitchd)
	d.quiet(t)
	d.wantUntouched(t, "pf0vf0", a)
	d.changes(t, func() {
		sim(t, "port add card0 12 flavour=pcivf controller=1 external=1 pf=0 vf=2 netdev=pf0vf2 peer=host2")
	})
	d.neutronPort(t, request{lport: "vm2", pfMAC: pfMAC, vf: "2"})
	d.awaitPort(t, "vm2", plan.Pending, reason.CodeAwaitingOfport)
	d.quiet(t)
	if n := d.transactions(t) - before; n != 1 {
		t.Errorf("%d local transactions, want 1, for the new port", n)
	}
	d.vswitchd = servers.VSwitchdKernel(d.top, d.local)
	for _, vm := range []string{"vm0", "vm1", "vm2"} {
		d.awaitPort(t, vm, plan.Plugged)
		d.bound(t, vm)
	}
	if d.row(t, "pf0vf0").uuid != a.uuid || d.row(t, "pf0vf1").uuid != b.uuid {
		t.Error("a row is another one now")
	}
	if n := d.transactions(t) - before; n != 1 {
		t.Errorf("%d local transactions, want 1, for the new port", n)
	}
}

// isAddedAfresh holds what a netdev that ovs-vswitchd gave no OpenFlow port is helped
// by. ovs-vswitchd does that within a few hundred microseconds of a rename only, so it
// is shown for one that has a port.
func isAddedAfresh(t *testing.T, d *dpu) {
	d.judged(t)
	d.changes(t, func() { sim(t, append(card(), vf0, vf1)...) })
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0", mac: "02:00:00:00:00:10 10.0.0.10"},
		request{lport: "vm1", pfMAC: pfMAC, vf: "1", mac: "02:00:00:00:00:11 10.0.0.11"})
	before := d.awaitOn(t, "vm0", "pf0vf0")
	d.awaitOn(t, "vm1", "pf0vf1")
	d.bound(t, "vm0")
	d.bound(t, "vm1")
	ifindex, err := strconv.ParseUint(before.ifindex, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	for _, force := range []bool{false, true} { // without, it is found by its name, and left alone
		n := datapath.Netdev{IfIndex: uint32(ifindex), Name: "pf0vf0", Force: force}
		if gone, err := datapath.New().Detach(t.Context(), []datapath.Netdev{n}); err != nil || gone[0] != force {
			t.Fatalf("by force %t: taken out %v, %v", force, gone, err)
		}
	}
	d.local.Ctl(t, "set", "Interface", "pf0vf0", "external_ids:"+ovs.KeyAttempt+"=1")
	d.until(t, "the datapath has pf0vf0 again", func() bool {
		return strings.Contains(d.local.Tool(t, "ovs-appctl", "dpctl/show"), ": pf0vf0\n")
	})
	now := d.awaitOn(t, "vm0", "pf0vf0")
	if now.uuid != before.uuid || now.marks != before.marks || now.ifindex != before.ifindex {
		t.Errorf("row %+v, was %+v; want the same row on the same netdev", now, before)
	}
	d.bound(t, "vm0")
	a := virtualhost.NewGuest(t, "host0", "02:00:00:00:00:10", "10.0.0.10/24")
	b := virtualhost.NewGuest(t, "host1", "02:00:00:00:00:11", "10.0.0.11/24")
	datagram(t, a, b)
	datagram(t, b, a)
}

func leavesMarkedRows(t *testing.T, d *dpu) {
	d.judged(t)
	_, b := twoPorts(t, d)
	before := d.transactions(t)
	d.local.Ctl(t, "set", "Interface", "pf0vf0", "external_ids:ovn-plugged=representor")
	marked := d.row(t, "pf0vf0")
	d.awaitPort(t, "vm0", plan.Conflict, reason.CodeBuiltInProvider)
	out, _ := d.ctl(t, "status")
	if !strings.Contains(out, "WARNING     a plug provider built into ovn-controller works on this bridge") {
		t.Errorf("the status doesn't say so: %s", out)
	}
	d.quiet(t)
	d.wantUntouched(t, "pf0vf0", marked)
	d.wantUntouched(t, "pf0vf1", b)
	if n := d.transactions(t) - before; n != 0 {
		t.Errorf("%d local transactions, want none", n)
	}
	d.local.Ctl(t, "remove", "Interface", "pf0vf0", "external_ids", "ovn-plugged")
	d.awaitPort(t, "vm0", plan.Plugged)
}
