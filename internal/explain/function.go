package explain

import (
	"fmt"
	"strconv"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

func (c *chain) card(s *diagnose.Check) {
	_, problem := c.in.Index.Complete()
	s.Note("representors", strconv.Itoa(len(c.in.Index.All())))
	switch why := plan.WhyUnread(c.in.Index); {
	case why != nil:
		c.fail(s, why)
	case problem != "":
		s.Warn(reason.Prose(problem), diagnose.SeeKernel)
	default:
		s.OK("all ports and netdevs were read")
	}
}

// unasked ends a step for which a request is needed and there is none, and reports
// whether that is so.
func (c *chain) unasked(s *diagnose.Check) bool {
	switch {
	case c.query != nil:
		return false
	case c.binding == nil:
		s.Unknown("what is asked for can't be known now")
	case !c.ours:
		s.Skip("nothing is asked of this chassis")
	default:
		s.Skip("nothing that can be followed is asked for")
	}
	return true
}

func (c *chain) pf(s *diagnose.Check) {
	if c.unasked(s) {
		return
	}
	s.Note("pf-mac", c.query.PFMAC.String())
	for _, p := range c.in.Index.Candidates(*c.query) {
		mac := ""
		if !p.MAC.IsZero() {
			mac = p.MAC.String()
		}
		s.Candidates = append(s.Candidates, diagnose.Candidate{
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
			s.OK(p.Function + " has the MAC")
			return
		}
	}
	s.Unknown("the card can't be read")
}

// failsAt lets the step fail if it is the one where the lookup ended, and reports
// whether the lookup got no further.
func (c *chain) failsAt(s *diagnose.Check) bool {
	if c.wanting == nil {
		return false
	}
	at := diagnose.StepOf(c.wanting.Code)
	if at == diagnose.Function && c.found { // several ports claim the netdev, not the function
		at = diagnose.Netdev
	}
	switch {
	case at == s.Name:
		c.fail(s, c.wanting)
	case at == diagnose.Card:
		s.Unknown("the card can't be read")
	case at == diagnose.PF || at == diagnose.Function && s.Name == diagnose.Netdev:
		s.Skip("the function isn't found")
	default:
		return false
	}
	return true
}

func (c *chain) function(s *diagnose.Check) {
	if c.query == nil && c.rep.Function.Kind != 0 {
		s.Source = "the marker on our row, devlink ports"
	} else if c.unasked(s) || c.failsAt(s) {
		if c.placed != nil { // what our row was made for, when the request doesn't lead there
			s.NoteIf("plugged", c.placed.Marker.Function)
		}
		return
	}
	r := c.rep
	s.Note("function", r.Function.String())
	s.Note("devlink port", diagnose.DevlinkPort(r))
	s.NoteIf("state", string(r.State))
	s.NoteIf("opstate", string(r.OpState))
	s.OK("one devlink port stands for it")
	c.addresses(s)
}

// addresses compares the function's own MAC address with the logical port's. OVN drops what
// comes from another one, with port security, and sends nothing there without. Many drivers
// tell none until somebody sets it, which says nothing of what the machine uses.
func (c *chain) addresses(s *diagnose.Check) {
	has := c.rep.HWAddr
	if !has.IsZero() {
		s.Note("hw_addr", has.String())
	}
	if c.binding == nil || c.binding.MAC.IsZero() || c.rep.Function.Kind == representor.PF {
		return
	}
	wants := c.binding.MAC
	s.Note("Port_Binding.mac", wants.String())
	if has.IsZero() || has == wants {
		return
	}
	s.Warn(fmt.Sprintf("the function's MAC address is %s, and the logical port's is %s: what the machine sends and gets may be dropped",
		has, wants), c.fill("have the host set it, as Nova and libvirt do for a VF, or set it here, which counts when the function's driver "+
		"starts the next time: "+
		"`devlink port function set {devlink-port} hw_addr "+wants.String()+
		"` or have representord do that, with program-hw-addr: true in /etc/representord/representord.yaml"))
}

func (c *chain) netdev(s *diagnose.Check) {
	nothing := (c.query != nil || c.rep.Function.Kind == 0) && (c.unasked(s) || c.failsAt(s))
	if r := c.rep; r.IfIndex != 0 {
		s.Note("netdev", r.Link.Name)
		s.Note("ifindex", number(r.IfIndex))
		s.Note("mtu", strconv.Itoa(r.Link.MTU))
		s.Note("settled", yes(r.Link.Settled))
		s.NoteIf("master", r.Link.Master)
	}
	if nothing {
		return
	}
	if why := c.in.Index.WhyNoNetdev(c.rep); why != nil {
		c.fail(s, why)
		return
	}
	s.OK(reason.Name(c.rep.Link.Name) + " is the function's netdev now")
}
