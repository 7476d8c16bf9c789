package explain

import (
	"fmt"
	"strconv"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

func (c *chain) card() {
	s := c.begin(Card, "kernel: devlink, rtnetlink, sysfs")
	complete, problem := c.in.Index.Complete()
	s.read("representors", strconv.Itoa(len(c.in.Index.All())))
	switch {
	case !complete:
		c.fail(s, &reason.Reason{
			Code:    reason.CodeNoDevlink,
			Message: "the card's ports can't be read: " + reason.Prose(problem),
		})
	case problem != "":
		s.is(Warning, reason.Prose(problem))
		s.Remedy = "see what the kernel says of these ports: `devlink port show; dmesg | tail -n 50`"
	default:
		s.is(OK, "all ports and netdevs were read")
	}
}

// unasked ends a step for which a request is needed and there is none, and reports
// whether that is so.
func (c *chain) unasked(s *Step) bool {
	switch {
	case c.query != nil:
		return false
	case c.binding == nil:
		s.is(Unknown, "what is asked for can't be known now")
	case !c.ours:
		s.is(Skipped, "nothing is asked of this chassis")
	default:
		s.is(Skipped, "nothing that can be followed is asked for")
	}
	return true
}

func (c *chain) pf() {
	s := c.begin(PF, "devlink ports of flavour pcipf")
	if c.unasked(s) {
		return
	}
	s.read("pf-mac", c.query.PFMAC.String())
	for _, p := range c.in.Index.Candidates(*c.query) {
		mac := ""
		if !p.MAC.IsZero() {
			mac = p.MAC.String()
		}
		s.Candidates = append(s.Candidates, Candidate{
			Function:   reason.Name(p.Function.String()),
			MAC:        mac,
			CardSerial: reason.Name(p.CardSerial),
			Refused:    p.Refused,
		})
	}
	if c.failsAt(s) {
		return
	}
	for _, p := range s.Candidates {
		if p.Refused == "" {
			s.is(OK, p.Function+" has the MAC")
			return
		}
	}
	s.is(Unknown, "the card can't be read")
}

// failsAt lets the step fail if it is the one where the lookup ended, and reports
// whether the lookup got no further.
func (c *chain) failsAt(s *Step) bool {
	if c.wanting == nil {
		return false
	}
	at := stepOf(c.wanting.Code)
	if at == Function && c.found { // several ports claim the netdev, not the function
		at = Netdev
	}
	switch {
	case at == s.Name:
		c.fail(s, c.wanting)
	case at == Card:
		s.is(Unknown, "the card can't be read")
	case at == PF || at == Function && s.Name == Netdev:
		s.is(Skipped, "the function isn't found")
	default:
		return false
	}
	return true
}

func (c *chain) function() {
	s := c.begin(Function, "devlink ports")
	if c.query == nil && c.rep.Function.Kind != 0 {
		s.Source = "the marker on our row, devlink ports"
	} else if c.unasked(s) || c.failsAt(s) {
		c.readMarker(s)
		return
	}
	r := c.rep
	s.read("function", r.Function.String())
	s.read("devlink port", r.Function.Handle.String()+"/"+strconv.FormatUint(uint64(r.PortIndex), 10))
	s.readIf("state", string(r.State))
	s.readIf("opstate", string(r.OpState))
	s.is(OK, "one devlink port stands for it")
	c.addresses(s)
}

// addresses compares the function's own MAC address with the logical port's. OVN drops what
// comes from another one, with port security, and sends nothing there without. Many drivers
// tell none until somebody sets it, which says nothing of what the machine uses.
func (c *chain) addresses(s *Step) {
	has := c.rep.HWAddr
	if !has.IsZero() {
		s.read("hw_addr", has.String())
	}
	if c.binding == nil || c.binding.MAC.IsZero() || c.rep.Function.Kind == representor.PF {
		return
	}
	wants := c.binding.MAC
	s.read("Port_Binding.mac", wants.String())
	if has.IsZero() || has == wants {
		return
	}
	s.is(Warning, fmt.Sprintf("the function's MAC address is %s, and the logical port's is %s: what the machine sends and gets may be dropped",
		has, wants))
	s.Remedy = c.fill("have the host set it, as Nova and libvirt do for a VF, or set it here, which counts when the function's driver "+
		"starts the next time: "+
		"`devlink port function set {devlink-port} hw_addr "+wants.String()+
		"` or have representord do that, with program-hw-addr: true in /etc/representord/representord.yaml", &reason.Reason{})
}

// readMarker notes what our row was made for, when the request doesn't lead there.
func (c *chain) readMarker(s *Step) {
	if c.placed != nil {
		s.readIf("plugged", c.placed.Marker.Function)
	}
}

func (c *chain) netdev() {
	s := c.begin(Netdev, "rtnetlink, udev")
	if c.query != nil || c.rep.Function.Kind == 0 {
		if c.unasked(s) || c.failsAt(s) {
			c.readNetdev(s)
			return
		}
	}
	c.readNetdev(s)
	switch r := c.rep; {
	case r.IfIndex == 0:
		s.is(Failed, "the function has no netdev in this network namespace")
		s.Code, s.Remedy = reason.CodeNoNetdev, c.remedy(&reason.Reason{Code: reason.CodeNoNetdev})
	case !r.Link.Settled:
		s.is(Failed, "udev isn't finished with it")
		s.Code, s.Remedy = reason.CodeNetdevSettling, c.remedy(&reason.Reason{Code: reason.CodeNetdevSettling})
	case r.Link.Master != "":
		s.is(Failed, "it belongs to "+reason.Name(r.Link.Master)+", and Open vSwitch can't have it as well")
		s.Code, s.Remedy = reason.CodeNetdevHasMaster, c.remedy(&reason.Reason{Code: reason.CodeNetdevHasMaster})
	default:
		s.is(OK, fmt.Sprintf("%s is the function's netdev now", reason.Name(r.Link.Name)))
	}
}

func (c *chain) readNetdev(s *Step) {
	r := c.rep
	if r.IfIndex == 0 {
		return
	}
	s.read("netdev", r.Link.Name)
	s.read("ifindex", number(r.IfIndex))
	s.read("mtu", strconv.Itoa(r.Link.MTU))
	s.read("settled", yes(r.Link.Settled))
	s.readIf("master", r.Link.Master)
}
