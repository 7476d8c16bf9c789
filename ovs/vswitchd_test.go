package ovs

import (
	"strings"
	"testing"

	"github.com/representord/representord/test/servers"
)

func TestVSwitchd_WhatItOpenedIsSeen(t *testing.T) {
	d, s := bridged(t)
	vswitchd := servers.VSwitchd(t, d)
	p := plugOf("pf0vf3", "lport-a")
	p.MTURequest = 1700
	apply(t, s, plugging(p))
	servers.Until(t, "the port has an ofport", func() bool { return row(t, s, "pf0vf3").Ofport > 0 })
	servers.SetIfIndex(t, d, "pf0vf3", 77)
	servers.Until(t, "its ifindex is seen", func() bool { return row(t, s, "pf0vf3").IfIndex == 77 })
	if got := d.Ctl(t, "get", "Interface", "pf0vf3", "mtu"); got != "1700" {
		t.Errorf("the netdev's MTU is %s, want what was requested", got)
	}

	// An edit and other ports leave ovs-vswitchd's own port alone.
	before := row(t, s, "pf0vf3")
	apply(t, s, Change{Edit: []Edit{{Interface: before, Set: map[string]string{KeyIfaceIDVer: "v2"}}}}, plugging(plugOf("pf0vf4", "lport-b")))
	servers.Until(t, "the second port has an ofport", func() bool { return row(t, s, "pf0vf4").Ofport > 0 })
	if got := row(t, s, "pf0vf3"); got.UUID != before.UUID || got.Ofport != before.Ofport || got.IfIndex != before.IfIndex {
		t.Errorf("the first port went from %+v to %+v", before, got)
	}

	apply(t, s, unplugging(row(t, s, "pf0vf3")))
	servers.Until(t, "ovs-vswitchd gave the port up", func() bool {
		return !strings.Contains(d.Tool(t, "ovs-ofctl", "dump-ports-desc", "br-int"), "(pf0vf3)")
	})
	vswitchd.Kill()
	apply(t, s, plugging(plugOf("pf0vf5", "lport-c")))
	if got := row(t, s, "pf0vf5"); got.Ofport != 0 || got.Error != "" {
		t.Errorf("without ovs-vswitchd a new port is %+v", got)
	}
}

func TestVSwitchd_ANetdevThatIsNotThereIsSeenWithItsError(t *testing.T) {
	d, s := bridged(t)
	d.Ctl(t, "set", "Bridge", "br-int", "datapath_type=dummy", "--", "set", "Interface", "br-int", "type=dummy-internal",
		"--", "add-port", "br-int", "no-such-netdev")
	servers.VSwitchdRealNetdevs(t, d)
	servers.Until(t, "the error is seen", func() bool {
		i := s.View().Interfaces["no-such-netdev"]
		return i.Ofport == -1 && i.Error != "" && i.IfIndex == 0
	})
}
