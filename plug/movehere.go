package plug

import (
	"maps"
	"slices"

	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// The integration bridge may be another one from one moment to the next
// (external_ids:ovn-bridge, also for one chassis). What we plugged before is on the bridge
// that was, where ovn-controller has no flows for it any more, and keeps its netdev from the
// present one.

// leftBehind reports whether a row of ours is on a bridge that was ours.
func (p *planner) leftBehind(r ovs.Interface) bool {
	return r.Marked && r.OVNPlugged == "" && r.Bridge != "" && r.Bridge != p.in.Actual.Bridge && p.in.Left[r.Bridge] &&
		r.PortInterfaces == 1 && r.PortName == r.Name
}

// moveHere takes a row for exactly this request and function from a bridge that was ours,
// and plugs the netdev on the present one in the same transaction.
func (p *planner) moveHere(q *port) bool {
	r := p.in.Actual.Interfaces[q.rep.Link.Name]
	if !p.leftBehind(r) || !p.evicts(q) || len(q.rows) > 0 || lportOf(r) != q.name || p.marked(r) != q.want ||
		p.foreignIfaceID[q.name] != "" {
		return false
	}
	pl := ovs.Plug{
		Netdev: r.Name, IfaceID: q.name, Marker: p.marker(q), Southbound: p.southbound(q),
		IfaceIDVer: q.binding.Request.IfaceIDVer, MTURequest: q.binding.Request.MTU,
	}
	p.out.Gives[pl.Netdev] = q.rep
	p.add(&part{
		lports: []string{q.name}, why: "the integration bridge was " + representor.Escape(r.Bridge, candidateMost) + " before",
		unplug: []ovs.Unplug{{Interface: r, Moved: true}}, frees: places(r.Name, q.want, r.IfaceID), plug: []ovs.Plug{pl},
	})
	p.report(q, Pending, reasonTransaction())
	return true
}

// tellWhatIsLeftBehind gives a status to rows on bridges that were ours, where their ports
// have none: nothing moves what nobody asks for now.
func (p *planner) tellWhatIsLeftBehind() {
	a := p.in.Actual
	if !p.asksAreKnown() {
		return // nobody knows who asks for them
	}
	for _, name := range slices.Sorted(maps.Keys(a.Interfaces)) {
		if r := a.Interfaces[name]; p.leftBehind(r) && lportOf(r) != "" && !p.wanted(lportOf(r)) {
			p.tell(Status{
				LogicalPort: lportOf(r), State: Conflict, Reason: reasonLeftBehind(a, r),
				Request: r.Marker.Request, Function: r.Marker.Function, Netdev: r.Name, IfIndex: r.IfIndex, Ofport: r.Ofport,
			})
		}
	}
}

func reasonLeftBehind(a ovs.View, r ovs.Interface) *representor.Reason {
	why := reason(representor.CodeForeignName,
		"row %s of ours is still on bridge %s, which was the integration bridge before, and nothing asks this chassis to plug it now; %s",
		representor.Quote(r.Name), representor.Quote(r.Bridge), roomFor(a, r.Name).sentence())
	why.Candidates = []string{Shown(r.Name)}
	return why
}
