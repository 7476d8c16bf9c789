package representor_test

import (
	"strings"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
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
		{"pf0vf3", "pci/0000:03:00.0 pf0vf3", false}, // of a kernel without controllers, which this isn't
		{"pf0vf3", "pci/0000:03:00.0 c0pf0vf3 local", true},
		{"pf0vf3", "pci/0000:03:00.0 c2pf0vf3 local", false}, // a satellite's, or this machine's own
		{"pf0vf3", "pci/0000:03:00.0 c1pf0vf3", false},
		{"pf0vf3", "pci/0000:03:00.0 c0pf0vf31 local", false},
		{"c1pf0sf88", "pci/0000:03:00.0 c1pf0sf88", true},
		{"pf0sf88", "pci/0000:03:00.0 c0pf0sf88 local", true},
		{"pf0sf88", "pci/0000:03:00.0 c1pf0sf88", false},
		{"c1pf1", "pci/0000:03:00.0 c1pf1", true},
		{"p0", "pci/0000:03:00.0 c1pf0", false},
		{"", "pci/0000:03:00.0 c1pf0", false},
		{"", "", false},
		{"c1pf0vf3", "", false},
	} {
		x := representor.NewIndex(shortList(representor.Link{PortName: tt.says}), representor.Settings{})
		if got := x.Says(7, called(tt.canonical)); got != tt.want {
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
		"the function is listed, and has another netdev": func(c *representor.Card) {
			vf := c.Ports[0]
			vf.Index, vf.Flavour, vf.VF, vf.IfIndex = 3, devlink.FlavourPCIVF, devlink.Some[uint16](3), 8
			c.Ports = append(c.Ports, vf)
			c.Links[8] = representor.Link{Name: "eth8", Settled: true}
		},
		"two ports claim the function": func(c *representor.Card) {
			vf := c.Ports[0]
			vf.Index, vf.Flavour, vf.VF = 3, devlink.FlavourPCIVF, devlink.Some[uint16](3)
			twin := vf
			twin.Index = 4
			c.Ports = append(c.Ports, vf, twin)
		},
		"the function is listed, and its netdev is in another namespace": func(c *representor.Card) {
			vf := c.Ports[0]
			vf.Index, vf.Flavour, vf.VF, vf.IfIndex = 3, devlink.FlavourPCIVF, devlink.Some[uint16](3), 8
			c.Ports = append(c.Ports, vf)
		},
		"another netdev says the same": func(c *representor.Card) { c.Links[8] = c.Links[7] },
	} {
		card := shortList(representor.Link{PortName: "c1pf0vf3"})
		edit(&card)
		if x := representor.NewIndex(card, representor.Settings{}); x.Says(7, called(vf3)) || x.Unlisted() != "" {
			t.Errorf("%s: %v, %q", name, x.Says(7, called(vf3)), x.Unlisted())
		}
	}
}

func TestUnlisted_OnAKernelWithoutControllersTheNameIsTheFunctions(t *testing.T) {
	card := shortList(representor.Link{PortName: "pf0vf3"})
	card.Ports[0].Controller, card.Ports[0].External = devlink.Optional[uint32]{}, devlink.Optional[bool]{}
	if x := representor.NewIndex(card, representor.Settings{}); !x.Says(7, called("pci/0000:03:00.0 pf0vf3")) ||
		x.Says(7, called("pci/0000:03:00.0 c1pf0vf3")) {
		t.Error("a netdev that says pf0vf3 is that of another function")
	}
}

// The list ends before the first function, and yet it is seen that the kernel numbers controllers.
func TestUnlisted_AFunctionOfBeforeControllersWereNumberedIsNoneOfThisMachinesOwn(t *testing.T) {
	card := shortList(representor.Link{PortName: "pf0vf3"})
	card.Ports[0].Flavour, card.Ports[0].PF = devlink.FlavourPhysical, devlink.Optional[uint16]{}
	card.Links[8] = representor.Link{Name: "eth8", PortName: "c1pf0vf4", Parent: card.Ports[0].Handle, Settled: true}
	if representor.NewIndex(card, representor.Settings{}).Says(7, called("pci/0000:03:00.0 pf0vf3")) {
		t.Error("it is taken for the host's")
	}
}

