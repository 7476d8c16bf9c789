package draw_test

import (
	"fmt"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/draw"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

// uuid names a logical port as Neutron does.
func uuid(n int) string { return fmt.Sprintf("6ba7b810-9dad-11d1-80b4-00c04fd4%04x", n) }

// card builds the answer of a daemon about a card, or of what stands in for it.
type card struct{ facts draw.Facts }

func newCard() *card {
	return &card{draw.Facts{
		Title: "Representors of dpu1", Subtitle: "as representord sees them, active on bridge br-int",
		Representors: api.Representors{Complete: true}, PortsKnown: true,
	}}
}

func (c *card) uplink(handle string, n uint32, up bool) {
	c.facts.Representors.Uplinks = append(c.facts.Representors.Uplinks, api.Uplink{
		Handle: handle, Card: handle, PortIndex: 65535 + n, Number: &n, Netdev: fmt.Sprintf("p%d", n), IfIndex: 3 + n,
		Link: &api.Link{Up: up, MTU: 1500, Settled: true},
	})
}

// function adds a function; kind may be "pf", and number counts for others only.
func (c *card) function(handle string, controller uint32, pf uint16, kind string, number uint32) *api.Representor {
	r := api.Representor{
		Function: fmt.Sprintf("%s c%dpf%d", handle, controller, pf), Handle: handle, Controller: &controller, External: controller != 0,
		PF: pf, Kind: kind, Type: "eth", Link: &api.Link{MTU: 1500, Settled: true},
	}
	switch kind {
	case "pf":
		r.Netdev, r.HWAddr = fmt.Sprintf("c%dpf%dhpf", controller, pf), fmt.Sprintf("00:53:00:00:%02x:%02x", controller, pf)
		r.Link.Up = true
	default:
		r.Number = &number
		r.Function += fmt.Sprintf("%s%d", kind, number)
		r.Netdev = fmt.Sprintf("c%dpf%d%s%d", controller, pf, kind, number)
	}
	c.facts.Representors.Representors = append(c.facts.Representors.Representors, r)
	return &c.facts.Representors.Representors[len(c.facts.Representors.Representors)-1]
}

// ask adds a logical port, which asks for a function or in vain.
func (c *card) ask(name string, state plan.State, of *api.Representor, code reason.Code, message string) *api.Port {
	p := api.Port{LogicalPort: name, State: state, Request: "pf-mac 00:53:00:00:01:00 vf 3"}
	if of != nil {
		p.Function, p.Netdev = of.Function, of.Netdev
	}
	if code != "" {
		p.Reason = &reason.Reason{Code: code, Message: message}
	}
	if state == plan.Plugged {
		p.Ofport, p.Up = len(c.facts.Ports)+3, true
		if of.Link != nil {
			of.Link.Up = true
		}
		of.LogicalPort = name
	}
	c.facts.Ports = append(c.facts.Ports, p)
	return &c.facts.Ports[len(c.facts.Ports)-1]
}

const handle = "pci/0000:03:00.0"

// oneVF is the smallest card there is.
func oneVF() draw.Facts {
	c := newCard()
	c.uplink(handle, 0, true)
	c.function(handle, 1, 0, "pf", 0)
	c.ask("vm1", plan.Plugged, c.function(handle, 1, 0, "vf", 0), "", "")
	return c.facts
}

// auxiliaryUplinks has its uplinks on instances of their own; of one nothing tells what
// card it belongs to.
func auxiliaryUplinks() draw.Facts {
	c := newCard()
	for n, of := range []string{handle, handle, ""} {
		c.uplink(fmt.Sprintf("auxiliary/mlx5_core.eth.%d", n), uint32(n), true)
		c.facts.Representors.Uplinks[n].Card = of
	}
	c.function(handle, 1, 0, "pf", 0)
	c.ask("vm1", plan.Plugged, c.function(handle, 1, 0, "vf", 0), "", "")
	return c.facts
}

// everyState has each state, each kind of function, a pile, and a request for what
// isn't there.
func everyState() draw.Facts {
	c := newCard()
	c.uplink(handle, 0, true)
	c.uplink(handle, 1, false)
	c.function(handle, 0, 0, "sf", 88)
	c.function(handle, 1, 0, "pf", 0)
	for n := range uint32(32) {
		c.function(handle, 1, 0, "vf", n)
	}
	c.function(handle, 1, 0, "sf", 7)
	c.function(handle, 1, 1, "vf", 0)
	r := c.facts.Representors.Representors
	r[4].Netdev, r[4].IfIndex, r[4].Link = "", 0, nil
	r[5].Netdev, r[5].Link.Settled = "eth7", false
	c.ask(uuid(1), plan.Plugged, &r[2], "", "")
	c.ask(uuid(2), plan.Plugged, &r[3], "", "").Up = false
	c.ask(uuid(3), plan.Pending, &r[4], reason.CodeNoNetdev,
		"function pci/0000:03:00.0 c1pf0vf2 has no netdev in our network namespace yet; it is plugged as soon as there is one")
	c.ask(uuid(4), plan.Pending, &r[5], reason.CodeNetdevSettling, "udev isn't finished with eth7 yet")
	c.ask(uuid(5), plan.Conflict, &r[2], reason.CodeFunctionTaken,
		`function pci/0000:03:00.0 c1pf0vf0 is asked for by logical port "`+uuid(1)+
			`" too, which has it; withdraw one of the two requests, or wait until the other is gone`)
	c.ask("by-hand", plan.Conflict, &r[8], reason.CodeFunctionTaken,
		"Interface c1pf0vf6 is on the bridge already and isn't ours; remove it with ovs-vsctl del-port c1pf0vf6")
	c.ask("a-logical-port-with-a-name-that-is-longer-than-its-place", plan.Held, &r[9], reason.CodeMassUnplug,
		"4 of our 5 ports would be unplugged at once; representorctl release-hold lets them go")
	c.ask("bad", plan.Invalid, nil, reason.CodeInvalidOption,
		`option vif-plug:representor:vf-num is "3x", not a decimal number from 0 to 65534; correct the logical switch port's option`)
	c.ask("on-the-pf", plan.Plugged, &r[1], "", "")
	c.ask("sf", plan.Plugged, &r[34], "", "")
	return c.facts
}

// large has two cards of two controllers of 128 VFs each, all plugged or none.
func large(plugged bool) draw.Facts {
	c := newCard()
	for _, handle := range []string{"pci/0000:03:00.0", "pci/0000:83:00.0"} {
		c.uplink(handle, 0, true)
		for controller := range uint32(2) {
			c.function(handle, controller+1, 0, "pf", 0)
			for n := range uint32(128) {
				r := c.function(handle, controller+1, 0, "vf", n)
				if plugged {
					c.ask(uuid(len(c.facts.Ports)), plan.Plugged, r, "", "")
				}
			}
		}
	}
	return c.facts
}

// crowded has more than large cells have room for, more uplinks than a row, more
// trouble than can be told one by one, and was not read as a whole.
func crowded() draw.Facts {
	c := newCard()
	for n := range uint32(6) {
		c.uplink(handle, n, n%2 == 0)
	}
	c.function(handle, 1, 0, "pf", 0)
	for n := range uint32(120) {
		r := c.function(handle, 1, 0, "vf", n)
		name := fmt.Sprintf("vm-%d", n)
		switch n % 20 {
		case 3, 4, 5, 8, 9, 11, 13, 14, 15, 16, 17, 19:
			c.ask(name, plan.Plugged, r, "", "")
		case 6:
			c.ask(name, plan.Pending, r, reason.CodeNetdevSettling, "udev isn't finished with "+r.Netdev+" yet")
		case 7:
			c.ask(name, plan.Held, r, reason.CodeMassUnplug, "too many would go at once")
			c.ask(name+"-too", plan.Conflict, r, reason.CodeFunctionTaken, "function "+r.Function+" is another's")
		case 10:
			r.Netdev, r.Link = "", nil
		}
	}
	c.facts.Representors.Complete, c.facts.Representors.Problem = false,
		"devlink can't be read, what is shown was read before: no buffer space available"
	return c.facts
}

// oldKernel says neither controllers nor whose the functions are, nor how links are.
func oldKernel() draw.Facts {
	c := newCard()
	c.uplink(handle, 0, true)
	c.function(handle, 1, 0, "pf", 0)
	c.function(handle, 1, 0, "vf", 0)
	c.facts.Representors.Uplinks[0].Number = nil
	for i := range c.facts.Representors.Representors {
		r := &c.facts.Representors.Representors[i]
		r.Controller, r.Link, r.HWAddr = nil, nil, ""
	}
	return c.facts
}
