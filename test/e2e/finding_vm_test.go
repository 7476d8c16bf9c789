//go:build vm

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/virtualhost"
)

func finding() []scenario {
	return []scenario{
		{"a port is plugged whichever comes last: its VF, its PF or the netdev", plugsWhateverComesLast},
		{"a netdev is plugged under its present name, and a later rename is followed in one transaction", followsRenames},
		{"two netdevs that exchange their names keep their ports", followsAnExchangeOfNames},
		{"a function that is removed and comes back keeps its row, whatever its new ifindex", keepsTheRowOfARecreatedFunction},
		{"a function that comes back under another name, or at another devlink port, is followed", followsARecreatedFunction},
		{"a card that is removed and comes back keeps its rows", keepsTheRowsOfARecreatedCard},
		{"a netdev in another network namespace is not plugged, and is as soon as it returns", waitsForAnotherNamespace},
		{"a new netdev is not touched before udev has renamed it", waitsForUdev},
		{"a netdev that udev never gets to is plugged all the same after three seconds", doesNotWaitForUdevForEver},
	}
}

// awaitOn waits until a port is plugged on a netdev: in the daemon's view, in the
// database, and in the kernel, where the link is up.
func (d *dpu) awaitOn(t *testing.T, lport, netdev string) row {
	t.Helper()
	d.await(t, fmt.Sprintf("%q is plugged on %s", lport, netdev), func(ps []api.Port) bool {
		return slices.ContainsFunc(ps, func(p api.Port) bool {
			return p.LogicalPort == lport && p.State == plan.Plugged && p.Netdev == netdev
		})
	})
	link, err := netlink.LinkByName(netdev)
	if err != nil {
		t.Fatalf("%s: %v", netdev, err)
	}
	r := d.row(t, netdev)
	if r.ifaceID != lport || r.typ != "" || r.ifindex != strconv.Itoa(link.Attrs().Index) {
		t.Errorf("row %+v of %s, ifindex %d; want it to be of %q", r, netdev, link.Attrs().Index, lport)
	}
	// A pass that the kernel keeps waiting leaves it to a later one.
	d.until(t, "the link of "+netdev+" is up", func() bool {
		link, err := netlink.LinkByName(netdev)
		return err == nil && link.Attrs().RawFlags&1 != 0 // IFF_UP
	})
	return r
}

// wantOnBridge compares what is plugged at all, whatever the order.
func (d *dpu) wantOnBridge(t *testing.T, netdevs ...string) {
	t.Helper()
	have := d.bridgePorts(t)
	slices.Sort(have)
	slices.Sort(netdevs)
	if !slices.Equal(have, netdevs) {
		t.Errorf("on the bridge are %q, want %q", have, netdevs)
	}
}

func plugsWhateverComesLast(t *testing.T, d *dpu) {
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"}, request{lport: "vm1", pfMAC: pfMAC, vf: "1"})
	d.awaitPort(t, "vm0", plan.Pending, reason.CodePFNotFound)
	sim(t, "dev add card0", "port add card0 10 flavour=pcivf controller=1 external=1 pf=0 vf=0 netdev=late peer=host0", vf1)
	d.await(t, "both VFs are known", func([]api.Port) bool {
		reps, err := d.client.Representors(t.Context())
		return err == nil && len(reps.Representors) == 2
	})
	d.awaitPort(t, "vm0", plan.Pending, reason.CodePFNotFound)
	d.awaitPort(t, "vm1", plan.Pending, reason.CodePFNotFound)
	sim(t, "port add card0 1 flavour=pcipf controller=1 external=1 pf=0 mac="+pfMAC+" netdev=pf0hpf")
	d.awaitOn(t, "vm1", "pf0vf1")
	d.awaitPort(t, "vm0", plan.Pending, reason.CodeNoNetdev)
	d.wantOnBridge(t, "pf0vf1")
	sim(t, "port netdev card0 10 pf0vf0")
	d.awaitOn(t, "vm0", "pf0vf0")
	d.bound(t, "vm0")
}

// rename renames netdevs one after the other, as fast as udev would. Linux wants
// them to be down, and representord sets them up again within a moment.
func rename(t *testing.T, pairs ...[2]string) {
	t.Helper()
	for _, p := range pairs {
		link, err := netlink.LinkByName(p[0])
		if err != nil {
			t.Fatalf("renaming %s: %v", p[0], err)
		}
		d := time.Now().Add(patience)
		for err = errors.New("not tried"); err != nil && time.Now().Before(d); {
			if err = netlink.LinkSetDown(link); err == nil {
				err = netlink.LinkSetName(link, p[1])
			}
		}
		if err != nil {
			t.Fatalf("renaming %s to %s: %v", p[0], p[1], err)
		}
	}
}

