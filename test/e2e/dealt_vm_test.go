//go:build vm

package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
	"github.com/representord/representord/test/virtualdpu"
)

// dealing is that netdevs come under names that meant others a moment ago.
func dealing() []scenario {
	return []scenario{
		{"names dealt anew for 24 netdevs in a ring while the daemon is down", func(t *testing.T, d *dpu) { closesARing(t, d, 24, true) }},
		{"an uplink and a veth that take the name of a VF that went are no tenant's for long", letsGoOfStrangers},
		{"ovs-vswitchd stopped while a name is dealt anew: the datapath lets go within 2 s of the leak", letsGoForVSwitchd},
	}
}

// manyPorts plugs that many VFs, each for a logical port of its own.
func manyPorts(t *testing.T, d *dpu, n int) {
	t.Helper()
	commands := card()
	var requests []request
	for i := range n {
		commands = append(commands, vf("card0", 10+i, 1, i, fmt.Sprintf("pf0vf%d", i)))
		requests = append(requests, request{lport: fmt.Sprintf("vm%03d", i), pfMAC: pfMAC, vf: strconv.Itoa(i)})
	}
	sim(t, commands...)
	d.neutronPort(t, requests...)
	d.awaitStatus(t, fmt.Sprintf("%d ports are plugged", n), func(s api.Status) bool { return s.Ports[plan.Plugged] == n })
}

// deletesMany deletes all logical ports at once, which a short hold lets go, however the
// scenario ended, and has the daemon run as it did before.
func (d *dpu) deletesMany(t *testing.T) {
	t.Helper()
	d.revive(t)
	d.restartDaemon(t, "--mass-unplug-hold=1s")
	defer d.restartDaemon(t)
	var argv []string
	for _, lport := range d.logicalPorts(t) {
		argv = append(argv, "--", "--if-exists", "lsp-del", lport)
	}
	if len(argv) > 0 {
		d.central.Nbctl(t, argv[1:]...)
	}
	d.await(t, "all ports are gone", func(ps []api.Port) bool { return len(ps) == 0 })
	// A daemon that has made no pass yet shows no ports whatever there is.
	d.until(t, "no row of ours is left", func() bool {
		return !strings.Contains(d.local.Ctl(t, "--bare", "--columns=external_ids", "list", "Interface"), ovs.KeyFunction+"=")
	})
}

// ring gives each of so many VFs the netdev name of the next one.
func ring(t *testing.T, n int) {
	t.Helper()
	links := make([]netlink.Link, n)
	for i := range n {
		link, err := netlink.LinkByName(fmt.Sprintf("pf0vf%d", i))
		if err != nil {
			t.Fatal(err)
		}
		links[i] = link
		rename(t, [2]string{link.Attrs().Name, fmt.Sprintf("between%d", i)})
	}
	for i := range n {
		rename(t, [2]string{fmt.Sprintf("between%d", i), fmt.Sprintf("pf0vf%d", (i+1)%n)})
	}
}

// closesARing has ovs-vswitchd open every netdev under the row of another one, for so many ports.
func closesARing(t *testing.T, d *dpu, ports int, southbound bool) {
	d.restartDaemon(t, "--mass-unplug-hold=1s")
	defer d.deletesMany(t)
	manyPorts(t, d, ports)
	o := d.openings(t)
	d.stopDaemon(t)
	if !southbound {
		d.central.SB.Kill()
		defer d.central.SB.Restart()
	}
	// An ovs-vswitchd that has them open keeps each where it is. A fresh one goes by names.
	kill(d.vswitchd)
	run(t, "ovs-dpctl", "del-dp", "ovs-system")
	o.changes(func() { ring(t, ports) })
	d.vswitchd = servers.VSwitchdKernel(d.top, d.local)
	d.until(t, "ovs-vswitchd has opened all under rows of others", func() bool { return o.look() == ports })
	t.Logf("%d of %d rows have another function's name, and %d another netdev open", o.misnamed(), ports, o.Open())
	began := time.Now()
	d.startDaemon(t, "--mass-unplug-hold=1s")
	d.awaitStatus(t, "the daemon has made a pass", func(s api.Status) bool {
		o.look()
		return s.Passes > 0
	})
	o.look()
	t.Logf("after %v and the first pass %d rows have another function's name, and %d another netdev open", time.Since(began),
		o.misnamed(), o.Open())
	if n := o.misnamed(); n > 0 {
		t.Errorf("after the first pass %d rows carry a port's name and have another function's", n)
	}
	const bound = 20 * time.Second
	for o.look() > 0 && time.Since(began) < bound {
		d.awaitStatus(t, "the daemon answers", func(api.Status) bool { return true })
	}
	t.Logf("the last leak was closed %v after the daemon's start; a wrong netdev was open for %v at most", o.Closed.Sub(began), o.Longest)
	if n := o.Open(); n > 0 {
		t.Errorf("after %v %d netdevs are open under rows of others", bound, n)
	}
	if !southbound {
		d.central.SB.Restart()
	}
	d.awaitStatus(t, "all ports are plugged again", func(s api.Status) bool { return s.Ports[plan.Plugged] == ports })
	t.Logf("all were plugged again %v after the daemon's start", time.Since(began))
}

