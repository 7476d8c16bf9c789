package plan

import (
	"cmp"
	"slices"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
)

// act turns what was resolved for one port into removals, a plug or edits, and
// its status.
func (p *planner) act(q *port) {
	p.facts(q)
	if !p.in.Actual.Complete || p.in.Actual.BridgeUUID == "" {
		p.report(q, q.idle(), cmp.Or(q.invalid(), p.canAdd))
		return
	}
	switch {
	case q.removal != noRemoval && !q.verified && len(q.rows) > 0:
		p.out.Unconfirmed = append(p.out.Unconfirmed, q.name)
		p.report(q, Held, reasonUnverified())
	case q.removal == requestGone:
		p.removeRows(q, "its request is gone: "+q.binding.Why)
		p.report(q, Held, q.reason)
	case q.removal == requestChanged:
		p.followRequest(q)
	case q.taken != nil && q.asked:
		p.report(q, Conflict, reasonTaken(q))
	case q.want.Kind == 0, q.taken != nil: // a row that is only kept goes when the owner's plug needs its place, see replace
		p.report(q, q.idle(), q.reason)
	case !q.ready && !p.openThoughBridged(q):
		p.waitForNetdev(q)
	default:
		p.plugOrKeep(q)
	}
}

// facts fills in what a status says whatever its state.
func (p *planner) facts(q *port) {
	q.status.Request, q.status.Function = requestText(q.query), functionText(q.want)
	if q.query.Kind == 0 && len(q.rows) > 0 {
		q.status.Request = q.rows[0].Marker.Request
	}
	q.status.Netdev, q.status.IfIndex = q.rep.Link.Name, q.rep.IfIndex
	if q.seen {
		q.status.Warnings = slices.Clone(q.binding.Request.Warnings)
		q.status.Up = q.binding.Up
	}
}

// reportPlugged corrects the status of a port whose request means another function
// than when its row was made, and whose row stays until that one can be plugged.
func (p *planner) reportPlugged(q *port) {
	if q.means.Kind == 0 || q.status.Reason == nil {
		return
	}
	for _, r := range q.rows {
		if r.is.Kind != 0 && r.is != q.means && (r.request == q.query || r.request.Kind == 0) && !r.removed {
			q.status.Reason = reasonMoved(q, r)
			q.status.Function, q.status.Netdev, q.status.IfIndex, q.status.Ofport = r.is.String(), r.Name, r.IfIndex, r.Ofport
			return
		}
	}
}

// followRequest handles a request that names another function than the rows have: old out, and
// new in with it where it is found.
func (p *planner) followRequest(q *port) {
	if len(q.rows) > 0 {
		p.out.Retargets = append(p.out.Retargets, q.name)
	}
	if p.pluggable(q) {
		why := p.inTheWay(q)
		if why == nil {
			p.replace(q, "its request names another function now")
			return
		}
		p.report(q, Conflict, why) // which stays so when its rows go, but not in their grace
	}
	if !q.removes && p.inGrace(q.name) {
		p.report(q, Held, reasonGrace(q.whyRemoved())) // what it was to make room for isn't to be had any more
		return
	}
	p.removeRows(q, "its request names another function now")
	switch {
	case q.taken != nil:
		p.report(q, Conflict, reasonTaken(q))
	case p.canAdd != nil:
		p.report(q, q.idle(), p.canAdd)
	case q.status.State == "":
		p.report(q, q.idle(), q.reason)
	}
}

func (p *planner) waitForNetdev(q *port) {
	if r := p.putBack(q); r != nil && p.openLive(r) && p.present(r) {
		p.removeExtras(q, r, rowsThat(p.onlyKept, q.rows))
	}
	p.report(q, q.idle(), cmp.Or(q.reason, reasonNoNetdev(q)))
}

// putBack undoes what somebody edited in a row whose netdev is away, or has a name that
// somebody else's row has: when it is back, ovs-vswitchd opens it for whatever port the
// row names then. It returns that row, which doesn't leak.
func (p *planner) putBack(q *port) *ownRow {
	r := q.rowFor(q.want)
	if r == nil || !q.asked || p.canAdd != nil || r.leak.kind != 0 {
		return nil
	}
	p.edit(q, r)
	return r
}

// plugOrKeep handles a port whose representor is there and its own.
func (p *planner) plugOrKeep(q *port) {
	if r := firstRow(q.rows, func(r *ownRow) bool { return r.leak.kind == leakByIndex }); r != nil {
		p.report(q, Pending, reasonStale(r.Interface))
		return
	}
	if r := q.inPlace(); r != nil {
		p.keep(q, r)
		return
	}
	// Without a request that can be trusted now, a row may follow its function to
	// another netdev, if the function is its alone.
	follows := len(q.rows) > 0 && q.allFor(q.want) && p.localReady() && !p.shared(q)
	if !p.asksNow(q) && !follows {
		p.report(q, q.idle(), cmp.Or(p.canAdd, q.reason))
	} else if p.adopt(q) {
		return
	} else if why := p.inTheWay(q); why != nil {
		p.report(q, Conflict, why)
		p.putBack(q)
	} else if p.in.Hold.All && p.moves(q) {
		p.report(q, q.idle(), reasonReplaced(p.view)) // the card says what is meant, but who asks for it isn't known
	} else {
		p.replace(q, "")
	}
}

