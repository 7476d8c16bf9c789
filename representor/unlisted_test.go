package representor_test

import (
	"strings"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

// shortList is a card whose list of ports has its PF alone, and a netdev that no port claims.
func shortList(l representor.Link) representor.Card {
	handle := devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}
	l.Name, l.Settled = "eth7", true
	if l.Parent == (devlink.Handle{}) {
		l.Parent = handle
	}
	return representor.Card{
		Complete: true, Links: map[uint32]representor.Link{7: l},
		Ports: []devlink.Port{{
			Handle: handle, Index: 1000, Type: devlink.TypeEth, Flavour: devlink.FlavourPCIPF,
			Controller: devlink.Some[uint32](1), External: devlink.Some(true), PF: devlink.Some[uint16](0),
			Function: &devlink.Function{HWAddr: []byte{0, 0x53, 0, 0, 0, 0x42}},
		}},
	}
}

func TestUnlisted_ANetdevSaysWhoseItIsByItsPortsNameOnItsInstance(t *testing.T) {
	for _, tt := range []struct {
		says, canonical string
		want            bool
	}{
		{"c1pf0vf3", "pci/0000:03:00.0 c1pf0vf3", true},
		{"c1pf0vf3", "pci/0000:03:00.0 c1pf0vf4", false},
		{"c1pf0vf3", "pci/0000:03:00.0 c2pf0vf3", false},
		{"c1pf0vf3", "pci/0000:03:00.1 c1pf0vf3", false},
		{"c1pf0vf3", "pci/0000:03:00.0 c1pf0vf3 local", false},
		{"c1pf0vf3", "pci/0000:03:00.0 pf0vf3", false},
		{"pf0vf3", "pci/0000:03:00.0 pf0vf3", true}, // of a kernel without controllers
		{"pf0vf3", "pci/0000:03:00.0 c0pf0vf3 local", true},
		{"pf0vf3", "pci/0000:03:00.0 c2pf0vf3 local", true}, // of a satellite
		{"pf0vf3", "pci/0000:03:00.0 c1pf0vf3", false},
		{"pf0vf3", "pci/0000:03:00.0 c0pf0vf31 local", false},
		{"pf0sf88", "pci/0000:03:00.0 c1pf0sf88", true},
		{"c1pf0sf88", "pci/0000:03:00.0 c1pf0sf88", true},
		{"pf0sf88", "pci/0000:03:00.0 c0pf0sf88 local", true},
		{"c1pf0", "pci/0000:03:00.0 c1pf0", true},
		{"p0", "pci/0000:03:00.0 c1pf0", false},
		{"", "pci/0000:03:00.0 c1pf0", false},
		{"", "", false},
		{"c1pf0vf3", "", false},
	} {
		x := representor.NewIndex(shortList(representor.Link{PortName: tt.says}), representor.Settings{})
		if got := x.Says(7, tt.canonical); got != tt.want {
			t.Errorf("a netdev that says %q is that of %q: %v", tt.says, tt.canonical, got)
		}
	}
}

func TestUnlisted_WhatIsToldOtherwiseCountsMore(t *testing.T) {
	const vf3 = "pci/0000:03:00.0 c1pf0vf3"
	for name, edit := range map[string]func(*representor.Card){
		"the kernel tells netdevs' ports, and none for this one": func(c *representor.Card) {
			l := c.Links[7]
			l.TellsPort = true
			c.Links[7] = l
		},
		"a port that is listed claims it": func(c *representor.Card) { c.Ports[0].IfIndex = 7 },
		"it is gone":                      func(c *representor.Card) { delete(c.Links, 7) },
	} {
		card := shortList(representor.Link{PortName: "c1pf0vf3"})
		edit(&card)
		if x := representor.NewIndex(card, representor.Settings{}); x.Says(7, vf3) || x.Unlisted() != "" {
			t.Errorf("%s: %v, %q", name, x.Says(7, vf3), x.Unlisted())
		}
	}
}

func TestUnlisted_AShortListIsToldAndPFsMayBeMissingWhereOneIs(t *testing.T) {
	asked := representor.Query{PFMAC: representor.MAC{0, 0x53, 0, 0, 0, 0x42}, Kind: representor.VF, Number: 3}
	elsewhere := devlink.Handle{Bus: "pci", Device: "0000:41:00.0"}
	for _, tt := range []struct {
		link representor.Link
		told bool
		code representor.Code
		says string
	}{
		{representor.Link{PortName: "c1pf0vf3"}, true, representor.CodeFunctionNotFound, "netdev eth7 says that it is that function's"},
		{representor.Link{PortName: "c1pf0vf4"}, true, representor.CodeFunctionNotFound, "enable it there"},
		{representor.Link{PortName: "c2pf0"}, true, representor.CodePFUncertain, ""},
		{representor.Link{PortName: "c1pf0"}, false, representor.CodeFunctionNotFound, ""}, // a port is listed, without its netdev
		{representor.Link{PortName: "p1"}, false, representor.CodeFunctionNotFound, ""},
		{representor.Link{PortName: "pf"}, false, representor.CodeFunctionNotFound, ""},
		{representor.Link{PortName: "pf0", Parent: elsewhere}, false, representor.CodeFunctionNotFound, ""}, // of a driver without devlink ports
	} {
		x := representor.NewIndex(shortList(tt.link), representor.Settings{})
		if told := strings.Contains(x.Unlisted(), "eth7 (pci/0000:03:00.0 "+tt.link.PortName+")"); told != tt.told {
			t.Errorf("%+v is told as %q", tt.link, x.Unlisted())
		}
		if _, why := x.Lookup(asked); why == nil || why.Code != tt.code || !strings.Contains(why.Message, tt.says) {
			t.Errorf("%+v: a request gets %+v, want %s with %q", tt.link, why, tt.code, tt.says)
		}
	}
}
