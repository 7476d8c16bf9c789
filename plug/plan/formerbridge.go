package plan

import (
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
)

// The integration bridge may be another one from one moment to the next
// (external_ids:ovn-bridge, also for one chassis). What we plugged before is on the bridge
// that was, where ovn-controller looks after no flows any more, and keeps its netdev from
// the present one.

// onFormerBridge reports whether a row of ours is on a bridge that was ours.
func (p *planner) onFormerBridge(r ovs.Interface) bool {
	return r.Marked && r.OVNPlugged == "" && r.Bridge != "" && r.Bridge != p.in.Actual.Bridge && p.in.Left[r.Bridge] &&
		r.IsAlone()
}

// movesHere reports whether a row on a former bridge is for exactly what a port asks for now,
// whatever the row is called, by its marker: one that somebody edited is left to that one. It
// goes when the port is plugged here.
func (p *planner) movesHere(q *port, r *ownRow) bool {
	return p.asksNow(q) && r.former && r.lport == q.name && r.hasFunction && r.byMarks() == q.want &&
		r.leak.kind == 0
}

// noObstacle reports whether a row on a former bridge is no obstacle to a port's plug: it
// moves with that, goes before, or is another port's for the same function, which claimAgainst decides on.
func (p *planner) noObstacle(q *port, r *ownRow) bool {
	return p.movesHere(q, r) || r.former && (r.leak.kind == leakByName ||
		r.leak.kind == 0 && p.asksNow(q) && r.lport != q.name && r.byMarks() == q.want)
}

// moved are the rows that move here when a port is plugged.
func (p *planner) moved(q *port) []*ownRow {
	return rowsThat(func(r *ownRow) bool { return p.movesHere(q, r) && !r.removed }, p.former)
}

// countFormerRows adds the ports whose only rows are on a former bridge to what goes or moves, and
// to what there is, and reports whether those that make room for another port have waited.
func (p *planner) countFormerRows(now, lately *tally) (waited bool) {
	waited = true
	for _, r := range p.former {
		lport := r.lport
		if q := p.ports[lport]; q != nil && len(q.rows) > 0 || r.leak.kind != 0 {
			continue
		}
		o := p.owners[r.byMarks()]
		_, verified := p.verdictOn(lport)
		goes := o != nil && o.name != lport && p.asksNow(o) && o.ready && verified
		if goes {
			p.out.Removing = append(p.out.Removing, lport)
			waited = waited && p.in.Hold.Waited[lport]
		}
		now.add(goes)
		lately.add(goes || p.in.Hold.Lately[lport])
	}
	return waited
}

// reportFormerRows tells of rows on bridges that were ours that nothing asks for as they
// are, and so nothing moves: as the state of their ports, or as a warning on those that ask
// for something else.
func (p *planner) reportFormerRows() {
	if !p.asksAreKnown() {
		return // nobody knows who asks for them
	}
	for _, r := range p.former {
		lport, why := r.lport, reasonFormerBridge(p.in.Actual, r)
		switch q := p.ports[lport]; {
		case r.leak.kind != 0 && lport != "" && !p.wanted(lport):
			p.reportUnasked(rowStatus(r.Interface, Held,
				reason.New(reason.CodeTransactionPending, "row %s of ours on bridge %s is to be removed, since it leaks: %s",
					reason.Quote(r.Name), reason.Quote(r.Bridge), r.leak.why)))
		case lport == "" || r.removed:
		case !p.wanted(lport):
			p.reportUnasked(rowStatus(r.Interface, Conflict, why))
		case q != nil && q.want.Kind != 0 && (q.want != r.byMarks() || !r.hasFunction):
			p.warn(lport, why)
		}
	}
}

// warn adds a warning to the status of a port that has one.
func (p *planner) warn(lport string, why *reason.Reason) {
	if i, told := placeOf(p.out.Ports, lport); told {
		p.out.Ports[i].Warnings = append(p.out.Ports[i].Warnings, *why)
	}
}

func reasonFormerBridge(a ovs.View, r *ownRow) *reason.Reason {
	return reason.Among(reason.CodeForeignName, []string{reason.Name(r.Name)},
		"row %s of ours is still on bridge %s, which was the integration bridge before, and nothing asks this chassis to plug it now; %s",
		reason.Quote(r.Name), reason.Quote(r.Bridge), roomFor(a, r.Name).sentence())
}
