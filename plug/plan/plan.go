package plan

import (
	"cmp"
	"maps"
	"slices"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// Plan decides what must change on the bridge. It is a pure function of its
// input. It obeys two rules above all: a row is made or changed only for a
// request that stands now and for exactly its function; and a row is removed
// for its request's sake only when a Verdict says that the request is gone,
// withdrawn or changed.
func Plan(in Input) Decision {
	p := newPlanner(in)
	p.findLeaks()
	if in.Actual.Complete {
		for _, q := range p.sorted {
			p.removeLeaks(q.rows)
		}
		p.removeLeaks(p.former) // also while the present bridge is yet to be made
	}
	for _, q := range p.sorted {
		q.target = p.resolve(q)
	}
	p.settleOwners()
	if p.holdRemovals() {
		p.settleOwners() // what is held owns nothing
	}
	for _, q := range p.sorted {
		p.act(q)
	}
	switch {
	case !in.Actual.Complete:
	case in.Actual.BridgeUUID == "":
		p.out.Exhaustive = p.whole
	default:
		p.parkRows()
	}
	p.takeLeftOvers()
	p.out.Changes = slices.Concat(p.closing, join(p.parts))
	p.statuses()
	return p.out
}

// RemoveAll are the changes that remove every row of ours from the bridge, whatever is asked.
func RemoveAll(x *representor.Index, actual ovs.View) []ovs.Change {
	p := newPlanner(Input{Index: x, Actual: actual})
	for _, q := range p.sorted {
		p.removeRows(q, "cleanup")
	}
	return join(p.parts)
}

// planner is one run of Plan.
type planner struct {
	in     Input
	view   southbound.View
	known  bool // our Chassis row exists, by the freshest word
	whole  bool // the card was read as a whole
	blind  bool // some part of it can't be read
	canAdd *reason.Reason

	ports  map[string]*port
	sorted []*port
	ours   []*ownRow          // our rows on our bridge, by netdev name
	mine   map[string]*ownRow // the same
	lost   []ovs.Interface    // rows with our marks that the built-in provider took
	former []*ownRow          // our rows on bridges that were ours, by netdev name
	// leftOvers are the built-in provider's rows that nobody asks for, by netdev name.
	leftOvers []leftOver
	mass      *reason.Reason // why removals wait for their number, nil if they don't
	// foreignIfaceID holds the names of rows on our bridge that aren't ours, by iface-id.
	foreignIfaceID map[string]string
	owners         map[representor.Function]*port
	netdevs        map[string]*port // the same by the netdevs of those
	// lostBy are the ports that lost the row for a function, see Hold.Lost, and lostOf the functions of
	// those by port. formerOf are the rows of former by port.
	lostBy   map[representor.Function]string
	lostOf   map[string][]representor.Function
	formerOf map[string][]*ownRow
	// rowsFor are ours by the functions that they are for.
	rowsFor map[representor.Function][]*ownRow

	out     Decision
	closing []ovs.Change // close one leak each
	parts   []*part
}

func newPlanner(in Input) *planner {
	rows, ports := len(in.Actual.Interfaces), len(in.Asked.Bindings)
	p := &planner{
		in: in, view: in.Asked, known: in.Asked.ChassisKnown,
		ports: make(map[string]*port, ports), mine: make(map[string]*ownRow, rows), foreignIfaceID: map[string]string{},
		owners: make(map[representor.Function]*port, ports), netdevs: make(map[string]*port, ports),
		lostBy: map[representor.Function]string{}, lostOf: map[string][]representor.Function{}, formerOf: map[string][]*ownRow{},
		rowsFor: make(map[representor.Function][]*ownRow, rows),
		out:     Decision{Gives: map[string]representor.Representor{}},
	}
	if in.Verdict != nil && in.Verdict.Identity != in.Asked.Identity {
		p.in.Verdict = nil // about another database than the view
	}
	if v := p.in.Verdict; v != nil {
		p.known = v.ChassisKnown
	}
	whole, problem := in.Index.Complete()
	p.whole, p.blind = whole, problem != ""
	p.canAdd = p.whyNoNew()
	for _, function := range slices.SortedFunc(maps.Keys(in.Hold.Lost), representor.Function.Compare) {
		f, lport := in.Index.WithController(function), in.Hold.Lost[function]
		p.lostBy[f] = lport
		p.lostOf[lport] = append(p.lostOf[lport], f)
	}
	p.sortRows()
	for name, b := range p.view.Bindings {
		if q := p.port(name, b.Disposition == southbound.Asked || p.awaitsChassis(b)); q != nil {
			q.word = word{binding: b, seen: true}
		}
	}
	if v := p.in.Verdict; v != nil {
		for name, b := range v.Bindings {
			if q := p.port(name, b.Disposition == southbound.Asked); q != nil {
				q.word = word{binding: b, seen: true, verified: true}
			}
		}
	}
	p.sorted = slices.SortedFunc(maps.Values(p.ports), func(a, b *port) int { return cmp.Compare(a.name, b.name) })
	p.findLeftOvers()
	return p
}

// port finds the entry of a logical port, or makes it when add is true.
func (p *planner) port(name string, add bool) *port {
	q := p.ports[name]
	if q == nil && add {
		q = &port{name: name, status: Status{LogicalPort: name}}
		p.ports[name] = q
	}
	return q
}

// sortRows tells our rows on our bridge, and on bridges that were ours, from everybody else's.
func (p *planner) sortRows() {
	for _, name := range slices.Sorted(maps.Keys(p.in.Actual.Interfaces)) {
		r := p.in.Actual.Interfaces[name]
		if r.OVNPlugged != "" && r.Bridge != "" && r.Bridge == p.in.Actual.Bridge {
			p.out.BuiltIn = append(p.out.BuiltIn, r.Name)
			if r.Marked {
				p.lost = append(p.lost, r)
			}
		}
		switch {
		case p.in.Actual.IsOurs(r):
			own := p.own(r)
			p.ours, p.mine[r.Name] = append(p.ours, own), own
			q := p.port(own.lport, true)
			q.rows = append(q.rows, own)
			if own.is.Kind != 0 {
				p.rowsFor[own.is] = append(p.rowsFor[own.is], own)
			}
		case p.onFormerBridge(r):
			own := p.own(r)
			own.former = true
			p.former, p.formerOf[own.lport] = append(p.former, own), append(p.formerOf[own.lport], own)
		case r.Bridge == p.in.Actual.Bridge && r.IfaceID != "" && p.foreignIfaceID[r.IfaceID] == "":
			p.foreignIfaceID[r.IfaceID] = r.Name
		}
	}
}

// whyNoNew says why nothing new may be plugged at all, nil if it may.
func (p *planner) whyNoNew() *reason.Reason {
	var lonely *reason.Reason
	if !p.known {
		lonely = ChassisMissing(p.view)
	}
	return cmp.Or(WhyNoBridge(p.in.Actual), WhyUntrusted(p.view), lonely, WhyUnread(p.in.Index))
}

// awaitsChassis: the port is for us by what its options say, which counts for nothing
// without our Chassis row; but whoever waits for it is to see it. northd makes it a
// request when the row is there.
func (p *planner) awaitsChassis(b southbound.Binding) bool {
	return !p.known && b.Disposition == southbound.Kept && !b.Additional
}
