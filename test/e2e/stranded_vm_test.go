//go:build vm && full

package e2e

import (
	"errors"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/representord/representord/plug"
)

// getsAnOpenFlowPort: a netdev whose name goes and comes while ovs-vswitchd adds it may
// end up without an OpenFlow port, and without an error, where ovs-vswitchd leaves it
// for ever. The daemon is stopped meanwhile, so as not to help.
func getsAnOpenFlowPort(t *testing.T, d *dpu) {
	sim(t, append(card(), vf0)...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.awaitPort(t, "vm0", plug.Plugged)
	before := d.row(t, "pf0vf0")
	d.stopDaemon(t)
	opened := watchOpened(t, d.local.Endpoint)
	tries := 0
	for began := time.Now(); ; tries++ {
		if time.Since(began) > 2*patience {
			t.Fatalf("ovs-vswitchd gave the netdev a port, or an error, %d times; without one there is nothing to be seen", tries)
		}
		sim(t, "port del card0 10")
		d.until(t, "ovs-vswitchd has noticed that the netdev is gone", func() bool { return opened.at("pf0vf0").ofport < 0 })
		sim(t, vf0)
		flicker(t, "pf0vf0", 300*time.Millisecond)
		if d.stranded(t, before.uuid) {
			break
		}
	}
	t.Logf("without an OpenFlow port after %d tries", tries+1)
	d.startDaemon(t)
	d.awaitPort(t, "vm0", plug.Plugged)
	d.bound(t, "vm0")
	if now := d.row(t, "pf0vf0"); now.uuid != before.uuid || now.marks != before.marks {
		t.Errorf("row %+v, was %+v; want the same row", now, before)
	}
}

// flicker renames a netdev away and back again for a while.
func flicker(t *testing.T, netdev string, long time.Duration) {
	t.Helper()
	link, err := netlink.LinkByName(netdev)
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); time.Since(began) < long; {
		err := errors.Join(netlink.LinkSetDown(link), netlink.LinkSetName(link, "away"), netlink.LinkSetName(link, netdev))
		if err != nil {
			t.Fatalf("renaming %s: %v", netdev, err)
		}
	}
}

// stranded reports whether a row stays without an OpenFlow port and without an error,
// though ovs-vswitchd is told of changes to it.
func (d *dpu) stranded(t *testing.T, row string) bool {
	t.Helper()
	for _, value := range []string{"a", "b", "c"} {
		// Without --no-wait it returns when ovs-vswitchd has done what is to be done.
		d.local.Tool(t, "ovs-vsctl", "--db="+d.local.Endpoint, "--timeout=15", "set", "Interface", row, "external_ids:e2e="+value)
		if d.local.Ctl(t, "get", "Interface", row, "ofport", "error") != "-1\n[]" {
			return false
		}
	}
	return true
}
