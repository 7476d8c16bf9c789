package plan

import (
	"github.com/representord/representord/devlink"
	"github.com/representord/representord/ovs"
)

// A row of ours whose function is away is parked: it stays, and carries nobody's name, for
// its iface-id is in another key (ovs.KeyParked). ovs-vswitchd opens a row for whatever
// netdev has its name, within milliseconds: when names are dealt anew, at a boot above all,
// that is another function's, or no function's at all. ovn-controller gives a port without
// an iface-id no flows. It loses nothing by that: what has no OpenFlow port is released
// anyhow (consider_vif_lport of controller/binding.c).

// present reports whether the function of a row has its netdev under the row's name, or
// open under the row, whatever the netdev is called by now. A row that has lost what it is
// for isn't for whatever has its name. Where the list of ports is short, the netdev under the
// row's name may say itself that it is.
func (p *planner) present(r *ownRow) bool {
	function := r.byMarks()
	rep, ok := p.in.Index.ByFunction(function)
	if ok && rep.IfIndex != 0 {
		return rep.Link.Name == r.Name || r.Ofport > 0 && r.IfIndex == rep.IfIndex
	}
	ifindex, _, live := p.in.Index.LinkByName(r.Name)
	return live && p.in.Index.Says(ifindex, function)
}

// settled reports whether the netdev under a row's name is the function's for certain, and
// udev has finished with it.
func (p *planner) settled(r *ownRow) bool {
	rep, ok := p.in.Index.ByFunction(r.is)
	return ok && rep.IfIndex != 0 && rep.Link.Name == r.Name && rep.Link.Settled && rep.Type == devlink.TypeEth
}

// openLive reports whether ovs-vswitchd has a netdev open for a row that is there.
func (p *planner) openLive(r *ownRow) bool {
	_, live := p.in.Index.LinkByIfIndex(r.IfIndex)
	return r.IsOpen() && live
}

// parks reports whether a row is to carry nobody's name now. One that ovs-vswitchd has a
// live netdev open for isn't parked: the netdev is another function's, and the row a leak,
// or the card can't say at present whose it is, and a machine may be using it.
func (p *planner) parks(r *ownRow) bool {
	if p.present(r) || p.openLive(r) {
		return false
	}
	return r.IsParked() || p.in.Absent[r.UUID] && p.readable(r) || p.in.Starting && !r.IsOpen()
}

// editIfaceID adds to an edit what a row's iface-id is to be: its logical port's name, or
// none while it is parked.
func (p *planner) editIfaceID(r *ownRow, lport string, e *ovs.Edit) {
	switch {
	case p.parks(r):
		if r.IfaceID != "" {
			e.Delete = append(e.Delete, ovs.KeyIfaceID)
		}
		if r.Parked != lport {
			e.Set[ovs.KeyParked] = lport
		}
	case r.IsParked() && (!p.settled(r) || p.foreignIfaceID[lport] != ""):
	default:
		if r.IfaceID != lport {
			e.Set[ovs.KeyIfaceID] = lport
			if rep, ok := p.in.Index.ByFunction(r.is); ok && rep.IfIndex != 0 {
				p.out.Gives[r.Name] = rep
			}
		}
		if r.Parked != "" {
			e.Delete = append(e.Delete, ovs.KeyParked)
		}
	}
}

// parkRows parks and takes back the rows that nothing else is planned for, and notes which
// have no function, and whether all are safe for ovs-vswitchd to open.
func (p *planner) parkRows() {
	p.out.Exhaustive = p.in.Actual.Complete && (p.whole || p.in.Starting)
	for _, q := range p.sorted {
		for _, r := range q.rows {
			there := p.present(r)
			p.out.Exhaustive = p.out.Exhaustive && (there || r.IsParked() || r.IsOpen()) // also of one that is to go: its removal may be refused
			if r.removed {
				continue
			}
			switch {
			case there:
			case p.readable(r):
				p.out.Absent = append(p.out.Absent, r.UUID)
			default:
				p.out.Unseen = append(p.out.Unseen, r.UUID)
			}
			if !r.edited {
				p.parkRow(q, r)
			}
		}
	}
}

// readable reports whether the part of the card that a row's function is on can be read.
func (p *planner) readable(r *ownRow) bool {
	rep, ok := p.in.Index.ByFunction(r.is)
	_, blind := p.in.Index.BlindFor(rep.Function)
	return p.whole && (!ok || !blind)
}

// comesBack reports whether a parked row gets back the name that was parked in it: for
// nothing but the function that its port is to have now, and not beside somebody else's
// row for the port, for which the port could not be plugged anew either.
func (p *planner) comesBack(q *port, r *ownRow) bool {
	return q.removal == noRemoval && q.taken == nil && p.localReady() && q.want.Kind != 0 && q.want == r.byMarks() && r.Parked == q.name &&
		p.foreignIfaceID[q.name] == ""
}

// parkRow does that for a row that is only kept. It gets its name back as soon as its
// function is there, as it was before, unless something else is to become of it.
func (p *planner) parkRow(q *port, r *ownRow) {
	e := ovs.Edit{Interface: r.Interface, Set: map[string]string{}}
	why := "its function is away"
	switch {
	case p.parks(r) && r.IfaceID != "":
	case r.IsParked() && p.settled(r) && p.comesBack(q, r):
		why = "its function is back"
	default:
		return
	}
	p.editIfaceID(r, r.lport, &e)
	if r.Marker.LogicalPort == "" {
		e.Set[ovs.KeyLogicalPort] = r.lport
	}
	p.newPart(q.name, why).edit = []ovs.Edit{e}
}
