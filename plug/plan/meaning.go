package plan

import (
	"slices"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// firstRow is the first that fits, nil for none.
func firstRow(rows []*ownRow, fits func(r *ownRow) bool) *ownRow {
	if i := slices.IndexFunc(rows, fits); i >= 0 {
		return rows[i]
	}
	return nil
}

// rowsThat are those that fit.
func rowsThat(fit func(r *ownRow) bool, lists ...[]*ownRow) []*ownRow {
	var fitting []*ownRow
	for _, rows := range lists {
		for _, r := range rows {
			if fit(r) {
				fitting = append(fitting, r)
			}
		}
	}
	return fitting
}

// rowFor is a port's row for a function, nil for none.
func (q *port) rowFor(f representor.Function) *ownRow {
	return firstRow(q.rows, func(r *ownRow) bool { return f.Kind != 0 && r.is == f })
}

// rowAnswering is the row that a query may be answered by, while the card doesn't show what the
// query means, for the reason why; nil for none. One comes first that was made for it in these
// words, then one that it may mean in other words, rather one whose marks tell its function. As
// long as that can't be told, it may also be one of which nobody knows what it was made for.
func (p *planner) rowAnswering(q *port, query representor.Query, why *reason.Reason) *ownRow {
	for _, fits := range []func(r *ownRow) bool{
		func(r *ownRow) bool { return r.hasFunction && r.request == query },
		func(r *ownRow) bool { return r.byMarks().Kind != 0 && p.sameButForScope(r, query, why) },
		func(r *ownRow) bool { return p.sameButForScope(r, query, why) },
		func(r *ownRow) bool {
			return undecided(reason.CodeOf(why)) && r.hasFunction && r.request.Kind == 0 && mayBeAskedBy(query, r.is)
		},
	} {
		if r := firstRow(q.rows, fits); r != nil {
			return r
		}
	}
	return nil
}

// sameButForScope reports whether a query may mean what a row was made for though it is worded otherwise:
// they differ in the controller or the card's serial number alone, and why nothing was found is
// not final. Were the row removed then, a card that can't be read for a moment would unplug a
// machine whose request says no more than which of the cards it always was on.
func (p *planner) sameButForScope(r *ownRow, query representor.Query, why *reason.Reason) bool {
	was := r.request
	was.Controller, was.CardSerial = query.Controller, query.CardSerial
	return undecided(reason.CodeOf(why)) && was == query && p.mayBe(r, query, why)
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

// mayBeFor reports whether a row may be for a function, by all that is known of it: its mark
// may be from a kernel that numbered no controllers. The netdev tells it but where that is a leak:
// its name, or its index, was dealt anew then.
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
	return !live || !claimed || claim.Disputed || claim.Function == f || r.leak.kind != 0
}
