package explain

import (
	"maps"
	"slices"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
)

const interfaceTable = "local database, table Interface"

func (c *chain) bridge() {
	a := c.in.Actual
	s := c.begin(Bridge, "local database, table Bridge")
	s.read("endpoint", c.in.LocalEndpoint)
	s.read("bridge", a.Bridge)
	if a.BridgeUUID != "" {
		s.read("datapath_type", a.DatapathType)
		if key, value := a.Userspace(); key != "" {
			s.read(key, value)
		}
	}
	switch {
	case !a.Complete:
		c.fail(s, &reason.Reason{
			Code:    reason.CodeLocalDatabase,
			Message: "the local Open_vSwitch database can't be read: " + reason.Prose(a.Problem),
		})
	case a.BridgeUUID == "":
		c.fail(s, &reason.Reason{Code: reason.CodeBridgeMissing, Message: "the integration bridge doesn't exist"})
	case !a.KernelDatapath():
		c.fail(s, &reason.Reason{Code: reason.CodeUnsupportedDatapath,
			Message: "a kernel netdev can't be plugged into a bridge of that datapath_type"})
	default:
		s.is(OK, "the bridge is there, with the kernel's datapath")
	}
}

// blind ends a step about the switch while the local database can't be read, and
// reports whether that is so.
func (c *chain) blind(s *Step) bool {
	if c.in.Actual.Complete {
		return false
	}
	s.is(Unknown, "the local database can't be read")
	return true
}

// others is what is in the place of the port: rows that aren't ours, other requests.
func (c *chain) others() {
	s := c.begin(Others, interfaceTable+", other requests")
	if c.blind(s) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.in.Actual.Interfaces)) {
		r := c.in.Actual.Interfaces[name]
		named := name == c.rep.Link.Name && name != ""
		claims := r.IfaceID == c.in.LogicalPort && r.Bridge == c.in.Actual.Bridge
		if (named || claims) && (c.placed == nil || r.UUID != c.placed.UUID) {
			s.read("row "+name, describe(r))
		}
	}
	if _, row := c.in.Actual.Interfaces[c.rep.Link.Name]; !row && c.in.Actual.PortNames[c.rep.Link.Name] {
		s.read("port "+c.rep.Link.Name, "a Port or a bridge of that name, with an Interface of another")
	}
	if len(s.Read) == 0 {
		s.is(OK, "no other row has the netdev's name or the port's iface-id")
	} else {
		s.is(OK, "they are on their way out, or in nobody's way")
	}
}

func describe(r ovs.Interface) string {
	whose := "not ours"
	switch {
	case r.OVNPlugged != "":
		whose = "of a plug provider built into ovn-controller"
	case r.Marked:
		whose = "ours, for " + r.Marker.LogicalPort
	}
	where := "no bridge"
	if r.Bridge != "" {
		where = r.Bridge
	}
	if r.PortName != r.Name && r.PortName != "" {
		where += " in Port " + r.PortName
	}
	id := "without iface-id"
	if r.IfaceID != "" {
		id = "iface-id " + r.IfaceID
	} else if r.IsParked() {
		id += " while its function is away, else " + r.Parked
	}
	return whose + ", on " + where + ", " + id
}

func (c *chain) row() {
	s := c.begin(Row, interfaceTable)
	if c.blind(s) {
		return
	}
	if c.placed == nil {
		s.is(Skipped, "there is no row of ours for the port")
		return
	}
	r := c.placed
	s.read("row", r.Name)
	s.readIf("iface-id", r.IfaceID)
	s.readIf(ovs.KeyParked, r.Parked)
	s.readIf("iface-id-ver", r.IfaceIDVer)
	s.readIf("mtu_request", number(r.MTURequest))
	s.read(ovs.KeyFunction, r.Marker.Function)
	s.read(ovs.KeyRequest, r.Marker.Request)
	if r.IsParked() {
		s.is(OK, "our row is there, and carries nobody's name while its function is away")
		return
	}
	s.is(OK, "our row is there")
}

