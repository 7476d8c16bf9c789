package plan

import (
	"maps"

	"github.com/representord/representord/ovs"
)

// keep leaves the right row in place, puts right what differs, and says how it is.
func (p *planner) keep(q *port, r *ownRow) {
	differs := false
	if q.asked && p.canAdd == nil {
		differs = p.edit(q, r)
		p.removeExtras(q, r, q.rows)
		if !p.in.Hold.All {
			p.remove(p.newPart(q.name, "its row is on the present integration bridge"), p.moved(q)...)
		}
	}
	if !q.rep.Link.Up && q.rep.Link.Master == "" {
		p.out.LinkUps = append(p.out.LinkUps, LinkUp{LogicalPort: q.name, Netdev: r.Name, IfIndex: q.rep.IfIndex})
	}
	q.status.Ofport, q.status.Installed = r.Ofport, r.Installed
	if row := p.foreignIfaceID[q.name]; row != "" {
		why := reasonForeignIfaceID(p.in.Actual, row, q.name)
		q.status.Warnings = append(q.status.Warnings, *why)
		if r.IsParked() {
			p.report(q, Conflict, why)
			return
		}
	}
	if (r.Ofport < 0 || stale(q, r)) && !differs {
		p.out.Nudges = append(p.out.Nudges, Nudge{LogicalPort: q.name, Interface: r.Interface, IfIndex: q.rep.IfIndex})
	}
	p.reportKept(q, r, differs)
}

// stale: the row is open for a netdev that isn't the function's any more. Without an
// ifindex that isn't said: it is lost when the local database is restarted, and comes
// back with ovs-vswitchd, where ofport stays (vswitch.ovsschema).
func stale(q *port, r *ownRow) bool {
	return r.Ofport > 0 && r.IfIndex != 0 && r.IfIndex != q.rep.IfIndex
}

func (p *planner) reportKept(q *port, r *ownRow, differs bool) {
	switch {
	case !q.asked:
		p.report(q, q.idle(), q.reason)
	case differs:
		p.report(q, Pending, reasonTransaction())
	default:
		if why := WhyUnopened(r.Interface, q.rep.IfIndex); why != nil {
			p.report(q, Pending, why)
			return
		}
		if q.reason != nil { // found by its marker, not by its request
			q.status.Warnings = append(q.status.Warnings, *q.reason)
		}
		p.address(q)
		p.report(q, Plugged, nil)
	}
}

// edit puts back what somebody changed, and follows what the request changed. It
// reports whether there is anything of that.
func (p *planner) edit(q *port, r *ownRow) bool {
	e := ovs.Edit{Interface: r.Interface, Set: map[string]string{}}
	p.editIfaceID(r, q.name, &e)
	if m := p.marker(q); r.Marker != m {
		have := r.Marker.Keys()
		maps.Copy(e.Set, m.Keys())
		maps.DeleteFunc(e.Set, func(k, v string) bool { return k != ovs.KeyIfaceID && have[k] == v })
	}
	p.editWanted(q, r, &e)
	if len(e.Set)+len(e.Delete) == 0 && e.MTURequest == nil && !e.ClearType {
		return false
	}
	r.edited = true
	p.newPart(q.name, "its row differs from what is asked").edit = []ovs.Edit{e}
	return true
}

// editWanted adds what the request says of iface-id-ver and the MTU, whose request it
// is, and that the netdev is one of the system.
func (p *planner) editWanted(q *port, r *ownRow, e *ovs.Edit) {
	req := q.binding.Request
	switch req.IfaceIDVer {
	case r.IfaceIDVer:
	case "":
		e.Delete = append(e.Delete, ovs.KeyIfaceIDVer)
	default:
		e.Set[ovs.KeyIfaceIDVer] = req.IfaceIDVer
	}
	if s := p.southbound(q, r); s != r.Southbound {
		e.Set[ovs.KeySouthbound] = s
	}
	if req.MTU != r.MTURequest {
		e.MTURequest = &req.MTU
	}
	e.ClearType = r.Type != "" && r.Type != "system" // which are the same
}

// removeExtras removes rows of a port beside the one that it keeps: two interfaces with
// one iface-id take the port from each other for ever.
func (p *planner) removeExtras(q *port, keep *ownRow, rows []*ownRow) {
	var extra bool
	pt := p.newPart(q.name, "another row has the port")
	for _, r := range rows {
		switch {
		case r.UUID == keep.UUID || r.removed:
		case q.verified && !p.in.Hold.All:
			p.remove(pt, r)
		case !q.verified:
			extra = true
		}
	}
	if extra {
		p.out.Unconfirmed = append(p.out.Unconfirmed, q.name)
	}
}