func followsRenames(t *testing.T, d *dpu) {
	sim(t, append(card(), vf0, vf1)...)
	rename(t, [2]string{"pf0vf0", "enp3s0f0c1vf0"})
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"}, request{lport: "vm1", pfMAC: pfMAC, vf: "1"})
	before := d.awaitOn(t, "vm0", "enp3s0f0c1vf0")
	d.awaitOn(t, "vm1", "pf0vf1")
	d.bound(t, "vm0")
	d.bound(t, "vm1")
	other := d.row(t, "pf0vf1")
	transactions := d.transactions(t)
	rename(t, [2]string{"enp3s0f0c1vf0", "c1vf0"})
	after := d.awaitOn(t, "vm0", "c1vf0")
	if after.uuid == before.uuid || after.marks != before.marks {
		t.Errorf("row %+v, was %+v; want a new one with the same marks", after, before)
	}
	if n := d.transactions(t) - transactions; n != 1 {
		t.Errorf("it took %d transactions, want 1", n)
	}
	d.wantOnBridge(t, "c1vf0", "pf0vf1")
	d.wantUntouched(t, "pf0vf1", other)
	d.bound(t, "vm0")
}

func followsAnExchangeOfNames(t *testing.T, d *dpu) {
	d.judged(t)
	d.changes(t, func() { sim(t, append(card(), vf0, vf1)...) })
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0", mac: "02:00:00:00:00:10 10.0.0.10"},
		request{lport: "vm1", pfMAC: pfMAC, vf: "1", mac: "02:00:00:00:00:11 10.0.0.11"})
	d.awaitOn(t, "vm0", "pf0vf0")
	d.awaitOn(t, "vm1", "pf0vf1")
	d.changes(t, func() { rename(t, [2]string{"pf0vf0", "between"}) })
	d.changes(t, func() { rename(t, [2]string{"pf0vf1", "pf0vf0"}) })
	d.changes(t, func() { rename(t, [2]string{"between", "pf0vf1"}) })
	d.awaitOn(t, "vm0", "pf0vf1")
	d.awaitOn(t, "vm1", "pf0vf0")
	d.wantOnBridge(t, "pf0vf0", "pf0vf1")
	// OVN sends to each MAC through the port that has it: through the wrong
	// function nothing would arrive.
	a := virtualhost.NewGuest(t, "host0", "02:00:00:00:00:10", "10.0.0.10/24")
	b := virtualhost.NewGuest(t, "host1", "02:00:00:00:00:11", "10.0.0.11/24")
	datagram(t, a, b)
	datagram(t, b, a)
}

func keepsTheRowOfARecreatedFunction(t *testing.T, d *dpu) {
	d.judged(t)
	before, other := twoPorts(t, d)
	d.changes(t, func() { sim(t, "port del card0 10") })
	d.awaitPort(t, "vm0", plan.Pending, reason.CodeFunctionNotFound, reason.CodeNoNetdev)
	if now := d.row(t, "pf0vf0"); now.uuid != before.uuid || now.marks != before.marks {
		t.Errorf("while the function is away: row %+v, was %+v; want it kept", now, before)
	}
	d.changes(t, func() { sim(t, vf0) })
	after := d.awaitOn(t, "vm0", "pf0vf0")
	if after.uuid != before.uuid || after.marks != before.marks || after.ifindex == before.ifindex {
		t.Errorf("row %+v, was %+v; want the same with another ifindex", after, before)
	}
	d.bound(t, "vm0")
	d.wantUntouched(t, "pf0vf1", other)
}

func followsARecreatedFunction(t *testing.T, d *dpu) {
	before, other := twoPorts(t, d)
	transactions := d.transactions(t)
	sim(t, "port del card0 10", "port add card0 77 flavour=pcivf controller=1 external=1 pf=0 vf=0 netdev=eth7vf0 peer=host0")
	after := d.awaitOn(t, "vm0", "eth7vf0")
	if after.marks != before.marks {
		t.Errorf("marks %s, were %s", after.marks, before.marks)
	}
	if n := d.transactions(t) - transactions; n != 1 {
		t.Errorf("it took %d transactions, want 1", n)
	}
	d.wantOnBridge(t, "eth7vf0", "pf0vf1")
	d.wantUntouched(t, "pf0vf1", other)
	d.bound(t, "vm0")
}

func keepsTheRowsOfARecreatedCard(t *testing.T, d *dpu) {
	d.judged(t)
	a, b := twoPorts(t, d)
	transactions := d.transactions(t)
	d.changes(t, func() { sim(t, "dev del card0") })
	d.awaitPort(t, "vm0", plan.Pending)
	d.awaitPort(t, "vm1", plan.Pending)
	// The PF's MAC is the last to be known.
	d.changes(t, func() { sim(t, "dev add card0 serial=MT2108X00001", vf1, vf0) })
	d.quiet(t)
	d.changes(t, func() {
		sim(t, "port add card0 1 flavour=pcipf controller=1 external=1 pf=0 mac="+pfMAC+" netdev=pf0hpf")
	})
	for lport, before := range map[string]row{"vm0": a, "vm1": b} {
		netdev := "pf0vf" + lport[2:]
		if now := d.awaitOn(t, lport, netdev); now.uuid != before.uuid || now.ifindex == before.ifindex {
			t.Errorf("%s: row %+v, was %+v; want the same with another ifindex", netdev, now, before)
		}
	}
	if n := d.transactions(t) - transactions; n != 0 {
		t.Errorf("%d transactions, want none", n)
	}
	d.bound(t, "vm0")
}

