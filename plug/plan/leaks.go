package plan

import (
	"fmt"
	"slices"

	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// leak is how a row of ours came to carry traffic of something that it isn't for.
type leak struct {
	kind leakKind // 0 for no leak
	why  string
}

type leakKind uint8

const (
	// leakByName: the netdev under the row's name is another function's, or no function's.
	leakByName leakKind = iota + 1
	// leakByIndex: the name isn't another's, but ovs-vswitchd has a netdev open that is, or,
	// while the row's function has the name, any other live one.
	leakByIndex
)

// findLeaks looks at every row of ours for a netdev that is not its function's: one
// tenant's port would be on another's network, or on the DPU's own. Only positive
// knowledge counts. What a netdev is doesn't change while it lives, so ports that were
// read earlier tell it as well as those that can be read now; names must be the present
// ones.
func (p *planner) findLeaks() {
	if current, _ := p.in.Index.LinksCurrent(); !current {
		return
	}
	for _, r := range slices.Concat(p.ours, p.former) {
		p.findLeak(r)
	}
}

func (p *planner) findLeak(r *ownRow) {
	if query, asked := r.unnamed(); asked {
		r.leak = p.leakUnless(r, func(f representor.Function) bool { return mayBeAskedBy(query, f) })
	} else {
		r.leak = p.leakOf(r, r.is)
	}
}

// leakOf tells how a row that is for a function carries something else, if it does.
func (p *planner) leakOf(r *ownRow, function representor.Function) leak {
	if function.Kind == 0 {
		return leak{}
	}
	// Whatever our own function has at present, no netdev or one of another name.
	if l := p.leakUnless(r, func(f representor.Function) bool { return f.Kind != 0 && p.in.Index.MayBe(function, f) }); l.kind != 0 {
		return l
	}
	rep, ok := p.in.Index.ByFunction(function)
	if !r.IsOpen() || !ok || rep.IfIndex == 0 || rep.Link.Name != r.Name || r.IfIndex == rep.IfIndex {
		return leak{}
	}
	// An ifindex that no longer exists is only old news from ovs-vswitchd.
	if _, live := p.in.Index.LinkByIfIndex(r.IfIndex); live {
		return leak{leakByIndex, fmt.Sprintf("ovs-vswitchd has ifindex %d open under it, and its function has %d", r.IfIndex, rep.IfIndex)}
	}
	return leak{}
}

// leakUnless tells how a row carries what isn't right for it: by the netdev that has its
// name, or by the one that ovs-vswitchd has open under it.
func (p *planner) leakUnless(r *ownRow, right func(representor.Function) bool) leak {
	if ifindex, _, ok := p.in.Index.LinkByName(r.Name); ok {
		if why := p.notOurs(r, ifindex, right); why != "" {
			return leak{leakByName, why}
		}
	}
	if r.IsOpen() {
		if why := p.notOurs(r, r.IfIndex, right); why != "" {
			return leak{leakByIndex, why}
		}
	}
	return leak{}
}

// notOurs says what a live netdev is that a row of ours must not carry, "" if it may.
func (p *planner) notOurs(r *ownRow, ifindex uint32, right func(representor.Function) bool) string {
	if _, live := p.in.Index.LinkByIfIndex(ifindex); !live {
		return ""
	}
	claim, claimed := p.in.Index.ClaimOf(ifindex)
	switch {
	case !claimed && p.saysRight(r, ifindex):
		return "" // it is the list of ports that is short
	case !claimed:
		return p.unclaimed(r, ifindex)
	case claim.Disputed || right(claim.Function):
		return ""
	case claim.Function.Kind == 0:
		return fmt.Sprintf("its netdev is now that of devlink port %s (%s), which stands for no function", claim.Port, claim.Flavour)
	}
	return whyLeak
}

// saysRight reports whether a netdev that no listed port claims says itself that it is the one of
// a row's function, or of one that the row's request may mean.
func (p *planner) saysRight(r *ownRow, ifindex uint32) bool {
	query, asked := r.unnamed()
	if !asked {
		return p.in.Index.Says(ifindex, r.is)
	}
	f, said := p.in.Index.Said(ifindex)
	return said && mayBeAskedBy(query, f)
}

// unclaimed says why a row must not carry a netdev that no devlink port claims, "" if it
// may. Some drivers register a representor's netdev before devlink says which port it
// belongs to, so that must have been so for some seconds. Then it is proved that no port
// ever will, or ovs-vswitchd has it open, and the whole card is known.
func (p *planner) unclaimed(r *ownRow, ifindex uint32) string {
	p.out.Unclaimed = append(p.out.Unclaimed, unclaimedIn(r.Interface, ifindex))
	if !p.in.Unclaimed[unclaimedIn(r.Interface, ifindex)] {
		return ""
	}
	if why, proved := p.in.Index.NeverAFunction(ifindex); proved {
		return "its netdev is no function's: " + why
	}
	link, _ := p.in.Index.LinkByIfIndex(ifindex)
	if rep, ok := p.in.Index.ByFunction(r.is); ok && p.in.Index.Vanished(rep.Function) {
		return "" // the netdev may be newer than the list of ports
	}
	if p.whole && !p.blind && link.Settled && r.IsOpen() && r.IfIndex == ifindex {
		return "its netdev belongs to no devlink port, and ovs-vswitchd has it open"
	}
	return ""
}

// unclaimedIn names a netdev that no devlink port claims, and the row that it is in: another
// one in its place has its own time.
func unclaimedIn(r ovs.Interface, ifindex uint32) string { return fmt.Sprint(r.UUID, " ", ifindex) }

// isRight reports whether a row carries nothing but its function, for certain: nothing that
// is live has its name or is open under it, but what is its function's.
func (p *planner) isRight(r *ownRow) bool {
	isnt := func(ifindex uint32) bool {
		_, live := p.in.Index.LinkByIfIndex(ifindex)
		claim, claimed := p.in.Index.ClaimOf(ifindex)
		return live && (!claimed || claim.Disputed) && !p.saysRight(r, ifindex)
	}
	named, _, _ := p.in.Index.LinkByName(r.Name)
	return r.leak.kind == 0 && !isnt(named) && (!r.IsOpen() || !isnt(r.IfIndex))
}

const whyLeak = "its netdev has become another function"

// removeLeaks removes every row that leaks, each with a change of its own: whatever else there is to be done, and however much,
// no leak waits for it or fails with it. On a bridge that was ours, ovs-vswitchd goes on to forward by the flows that
// ovn-controller made there.
func (p *planner) removeLeaks(rows []*ownRow) {
	for _, r := range rows {
		if r.leak.kind == 0 {
			continue
		}
		r.removed = true
		p.out.Leaks = append(p.out.Leaks, r.UUID)
		if r.leak.kind == leakByIndex {
			p.out.Reopen = append(p.out.Reopen, r.Name)
		}
		u := ovs.Unplug{Interface: r.Interface, Leak: true, Moved: r.former}
		p.closing = append(p.closing, ovs.Change{LogicalPorts: []string{r.lport}, Why: r.leak.why, Unplug: []ovs.Unplug{u}})
	}
}

// CloseLeak is the change that removes a row, and nothing else, because its netdev has become another
// function's since a plan was made.
func CloseLeak(row ovs.Interface, lports []string) ovs.Change {
	return ovs.Change{LogicalPorts: lports, Why: whyLeak, Unplug: []ovs.Unplug{{Interface: row, Leak: true}}}
}

// StillLeaks are the changes without those that close a leak which is none any more by what the
// card and the bridge show now: the program may have been stopped since the plan, and the
// names dealt anew. As long as the netdevs' names aren't the present ones, or the bridge can't be
// read, nothing says that a leak is over.
func StillLeaks(in Input, changes []ovs.Change) []ovs.Change {
	if current, _ := in.Index.LinksCurrent(); !current || !in.Actual.Complete || !slices.ContainsFunc(changes, ClosesLeak) {
		return changes
	}
	p := newPlanner(in)
	over := func(planned ovs.Interface) bool {
		row := p.own(planned)
		if now, there := in.Actual.Interfaces[planned.Name]; there && now.UUID == planned.UUID {
			row = p.own(now) // its marks may be others now, or what is open under it
		}
		p.findLeak(row)
		return p.isRight(row)
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c ovs.Change) bool { return ClosesLeak(c) && over(c.Unplug[0].Interface) })
}

// WaitFor leaves out the changes that need rows to be gone which are still there: those that
// plug a netdev under the name of such a row, and those that would give its port another row
// on the bridge.
func WaitFor(rows []ovs.Unplug, changes []ovs.Change) []ovs.Change {
	names, ports := map[string]bool{}, map[string]bool{}
	for _, u := range rows {
		names[u.Interface.Name] = true
		if lport := u.Interface.LogicalPort(); !u.Moved && lport != "" {
			ports[lport] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c ovs.Change) bool {
		return slices.ContainsFunc(c.Plug, func(p ovs.Plug) bool { return names[p.Netdev] || ports[p.IfaceID] }) ||
			slices.ContainsFunc(c.Edit, func(e ovs.Edit) bool { return ports[e.Set[ovs.KeyIfaceID]] })
	})
}

// ClosesLeak reports whether a change closes a leak, and nothing else.
func ClosesLeak(c ovs.Change) bool { return len(c.Unplug) == 1 && c.Unplug[0].Leak }
