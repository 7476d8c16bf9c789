//go:build vm

package e2e

import (
	"strings"
	"testing"

	"github.com/representord/representord/test/virtualhost"
)

// carrying is that a plugged port does what it is plugged for, however it came to
// be so.
func carrying() []scenario {
	return []scenario{
		{"datagrams cross again after every way for a function to come, be renamed, be exchanged and return", carriesDatagramsThroughChanges},
	}
}

func carriesDatagramsThroughChanges(t *testing.T, d *dpu) {
	const mac0, mac1, ip0, ip1 = "02:00:00:00:00:10", "02:00:00:00:00:11", "10.0.0.10", "10.0.0.11"
	peer := func(command, name string) string { return command + " peer=" + name }
	vf2, vf3 := peer(vf("card0", 12, 1, 2, "raw2"), "host2"), peer(vf("card0", 13, 1, 3, "pf0vf3"), "host3")
	var one *virtualhost.Guest
	// exchange lets VM 0, who now sits behind that function, talk with VM 1.
	exchange := func(zero *virtualhost.Guest, after string) {
		t.Helper()
		for _, way := range [][2]*virtualhost.Guest{{zero, one}, {one, zero}} {
			if err := virtualhost.Crosses(way[0], way[1], patience); err != nil {
				t.Fatalf("after %s, a datagram from %s to %s: %v", after, way[0].Name, way[1].Name, err)
			}
		}
	}

	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0", mac: mac0 + " " + ip0},
		request{lport: "vm1", pfMAC: pfMAC, vf: "1", mac: mac1 + " " + ip1})
	sim(t, "dev add card0 serial=MT2108X00001",
		"port add card0 10 flavour=pcivf controller=1 external=1 pf=0 vf=0 netdev=late peer=host0", vf1)
	sim(t, pf("card0", 1, 1, pfMAC, "pf0hpf"))
	d.awaitOn(t, "vm1", "pf0vf1")
	sim(t, "port netdev card0 10 pf0vf0")
	d.awaitOn(t, "vm0", "pf0vf0")
	one = virtualhost.NewGuest(t, "host1", mac1, ip1+"/24")
	zero := virtualhost.NewGuest(t, "host0", mac0, ip0+"/24")
	exchange(zero, "a VF, its PF and its netdev that came one after the other behind the request")

	rename(t, [2]string{"pf0vf0", "enp3s0f0c1vf0"})
	d.awaitOn(t, "vm0", "enp3s0f0c1vf0")
	exchange(zero, "a rename of what is plugged")

	sim(t, vf2, vf3)
	rename(t, [2]string{"raw2", "pf0vf2"})
	d.option(t, "vm0", "vif-plug:representor:vf-num", "2")
	d.awaitOn(t, "vm0", "pf0vf2")
	d.wantOnBridge(t, "pf0vf1", "pf0vf2")
	exchange(virtualhost.NewGuest(t, "host2", mac0, ip0+"/24"), "another VF number, whose netdev was renamed before")

	d.central.Nbctl(t, "clear", "Logical_Switch_Port", "vm0", "options")
	d.awaitNoPort(t, "vm0")
	d.central.Nbctl(t, append([]string{"lsp-set-options", "vm0"}, request{pfMAC: pfMAC, vf: "3"}.options()...)...)
	d.awaitOn(t, "vm0", "pf0vf3")
	exchange(virtualhost.NewGuest(t, "host3", mac0, ip0+"/24"), "unbinding and binding to another VF")

	sim(t, "dev del card0")
	sim(t, append(card(), strings.Replace(vf1, "host1", "again1", 1), strings.Replace(vf3, "host3", "again3", 1))...)
	d.awaitOn(t, "vm0", "pf0vf3")
	d.awaitOn(t, "vm1", "pf0vf1")
	d.wantOnBridge(t, "pf0vf1", "pf0vf3")
	one = virtualhost.NewGuest(t, "again1", mac1, ip1+"/24")
	exchange(virtualhost.NewGuest(t, "again3", mac0, ip0+"/24"), "removing the card and making it again")
}
