//go:build vm

package e2e

import (
	"testing"

	"github.com/representord/representord/test/virtualhost"
)

// hosting is that both ends of a card mean the same functions: those on the host's
// PCI bus and those whose representors are on the DPU.
func hosting() []scenario {
	return []scenario{
		{"what a VF of the host's sends crosses its representor and br-int to another VF", carriesBetweenVFsOfTheHost},
	}
}

func carriesBetweenVFsOfTheHost(t *testing.T, d *dpu) {
	const hostPF, mac0, mac1, ip0, ip1 = "10000:03:00.0", "02:00:00:00:00:10", "02:00:00:00:00:11", "10.0.0.10", "10.0.0.11"
	virtualhost.New(t, "bus add 10000:03-04",
		"dev add "+hostPF+" serial=MT2108X00001 mac="+pfMAC+" netdev=hpf0 vfs=8 vf-netdev=hpf0v",
		"peer 10000:03:01.0 host0", "peer 10000:03:01.1 host1")
	virtualhost.EnableVFs(t, hostPF, 8)
	d.judged(t)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0", mac: mac0 + " " + ip0},
		request{lport: "vm1", pfMAC: pfMAC, vf: "1", mac: mac1 + " " + ip1})
	d.changes(t, func() { sim(t, append(card(), vf0, vf1)...) })
	d.awaitOn(t, "vm0", "pf0vf0")
	d.awaitOn(t, "vm1", "pf0vf1")
	zero, one := virtualhost.NewGuest(t, "hpf0v0", mac0, ip0+"/24"), virtualhost.NewGuest(t, "hpf0v1", mac1, ip1+"/24")
	datagram(t, zero, one)
	datagram(t, one, zero)

	// The host takes all VFs away and makes them again.
	d.witness.Known()
	virtualhost.EnableVFs(t, hostPF, 0)
	d.wantOnBridge(t, "pf0vf0", "pf0vf1")
	virtualhost.EnableVFs(t, hostPF, 8)
	zero, one = virtualhost.NewGuest(t, "hpf0v0", mac0, ip0+"/24"), virtualhost.NewGuest(t, "hpf0v1", mac1, ip1+"/24")
	datagram(t, zero, one)
	datagram(t, one, zero)
}
