package plug

import (
	"github.com/representord/representord/ovn"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// leak is how a row of ours came to carry traffic of a function it isn't for.
type leak uint8

const (
	// leakByName: the netdev under the row's name is another function's.
	leakByName leak = iota + 1
	// leakByIndex: the name isn't another function's, but ovs-vswitchd has another
	// function's netdev open, or, while ours has the name, any other live one.
	leakByIndex
)

// findLeaks looks at every row of ours for a netdev that has become another
// function: one tenant's port would be on another's network. Only positive
// knowledge counts; an incomplete index knows nothing. Nor is a netdev under the
// row's name a leak that no devlink port claims: some drivers register a
// representor's netdev before devlink says which port it belongs to.
func (p *planner) findLeaks() {
	if complete, _ := p.in.Index.Complete(); !complete {
		return
	}
	for _, r := range p.mine {
		l := p.leakOf(r, p.marked(r))
		if r.Marker.Function == "" {
			l = p.leakByRequest(r)
		}
		if l != 0 {
			p.leaks[r.UUID] = l
		}
	}
}

// leakByRequest is for a row that has lost what function it is for (somebody edited its
// marker). If what the row says it was asked for is what is asked today, then the
// function that this means is the row's, and while the card can't tell which that is, a
// function of another kind or number is never right.
func (p *planner) leakByRequest(r ovs.Interface) leak {
	q := p.ports[lportOf(r)]
	if !q.seen || q.binding.Fate != ovn.Asked || q.binding.Request.Invalid != nil {
		return 0
	}
	query := q.binding.Request.Query
	if r.Marker.Request != query.String() {
		return 0
	}
	if meant, _ := p.in.Index.Lookup(query); meant.Function.Kind != 0 {
		return p.leakOf(r, meant.Function.String())
	}
	otherwise := func(f representor.Function) bool { return f.Kind != query.Kind || f.Number != query.Number }
	if rep, ok := p.in.Index.ByNetdev(r.Name); ok && otherwise(rep.Function) {
		return leakByName
	}
	if rep, ok := p.in.Index.ByIfIndex(r.IfIndex); ok && r.Ofport > 0 && otherwise(rep.Function) {
		return leakByIndex
	}
	return 0
}

// leakOf tells how a row that is for a function carries another one, 0 if it doesn't.
func (p *planner) leakOf(r ovs.Interface, function string) leak {
	if function == "" {
		return 0
	}
	if rep, ok := p.in.Index.ByNetdev(r.Name); ok && rep.Function.String() != function {
		return leakByName
	}
	if r.Ofport <= 0 || r.IfIndex == 0 {
		return 0
	}
	// Whatever our own function has at present, no netdev or one of another name.
	if rep, ok := p.in.Index.ByIfIndex(r.IfIndex); ok && rep.Function.String() != function {
		return leakByIndex
	}
	rep, ok := p.in.Index.ByFunction(function)
	if !ok || rep.IfIndex == 0 || rep.Link.Name != r.Name || r.IfIndex == rep.IfIndex {
		return 0
	}
	// An ifindex that no longer exists is only old news from ovs-vswitchd.
	if _, live := p.in.Index.LinkByIfIndex(r.IfIndex); live {
		return leakByIndex
	}
	return 0
}

const whyLeak = "its netdev has become another function"

// removeLeaks removes every row that leaks, each with a change of its own: whatever else
// there is to be done, and however much, no leak waits for it or fails with it.
func (p *planner) removeLeaks() {
	for _, q := range p.sorted {
		reopen := false
		for _, r := range q.rows {
			l := p.leaks[r.UUID]
			if l == 0 {
				continue
			}
			p.removed[r.UUID] = true
			p.out.Leaks = append(p.out.Leaks, r.UUID)
			p.closing = append(p.closing, ovs.Change{LogicalPorts: []string{q.name}, Why: whyLeak, Unplug: []ovs.Unplug{{Interface: r, Leak: true}}})
			reopen = reopen || l == leakByIndex
		}
		if reopen {
			p.out.Reopen = append(p.out.Reopen, q.name)
		}
	}
}

// closesLeak reports whether a change closes a leak, and nothing else.
func closesLeak(c ovs.Change) bool { return len(c.Unplug) == 1 && c.Unplug[0].Leak }

// marked is the function that a row's marker names, as the card calls it now. A marker
// may have been written on a kernel that numbered no controllers.
func (p *planner) marked(r ovs.Interface) string {
	return p.in.Index.WithController(r.Marker.Function)
}

// functionOf is the function a row of ours is for. A row that lost that part of
// its marker counts for what its netdev is now.
func (p *planner) functionOf(r ovs.Interface) string {
	if r.Marker.Function != "" {
		return p.marked(r)
	}
	if rep, ok := p.in.Index.ByNetdev(r.Name); ok {
		return rep.Function.String()
	}
	return ""
}
