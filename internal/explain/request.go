package explain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

// optionsMost bounds how many options of a port are shown.
const optionsMost = 32

func (c *chain) southbound(s *diagnose.Check) {
	v := c.in.Asked
	s.Note("endpoint", v.Endpoint)
	s.Note("connected", yes(v.Connected))
	s.Note("complete", yes(v.Complete))
	s.NoteIf("database", v.Identity)
	if why := plan.WhyUntrusted(v); why != nil {
		c.fail(s, why)
		return
	}
	s.OK("it is connected, and its first view was received whole")
}

func (c *chain) chassis(s *diagnose.Check) {
	s.Note("name", c.in.Asked.Chassis)
	known := c.in.Asked.ChassisKnown
	if c.in.Answer != nil {
		known = c.in.Answer.ChassisKnown
	}
	switch {
	case known:
		s.OK("our Chassis row is there")
	case c.in.Answer == nil && (!c.in.Asked.Complete || !c.in.Asked.Connected):
		s.Unknown("the Southbound can't be asked for our Chassis row now")
	default:
		c.fail(s, plan.ChassisMissing(c.in.Asked))
	}
}

// silence says why nothing fresh is known of the Port_Binding.
func (c *chain) silence() string {
	return reason.Prose(cmp.Or(c.in.Silence, "the Southbound was not asked"))
}

func (c *chain) portBinding(s *diagnose.Check) {
	switch {
	case c.binding == nil:
		s.Source = portBindingTable
		s.Unknown("whether the Southbound has the port can't be known now: " + c.silence())
		return
	case c.stale:
		s.Source = portBindingTable + ", as last seen"
		s.Unknown(fmt.Sprintf("it was there when last seen (%s); how it is can't be known now: %s", c.binding.Why, c.silence()))
		return
	}
	a := c.in.Answer
	if a.Disposition == southbound.Gone {
		s.Note("row", "")
		s.Fail("the Southbound has no Port_Binding for this logical port", c.fill("check the name; if the Northbound knows it, see that "+
			"ovn-northd runs: `ovn-nbctl list Logical_Switch_Port {port}`"))
		return
	}
	s.Note("type", a.Type)
	s.Note("parent_port", a.ParentPort)
	for i, key := range slices.Sorted(maps.Keys(a.Options)) {
		if i == optionsMost {
			s.Note("options", fmt.Sprintf("%d more", len(a.Options)-i))
			break
		}
		s.Note("options:"+key, a.Options[key])
	}
	switch {
	case c.isVIF():
		s.OK("the row is there and asks for a representor")
	case a.Type == "" && a.ParentPort == "":
		s.Fail("nobody is asked to plug it: "+a.Why, c.fill(mendUnbound))
	default:
		s.Fail("nobody is asked to plug it: "+a.Why, "nothing to do: a port with a type or a parent is no VIF of a machine, and nobody plugs it")
	}
}

// isVIF tells whether the row, which is there, asks anybody for a representor.
func (c *chain) isVIF() bool {
	a := c.in.Answer
	return a.Type == "" && a.ParentPort == "" && a.Options[option.Type] == option.Representor
}

func (c *chain) requestedChassis(s *diagnose.Check) {
	switch {
	case c.binding == nil:
		s.Unknown("for which chassis it is can't be known now")
		return
	case c.stale:
		s.Unknown(c.binding.Why + ", when last seen")
		return
	case c.binding.Disposition == southbound.Gone:
		s.Skip("there is no row")
		return
	}
	a := c.in.Answer
	s.Note("requested_chassis", a.RequestedChassis)
	s.Note("options:"+option.Chassis, a.Options[option.Chassis])
	s.NoteIf("requested_additional_chassis", strings.Join(a.RequestedAdditional, ", "))
	s.Note("chassis", a.Chassis)
	switch {
	case a.Disposition == southbound.Asked:
		s.OK("its requested chassis is ours")
	case a.Disposition == southbound.Kept:
		c.fail(s, plan.EvidenceOnly(a.Binding))
	case !c.isVIF():
		s.Skip("it asks for no representor, so the chassis does not matter")
	case a.RequestedChassis != "":
		s.Fail(fmt.Sprintf("its requested chassis is %s, and we are %s", reason.Quote(a.RequestedChassis), reason.Quote(c.in.Asked.Chassis)),
			c.fill("ask the representord of that chassis; if the port is to be here, bind it to this host in Neutron, or: "+
				"`{set} {port} options:"+option.Chassis+"={chassis}`"))
	case a.Options[option.Chassis] != "":
		s.Fail(fmt.Sprintf("its requested chassis is %s, which no Chassis row is called", reason.Quote(a.Options[option.Chassis])),
			c.fill("start ovn-controller there; or see which chassis there are, and name one by its name or hostname: "+
				"`ovn-sbctl --columns=name,hostname list Chassis` `{set} {port} options:"+option.Chassis+"=CHASSIS`"))
	default:
		s.Fail("no chassis is requested for it", c.fill(mendUnbound))
	}
}

// mendUnbound is what to do about a port that Neutron, or who else binds it, has left
// without the options for a chassis.
const mendUnbound = "bind the port. Neutron does so for the VNIC type remote-managed. In plain OVN, with the VF's PCI address on the " +
	"hypervisor: " +
	"`ssh HYPERVISOR vf-reporter profile VF | representorctl bind {port} --profile -` " +
	"If that finds no chassis for the card, see whether its serial number is published: `representorctl doctor`"

func (c *chain) options(s *diagnose.Check) {
	switch {
	case c.binding == nil:
		if c.placed != nil {
			s.Source = "the marker on our row"
			s.Note("request", c.placed.Marker.Request)
		}
		s.Unknown("what is asked for can't be known now")
		return
	case c.binding.Disposition != southbound.Asked && c.binding.Disposition != southbound.Kept:
		s.Skip("nothing is asked of this chassis")
		return
	}
	r := c.binding.Request
	if r.Invalid != nil {
		c.fail(s, r.Invalid)
		return
	}
	s.Note("request", r.Query.String())
	s.NoteIf(option.MTU, number(r.MTU))
	s.NoteIf(option.IfaceIDVer, r.IfaceIDVer)
	s.OK("they name one function")
	if len(r.Warnings) > 0 {
		s.Tell(diagnose.Warning, &r.Warnings[0], c.remedy(&r.Warnings[0]))
	}
}
