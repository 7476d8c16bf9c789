package plan

import (
	"cmp"
	"slices"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// resolve finds out what one port should have: the function, or why none.
func (p *planner) resolve(q *port) target {
	switch {
	case q.seen && q.binding.Disposition == southbound.Asked:
		return p.resolveAsked(q)
	case q.seen && q.binding.Disposition == southbound.Kept:
		return p.resolveKept(q)
	}
	return p.resolveAbsent(q)
}

func (p *planner) resolveAsked(q *port) target {
	if invalid := q.binding.Request.Invalid; invalid != nil {
		// It names no function, and so none but the one that is plugged. What is plugged
		// stays, until the request can be read again or another one takes the function.
		return p.kept(q, invalid)
	}
	t := target{asked: true, query: q.binding.Request.Query}
	rep, why := p.lookup(q, t.query)
	t.reason = why
	if rep.Function.Kind != 0 {
		t.want, t.rep, t.ready = rep.Function, rep, why == nil
	}
	if t.means = rep.Function; t.means.Kind == 0 && !undecided(reason.CodeOf(why)) {
		t.means, _ = p.in.Index.Meant(t.query)
	}
	if t.want.Kind == 0 {
		if r := p.rowNotShown(q, t); r != nil {
			return p.keepUnshown(t, r)
		}
	}
	if len(q.rows) > 0 && q.rowFor(t.want) == nil && !p.answers(q, t) {
		t.removal = requestChanged // the rows answer another request than the present one
	}
	return t
}

// lookup finds the representor that a port's request means, or why none is certain: as the index
// does, and also where the port has, or lost, a row for a function that may be meant and whose PF
// can't be seen. Another PF may have the same MAC, on the same controller and the same card.
func (p *planner) lookup(q *port, query representor.Query) (representor.Representor, *reason.Reason) {
	rep, why := p.in.Index.Lookup(query)
	if q.rowFor(rep.Function) != nil {
		return rep, why
	}
	var had []representor.Function
	if p.in.Index.MayLackPFs() {
		had = slices.Clone(p.lostOf[q.name])
	}
	for _, r := range slices.Concat(q.rows, p.formerOf[q.name]) {
		if r.request.Kind == 0 || r.request.PFMAC == query.PFMAC {
			had = append(had, carriedBy(p.in.Index, r.Interface, r.is))
		}
	}
	for _, f := range had {
		if unseen := p.in.Index.Unseen(query, f); unseen != nil && f != rep.Function {
			return representor.Representor{}, unseen
		}
	}
	return rep, why
}

// rowNotShown is the row that stays with the function that it is for, though the card doesn't show
// what the port's request means; nil for none.
func (p *planner) rowNotShown(q *port, t target) *ownRow {
	r := cmp.Or(q.rowFor(t.means), p.rowAnswering(q, t.query, t.reason))
	if r == nil || r.byMarks().Kind == 0 {
		return nil
	}
	return r
}

// keepUnshown is the target of a port that stays with such a row. If another function is meant for
// certain, the row was made for the same request in earlier times, and is only kept. So is one of
// which nobody knows what it was made for.
func (p *planner) keepUnshown(t target, r *ownRow) target {
	p.stayWith(&t, r)
	t.fromMarker = t.want != t.means
	t.asked = !t.fromMarker || t.means.Kind == 0 && r.request.Kind != 0 || p.mayBeFor(r, t.means)
	return t
}

// kept is the target of a port of which nothing is asked that can be followed: it stays with the
// first of its rows, if it has any.
func (p *planner) kept(q *port, why *reason.Reason) target {
	t := target{reason: why}
	if len(q.rows) > 0 {
		p.stayWith(&t, q.rows[0])
	}
	return t
}

// resolveKept: the row stays for the function it has, and follows it.
func (p *planner) resolveKept(q *port) target {
	if len(q.rows) == 0 {
		return target{}
	}
	if p.known {
		return p.kept(q, EvidenceOnly(q.binding))
	}
	t := target{reason: ChassisMissing(p.view)}
	row := q.rows[0]
	// Without our Chassis row the options are all that is left of the request.
	// They can't ask for anything, but they can take back, unless they are for another
	// host.
	if req := q.binding.Request; !q.binding.Additional && req.Invalid == nil {
		f, _ := p.in.Index.Meant(req.Query)
		_, why := p.lookup(q, req.Query)
		row = cmp.Or(q.rowFor(f), p.rowAnswering(q, req.Query, why), firstRow(q.rows, func(r *ownRow) bool {
			return r.request == req.Query || r.request.Kind == 0 || p.mayBeFor(r, f)
		}))
	}
	if row == nil {
		t.removal = requestChanged
		return t
	}
	p.stayWith(&t, row)
	return t
}

// resolveAbsent: nothing in view asks for the port. Only a verdict can say why.
func (p *planner) resolveAbsent(q *port) target {
	if len(q.rows) == 0 {
		return target{}
	}
	t := p.kept(q, nil)
	switch {
	case q.verified && p.known:
		t.removal, t.reason = requestGone, reasonWithdrawn(q.binding)
	case q.verified:
		t.reason = ChassisMissing(p.view)
	case !p.view.Complete || !p.view.Connected:
		t.reason = WhyUntrusted(p.view)
	default:
		t.removal, t.reason = requestGone, reasonUnverified()
	}
	return t
}

// stayWith makes a port want the function that its row has.
func (p *planner) stayWith(t *target, r *ownRow) {
	t.want, t.fromMarker = r.is, true
	rep, ok := p.in.Index.ByFunction(t.want)
	if !ok {
		return
	}
	t.rep = rep
	t.ready = p.whole && rep.IfIndex != 0 && rep.Link.Settled && rep.Link.Master == "" && rep.Type == devlink.TypeEth
}

// answers reports whether the rows of a port may have been made for its present request.
// One that has lost its request can't have been if the card shows the function that the
// request means, and that is another than the row's.
func (p *planner) answers(q *port, t target) bool {
	return slices.ContainsFunc(q.rows, func(r *ownRow) bool {
		return r.request == t.query || p.sameButForScope(r, t.query, t.reason) || p.mayBeFor(r, t.means) ||
			r.request.Kind == 0 && (t.want.Kind == 0 || r.is.Kind == 0)
	})
}

// allFor reports whether each row's marker names this function.
func (q *port) allFor(function representor.Function) bool {
	return !slices.ContainsFunc(q.rows, func(r *ownRow) bool { return !r.hasFunction || r.is != function })
}
