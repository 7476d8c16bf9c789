package plan

import (
	"slices"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// leaving reports whether a row of ours is certain to be removed by this plan
// for a reason of its own.
func (p *planner) leaving(r *ownRow) bool {
	q := p.ports[r.lport]
	return r.leak.kind != 0 || q.removal != noRemoval && q.verified
}

// obstacle finds the row that keeps a netdev from being plugged for q under its
// name: not q's own, not one that leaves, not one that is only kept.
func (p *planner) obstacle(q *port) (row string) {
	name := q.rep.Link.Name
	_, exists := p.in.Actual.Interfaces[name]
	r, ours := p.mine[name]
	switch {
	case !exists && !p.in.Actual.PortNames[name]:
	case ours && (p.leaving(r) || r.lport == q.name || p.asksNow(q) && p.onlyKept(r)):
	case slices.ContainsFunc(p.former, func(r *ownRow) bool { return r.Name == name && p.noObstacle(q, r) }):
	default:
		return name
	}
	return ""
}

// asksNow reports whether a port's plug may take the place of rows that are only
// kept: a row that nobody asks for owns nothing, but only a request that can be
// trusted now shows that.
func (p *planner) asksNow(q *port) bool { return q.asked && p.canAdd == nil }

// onlyKept reports whether no request stands for what a row of ours is for: nothing asks for
// its port, or what does means another function for certain.
func (p *planner) onlyKept(r *ownRow) bool {
	o, is := p.ports[r.lport], r.is
	return !o.asked || o.means.Kind != 0 && is.Kind != 0 && is != o.means && !p.mayBeFor(r, o.means)
}

// displaced are the rows of other ports that must not stand beside a plug for q: those for
// the same function, and one under its name that is only kept.
func (p *planner) displaced(q *port) []*ownRow {
	rows := rowsThat(func(r *ownRow) bool { return !r.removed }, p.rowsOfOthers(q))
	r, ok := p.mine[q.rep.Link.Name]
	if ok && r.lport != q.name && p.onlyKept(r) && !r.removed && r.is != q.want {
		rows = append(rows, r)
	}
	return rows
}

// claimAgainst is the claim that keeps a port's plug from the place of other ports, nil for none. To
// take that is a removal like any other: the Southbound must have been asked about all of them, and
// nothing moves while it is held.
func (p *planner) claimAgainst(q *port) *reason.Reason {
	claims := p.claimsOfOthers(q)
	sure := q.verified
	for _, c := range claims {
		if why := p.holds(q, c); why != nil {
			return c.reason(q, why)
		}
		_, verified := p.verdictOn(c.lport)
		sure = sure && verified
	}
	if sure || len(claims) == 0 {
		return nil
	}
	p.out.Unconfirmed = append(p.out.Unconfirmed, q.name)
	for _, c := range claims {
		p.out.Unconfirmed = append(p.out.Unconfirmed, c.lport)
	}
	return claims[0].reason(q, reasonUnverified())
}

// holds is why a claim stands against q whatever the Southbound says of it, nil if it doesn't.
func (p *planner) holds(q *port, c claim) *reason.Reason {
	o := p.ports[c.lport]
	switch {
	case c.doubtful:
		return reasonDoubtful()
	case p.in.Hold.All:
		if c.row {
			p.out.SouthboundHeld = append(p.out.SouthboundHeld, c.lport)
		}
		return reasonReplaced(p.view)
	case o != nil && (o.underHold || o.mayMean(q.rep.Function) && (c.row || !p.in.Index.Excludes(o.query, q.rep.Function))):
		return o.reason
	case c.former && p.mass != nil:
		p.out.MassHeld = append(p.out.MassHeld, c.lport)
		return p.mass
	}
	return nil
}

// claim is that a port other than the one that is to be plugged has the place of that.
type claim struct {
	lport  string
	row    bool // it has a row; otherwise it lost that
	former bool // on a bridge that was ours
	// doubtful: its mark is from a kernel that numbered no controllers, and the card can't tell whether
	// the function is the same.
	doubtful bool
}

// claimsOfOthers are those of the ports whose rows make room for q, of those whose rows
// for its function leak, or went for another reason than that nobody asks for them any more,
// and of those whose rows may be for its function.
func (p *planner) claimsOfOthers(q *port) []claim {
	var claims []claim
	for _, r := range p.displaced(q) {
		claims = append(claims, claim{lport: r.lport, row: true, former: r.former})
	}
	for _, r := range p.rowsOfOthers(q) {
		if r.leak.kind != 0 {
			claims = append(claims, claim{lport: r.lport, row: true})
		}
	}
	for _, r := range p.doubtfulRows(q) {
		claims = append(claims, claim{lport: r.lport, row: true, former: r.former, doubtful: true})
	}
	claims = slices.DeleteFunc(claims, func(c claim) bool { return c.lport == q.name })
	if lport, lost := p.loser(q.want); lost && lport != q.name {
		claims = append(claims, claim{lport: lport})
	}
	return claims
}

// loser is the port that lost the row for a function, or for what may be that one: the row's mark may
// have been from a kernel that numbered no controllers.
func (p *planner) loser(f representor.Function) (lport string, lost bool) {
	if lport, lost = p.lostBy[f]; lost {
		return lport, true
	}
	if was, may := p.in.Index.Unnumbered(f); may {
		lport, lost = p.lostBy[was]
	}
	return lport, lost
}

// reason says of the port that is to be plugged what keeps it from that.
func (c claim) reason(q *port, why *reason.Reason) *reason.Reason {
	if c.row {
		return reasonOccupied(q, c.lport, why)
	}
	return reasonLost(q, c.lport, why)
}

// mayMean reports whether a port that is asked for may mean a function, since the card can't
// say at present which one it means.
func (q *port) mayMean(f representor.Function) bool {
	return q.query.Kind != 0 && (q.want.Kind == 0 || !q.asked) && undecided(reason.CodeOf(q.reason)) && mayBeAskedBy(q.query, f)
}

// verdictOn is what the Southbound said of a port when it was asked about that.
func (p *planner) verdictOn(lport string) (b southbound.Binding, asked bool) {
	if v := p.in.Verdict; v != nil {
		b, asked = v.Bindings[lport]
	}
	return b, asked
}