// moves reports whether a port is plugged elsewhere than it has rows, or lost the last one.
func (p *planner) moves(q *port) bool {
	lost := p.lostOf[q.name]
	return len(q.rows) > 0 && q.rowFor(q.want) == nil || len(q.rows) == 0 && len(lost) > 0 && !slices.Contains(lost, q.want)
}

// openThoughBridged reports whether ovs-vswitchd has a port's netdev open that the card
// shows in a Linux bridge or a bond. One of the two is old news: the kernel lets nobody
// take the netdev from the other (netdev_master_upper_dev_link in net/core/dev.c). What
// is plugged counts as plugged until ovs-vswitchd says otherwise.
func (p *planner) openThoughBridged(q *port) bool {
	r := q.inPlace()
	return r != nil && q.rep.Link.Master != "" && r.IsOpen() && r.IfIndex == q.rep.IfIndex
}

// inPlace is the row of a port that has its function under the netdev's present name.
func (q *port) inPlace() *ownRow {
	return firstRow(q.rows, func(r *ownRow) bool { return r.Name == q.rep.Link.Name && r.leak.kind == 0 && r.is == q.want })
}

// localReady reports whether everything but the Southbound allows a plug.
func (p *planner) localReady() bool {
	return p.whole && p.in.Actual.KernelDatapath()
}

// idle is the state of a port for which nothing can be done now.
func (q *port) idle() State {
	switch {
	case q.invalid() != nil:
		return Invalid
	case q.asked:
		return Pending
	}
	return Held
}

// invalid is why the port's request can't be followed as written, nil if it can or there
// is none.
func (q *port) invalid() *reason.Reason {
	if q.seen && q.binding.Disposition == southbound.Asked {
		return q.binding.Request.Invalid
	}
	return nil
}

// inTheWay is the conflict of a port's plug with a row that is there, nil for none.
func (p *planner) inTheWay(q *port) *reason.Reason {
	row := p.obstacle(q)
	r := p.in.Actual.Interfaces[row]
	switch {
	case row == "":
	case p.mine[row] != nil:
		return reasonNameTaken(row, p.in.Actual)
	case r.Marked && r.OVNPlugged != "":
		return reasonBothMarks(r)
	case p.leftOverCalled(row):
		return p.reasonLeftOver(r)
	default:
		return reasonForeignName(p.in.Actual, row)
	}
	if row := p.foreignIfaceID[q.name]; row != "" && len(q.rows) == 0 {
		return reasonForeignIfaceID(p.in.Actual, row, q.name)
	}
	return nil
}

// replace takes out what the port has and plugs what it should have, at once, unless other ports' claims
// stand against that. Without a request that can be trusted now it takes out only rows of its own.
func (p *planner) replace(q *port, why string) {
	if p.asksNow(q) {
		if why := p.claimAgainst(q); why != nil {
			p.report(q, Pending, why)
			return
		}
	}
	pt, moved := p.removeRows(q, why), p.moved(q)
	if why == "" {
		pt.why = "asked for"
		switch {
		case len(q.rows) > 0:
			pt.why = "its representor is now " + reason.Name(q.rep.Link.Name)
		case len(moved) > 0:
			pt.why = "the integration bridge was " + reason.Name(moved[0].Bridge) + " before"
		}
	}
	pl := ovs.Plug{Netdev: q.rep.Link.Name, IfaceID: q.name, Marker: p.marker(q), Southbound: p.southbound(q, slices.Concat(q.rows, moved)...)}
	if q.asked {
		pl.IfaceIDVer, pl.MTURequest = q.binding.Request.IfaceIDVer, q.binding.Request.MTU
	} else {
		pl.IfaceIDVer, pl.MTURequest = q.rows[0].IfaceIDVer, q.rows[0].MTURequest
	}
	pt.plug, pt.takes = append(pt.plug, pl), append(pt.takes, placesOf(pl.Netdev, q.want, pl.IfaceID)...)
	p.remove(pt, moved...)
	p.out.Gives[pl.Netdev] = q.rep
	if p.asksNow(q) {
		p.remove(pt, p.displaced(q)...)
	}
	p.report(q, Pending, reasonTransaction())
}

func (p *planner) marker(q *port) ovs.Marker {
	m := ovs.Marker{LogicalPort: q.name, Function: functionText(q.want), Request: requestText(q.query)}
	if len(q.rows) == 0 || q.query.Kind != 0 && !q.fromMarker {
		return m
	}
	// Not known to answer another request than it was made for.
	m.Request = cmp.Or(firstRow(q.rows, func(r *ownRow) bool { return r.byMarks() == q.want }), q.rows[0]).Marker.Request
	return m
}

// southbound is what a row of a port's is to say of the Southbound it answers, in place
// of these. It is the present one if that is accepted, in the words that are there
// already, so that a relay's or a cluster's wording changes nothing. Until then a port
// that is there doesn't move on: what its rows say is all that a restart would know.
func (p *planner) southbound(q *port, rows ...*ownRow) string {
	present, settled := p.view.Names, p.asksNow(q) && !p.in.Hold.All
	has, other := "", false
	for _, r := range rows {
		if is := present.IsIn(r.Southbound); r.Southbound != "" && (has == "" || !is) {
			has, other = r.Southbound, !is
		}
	}
	if len(rows) == 0 || settled && (has == "" || other) {
		return present.String()
	}
	return has
}

// removeRows removes all rows of a port, and returns the part that does.
func (p *planner) removeRows(q *port, why string) *part {
	pt := p.newPart(q.name, why)
	p.remove(pt, q.rows...)
	return pt
}
