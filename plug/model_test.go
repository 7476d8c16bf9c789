package plug

import (
	"fmt"
	"maps"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// The tests' card: two host PFs on one handle, with VFs below them.
func handle() devlink.Handle { return devlink.Handle{Bus: "pci", Device: "0000:03:00.0"} }

func pfMAC(pf int) representor.MAC { return representor.MAC{0, 0x53, 0, 0, 0, byte(0x42 + pf)} }

func vfFunction(pf, vf int) representor.Function {
	return representor.Function{
		Handle: handle(), Controller: devlink.Some[uint32](1), External: true,
		PF: uint16(pf), Kind: representor.VF, Number: uint32(vf),
	}
}

// called is the function with a canonical text; its Kind is 0 if there is none.
func called(text string) representor.Function {
	f, _ := representor.ParseFunction(text)
	return f
}

func vfQuery(pf, vf int) representor.Query {
	return representor.Query{PFMAC: pfMAC(pf), Kind: representor.VF, Number: uint32(vf)}
}

// netdev is a VF's representor in the tests' card: 0 for a port without netdev.
type netdev struct {
	pf, vf  int
	name    string
	ifindex uint32
	down    bool
	unready bool
	master  string // the Linux bridge that it is a port of
}

func cardOf(devs ...netdev) representor.Card {
	c := representor.Card{Complete: true, Links: map[uint32]representor.Link{}}
	for pf := range 2 {
		mac := pfMAC(pf)
		c.Ports = append(c.Ports, devlink.Port{
			Handle: handle(), Index: uint32(1000 + pf), Type: devlink.TypeEth, Flavour: devlink.FlavourPCIPF,
			Controller: devlink.Some[uint32](1), External: devlink.Some(true), PF: devlink.Some(uint16(pf)),
			Function: &devlink.Function{HWAddr: mac[:]},
		})
	}
	for i, d := range devs {
		c.Ports = append(c.Ports, devlink.Port{
			Handle: handle(), Index: uint32(i), Type: devlink.TypeEth, Flavour: devlink.FlavourPCIVF,
			Controller: devlink.Some[uint32](1), External: devlink.Some(true),
			PF: devlink.Some(uint16(d.pf)), VF: devlink.Some(uint16(d.vf)), IfIndex: d.ifindex,
		})
		if d.ifindex != 0 {
			c.Links[d.ifindex] = representor.Link{Name: d.name, Up: !d.down, MTU: 1500, Settled: !d.unready, Master: d.master}
		}
	}
	return c
}

func indexOf(devs ...netdev) *representor.Index {
	return representor.NewIndex(cardOf(devs...), representor.Settings{})
}

// asks is a binding that asks for a VF.
func asks(lport string, pf, vf int) ovn.Binding {
	return ovn.Binding{LogicalPort: lport, Fate: ovn.Asked, Request: ovn.Request{LogicalPort: lport, Query: vfQuery(pf, vf)}}
}

func invalid(lport string) ovn.Binding {
	return ovn.Binding{LogicalPort: lport, Fate: ovn.Asked, Request: ovn.Request{
		LogicalPort: lport, Invalid: &reason.Reason{Code: reason.CodeInvalidOption, Message: "vf-num is bad"},
	}}
}

// additional is a request for another host, of a migration between it and us.
func additional(b ovn.Binding) ovn.Binding {
	b = fated(b, ovn.Kept)
	b.Additional = true
	return b
}

func fated(b ovn.Binding, f ovn.Fate) ovn.Binding {
	b.Fate, b.Why = f, "a test says so"
	return b
}

// trusted is a complete view of these bindings.
func trusted(bs ...ovn.Binding) ovn.View {
	v := ovn.View{Complete: true, Connected: true, Chassis: "dpu1", ChassisKnown: true, Identity: "sb1", Names: ovn.Names{Global: "sb1"},
		Bindings: map[string]ovn.Binding{}}
	for _, b := range bs {
		if b.Fate == ovn.Gone {
			continue
		}
		v.Bindings[b.LogicalPort] = b
	}
	return v
}

// verdictOn is the Southbound's word on the same bindings, else on those that the view
// shows to ask for something, and Gone for the rest.
func verdictOn(v ovn.View, doubts []string, truth ...ovn.Binding) *ovn.Verdict {
	out := &ovn.Verdict{ChassisKnown: v.ChassisKnown, Identity: v.Identity, Bindings: map[string]ovn.Binding{}}
	for _, d := range doubts {
		out.Bindings[d] = ovn.Binding{LogicalPort: d, Fate: ovn.Gone, Why: "no such row"}
		if b := v.Bindings[d]; b.Fate == ovn.Asked || b.Fate == ovn.Kept {
			out.Bindings[d] = b
		}
	}
	for _, b := range truth {
		if _, asked := out.Bindings[b.LogicalPort]; asked {
			out.Bindings[b.LogicalPort] = b
		}
	}
	return out
}

// ourRow is a row of ours, opened by ovs-vswitchd.
func ourRow(lport, name string, pf, vf int, ifindex uint32) ovs.Interface {
	return ovs.Interface{
		UUID: "uuid-" + name, Name: name, PortUUID: "port-" + name, PortName: name, PortInterfaces: 1, Bridge: "br-int",
		IfaceID: lport, Marked: true, Ofport: int(ifindex), IfIndex: ifindex,
		Marker:     ovs.Marker{LogicalPort: lport, Function: vfFunction(pf, vf).String(), Request: vfQuery(pf, vf).String()},
		Southbound: "SB_Global sb1",
	}
}

// foreignRow is somebody else's.
func foreignRow(name, ifaceID string) ovs.Interface {
	return ovs.Interface{
		UUID: "uuid-" + name, Name: name, PortUUID: "port-" + name, PortName: name, PortInterfaces: 1, Bridge: "br-int", IfaceID: ifaceID,
	}
}

func bridgeWith(rows ...ovs.Interface) ovs.View {
	v := ovs.View{
		Complete: true, Bridge: "br-int", BridgeUUID: "uuid-br", DatapathType: "system",
		Interfaces: map[string]ovs.Interface{}, PortNames: map[string]bool{"br-int": true},
	}
	for _, r := range rows {
		v.Interfaces[r.Name] = r
		v.PortNames[r.PortName] = true
	}
	return v
}

// commit does to a view what ovsdb-server and ovs-vswitchd would do, and
// refuses what ovsdb-server would refuse.
func commit(v ovs.View, x *representor.Index, changes []ovs.Change) (ovs.View, error) {
	out := v
	for _, c := range changes {
		next := out
		next.Interfaces, next.PortNames = maps.Clone(out.Interfaces), maps.Clone(out.PortNames)
		for _, u := range c.Unplug {
			have, ok := next.Interfaces[u.Interface.Name]
			if !ok || have.UUID != u.Interface.UUID || have.Marker != u.Interface.Marker {
				return v, fmt.Errorf("unplug %s: not the row that was planned on", u.Interface.Name)
			}
			delete(next.Interfaces, u.Interface.Name)
			delete(next.PortNames, u.Interface.Name)
		}
		for _, p := range c.Plug {
			if _, taken := next.Interfaces[p.Netdev]; taken || next.PortNames[p.Netdev] {
				return v, fmt.Errorf("plug %s: the name is taken", p.Netdev)
			}
			ifindex, _, _ := x.LinkByName(p.Netdev)
			next.Interfaces[p.Netdev] = ovs.Interface{
				UUID: "new-" + p.Netdev + "-" + p.IfaceID, Name: p.Netdev, PortUUID: "newport-" + p.Netdev, PortName: p.Netdev, PortInterfaces: 1,
				Bridge: v.Bridge, IfaceID: p.IfaceID, IfaceIDVer: p.IfaceIDVer, Marked: true, Marker: p.Marker, Southbound: p.Southbound,
				MTURequest: p.MTURequest, Ofport: int(ifindex), IfIndex: ifindex,
			}
			next.PortNames[p.Netdev] = true
		}
		for _, e := range c.Edit {
			have, ok := next.Interfaces[e.Interface.Name]
			if !ok || have.UUID != e.Interface.UUID {
				return v, fmt.Errorf("edit %s: not the row that was planned on", e.Interface.Name)
			}
			next.Interfaces[e.Interface.Name] = edited(have, e)
		}
		out = next
	}
	return out, nil
}

func edited(r ovs.Interface, e ovs.Edit) ovs.Interface {
	for _, k := range e.Delete {
		switch k {
		case ovs.KeyIfaceIDVer:
			r.IfaceIDVer = ""
		case ovs.KeyOVNPlugged:
			r.OVNPlugged = ""
		case ovs.KeyIfaceID:
			r.IfaceID = ""
		case ovs.KeyParked:
			r.Parked = ""
		}
	}
	for k, v := range e.Set {
		switch k {
		case ovs.KeyIfaceID:
			r.IfaceID = v
		case ovs.KeyIfaceIDVer:
			r.IfaceIDVer = v
		case ovs.KeyLogicalPort:
			r.Marker.LogicalPort, r.Marked = v, true
		case ovs.KeyFunction:
			r.Marker.Function, r.Marked = v, true
		case ovs.KeyRequest:
			r.Marker.Request, r.Marked = v, true
		case ovs.KeySouthbound:
			r.Southbound = v
		case ovs.KeyParked:
			r.Parked = v
		}
	}
	if e.ClearType {
		r.Type = ""
	}
	if e.MTURequest != nil {
		r.MTURequest = *e.MTURequest
	}
	return r
}

// planWith plans the way the Reconciler does: doubts are asked about, and the
// Southbound's truth is what the caller says.
func planWith(in Input, truth ...ovn.Binding) Decision {
	d := Plan(in)
	var asked []string
	for range rounds {
		if len(d.Doubts) == 0 || !in.Asked.Connected || !in.Asked.Complete {
			break
		}
		asked = append(asked, d.Doubts...)
		in.Verdict = verdictOn(in.Asked, asked, truth...)
		d = Plan(in)
	}
	return d
}

func statusOf(t *testing.T, d Decision, lport string) Status {
	t.Helper()
	for _, s := range d.Ports {
		if s.LogicalPort == lport {
			return s
		}
	}
	t.Fatalf("no status for %s in %+v", lport, d.Ports)
	return Status{}
}
