package scenes

import (
	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// cardWith edits the card: its PF, its VF, everything.
func cardWith(edit func(c *representor.Card, pf, vf *devlink.Port), pairs ...string) *World {
	return With(Asks("vm1", pairs...)).But(func(w *World) { edit(&w.Card, &w.Card.Ports[0], &w.Card.Ports[1]) })
}

func cardScenes() []Scene {
	const serial = "vif-plug:representor:card-serial-number"
	type ports = devlink.Port
	pending := func(code reason.Code, w *World) Scene {
		return Scene{Name: string(code), World: w, State: plan.Pending, Code: code}
	}
	named := func(name string, s Scene) Scene { s.Name = name; return s }
	return []Scene{
		pending(reason.CodeNoDevlink, cardWith(func(c *representor.Card, _, _ *ports) {
			c.Complete, c.Problem = false, "the kernel has no devlink: operation not supported"
		})),
		pending(reason.CodePFNotFound, With(Asks("vm1", "vif-plug:representor:pf-mac", "00:53:00:00:00:99"))),
		named("pf-not-found-in-legacy-mode", pending(reason.CodePFNotFound, cardWith(func(c *representor.Card, pf, _ *ports) {
			pf.Flavour, pf.Number, pf.Function = devlink.FlavourPhysical, devlink.Some[uint32](0), nil
			c.Ports = c.Ports[:1]
		}))),
		named("pf-not-found-of-this-machine-only", pending(reason.CodePFNotFound, cardWith(func(_ *representor.Card, pf, vf *ports) {
			pf.Controller, pf.External = devlink.Some[uint32](0), devlink.Some(false)
			vf.Controller, vf.External = devlink.Some[uint32](0), devlink.Some(false)
		}))),
		named("pf-not-found-of-several", pending(reason.CodePFNotFound, cardWith(func(c *representor.Card, pf, _ *ports) {
			other := *pf
			other.Index, other.PF, other.Function = 2000, devlink.Some[uint16](1), &devlink.Function{HWAddr: []byte{0, 0x53, 0, 0, 0, 0x43}}
			c.Ports = append(c.Ports, other)
		}, "vif-plug:representor:pf-mac", "00:53:00:00:00:99"))),
		named("pf-not-found-on-that-controller",
			pending(reason.CodePFNotFound, With(Asks("vm1", "vif-plug:representor:controller", "2")))),
		named("function-not-found-below-others", pending(reason.CodeFunctionNotFound, cardWith(func(_ *representor.Card, _, vf *ports) {
			vf.VF = devlink.Some[uint16](7)
		}))),
		named("function-not-found-in-a-short-list", pending(reason.CodeFunctionNotFound, cardWith(func(c *representor.Card, _, vf *ports) {
			c.Ports, c.Links[10] = c.Ports[:1], representor.Link{Name: "pf0vf0", MTU: 1500, Settled: true, PortName: "c1pf0vf0", Parent: vf.Handle}
		}))),
		named("function-not-found-sf", pending(reason.CodeFunctionNotFound,
			With(Asks("vm1", "vif-plug:representor:vf-num", "", "vif-plug:representor:sf-num", "7")))),
		pending(reason.CodePFMACUnknown, cardWith(func(_ *representor.Card, pf, _ *ports) { pf.Function = nil })),
		named("pf-mac-unknown-of-this-machine", pending(reason.CodePFMACUnknown, cardWith(func(c *representor.Card, _, vf *ports) {
			vf.Controller, vf.External = devlink.Some[uint32](0), devlink.Some(false)
			c.Ports = c.Ports[1:]
		}).But(func(w *World) { w.settings.LocalFunctions = true }))),
		pending(reason.CodePFAmbiguous, cardWith(func(c *representor.Card, pf, _ *ports) {
			twin := *pf
			twin.Index, twin.Controller = 2000, devlink.Some[uint32](2)
			c.Ports = append(c.Ports, twin)
		})),
		pending(reason.CodePFUncertain, cardWith(func(c *representor.Card, _, _ *ports) {
			c.MayLackPFs, c.Problem = true, "devlink port pci/0000:03:00.1/7 can't be read: input/output error"
		})),
		pending(reason.CodeSerialMismatch, cardWith(func(c *representor.Card, pf, _ *ports) {
			c.Serials = map[devlink.Handle]representor.Serial{pf.Handle: {Number: "MT2242X00002"}}
		}, serial, "MT2242X00001")),
		pending(reason.CodeSerialUnknown, With(Asks("vm1", serial, "MT2242X00001"))),
		pending(reason.CodeFunctionNotFound, With(Asks("vm1", "vif-plug:representor:vf-num", "9"))),
		pending(reason.CodeFunctionAmbiguous, cardWith(func(c *representor.Card, _, vf *ports) {
			twin := *vf
			twin.Index, twin.IfIndex = 2, 0
			c.Ports = append(c.Ports, twin)
		})),
		named("netdev-disputed", pending(reason.CodeFunctionAmbiguous, cardWith(func(c *representor.Card, _, vf *ports) {
			other := *vf
			other.Index, other.VF = 2, devlink.Some[uint16](1)
			c.Ports = append(c.Ports, other)
		}))),
		pending(reason.CodeNoNetdev, cardWith(func(_ *representor.Card, _, vf *ports) { vf.IfIndex = 0 })),
		pending(reason.CodeNetdevSettling, cardWith(func(c *representor.Card, _, _ *ports) {
			c.Links[10] = representor.Link{Name: "eth3", MTU: 1500}
		})),
		pending(reason.CodeNetdevHasMaster, cardWith(func(c *representor.Card, _, _ *ports) {
			c.Links[10] = representor.Link{Name: "pf0vf0", MTU: 1500, Settled: true, Master: "br0", MasterKind: "bridge"}
		})),
		pending(reason.CodeNotEthernet, cardWith(func(_ *representor.Card, _, vf *ports) { vf.Type = devlink.TypeIB })),
	}
}
