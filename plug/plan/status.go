package plan

import (
	"slices"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
)

// State is where a request stands.
type State string

// The states. Every request is in exactly one.
const (
	// Plugged: the row is there, ovs-vswitchd has opened the right netdev.
	Plugged State = "plugged"
	// Pending: nothing is wrong with the request, something isn't there yet.
	Pending State = "pending"
	// Conflict: something that isn't ours, or another request, is in the way.
	Conflict State = "conflict"
	// Held: a row of ours stays although nothing trusted asks for it now.
	Held State = "held"
	// Invalid: the request can't be followed as written.
	Invalid State = "invalid"
)

// Status is one logical port as a plan sees it.
type Status struct {
	LogicalPort string
	State       State
	// Reason says why, nil only for Plugged.
	Reason *reason.Reason
	// Warnings are remarks that don't change the state.
	Warnings []reason.Reason
	// Request is the canonical text of the function asked for, or of what the row's
	// marker says was asked; Function that of the function found or plugged.
	Request  string
	Function string
	// Netdev, IfIndex and Ofport are the representor's; zero when not known.
	Netdev  string
	IfIndex uint32
	Ofport  int
	// Installed: ovn-controller has installed the flows of the row (ovs.Interface).
	Installed bool
	// Up is Port_Binding.up.
	Up bool
}

// rowStatus is the status of a port of which there is nothing but a row.
func rowStatus(r ovs.Interface, s State, why *reason.Reason) Status {
	return Status{
		LogicalPort: r.LogicalPort(), State: s, Reason: why,
		Request: r.Marker.Request, Function: r.Marker.Function, Netdev: r.Name, IfIndex: r.IfIndex, Ofport: r.Ofport,
	}
}

// statuses tells how each port stands when all that is to change is known, and sorts the ports of which
// the Decision has lists.
func (p *planner) statuses() {
	p.out.Ports = make([]Status, 0, len(p.sorted))
	for _, q := range p.sorted {
		// A row that is to go is told of until it has gone: its removal may be refused.
		p.reportPlugged(q)
		if q.seen && len(q.rows) == 0 && p.awaitsChassis(q.binding) {
			if invalid := q.binding.Request.Invalid; invalid != nil {
				p.report(q, Invalid, invalid)
			} else {
				p.report(q, Pending, p.canAdd)
				q.status.Request = q.binding.Request.Query.String()
			}
			p.out.Ports = append(p.out.Ports, q.status)
			continue
		}
		if q.status.State != "" && (q.seen && q.binding.Disposition == southbound.Asked || len(q.rows) > 0) {
			p.out.Ports = append(p.out.Ports, q.status)
		}
	}
	for _, l := range p.leftOvers {
		p.reportUnasked(l.status)
	}
	p.reportFormerRows()
	p.reportLost()
	for _, lports := range []*[]string{&p.out.Unconfirmed, &p.out.MassHeld, &p.out.SouthboundHeld} {
		slices.Sort(*lports)
		*lports = slices.Compact(*lports)
	}
}

// report sets the state of a port.
func (p *planner) report(q *port, s State, why *reason.Reason) {
	q.status.State, q.status.Reason = s, why
}
