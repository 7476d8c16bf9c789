package plan

import "github.com/representord/representord/ovs"

// reportLost gives a status to rows with our marks that bear the built-in
// provider's too, where their ports have none: nobody asks for those.
func (p *planner) reportLost() {
	for _, r := range p.lost {
		p.reportUnasked(rowStatus(r, Conflict, reasonBothMarks(r)))
	}
}

// adopt takes over the built-in provider's row for exactly this request: one of its
// own, or one of ours for this port that it took before we were started. What it takes
// while we run shows that it runs too, and would be taken again.
func (p *planner) adopt(q *port) bool {
	r := p.in.Actual.Interfaces[q.rep.Link.Name]
	if !p.in.Settings.AdoptOVNVIF || p.canAdd != nil || r.Marked && (r.LogicalPort() != q.name || p.in.TakenByProvider[r.UUID]) ||
		r.OVNPlugged != ovs.BuiltInProvider ||
		r.IfaceID != q.name || r.Bridge != p.in.Actual.Bridge || !r.IsAlone() || len(q.rows) > 0 {
		return false
	}
	if p.leakOf(p.own(r), q.want).kind != 0 {
		return false // it would have to go at once
	}
	e := ovs.Edit{Interface: r, Set: p.marker(q).Keys(), Delete: []string{ovs.KeyOVNPlugged}}
	p.editWanted(q, p.own(r), &e)
	p.newPart(q.name, "adopting the row of the built-in plug provider").edit = []ovs.Edit{e}
	p.report(q, Pending, reasonTransaction())
	return true
}
