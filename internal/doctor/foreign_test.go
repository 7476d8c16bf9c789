package doctor

import (
	"slices"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// plugByHand puts a representor on a bridge that a request may ask for.
func plugByHand(h *Host, flavour devlink.Flavour, bridge string) {
	rep := pf(2, 2, 0x43)
	rep.Flavour, rep.IfIndex = flavour, 10
	if flavour == devlink.FlavourPCIVF {
		rep.Controller, rep.VF, rep.Function = devlink.Some[uint32](1), devlink.Some[uint16](0), nil
	}
	h.Card.Ports = append(h.Card.Ports, rep)
	h.Card.Links[10] = representor.Link{Name: "rep0", Settled: true}
	h.Local.Interfaces = map[string]ovs.Interface{"rep0": {Name: "rep0", PortName: "rep0", PortInterfaces: 1, Bridge: bridge}}
}

// That is how some cards are delivered, and what is ours is nobody else's.
func TestForeignRow_WhatIsInNobodysWayIsNone(t *testing.T) {
	for name, edit := range map[string]func(*Host){
		"a PF on a bridge of its own": func(h *Host) { plugByHand(h, devlink.FlavourPCIPF, "ovsbr1") },
		"a row of ours": func(h *Host) {
			plugByHand(h, devlink.FlavourPCIVF, "br-int")
			h.Local.Interfaces["rep0"] = ovs.Interface{Name: "rep0", Bridge: "br-int", Marked: true}
		},
		"an SF of a PF of our own behind another controller, on a bridge of its own": func(h *Host) {
			plugByHand(h, devlink.FlavourPCIVF, "ovsbr1")
			satellite := pf(3, 2, 0x51)
			satellite.External = devlink.Some(false)
			sf := &h.Card.Ports[len(h.Card.Ports)-1]
			sf.Flavour, sf.VF, sf.SF = devlink.FlavourPCISF, devlink.Optional[uint16]{}, devlink.Some[uint32](5)
			sf.Controller, sf.External = devlink.Some[uint32](2), devlink.Optional[bool]{}
			h.Card.Ports = append(h.Card.Ports, satellite)
		},
		"an SF of which nothing says whose it is, on a bridge of its own": func(h *Host) {
			plugByHand(h, devlink.FlavourPCIVF, "ovsbr1")
			sf := &h.Card.Ports[len(h.Card.Ports)-1]
			sf.Flavour, sf.VF, sf.SF = devlink.FlavourPCISF, devlink.Optional[uint16]{}, devlink.Some[uint32](5)
			sf.Controller, sf.External = devlink.Some[uint32](4), devlink.Optional[bool]{}
		},
		"a row on no bridge": func(h *Host) { plugByHand(h, devlink.FlavourPCIVF, "") },
	} {
		h := healthy()
		edit(&h)
		if d := Examine(h); !d.Healthy || slices.ContainsFunc(d.Checks, func(c diagnose.Check) bool { return c.Verdict != diagnose.OK }) {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
