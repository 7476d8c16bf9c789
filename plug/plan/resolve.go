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
	rep, why := p.in.Index.Lookup(q.query)
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
	if _, ok := p.rowOf(q, q.want); len(q.rows) > 0 && !ok && !p.answers(q) {
		q.goes = dropped // the rows answer another request than the present one
	}
}

// staysUnfound reports whether a row stays with the function that it is for, though the card
// doesn't show what the port's request means. If it is another one for certain, the row was
// made for the same request in earlier times, and is only kept.
func (p *planner) staysUnfound(q *port) bool {
	r, ok := p.rowOf(q, q.means)
	if !ok {
		r, ok = p.rowAsked(q, q.query)
	}
	if !ok {
		r, ok = p.rowMeant(q, q.query, q.reason)
	}
	if !ok || r.byMarks().Kind == 0 {
		return false
	}
	p.stayWith(q, r)
	q.unsure = q.want != q.means
	q.asked = !q.unsure || q.means.Kind == 0 || p.mayBeFor(r, q.means)
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
		r, ok := p.rowStillMeant(q, req.Query)
		if !ok {
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

// holdRemovals keeps rows whose ports are said to be gone, or to have no use for
// them, when that would be most of what we have: the likelier cause is a fault in
// the control plane. It keeps every row when the Southbound is another one, and for some
// seconds every row whose place nothing takes. It reports whether it kept any.
func (p *planner) holdRemovals() bool {
	p.mass = p.findLeaving()
	mass, held := p.mass, false
	for _, q := range p.sorted {
		switch {
		case !q.leaves && !q.moves:
			continue
		case p.in.Hold.All:
			p.hold(q, reasonReplaced(p.view))
			p.out.SouthboundHeld = append(p.out.SouthboundHeld, q.name)
			q.braked = true
		case mass != nil:
			p.hold(q, mass)
			p.out.MassHeld = append(p.out.MassHeld, q.name)
			q.braked = true
		case q.leaves && p.early(q):
			p.hold(q, reasonGrace(q))
		default:
			continue
		}
		held = true
	}
	return held
}

// early reports whether the removal of a port's rows hasn't had its grace.
func (p *planner) early(q *port) bool { return p.in.Hold.Grace && !p.in.Hold.Graced[q.name] }

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
		goes, late := q.leaves || q.moves, p.in.Hold.Lately[q.name]
		if goes {
			p.out.Leaving = append(p.out.Leaving, q.name)
			waited = waited && p.in.Hold.Waited[q.name]
		}
		now.add(goes)
		if late || !p.in.Hold.Young[q.name] {
			lately.add(goes || late)
		}
	}
	waited = p.countLeftOvers(&now, &lately) && waited
	waited = p.countLeftBehind(&now, &lately) && waited
	for lport := range p.in.Hold.Lately {
		if q := p.ports[lport]; q == nil || len(q.rows) == 0 {
			lately.add(true)
		}
	}
	if waited {
		return nil
	}
	return firstReason(now.mass(), lately.mass())
}

// markLeaving notes whether a port's rows go, or make room for what it asks for now, or for
// what another port asks for.
func (p *planner) markLeaving(q *port) {
	q.leaves = q.verified && (q.goes == depart || q.goes == dropped && !p.replaceable(q))
	q.moves = q.verified && (q.goes == dropped && !q.leaves || p.yields(q)) || p.shifts(q)
}

