package explain

import (
	"maps"
	"slices"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
)

func (c *chain) bridge(s *diagnose.Check) {
	a := c.in.Actual
	s.Note("endpoint", c.in.LocalEndpoint)
	s.Note("bridge", a.Bridge)
	if a.BridgeUUID != "" {
		s.Note("datapath_type", a.DatapathType)
		if key, value := a.Userspace(); key != "" {
			s.Note(key, value)
		}
	}
	if why := plan.WhyNoBridge(a); why != nil {
		c.fail(s, why)
		return
	}
	s.OK("the bridge is there, with the kernel's datapath")
}

// blind ends a step about the switch while the local database can't be read, and
// reports whether that is so.
func (c *chain) blind(s *diagnose.Check) bool {
	if !c.in.Actual.Complete {
		s.Unknown("the local database can't be read")
	}
	return !c.in.Actual.Complete
}

// rowless ends a step about our row while there is none, and reports whether that is so.
func (c *chain) rowless(s *diagnose.Check) bool {
	if c.placed == nil {
		s.Skip("there is no row of ours for the port")
	}
	return c.placed == nil
}

// others is what is in the place of the port: rows that aren't ours, other requests.
func (c *chain) others(s *diagnose.Check) {
	if c.blind(s) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.in.Actual.Interfaces)) {
		r := c.in.Actual.Interfaces[name]
		named := name == c.rep.Link.Name && name != ""
		claims := r.IfaceID == c.in.LogicalPort && r.Bridge == c.in.Actual.Bridge
		if (named || claims) && (c.placed == nil || r.UUID != c.placed.UUID) {
			s.Note("row "+name, describe(r))
		}
	}
	if _, row := c.in.Actual.Interfaces[c.rep.Link.Name]; !row && c.in.Actual.PortNames[c.rep.Link.Name] {
		s.Note("port "+c.rep.Link.Name, "a Port or a bridge of that name, with an Interface of another")
	}
	if len(s.Read) == 0 {
		s.OK("no other row has the netdev's name or the port's iface-id")
	} else {
		s.OK("they are on their way out, or in nobody's way")
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

func (c *chain) row(s *diagnose.Check) {
	if c.blind(s) || c.rowless(s) {
		return
	}
	r := c.placed
	s.Note("row", r.Name)
	s.NoteIf("iface-id", r.IfaceID)
	s.NoteIf(ovs.KeyParked, r.Parked)
	s.NoteIf("iface-id-ver", r.IfaceIDVer)
	s.NoteIf("mtu_request", number(r.MTURequest))
	s.Note(ovs.KeyFunction, r.Marker.Function)
	s.Note(ovs.KeyRequest, r.Marker.Request)
	if r.IsParked() {
		s.OK("our row is there, and carries nobody's name while its function is away")
		return
	}
	s.OK("our row is there")
}

func (c *chain) ofport(s *diagnose.Check) {
	if c.blind(s) || c.rowless(s) {
		return
	}
	r := c.placed
	s.Note("ofport", number(r.Ofport))
	s.Note("ifindex", number(r.IfIndex))
	s.NoteIf("error", r.Error)
	if r.Ofport > 0 && c.rep.IfIndex == 0 {
		s.Unknown("ovs-vswitchd has a netdev open; the function has none to compare it with")
		return
	}
	if why := plan.WhyUnopened(*r, c.rep.IfIndex); why != nil {
		c.fail(s, why)
		return
	}
	s.OK("ovs-vswitchd has the function's netdev open")
}

func (c *chain) link(s *diagnose.Check) {
	switch {
	case c.rowless(s):
	case c.rep.IfIndex == 0:
		s.Unknown("the function's netdev isn't there")
	case !c.rep.Link.Up:
		s.Note("netdev", c.rep.Link.Name)
		s.Warn("the link is down, so the function has no network",
			c.fill("nothing to do: representord sets it up, one that somebody took down after the time of link-down-grace; "+
				"to have it up at once: `ip link set {netdev} up`"))
	default:
		s.Note("netdev", c.rep.Link.Name)
		s.OK("the link is up")
	}
}

func (c *chain) installed(s *diagnose.Check) {
	if c.blind(s) || c.rowless(s) {
		return
	}
	s.Note("ovn-installed", yes(c.placed.Installed))
	if c.placed.Installed {
		s.OK("ovn-controller has installed the port's flows")
		return
	}
	s.Warn("ovn-controller has not installed the port's flows yet",
		"see what ovn-controller's log says of claiming the port: `tail -n 50 /var/log/ovn/ovn-controller.log`")
	if c.placed.IfaceIDVer != "" {
		s.Remedy = "iface-id-ver of the row and of the port must be alike; " + s.Remedy
	}
}

func (c *chain) up(s *diagnose.Check) {
	switch {
	case c.binding == nil || c.stale:
		s.Unknown("the Southbound can't be asked now")
	case c.rowless(s):
	case c.binding.Disposition == southbound.Gone:
		s.Skip("there is no Port_Binding")
	case c.binding.Up:
		s.Note("up", "yes")
		s.OK("OVN holds the port for up")
	default:
		s.Note("up", "no")
		s.Warn("OVN doesn't hold the port for up yet; Neutron and Nova wait for that",
			"ovn-controller sets it once the flows are installed, and ovn-northd passes it on: see their logs")
	}
}
