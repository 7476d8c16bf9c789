package plan

import (
	"slices"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// resolve finds out what one port should have: the function, or why none.
func (p *planner) resolve(q *port) {
	if q.seen {
		q.status.Warnings = append(q.status.Warnings, q.binding.Request.Warnings...)
		q.status.Up = q.binding.Up
	}
	switch {
	case q.seen && q.binding.Fate == ovn.Asked:
		p.resolveAsked(q)
	case q.seen && q.binding.Fate == ovn.Kept:
		p.resolveKept(q)
	default:
		p.resolveAbsent(q)
	}
}

func (p *planner) resolveAsked(q *port) {
	if q.binding.Request.Invalid != nil {
		// It names no function, and so none but the one that is plugged. What is plugged
		// stays, until the request can be read again or another one takes the function.
		q.reason = q.binding.Request.Invalid
		if len(q.rows) > 0 {
			p.stayWith(q, q.rows[0])
		}
		return
	}
	q.asked = true
	q.query = q.binding.Request.Query
	rep, why := p.lookup(q, q.query)
	q.reason = why
	if rep.Function.Kind != 0 {
		q.want, q.rep, q.ready = rep.Function, rep, why == nil
	}
	if q.means = rep.Function; q.means.Kind == 0 && !undecided(reason.CodeOf(why)) {
		q.means, _ = p.in.Index.Meant(q.query)
	}
	if q.want.Kind == 0 && p.staysUnfound(q) {
		return
	}
	if len(q.rows) > 0 && q.rowFor(q.want) == nil && !p.answers(q) {
		q.goes = dropped // the rows answer another request than the present one
	}
}

// lookup finds the representor that a port's request means, or why none is certain: as the index
// does, and also where a row of the port's is for a function whose PF can't be seen, and which may
// be meant. Another PF may have the same MAC, on the same controller and the same card.
func (p *planner) lookup(q *port, query representor.Query) (representor.Representor, *reason.Reason) {
	rep, why := p.in.Index.Lookup(query)
	if q.rowFor(rep.Function) != nil {
		return rep, why
	}
	for _, r := range q.rows {
		if r.is.Kind == 0 || r.request.Kind != 0 && r.request.PFMAC != query.PFMAC {
			continue
		}
		if unseen := p.in.Index.Unseen(query, r.is); unseen != nil {
			return representor.Representor{}, unseen
		}
	}
	return rep, why
}

// staysUnfound reports whether a row stays with the function that it is for, though the card
// doesn't show what the port's request means. If it is another one for certain, the row was
// made for the same request in earlier times, and is only kept.
func (p *planner) staysUnfound(q *port) bool {
	r := q.rowFor(q.means)
	if r == nil {
		r = p.rowAnswering(q, q.query, q.reason)
	}
	if r == nil || r.byMarks().Kind == 0 {
		return false
	}
	p.stayWith(q, r)
	q.unsure = q.want != q.means
	q.asked = !q.unsure || q.means.Kind == 0 && (r.request.Kind != 0 || mayBeAskedBy(q.query, r.is)) || p.mayBeFor(r, q.means)
	return true
}

// resolveKept: the row stays for the function it has, and follows it.
func (p *planner) resolveKept(q *port) {
	if len(q.rows) == 0 {
		return
	}
	row := q.rows[0]
	// Without our Chassis row the options are all that is left of the request.
	// They can't ask for anything, but they can take back, unless they are for another
	// host.
	if req := q.binding.Request; !p.known && !q.binding.Additional && req.Invalid == nil {
		f, _ := p.in.Index.Meant(req.Query)
		r := q.rowFor(f)
		if r == nil {
			_, why := p.lookup(q, req.Query)
			r = p.rowAnswering(q, req.Query, why)
		}
		if r == nil {
			q.goes = dropped
			q.reason = reasonChassisMissing(p.view)
			return
		}
		row = r
	}
	p.stayWith(q, row)
	if p.known {
		q.reason = reasonEvidence(q.binding)
	} else {
		q.reason = reasonChassisMissing(p.view)
	}
}

// resolveAbsent: nothing in view asks for the port. Only a verdict can say why.
func (p *planner) resolveAbsent(q *port) {
	if len(q.rows) == 0 {
		return
	}
	p.stayWith(q, q.rows[0])
	switch {
	case q.verified && p.known:
		q.goes = depart
		q.reason = reasonWithdrawn(q.binding)
	case q.verified:
		q.reason = reasonChassisMissing(p.view)
	case !p.view.Complete || !p.view.Connected:
		q.reason = reasonUntrusted(p.view)
	default:
		q.goes = depart
		q.reason = reasonUnverified()
	}
}

// stayWith makes the port want the function its row has.
func (p *planner) stayWith(q *port, r *ownRow) {
	q.want, q.unsure = r.is, true
	rep, ok := p.in.Index.ByFunction(q.want)
	if !ok {
		return
	}
	q.rep = rep
	complete, _ := p.in.Index.Complete()
	q.ready = complete && rep.IfIndex != 0 && rep.Link.Settled && rep.Link.Master == "" && rep.Type == devlink.TypeEth
}

// answers reports whether the rows of a port may have been made for its present request.
// One that has lost its request can't have been if the card shows the function that the
// request means, and that is another than the row's.
func (p *planner) answers(q *port) bool {
	return slices.ContainsFunc(q.rows, func(r *ownRow) bool {
		return r.request == q.query || p.rewords(r, q.query, q.reason) || p.mayBeFor(r, q.means) || r.request.Kind == 0 &&
			(q.want.Kind == 0 || r.is.Kind == 0)
	})
}

// allFor reports whether each row's marker names this function.
func (q *port) allFor(function representor.Function) bool {
	return !slices.ContainsFunc(q.rows, func(r *ownRow) bool { return !r.hasFunction || r.is != function })
}
