package draw

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
)

// model is the facts in the order and the groups in which they are drawn.
type model struct {
	instances []instance
	// unplugged are the ports that need somebody's attention, worst first.
	unplugged []api.Port
	// counts are the ports of each look, and the functions of none.
	counts map[string]int
	// columns are those of small cells, 0 for large ones.
	columns int
	piles   bool
}

// instance is one devlink instance: a card, or one of the switches on a card.
type instance struct {
	handle  string
	uplinks []api.Uplink
	hosts   []host
	summary string
	// cardless: it has an uplink of another instance, and nothing tells of which.
	cardless bool
}

// cardOf is the instance that an uplink is drawn on.
func cardOf(u *api.Uplink) string { return cmp.Or(u.Card, u.Handle) }

// host is a controller's functions, which belong to one machine.
type host struct {
	controller *uint32
	external   bool
	pfs        []pf
}

type pf struct {
	number uint16
	own    *cell // nil when the PF has no port of its own
	cells  []cell
}

// cell is one function, or a pile of functions that nobody asks for.
type cell struct {
	api.Representor
	look  string
	label string
	// claims are the ports that ask for it, the one that has it first.
	claims []api.Port
	// last is the last one of a pile of so many.
	last *api.Representor
	pile int
}

func newModel(f Facts) model {
	m := model{counts: map[string]int{}}
	claims := claimants(f)
	for i := range f.Ports {
		if p := f.Ports[i]; f.PortsKnown {
			m.counts[look(p.State)]++
			if p.State != plan.Plugged {
				m.unplugged = append(m.unplugged, p)
			}
		}
	}
	slices.SortStableFunc(m.unplugged, func(a, b api.Port) int { return worst(a.State) - worst(b.State) })

	reps := f.Representors.Representors
	for _, handle := range handles(f.Representors) {
		in := instance{handle: handle}
		for _, u := range f.Representors.Uplinks {
			if cardOf(&u) == handle {
				in.uplinks = append(in.uplinks, u)
				in.cardless = in.cardless || u.Card == "" && strings.HasPrefix(handle, "auxiliary/")
			}
		}
		m.instances = append(m.instances, in)
	}
	for i := range reps {
		c := newCell(reps[i], claims[reps[i].Function])
		if c.look == none {
			m.counts[none]++
		}
		at, _ := slices.BinarySearchFunc(m.instances, reps[i].Handle, func(in instance, h string) int { return strings.Compare(in.handle, h) })
		m.instances[at].add(c)
	}
	m.fold(f.PortsKnown || len(reps) > manyFunctions)
	return m
}

// handles gives every devlink instance once, sorted.
func handles(rs api.Representors) []string {
	var all []string
	for i := range rs.Representors {
		all = append(all, rs.Representors[i].Handle)
	}
	for i := range rs.Uplinks {
		all = append(all, cardOf(&rs.Uplinks[i]))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// claimants gives, by function, the ports that ask for it: the one that has it first.
// Functions and ports are two answers of the daemon; what a representor says of its
// own port stands in where they differ.
func claimants(f Facts) map[string][]api.Port {
	claims := map[string][]api.Port{}
	for _, p := range f.Ports {
		if p.Function != "" && f.PortsKnown {
			claims[p.Function] = append(claims[p.Function], p)
		}
	}
	for _, all := range claims {
		slices.SortStableFunc(all, func(a, b api.Port) int { return rank(a.State) - rank(b.State) })
	}
	for _, r := range f.Representors.Representors {
		if r.LogicalPort != "" && len(claims[r.Function]) == 0 {
			claims[r.Function] = []api.Port{{LogicalPort: r.LogicalPort, State: plan.Plugged, Function: r.Function}}
		}
	}
	return claims
}

// rank orders the ports of one function by how much of it they have.
func rank(s plan.State) int {
	return -slices.Index([]plan.State{plan.Invalid, plan.Pending, plan.Conflict, plan.Held, plan.Plugged}, s)
}

// worst orders ports by how badly they need attention.
func worst(s plan.State) int {
	return slices.Index([]plan.State{plan.Conflict, plan.Invalid, plan.Held, plan.Pending}, s)
}

func newCell(r api.Representor, claims []api.Port) cell {
	c := cell{Representor: r, look: none, claims: claims}
	if len(claims) > 0 {
		c.look = look(claims[0].State)
	}
	c.label = strings.ToUpper(label().fit(r.Kind, 40)) + " " + numberOf(r)
	return c
}

func numberOf(r api.Representor) string {
	if r.Number == nil {
		return strconv.Itoa(int(r.PF))
	}
	return strconv.FormatUint(uint64(*r.Number), 10)
}

// add puts a function where it belongs.
func (in *instance) add(c cell) {
	at := slices.IndexFunc(in.hosts, func(h host) bool { return h.external == c.External && same(h.controller, c.Controller) })
	if at < 0 {
		at = len(in.hosts)
		in.hosts = append(in.hosts, host{controller: c.Controller, external: c.External})
	}
	h := &in.hosts[at]
	of := slices.IndexFunc(h.pfs, func(p pf) bool { return p.number == c.PF })
	if of < 0 {
		of = len(h.pfs)
		h.pfs = append(h.pfs, pf{number: c.PF})
	}
	p := &h.pfs[of]
	if c.Kind == "pf" && p.own == nil {
		p.own = &c
		return
	}
	p.cells = append(p.cells, c)
}

func same(a, b *uint32) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// name is whose functions these are.
func (h *host) name() (title, remark string) {
	title, remark = "Host", "functions of another machine"
	if !h.external {
		title, remark = "This machine", "functions of its own"
	}
	if h.controller != nil {
		title = fmt.Sprintf("Controller %d", *h.controller)
		if !h.external {
			remark = "functions of this machine"
		}
	}
	return title, remark
}
