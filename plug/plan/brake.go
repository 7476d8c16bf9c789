package plan

import (
	"cmp"
	"slices"

	"github.com/representord/representord/internal/reason"
)

// holdRemovals keeps rows whose ports are said to be gone, or to have no use for
// them, when that would be most of what we have: the likelier cause is a fault in
// the control plane. It keeps every row when the Southbound is another one, and for some
// seconds every row whose place nothing takes. It reports whether it kept any.
func (p *planner) holdRemovals() bool {
	p.mass = p.findLeaving()
	held := false
	for _, q := range p.sorted {
		if !q.removes && !q.replaces {
			continue
		}
		var removed *reason.Reason
		if q.removes {
			removed = q.whyRemoved()
		}
		if why := p.heldBack(q.name, removed); why != nil {
			q.target, q.underHold = p.held(q, why), p.in.Hold.All || p.mass != nil
			held = true
		}
	}
	return held
}

// heldBack is why rows of a port that are to go stay for now, nil if nothing holds them, and counts the port among those that
// a hold keeps. removed is why they go, nil if they make
// room for others, which takes no grace.
func (p *planner) heldBack(lport string, removed *reason.Reason) *reason.Reason {
	switch {
	case p.in.Hold.All:
		p.out.SouthboundHeld = append(p.out.SouthboundHeld, lport)
		return reasonReplaced(p.view)
	case p.mass != nil:
		p.out.MassHeld = append(p.out.MassHeld, lport)
		return p.mass
	case removed != nil && p.inGrace(lport):
		return reasonGrace(removed)
	}
	return nil
}

// inGrace reports whether the removal of a port's rows hasn't had its grace.
func (p *planner) inGrace(lport string) bool { return p.in.Hold.Grace && !p.in.Hold.Graced[lport] }

// findLeaving finds the ports whose rows go or move. If they are most of what we have, or
// are so together with those that went or moved a short time ago, and not all of them have
// waited, it gives the reason to keep them. A port that came a short time ago counts only
// with what goes at the same moment: machines that come and go one by one are no fault.
func (p *planner) findLeaving() *reason.Reason {
	waited := true
	var now, lately tally
	for _, q := range p.sorted {
		if len(q.rows) == 0 {
			continue
		}
		p.markLeaving(q)
		goes, late := q.removes || q.replaces, p.in.Hold.Lately[q.name]
		if goes {
			p.out.Removing = append(p.out.Removing, q.name)
			waited = waited && p.in.Hold.Waited[q.name]
		}
		now.add(goes)
		if late || !p.in.Hold.Young[q.name] {
			lately.add(goes || late)
		}
	}
	waited = p.countLeftOvers(&now, &lately) && waited
	waited = p.countFormerRows(&now, &lately) && waited
	for lport := range p.in.Hold.Lately {
		if q := p.ports[lport]; q == nil || len(q.rows) == 0 {
			lately.add(true)
		}
	}
	if waited {
		return nil
	}
	return cmp.Or(now.mass(), lately.mass())
}

// markLeaving notes whether a port's rows go, or make room for what it asks for now, or for
// what another port asks for.
func (p *planner) markLeaving(q *port) {
	q.removes = q.verified && (q.removal == requestGone || q.removal == requestChanged && !p.replaceable(q))
	q.replaces = q.verified && (q.removal == requestChanged && !q.removes || p.isDisplaced(q)) || p.movedByCard(q)
}

// movedByCard reports whether a port is to have another function though its request is the same:
// the card says that another one is meant, and has the one that it is plugged for as well.
// The Southbound has no word on that.
func (p *planner) movedByCard(q *port) bool {
	if q.removal != noRemoval || !p.pluggable(q) || q.rowFor(q.want) != nil {
		return false
	}
	return slices.ContainsFunc(q.rows, func(r *ownRow) bool {
		rep, ok := p.in.Index.ByFunction(r.is)
		return ok && rep.IfIndex != 0 && r.leak.kind == 0
	})
}

// tally counts the ports that go or move, of all that are looked at.
type tally struct{ changed, of int }

func (t *tally) add(changes bool) {
	t.of++
	if changes {
		t.changed++
	}
}

// mass is why what goes waits for its number, nil if it needn't: it does if more go or move than is to be expected of a control
// plane that is well, more than two, and more than half.
func (t *tally) mass() *reason.Reason {
	if t.changed > 2 && 2*t.changed > t.of {
		return reasonMass(t.changed, t.of)
	}
	return nil
}

// isDisplaced reports whether a row of a port's is only kept, and makes room for another port that
// asks for its function, or for the netdev that has its name now.
func (p *planner) isDisplaced(q *port) bool {
	return q.removal == noRemoval && slices.ContainsFunc(q.rows, func(r *ownRow) bool {
		takes := func(o *port) bool { return o != nil && o != q && p.asksNow(o) && o.ready }
		return p.onlyKept(r) && (takes(p.owners[r.is]) || takes(p.netdevs[r.Name]))
	})
}

// replaceable reports whether what a port's request names now can take the place
// of its rows at once.
func (p *planner) replaceable(q *port) bool {
	return p.pluggable(q) && p.obstacle(q) == ""
}

// pluggable reports whether what a port's request names can be plugged, unless a
// row is in the way.
func (p *planner) pluggable(q *port) bool {
	return q.asked && q.want.Kind != 0 && q.taken == nil && q.ready && p.canAdd == nil
}

// held is the target of a port whose rows should go and stay: it asks for nothing new. What it
// asks for is still told.
func (p *planner) held(q *port, why *reason.Reason) target {
	t := p.kept(q, why)
	t.query, t.means = q.query, q.means
	return t
}
