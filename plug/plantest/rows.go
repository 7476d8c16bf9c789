package plantest

import (
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
)

// OurRow is a row of ours, opened by ovs-vswitchd.
func OurRow(lport, name string, pf, vf int, ifindex uint32) ovs.Interface {
	return ovs.Interface{
		UUID: "uuid-" + name, Name: name, PortUUID: "port-" + name, PortName: name, PortInterfaces: 1, Bridge: "br-int",
		IfaceID: lport, Marked: true, Ofport: int(ifindex), IfIndex: ifindex,
		Marker:     ovs.Marker{LogicalPort: lport, Function: testcard.VF(pf, vf).String(), Request: testcard.VFQuery(pf, vf).String()},
		Southbound: "SB_Global sb1",
	}
}

// ForeignRow is somebody else's.
func ForeignRow(name, ifaceID string) ovs.Interface {
	return ovs.Interface{
		UUID: "uuid-" + name, Name: name, PortUUID: "port-" + name, PortName: name, PortInterfaces: 1, Bridge: "br-int", IfaceID: ifaceID,
	}
}

// BridgeWith is the local database with these rows, and the integration bridge br-int.
func BridgeWith(rows ...ovs.Interface) ovs.View {
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

// BuiltIn is a row of the plug provider that is built into ovn-controller.
func BuiltIn(name, lport string) ovs.Interface {
	r := ForeignRow(name, lport)
	r.OVNPlugged = "representor"
	return r
}

// Behind is a row of ours on br-old, which was the integration bridge before.
func Behind(lport, name string, pf, vf int, ifindex uint32) ovs.Interface {
	r := OurRow(lport, name, pf, vf, ifindex)
	r.Bridge = "br-old"
	return r
}

// Answering is a row that says which Southbound it answers.
func Answering(r ovs.Interface, southbound string) ovs.Interface {
	r.Southbound = southbound
	return r
}
