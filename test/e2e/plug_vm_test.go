//go:build vm

package e2e

import (
	"strings"
	"testing"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/virtualhost"
)

// A card with one controller and one PF, and VFs with netdevs named as the
// kernel would name them. The MAC is the PF's, as the host sees it.
const (
	pfMAC = "00:53:00:00:00:42"
	vf0   = "port add card0 10 flavour=pcivf controller=1 external=1 pf=0 vf=0 netdev=pf0vf0 peer=host0"
	vf1   = "port add card0 11 flavour=pcivf controller=1 external=1 pf=0 vf=1 netdev=pf0vf1 peer=host1"
)

func card() []string {
	return []string{
		"dev add card0 serial=MT2108X00001",
		"port add card0 0 flavour=physical port=0 netdev=p0",
		"port add card0 1 flavour=pcipf controller=1 external=1 pf=0 mac=" + pfMAC + " netdev=pf0hpf",
	}
}

func plugging() []scenario {
	return []scenario{
		{"two Neutron ports are plugged and a datagram crosses between their functions", plugsAndForwards},
		{"a VF that appears after its request is plugged then", plugsALateVF},
	}
}

func plugsAndForwards(t *testing.T, d *dpu) {
	sim(t, append(card(), vf0, vf1)...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0", mac: "02:00:00:00:00:10 10.0.0.10"})
	d.neutronPort(t, request{lport: "vm1", pfMAC: strings.ToUpper(pfMAC), vf: "1", mac: "02:00:00:00:00:11 10.0.0.11"})
	p := d.awaitPort(t, "vm0", plan.Plugged)
	d.awaitPort(t, "vm1", plan.Plugged)
	r := d.row(t, "pf0vf0")
	if r.ifaceID != "vm0" || r.mtu != "1500" || r.typ != "" || p.Netdev != "pf0vf0" {
		t.Errorf("row %+v, port %+v", r, p)
	}
	if link := run(t, "ip", "link", "show", "dev", "pf0vf0"); !strings.Contains(link, ",UP") {
		t.Errorf("the representor's link is not up: %s", link)
	}
	d.bound(t, "vm0")
	d.bound(t, "vm1")
	a := virtualhost.NewGuest(t, "host0", "02:00:00:00:00:10", "10.0.0.10/24")
	b := virtualhost.NewGuest(t, "host1", "02:00:00:00:00:11", "10.0.0.11/24")
	datagram(t, a, b)
	datagram(t, b, a)
}

func plugsALateVF(t *testing.T, d *dpu) {
	sim(t, card()...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.awaitPort(t, "vm0", plan.Pending, reason.CodeFunctionNotFound)
	sim(t, vf0)
	d.awaitPort(t, "vm0", plan.Plugged)
	d.bound(t, "vm0")
}