// letsGoOfStrangers: what an uplink is, devlink says, and the row goes at once; of a veth
// nobody says anything, and the row carries nobody's name once its function has been away
// for some seconds.
func letsGoOfStrangers(t *testing.T, d *dpu) {
	d.judged(t)
	twoPorts(t, d)
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "ct0"}, PeerName: "ct0-peer"}
	if err := netlink.LinkAdd(veth); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := netlink.LinkDel(veth); err != nil {
			t.Error(err)
		}
	}()
	for _, c := range []struct {
		own   string
		bound time.Duration
	}{{"p0", 3 * time.Second}, {"ct0", 12 * time.Second}} {
		o := d.openings(t)
		o.changes(func() {
			d.changes(t, func() {
				sim(t, "port nonetdev card0 10")
				rename(t, [2]string{c.own, "pf0vf0"})
			})
		})
		began, opened := time.Now(), false
		closed := func() bool {
			opened = opened || o.look() > 0
			return o.look() == 0 && o.misnamed() == 0
		}
		for !closed() && time.Since(began) < c.bound+5*time.Second {
			d.awaitStatus(t, "the daemon answers", func(api.Status) bool { return true })
		}
		t.Logf("%s: open under the row of vm0: %t; let go of after %v", c.own, opened, time.Since(began))
		if took := time.Since(began); took > c.bound || !closed() {
			t.Errorf("%s was open as vm0's, or could be, for %v, want %v at most", c.own, took, c.bound)
		}
		o.changes(func() {
			d.changes(t, func() {
				rename(t, [2]string{"pf0vf0", c.own})
				sim(t, "port netdev card0 10 pf0vf0")
			})
		})
		d.awaitPort(t, "vm0", plan.Plugged)
		d.bound(t, "vm0")
	}
}

// letsGoForVSwitchd: a row that goes takes nothing out of the datapath while ovs-vswitchd
// doesn't run.
func letsGoForVSwitchd(t *testing.T, d *dpu) {
	twoPorts(t, d)
	sim(t, vf("card0", 12, 1, 2, "pf0vf2"))
	o := d.openings(t)
	d.daemon.Signal(syscall.SIGSTOP)
	defer d.daemon.Signal(syscall.SIGCONT)
	o.changes(func() { rename(t, [2]string{"pf0vf0", "away0"}, [2]string{"pf0vf2", "pf0vf0"}) })
	stranger := kernelCard(t).VFs["platform/card0 c1pf0vf2"].IfIndex
	d.until(t, "ovs-vswitchd has VF 2 open under vm0's row", func() bool { return o.look() > 0 && vport(t, stranger) })
	d.vswitchd.Signal(syscall.SIGSTOP)
	defer d.vswitchd.Signal(syscall.SIGCONT)
	d.daemon.Signal(syscall.SIGCONT)
	began := time.Now()
	d.until(t, "the row is gone", func() bool {
		o.look()
		r, there := o.ours()["pf0vf0"]
		return !there || r.LogicalPort != "vm0" || r.Parked
	})
	leak := time.Now()
	for vport(t, stranger) && time.Since(leak) < 15*time.Second {
		o.look()
	}
	t.Logf("the row was gone after %v, and the datapath let go %v later; the wrong netdev was open for %v", leak.Sub(began),
		time.Since(leak), o.Longest)
	if took := time.Since(leak); took > 2*time.Second {
		t.Errorf("the datapath has VF 2 with the flows of vm0 %v after the row went, want 2s at most", took)
	}
	d.vswitchd.Signal(syscall.SIGCONT)
	d.awaitPort(t, "vm0", plan.Plugged)
	d.bound(t, "vm0")
	d.until(t, "nothing wrong is open", func() bool { return o.look() == 0 })
}

func vport(t *testing.T, ifindex int) bool {
	t.Helper()
	vports, err := virtualdpu.Vports()
	if err != nil {
		t.Fatal(err)
	}
	return vports[ifindex]
}