// The name of a netdev never says that it is this machine's own.
func TestUnlisted_AFunctionOfThisMachinesOwnDoesNotShowThatAPFIsLacking(t *testing.T) {
	for says, lacks := range map[string]bool{"pf0sf88": false, "pf3sf88": false, "c1pf0vf4": false, "c1pf1vf4": true} {
		if x := representor.NewIndex(shortList(representor.Link{PortName: says}), representor.Settings{}); x.MayLackPFs() != lacks {
			t.Errorf("a netdev that says %s: a PF may be lacking: %v", says, x.MayLackPFs())
		}
	}
}

// A PF of the same number may be the one that sysfs tells the MAC of.
func TestUnlisted_NoMACComesFromSysfsWhileANetdevTellsOfAPFThatIsNotListed(t *testing.T) {
	for says, want := range map[string]bool{"c1pf0vf4": true, "c2pf0vf4": false} {
		card := shortList(representor.Link{PortName: says})
		card.Ports[0].Function = &devlink.Function{HWAddr: make([]byte, 6)}
		mac := representor.MAC{0, 0x53, 0, 0, 0, 0x42}
		card.PFMACs = map[representor.Uplink]representor.MAC{{Handle: card.Ports[0].Handle, Number: 0}: mac}
		if _, known := representor.NewIndex(card, representor.Settings{}).Meant(representor.Query{PFMAC: mac, Kind: representor.VF, Number: 3,
			Controller: devlink.Some[uint32](1)}); known != want {
			t.Errorf("a netdev that says %s: the MAC is known: %v", says, known)
		}
	}
}

func TestUnlisted_AShortListIsTold(t *testing.T) {
	asked := representor.Query{PFMAC: representor.MAC{0, 0x53, 0, 0, 0, 0x42}, Kind: representor.VF, Number: 3}
	elsewhere := devlink.Handle{Bus: "pci", Device: "0000:41:00.0"}
	for _, tt := range []struct {
		link representor.Link
		told bool
		says string // what a request for VF 3 is told
	}{
		{representor.Link{PortName: "c1pf0vf3"}, true, "netdev eth7 says that it is that function's"},
		{representor.Link{PortName: "c1pf0vf4"}, true, "enable it there"},
		{representor.Link{PortName: "c2pf0"}, true, "may be among the ports that can't be read"},
		{representor.Link{PortName: "c1pf0vf3", Parent: elsewhere}, true, "may be among"}, // nothing of that card is listed
		{representor.Link{PortName: "c1pf0"}, false, "enable it there"},                   // a port is listed, without its netdev
		{representor.Link{PortName: "p1"}, false, "enable it there"},
		{representor.Link{PortName: "pf"}, false, "enable it there"},
		{representor.Link{PortName: "pf0", Parent: elsewhere}, false, "enable it there"}, // of a driver without devlink ports
	} {
		x := representor.NewIndex(shortList(tt.link), representor.Settings{})
		if told := strings.Contains(x.Unlisted(), " "+tt.link.PortName+")"); told != tt.told {
			t.Errorf("%+v is told as %q", tt.link, x.Unlisted())
		}
		code := reason.CodeFunctionNotFound
		if strings.HasPrefix(tt.says, "may be") { // a PF isn't listed
			code = reason.CodePFUncertain
		}
		if _, why := x.Lookup(asked); why == nil || why.Code != code || !strings.Contains(why.Message, tt.says) {
			t.Errorf("%+v: a request gets %+v, want one with %q", tt.link, why, tt.says)
		}
	}
}
