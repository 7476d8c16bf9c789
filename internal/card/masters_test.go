package card

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/representor"
)

func TestLinksOf_NamesTheMasterUnlessThatIsADatapathOfOpenVSwitch(t *testing.T) {
	type master struct{ Name, Kind string }
	links := linksOf([]netdev.Link{
		{IfIndex: 1, Name: "free"},
		{IfIndex: 2, Name: "bridged", Master: 11},
		{IfIndex: 3, Name: "plugged", Master: 12},
		{IfIndex: 4, Name: "orphan", Master: 99}, // its master isn't on the list
		{IfIndex: 11, Name: "br0", Kind: "bridge", Master: 13},
		{IfIndex: 12, Name: "ovs-system", Kind: "openvswitch"},
		{IfIndex: 13, Name: "vrf0", Kind: "vrf"},
	}, netdev.NewSettler(func(uint32) netdev.Word { return netdev.Absent }))
	got := map[string]master{}
	for _, l := range links {
		if l.Master != "" {
			got[l.Name] = master{l.Master, l.MasterKind}
		}
	}
	if diff := cmp.Diff(map[string]master{"bridged": {"br0", "bridge"}, "br0": {"vrf0", "vrf"}}, got); diff != "" {
		t.Errorf("masters (-want +got):\n%s", diff)
	}
}

func TestWatcher_SeesANetdevGoIntoALinuxBridgeAndOutOfIt(t *testing.T) {
	r := watchReal(t, newKernel())
	a := veth(t, "in0", "in1")
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "br7"
	bridge := &netlink.Bridge{LinkAttrs: attrs}
	if err := netlink.LinkAdd(bridge); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := netlink.LinkDel(bridge); err != nil {
			t.Error(err)
		}
	})
	shown := func(master, kind string) func(*representor.Index) bool {
		return func(x *representor.Index) bool {
			l, ok := x.LinkByIfIndex(uint32(a.Attrs().Index))
			return ok && l.Master == master && l.MasterKind == kind
		}
	}
	if err := netlink.LinkSetMaster(a, bridge); err != nil {
		t.Fatal(err)
	}
	r.await(t, "the bridge has it", shown("br7", "bridge"))
	if err := netlink.LinkSetNoMaster(a); err != nil {
		t.Fatal(err)
	}
	r.await(t, "it is free", shown("", ""))
}