func waitsForAnotherNamespace(t *testing.T, d *dpu) {
	sim(t, append(card(), vf0, vf1)...)
	run(t, "ip", "netns", "add", "elsewhere")
	defer run(t, "ip", "netns", "del", "elsewhere")
	run(t, "ip", "link", "set", "pf0vf0", "netns", "elsewhere")
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"}, request{lport: "vm1", pfMAC: pfMAC, vf: "1"})
	d.awaitOn(t, "vm1", "pf0vf1")
	d.awaitPort(t, "vm0", plan.Pending, reason.CodeNoNetdev)
	d.wantOnBridge(t, "pf0vf1")
	run(t, "ip", "-n", "elsewhere", "link", "set", "pf0vf0", "netns", "1")
	before := d.awaitOn(t, "vm0", "pf0vf0")
	// Moved while it is plugged, its row stays and is of use again afterwards.
	run(t, "ip", "link", "set", "pf0vf0", "netns", "elsewhere")
	d.awaitPort(t, "vm0", plan.Pending, reason.CodeNoNetdev)
	if now := d.row(t, "pf0vf0"); now.uuid != before.uuid {
		t.Errorf("row %+v, was %+v; want it kept", now, before)
	}
	run(t, "ip", "-n", "elsewhere", "link", "set", "pf0vf0", "netns", "1")
	if now := d.awaitOn(t, "vm0", "pf0vf0"); now.uuid != before.uuid {
		t.Errorf("row %+v, was %+v; want it kept", now, before)
	}
	d.bound(t, "vm0")
}

// udevRuns makes the daemon believe in a udev, whose part the test plays.
func (d *dpu) udevRuns(t *testing.T) {
	t.Helper()
	root := filepath.Join(d.dir, "udev")
	t.Cleanup(func() {
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	})
	if err := os.MkdirAll(filepath.Join(root, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "control"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func waitsForUdev(t *testing.T, d *dpu) {
	sim(t, card()...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.awaitPort(t, "vm0", plan.Pending, reason.CodeFunctionNotFound)
	d.udevRuns(t)
	transactions := d.transactions(t)
	for tries := 1; !d.renamedInTime(t); tries++ {
		if tries == 5 {
			t.Fatalf("this machine doesn't rename a netdev within %s", udevBound)
		}
		d.central.Nbctl(t, "lsp-del", "vm0")
		d.awaitNoPort(t, "vm0")
		sim(t, "port del card0 10")
		d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
		d.awaitPort(t, "vm0", plan.Pending, reason.CodeFunctionNotFound)
		transactions = d.transactions(t)
	}
	d.awaitOn(t, "vm0", "pf0vf0")
	if n := d.transactions(t) - transactions; n != 1 {
		t.Errorf("%d transactions, want 1: never under another name", n)
	}
	d.wantOnBridge(t, "pf0vf0")
	d.bound(t, "vm0")
}

// udevBound is how long udev is waited for.
const udevBound = 3 * time.Second

// renamedInTime makes a netdev and renames it as udev does, and reports whether that was
// while udev is waited for. A machine that stands still takes longer, which proves nothing.
func (d *dpu) renamedInTime(t *testing.T) bool {
	t.Helper()
	began := time.Now()
	sim(t, "port add card0 10 flavour=pcivf controller=1 external=1 pf=0 vf=0 netdev=new0 peer=host0")
	var waits api.OnePort
	d.until(t, "vm0 waits for udev, or does so no more", func() bool {
		p, err := d.client.Port(t.Context(), "vm0")
		if err == nil && p.Reason != nil && p.Reason.Code == reason.CodeNetdevSettling {
			waits = p
		}
		return waits.LogicalPort != "" || time.Since(began) > udevBound
	})
	link, err := netlink.LinkByName("new0")
	if err != nil {
		t.Fatal(err)
	}
	// The rename, then the entry in its database.
	renamed := netlink.LinkSetName(link, "pf0vf0")
	entry := filepath.Join(d.dir, "udev", "data", "n"+strconv.Itoa(link.Attrs().Index))
	if err := os.WriteFile(entry, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if time.Since(began) > udevBound {
		return false
	}
	if waits.Netdev != "new0" {
		t.Errorf("the port that waits is %+v", waits)
	}
	if link.Attrs().RawFlags&1 != 0 { // IFF_UP
		t.Error("the link is up already: udev can't rename it")
	}
	if renamed != nil {
		t.Fatal(renamed)
	}
	return true
}

func doesNotWaitForUdevForEver(t *testing.T, d *dpu) {
	sim(t, card()...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.awaitPort(t, "vm0", plan.Pending, reason.CodeFunctionNotFound)
	d.udevRuns(t)
	began := time.Now()
	sim(t, vf0)
	d.awaitPort(t, "vm0", plan.Plugged)
	const slack = 20 * time.Second
	if took := time.Since(began); took < udevBound || took > udevBound+slack {
		t.Errorf("it took %s, want %s and a little", took, udevBound)
	}
	d.awaitOn(t, "vm0", "pf0vf0")
}
