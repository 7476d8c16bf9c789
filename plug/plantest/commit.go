package plantest

import (
	"fmt"
	"maps"

	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// Commit does to a view what ovsdb-server and ovs-vswitchd would do, and
// refuses what ovsdb-server would refuse.
func Commit(v ovs.View, x *representor.Index, changes []ovs.Change) (ovs.View, error) {
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
			next.Interfaces[e.Interface.Name] = Edited(have, e)
		}
		out = next
	}
	return out, nil
}

// Edited is a row after an edit.
func Edited(r ovs.Interface, e ovs.Edit) ovs.Interface {
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
	setKeys(&r, e)
	if e.ClearType {
		r.Type = ""
	}
	if e.MTURequest != nil {
		r.MTURequest = *e.MTURequest
	}
	return r
}

func setKeys(r *ovs.Interface, e ovs.Edit) {
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
}
