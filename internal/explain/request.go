package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
)

// optionsMost bounds how many options of a port are shown.
const optionsMost = 32

const portBindingTable = "Southbound, table Port_Binding"

func (c *chain) southbound() {
	v := c.in.Asked
	s := c.begin(Southbound, "Southbound")
	s.read("endpoint", v.Endpoint)
	s.read("connected", yes(v.Connected))
	s.read("complete", yes(v.Complete))
	s.readIf("database", v.Identity)
	if v.Connected && v.Complete {
		s.is(OK, "it is connected, and its first view was received whole")
		return
	}
	problem := v.Problem
	if problem == "" {
		problem = "its first complete view is awaited"
	}
	c.fail(s, &reason.Reason{
		Code:    reason.CodeSouthboundUntrusted,
		Message: fmt.Sprintf("the Southbound can't be trusted now; what is plugged stays: %s", reason.Prose(problem)),
	})
}

func (c *chain) chassis() {
	s := c.begin(Chassis, "Southbound, table Chassis")
	s.read("name", c.in.Asked.Chassis)
	known := c.in.Asked.ChassisKnown
	if c.in.Answer != nil {
		known = c.in.Answer.ChassisKnown
	}
	switch {
	case known:
		s.is(OK, "our Chassis row is there")
	case c.in.Answer == nil && (!c.in.Asked.Complete || !c.in.Asked.Connected):
		s.is(Unknown, "the Southbound can't be asked for our Chassis row now")
	default:
		c.fail(s, &reason.Reason{
			Code:    reason.CodeChassisMissing,
			Message: "the Southbound has no Chassis row of ours; ovn-controller registers it",
		})
	}
}

// silence says why nothing fresh is known of the Port_Binding.
func (c *chain) silence() string {
	if c.in.Silence == "" {
		return "the Southbound was not asked"
	}
	return reason.Prose(c.in.Silence)
}

func (c *chain) portBinding() {
	s := c.begin(PortBinding, portBindingTable+", asked for this port alone")
	switch {
	case c.binding == nil:
		s.Source = portBindingTable
		s.is(Unknown, "whether the Southbound has the port can't be known now: "+c.silence())
		return
	case c.stale:
		s.Source = portBindingTable + ", as last seen"
		s.is(Unknown, fmt.Sprintf("it was there when last seen (%s); how it is can't be known now: %s", c.binding.Why, c.silence()))
		return
	}
	a := c.in.Answer
	if a.Disposition == ovn.Gone {
		s.read("row", "")
		s.is(Failed, "the Southbound has no Port_Binding for this logical port")
		s.Remedy = c.fill("check the name; if the Northbound knows it, see that ovn-northd runs: `ovn-nbctl list Logical_Switch_Port {port}`",
			&reason.Reason{})
		return
	}
	s.read("type", a.Type)
	s.read("parent_port", a.ParentPort)
	for i, key := range slices.Sorted(maps.Keys(a.Options)) {
		if i == optionsMost {
			s.read("options", fmt.Sprintf("%d more", len(a.Options)-i))
			break
		}
		s.read("options:"+key, a.Options[key])
	}
	if c.isVIF() {
		s.is(OK, "the row is there and asks for a representor")
		return
	}
	s.is(Failed, "nobody is asked to plug it: "+a.Why)
	s.Remedy = "nothing to do: a port with a type or a parent is no VIF of a machine, and nobody plugs it"
	if a.Type == "" && a.ParentPort == "" {
		s.Remedy = c.fill(mendUnbound, &reason.Reason{})
	}
}

// isVIF tells whether the row, which is there, asks anybody for a representor.
func (c *chain) isVIF() bool {
	a := c.in.Answer
	return a.Type == "" && a.ParentPort == "" && a.Options[option.Type] == option.Representor
}

func (c *chain) requestedChassis() {
	s := c.begin(RequestedChassis, portBindingTable)
	switch {
	case c.binding == nil:
		s.is(Unknown, "for which chassis it is can't be known now")
		return
	case c.stale:
		s.is(Unknown, c.binding.Why+", when last seen")
		return
	case c.binding.Disposition == ovn.Gone:
		s.is(Skipped, "there is no row")
		return
	}
	a := c.in.Answer
	s.read("requested_chassis", a.RequestedChassis)
	s.read("options:"+option.Chassis, a.Options[option.Chassis])
	s.readIf("requested_additional_chassis", strings.Join(a.RequestedAdditional, ", "))
	s.read("chassis", a.Chassis)
	switch {
	case a.Disposition == ovn.Asked:
		s.is(OK, "its requested chassis is ours")
	case a.Disposition == ovn.Kept:
		c.fail(s, &reason.Reason{Code: reason.CodeRequestEvidence,
			Message: "what is plugged stays, nothing new would be plugged: " + a.Why})
	case !c.isVIF():
		s.is(Skipped, "it asks for no representor, so the chassis does not matter")
	case a.RequestedChassis != "":
		s.is(Failed, fmt.Sprintf("its requested chassis is %s, and we are %s", reason.Quote(a.RequestedChassis),
			reason.Quote(c.in.Asked.Chassis)))
		s.Remedy = c.fill("ask the representord of that chassis; if the port is to be here, bind it to this host in Neutron, or: "+
			"`{set} {port} options:requested-chassis={chassis}`", &reason.Reason{})
	case a.Options[option.Chassis] != "":
		s.is(Failed, fmt.Sprintf("its requested chassis is %s, which no Chassis row is called", reason.Quote(a.Options[option.Chassis])))
		s.Remedy = c.fill("start ovn-controller there; or see which chassis there are, and name one by its name or hostname: "+
			"`ovn-sbctl --columns=name,hostname list Chassis` "+
			"`{set} {port} options:requested-chassis=CHASSIS`", &reason.Reason{})
	default:
		s.is(Failed, "no chassis is requested for it")
		s.Remedy = c.fill(mendUnbound, &reason.Reason{})
	}
}

// mendUnbound is what to do about a port that Neutron, or who else binds it, has left
// without the options for a chassis.
const mendUnbound = "bind the port. Neutron does so for the VNIC type remote-managed. In plain OVN, with the VF's PCI address on the " +
	"hypervisor: " +
	"`ssh HYPERVISOR vf-reporter profile VF | representorctl bind {port} --profile -` " +
	"If that finds no chassis for the card, see whether its serial number is published: `representorctl doctor`"

func (c *chain) options() {
	s := c.begin(Options, "Port_Binding.options, as parsed")
	switch {
	case c.binding == nil:
		if c.placed != nil {
			s.Source = "the marker on our row"
			s.read("request", c.placed.Marker.Request)
		}
		s.is(Unknown, "what is asked for can't be known now")
		return
	case c.binding.Disposition != ovn.Asked && c.binding.Disposition != ovn.Kept:
		s.is(Skipped, "nothing is asked of this chassis")
		return
	}
	r := c.binding.Request
	if r.Invalid != nil {
		c.fail(s, r.Invalid)
		return
	}
	s.read("request", r.Query.String())
	s.readIf(option.MTU, number(r.MTU))
	s.readIf(option.IfaceIDVer, r.IfaceIDVer)
	s.is(OK, "they name one function")
	if len(r.Warnings) > 0 {
		c.say(s, Warning, &r.Warnings[0])
	}
}
