package plan

import (
	"slices"
	"strings"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// leftOver is a row on our bridge that the plug provider built into ovn-controller made,
// for a logical port that nothing asks this chassis for. The provider takes such a row away
// itself (consider_unplug_iface of controller/vif-plug.c) while it runs; an ovn-controller
// that was built without one leaves it for ever.
type leftOver struct {
	row ovs.Interface
	// binding is what the verdict says of its port, if verified.
	binding  southbound.Binding
	verified bool
	// ours: we may take it away as if it were ours (AdoptOVNVIF).
	ours bool
	// status is that of its port, unless that has another one.
	status Status
}

func (l *leftOver) lport() string { return l.row.IfaceID }

// findLeftOvers fills leftOvers, as far as the Southbound's view can be trusted to show
// what is asked.
func (p *planner) findLeftOvers() {
	a := p.in.Actual
	if !p.asksAreKnown() || !a.Complete || a.BridgeUUID == "" {
		return
	}
	for _, name := range p.out.BuiltIn {
		r := a.Interfaces[name]
		if r.IfaceID == "" || p.wanted(r.IfaceID) {
			continue
		}
		l := leftOver{row: r, ours: p.mayTake(r)}
		l.binding, l.verified = p.verdictOn(r.IfaceID)
		if l.ours || !r.Marked { // of others the status says how they become ours again
			p.leftOvers = append(p.leftOvers, l)
		}
	}
}

// asksAreKnown reports whether the Southbound can be trusted to show all that is asked.
func (p *planner) asksAreKnown() bool { return p.view.Complete && p.view.Connected && p.known }

// mayTake reports whether a row of the provider's may be taken away as if it were ours: not
// one of ours that the provider marked while we run, for then it runs too.
func (p *planner) mayTake(r ovs.Interface) bool { return p.in.Settings.AdoptOVNVIF && p.takeable(r) }

// takeable reports whether the setting is all that mayTake needs.
func (p *planner) takeable(r ovs.Interface) bool {
	return r.OVNPlugged == ovs.BuiltInProvider && r.IsAlone() &&
		(!r.Marked || r.Marker.LogicalPort == r.IfaceID && !p.in.TakenByProvider[r.UUID])
}

// wanted reports whether a logical port is asked for, may be, or has a row of ours.
func (p *planner) wanted(lport string) bool {
	if q := p.ports[lport]; q != nil && len(q.rows) > 0 {
		return true
	}
	b, seen := p.verdictOn(lport)
	if !seen {
		b, seen = p.view.Bindings[lport]
	}
	return seen && (b.Disposition == southbound.Asked || b.Disposition == southbound.Kept)
}

// countLeftOvers adds the left-overs that go to those that are looked at together, and
// reports whether all have waited.
func (p *planner) countLeftOvers(now, lately *tally) (waited bool) {
	waited = true
	for i := range p.leftOvers {
		if l := &p.leftOvers[i]; l.ours && l.verified {
			p.out.Removing = append(p.out.Removing, l.lport())
			waited = waited && p.in.Hold.Waited[l.lport()]
			now.add(true)
			lately.add(true)
		}
	}
	return waited
}

// takeLeftOvers removes left-overs as rows of ours are removed, on the Southbound's word
// and under its holds, or says how an operator can.
func (p *planner) takeLeftOvers() {
	for i := range p.leftOvers {
		l := &p.leftOvers[i]
		l.status = rowStatus(l.row, Held, nil)
		l.status.LogicalPort = l.lport()
		switch {
		case !l.ours:
			l.status.State, l.status.Reason = Conflict, p.reasonLeftOver(l.row)
		case !l.verified:
			p.out.Unconfirmed = append(p.out.Unconfirmed, l.lport())
			l.status.Reason = reasonUnverified()
		default:
			l.status.Reason = reasonWithdrawn(l.binding)
			if why := p.heldBack(l.lport(), l.status.Reason); why != nil {
				l.status.Reason = why
				break
			}
			pt := p.newPart(l.lport(), "left by the built-in plug provider, and its request is gone: "+l.binding.Why)
			pt.unplug = []ovs.Unplug{{Interface: l.row, LeftOver: true}}
			pt.frees = placesOf(l.row.Name, representor.Function{}, l.row.IfaceID)
		}
	}
}

// leftOverCalled is the left-over of a netdev's name.
func (p *planner) leftOverCalled(name string) bool {
	return slices.ContainsFunc(p.leftOvers, func(l leftOver) bool { return l.row.Name == name })
}

// reportUnasked adds the status of a port that has none.
func (p *planner) reportUnasked(s Status) {
	if i, told := placeOf(p.out.Ports, s.LogicalPort); !told {
		p.out.Ports = slices.Insert(p.out.Ports, i, s)
	}
}

// placeOf is where the status of a port is among those of others, or belongs.
func placeOf(ports []Status, lport string) (place int, there bool) {
	return slices.BinarySearchFunc(ports, lport, func(s Status, name string) int { return strings.Compare(s.LogicalPort, name) })
}

func (p *planner) reasonLeftOver(r ovs.Interface) *reason.Reason {
	out := "if ovn-controller runs without that provider now, nobody takes it away; " + roomFor(p.in.Actual, r.Name).sentence()
	switch {
	case p.mayTake(r):
		out = "it goes when the Southbound has confirmed that nothing asks"
	case p.takeable(r):
		out += "; or set adopt-ovn-vif, and it goes when the Southbound has confirmed that nothing asks"
	}
	return reason.Among(reason.CodeBuiltInLeftOver, []string{reason.Name(r.Name)},
		"%s was plugged by a plug provider built into ovn-controller (ovn-plugged=%s) for logical port %s, "+
			"for which nothing asks this chassis; %s",
		reason.Quote(r.Name), reason.Quote(r.OVNPlugged), reason.Quote(r.IfaceID), out)
}