func (c *chain) ofport() {
	s := c.begin(Ofport, interfaceTable+", as ovs-vswitchd fills it in")
	if c.blind(s) {
		return
	}
	if c.placed == nil {
		s.is(Skipped, "there is no row of ours for the port")
		return
	}
	r := c.placed
	s.read("ofport", number(r.Ofport))
	s.read("ifindex", number(r.IfIndex))
	s.readIf("error", r.Error)
	why := &reason.Reason{}
	switch {
	case r.Ofport > 0 && c.rep.IfIndex == 0:
		s.is(Unknown, "ovs-vswitchd has a netdev open; the function has none to compare it with")
		return
	case r.Ofport > 0 && r.IfIndex == c.rep.IfIndex:
		s.is(OK, "ovs-vswitchd has the function's netdev open")
		return
	case r.Ofport > 0 && r.IfIndex == 0:
		why.Code, why.Message = reason.CodeAwaitingOfport, "ovs-vswitchd has not said yet which netdev it has open"
	case r.Ofport > 0:
		why.Code, why.Message = reason.CodeStaleInterface, "ovs-vswitchd has another netdev open under the name than the function's"
	case r.Ofport < 0 && r.Error == "":
		why.Code, why.Message = reason.CodeInterfaceError, "ovs-vswitchd gave the netdev no OpenFlow port, and doesn't say why"
	case r.Ofport < 0 || r.Error != "":
		why.Code, why.Message = reason.CodeInterfaceError, "ovs-vswitchd can't open the netdev"
	default:
		why.Code, why.Message = reason.CodeAwaitingOfport, "ovs-vswitchd has not opened the netdev yet"
	}
	c.fail(s, why)
}

func (c *chain) link() {
	s := c.begin(LinkUp, "rtnetlink")
	switch {
	case c.placed == nil:
		s.is(Skipped, "there is no row of ours for the port")
	case c.rep.IfIndex == 0:
		s.is(Unknown, "the function's netdev isn't there")
	case !c.rep.Link.Up:
		s.read("netdev", c.rep.Link.Name)
		s.is(Warning, "the link is down, so the function has no network")
		s.Remedy = c.fill("nothing to do: representord sets it up, one that somebody took down after the time of link-down-grace; "+
			"to have it up at once: `ip link set {netdev} up`", &reason.Reason{})
	default:
		s.read("netdev", c.rep.Link.Name)
		s.is(OK, "the link is up")
	}
}

func (c *chain) installed() {
	s := c.begin(OVNInstalled, interfaceTable+", as ovn-controller fills it in")
	if c.blind(s) {
		return
	}
	if c.placed == nil {
		s.is(Skipped, "there is no row of ours for the port")
		return
	}
	s.read("ovn-installed", yes(c.placed.Installed))
	if c.placed.Installed {
		s.is(OK, "ovn-controller has installed the port's flows")
		return
	}
	s.is(Warning, "ovn-controller has not installed the port's flows yet")
	s.Remedy = "see what ovn-controller's log says of claiming the port: `tail -n 50 /var/log/ovn/ovn-controller.log`"
	if c.placed.IfaceIDVer != "" {
		s.Remedy = "iface-id-ver of the row and of the port must be alike; " + s.Remedy
	}
}

func (c *chain) up() {
	s := c.begin(Up, portBindingTable)
	switch {
	case c.binding == nil || c.stale:
		s.is(Unknown, "the Southbound can't be asked now")
	case c.placed == nil:
		s.is(Skipped, "there is no row of ours for the port")
	case c.binding.Disposition == ovn.Gone:
		s.is(Skipped, "there is no Port_Binding")
	case c.binding.Up:
		s.read("up", "yes")
		s.is(OK, "OVN holds the port for up")
	default:
		s.read("up", "no")
		s.is(Warning, "OVN doesn't hold the port for up yet; Neutron and Nova wait for that")
		s.Remedy = "ovn-controller sets it once the flows are installed, and ovn-northd passes it on: see their logs"
	}
}
