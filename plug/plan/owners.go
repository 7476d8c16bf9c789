package plan

import "slices"

// settleOwners gives every function that is asked for one owner: the port that
// has it plugged keeps it, else the smallest name gets it. Nothing flaps: what
// decides is what is plugged and what is asked, not the order of arrival. A row
// that is only kept owns nothing.
func (p *planner) settleOwners() {
	clear(p.owners)
	clear(p.netdevs)
	for _, q := range p.sorted {
		if !q.asked || q.want.Kind == 0 {
			continue
		}
		if o := p.owners[q.want]; o == nil || p.ownerRank(q) > p.ownerRank(o) {
			p.owners[q.want] = q
		}
	}
	for _, o := range p.owners {
		p.netdevs[o.rep.Link.Name] = o
	}
	for _, q := range p.sorted {
		q.taken = nil
		if o := p.owners[q.want]; q.want.Kind != 0 && o != q {
			q.taken = o
		}
	}
}

// shared reports whether another port has a row for the function q wants, or may have.
func (p *planner) shared(q *port) bool { return len(p.rowsOfOthers(q))+len(p.doubtfulRows(q)) > 0 }

// rowsOfOthers are the rows of other ports for the function q wants, those that this plan
// removes as well: on the bridge, and on bridges that were ours.
func (p *planner) rowsOfOthers(q *port) []*ownRow {
	return rowsThat(func(r *ownRow) bool {
		return r.lport != q.name && (!r.former || r.byMarks() == q.want)
	}, p.rowsFor[q.want], p.former)
}

// doubtfulRows are the rows of other ports that may be for the function q wants, whose marks are from
// a kernel that numbered no controllers, while the card can't tell; without those that go for
// the Southbound's sake.
func (p *planner) doubtfulRows(q *port) []*ownRow {
	was, may := p.in.Index.Unnumbered(q.want)
	if !may {
		return nil
	}
	return rowsThat(func(r *ownRow) bool {
		o := p.ports[r.lport]
		goes := !r.former && o.verified && o.removal != noRemoval
		return r.is == was && r.lport != q.name && !goes && p.mayBeFor(r, q.want)
	}, p.rowsFor[was], p.former)
}

// ownerRank ranks how firmly a port has the function it wants: 3 with a row under the netdev's
// present name, 2 with a row for it under another, 1 with one that leaks or was lost, 0 without.
// Rows on bridges that were ours count like others.
func (p *planner) ownerRank(q *port) int {
	rank := 0
	if lport, lost := p.loser(q.want); lost && lport == q.name {
		rank = 1
	}
	for _, r := range slices.Concat(q.rows, p.former) {
		switch {
		case r.lport != q.name || r.is != q.want:
		case r.leak.kind != 0:
			rank = max(rank, 1)
		case r.Name != q.rep.Link.Name:
			rank = max(rank, 2)
		default:
			return 3
		}
	}
	return rank
}