// shifts reports whether a port is to have another function though its request is the same:
// the card says that another one is meant, and has the one that it is plugged for as well.
// The Southbound has no word on that.
func (p *planner) shifts(q *port) bool {
	if q.goes != stay || !p.pluggable(q) {
		return false
	}
	if _, has := p.rowOf(q, q.want); has {
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

// most reports whether more go or move than is to be expected of a control plane that is
// well: more than two, and more than half.
func (t *tally) most() bool { return t.changed > 2 && 2*t.changed > t.of }

// mass is why what goes waits for its number, nil if it needn't.
func (t *tally) mass() *reason.Reason {
	if !t.most() {
		return nil
	}
	return reasonMass(t.changed, t.of)
}

// yields reports whether a row of a port's is only kept, and makes room for another port that
// asks for its function, or for the netdev that has its name now.
func (p *planner) yields(q *port) bool {
	return q.goes == stay && slices.ContainsFunc(q.rows, func(r *ownRow) bool {
		takes := func(o *port) bool { return o != nil && o != q && p.evicts(o) && o.ready }
		return p.onlyKept(r) && (takes(p.owners[r.is]) || takes(p.netdevs[r.Name]))
	})
}

// replaceable reports whether what a port's request names now can take the place
// of its rows at once.
func (p *planner) replaceable(q *port) bool {
	if !p.pluggable(q) {
		return false
	}
	row, _ := p.obstacle(q)
	return row == ""
}

// pluggable reports whether what a port's request names can be plugged, unless a
// row is in the way.
func (p *planner) pluggable(q *port) bool {
	return q.asked && q.want.Kind != 0 && q.taken == nil && q.ready && p.canAdd == nil
}

// hold keeps the rows of a port that should go, and asks for nothing new.
func (p *planner) hold(q *port, why *reason.Reason) {
	q.goes, q.asked, q.reason = stay, false, why
	q.want, q.ready = representor.Function{}, false
	if len(q.rows) > 0 {
		p.stayWith(q, q.rows[0])
	}
}

// rowStillMeant finds the row that a request means, or may mean, whether it is worded
// as when the row was made or not.
func (p *planner) rowStillMeant(q *port, query representor.Query) (*ownRow, bool) {
	if f, meant := p.in.Index.Meant(query); meant {
		if r, ok := p.rowOf(q, f); ok {
			return r, true
		}
	}
	if r, ok := p.rowAsked(q, query); ok {
		return r, true
	}
	if p.anyRequest(q.rows, query) {
		return q.rows[0], true
	}
	_, why := p.in.Index.Lookup(query)
	return p.rowMeant(q, query, why)
}

// rowOf finds a row of a port for a function.
func (p *planner) rowOf(q *port, function representor.Function) (*ownRow, bool) {
	for _, r := range q.rows {
		if function.Kind != 0 && r.is == function {
			return r, true
		}
	}
	return nil, false
}

// mayBeFor reports whether a row may be for a function, by all that is known of it: its mark
// may be from a kernel that numbered no controllers.
func (p *planner) mayBeFor(r *ownRow, f representor.Function) bool {
	if r.is.Kind == 0 || f.Kind == 0 || !p.in.Index.MayBe(r.is, f) {
		return false
	}
	if r.request.Kind != 0 && !mayBeAskedBy(r.request, f) {
		return false
	}
	ifindex, _, live := p.in.Index.LinkByName(r.Name)
	if p.openLive(r) {
		ifindex, live = r.IfIndex, true
	}
	claim, claimed := p.in.Index.ClaimOf(ifindex)
	return !live || !claimed || claim.Disputed || claim.Function == f
}

// rowMeant finds a row that a query may mean though it is worded otherwise than the
// request the row answers: they differ in the controller or the card's serial number
// alone, and why nothing was found is not final. Were the row removed then, a card
// that can't be read for a moment would unplug a machine whose request says no more
// than which of the cards it always was on. One whose marks tell its function comes first.
func (p *planner) rowMeant(q *port, query representor.Query, why *reason.Reason) (row *ownRow, found bool) {
	if !undecided(reason.CodeOf(why)) {
		return row, false
	}
	for _, r := range q.rows {
		was := r.request
		was.Controller, was.CardSerial = query.Controller, query.CardSerial
		if was != query || !p.mayBe(r, query, why) {
			continue
		}
		if r.byMarks().Kind != 0 {
			return r, true
		}
		if !found {
			row, found = r, true
		}
	}
	return row, found
}

// mayBe reports whether a query may mean the function that a row is for.
func (p *planner) mayBe(r *ownRow, query representor.Query, why *reason.Reason) bool {
	if own, asked := r.unnamed(); asked {
		return !query.Controller.Present || !own.Controller.Present || own.Controller == query.Controller
	}
	rep, ok := p.in.Index.ByFunction(r.byMarks())
	if ok && query.Controller.Present && rep.Function.Controller.Present && rep.Function.Controller != query.Controller {
		return false // whatever the card can't tell, it isn't this one
	}
	return reason.CodeOf(why) != reason.CodePFAmbiguous || p.in.Index.MayMean(query, r.byMarks())
}

// undecided reports whether the card may tell later what it can't tell now: which function a request means.
func undecided(code reason.Code) bool {
	switch code {
	case reason.CodeNoDevlink, reason.CodeSerialUnknown, reason.CodePFMACUnknown, reason.CodePFUncertain,
		reason.CodePFAmbiguous:
		return true
	default:
		return false
	}
}

// rowAsked finds a row that was made for a request, in these words.
func (p *planner) rowAsked(q *port, request representor.Query) (*ownRow, bool) {
	for _, r := range q.rows {
		if r.request == request && r.hasFunction {
			return r, true
		}
	}
	return nil, false
}

// answers reports whether the rows of a port may have been made for its present request.
// One that has lost its request can't have been if the card shows the function that the
// request means, and that is another than the row's.
func (p *planner) answers(q *port) bool {
	_, may := p.rowMeant(q, q.query, q.reason)
	return may || slices.ContainsFunc(q.rows, func(r *ownRow) bool {
		return r.request == q.query || p.mayBeFor(r, q.means) || r.request.Kind == 0 && (q.want.Kind == 0 || r.is.Kind == 0)
	})
}

func (p *planner) anyRequest(rows []*ownRow, request representor.Query) bool {
	for _, r := range rows {
		if r.request == request || r.request.Kind == 0 {
			return true
		}
	}
	return false
}

// allFor reports whether each row's marker names this function.
func (p *planner) allFor(rows []*ownRow, function representor.Function) bool {
	for _, r := range rows {
		if !r.hasFunction || r.is != function {
			return false
		}
	}
	return true
}
