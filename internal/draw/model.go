package draw

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
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

// host is a controller's functions, which belong to one machine.
type host struct {
	title, remark string
	pfs           []pf
}

type pf struct {
	number uint16
	own    *cell // nil when the PF has no port of its own
	cells  []cell
}

// pfs are those of all machines.
func (in *instance) pfs() iter.Seq[*pf] {
	return func(yield func(*pf) bool) {
		for i := range in.hosts {
			for j := range in.hosts[i].pfs {
				if !yield(&in.hosts[i].pfs[j]) {
					return
				}
			}
		}
	}
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
	if !f.PortsKnown {
		f.Ports = nil
	}
	m := model{counts: map[string]int{}}
	for _, p := range f.Ports {
		m.counts[look(p.State)]++
		if p.State != plan.Plugged {
			m.unplugged = append(m.unplugged, p)
		}
	}
	slices.SortStableFunc(m.unplugged, by(plan.Conflict, plan.Invalid, plan.Held, plan.Pending))

	for _, u := range f.Representors.Uplinks {
		in := m.instance(cmp.Or(u.Card, u.Handle))
		in.uplinks = append(in.uplinks, u)
		in.cardless = in.cardless || u.Card == "" && strings.HasPrefix(u.Handle, "auxiliary/")
	}
	claims := claimants(f)
	for _, r := range f.Representors.Representors {
		c := newCell(r, claims[r.Function])
		if c.look == none {
			m.counts[none]++
		}
		m.instance(r.Handle).add(c)
	}
	m.fold(f.PortsKnown || len(f.Representors.Representors) > manyFunctions)
	return m
}

// instance is the one with a handle, which is made if it isn't there. They are sorted.
func (m *model) instance(handle string) *instance {
	at, found := slices.BinarySearchFunc(m.instances, handle, func(in instance, h string) int { return strings.Compare(in.handle, h) })
	if !found {
		m.instances = slices.Insert(m.instances, at, instance{handle: handle})
	}
	return &m.instances[at]
}

// claimants gives, by function, the ports that ask for it: the one that has it first.
// Functions and ports are two answers of the daemon; what a representor says of its
// own port stands in where they differ.
func claimants(f Facts) map[string][]api.Port {
	claims := map[string][]api.Port{}
	for _, p := range f.Ports {
		if p.Function != "" {
			claims[p.Function] = append(claims[p.Function], p)
		}
	}
	byHolding := by(plan.Invalid, plan.Pending, plan.Conflict, plan.Held, plan.Plugged) // how much of a function they have
	for _, all := range claims {
		slices.SortStableFunc(all, func(a, b api.Port) int { return byHolding(b, a) })
	}
	for _, r := range f.Representors.Representors {
		if r.LogicalPort != "" && len(claims[r.Function]) == 0 {
			claims[r.Function] = []api.Port{{LogicalPort: r.LogicalPort, State: plan.Plugged, Function: r.Function}}
		}
	}
	return claims
}

// by orders ports by their states.
func by(order ...plan.State) func(a, b api.Port) int {
	return func(a, b api.Port) int { return slices.Index(order, a.State) - slices.Index(order, b.State) }
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
		return fmt.Sprint(r.PF)
	}
	return fmt.Sprint(*r.Number)
}

// add puts a function where it belongs.
func (in *instance) add(c cell) {
	title, remark := whose(c.Representor)
	h := placed(&in.hosts, func(h host) bool { return h.title == title && h.remark == remark }, host{title: title, remark: remark})
	p := placed(&h.pfs, func(p pf) bool { return p.number == c.PF }, pf{number: c.PF})
	if c.Kind == "pf" && p.own == nil {
		p.own = &c
		return
	}
	p.cells = append(p.cells, c)
}

// placed is the element that is meant, which is added if it isn't there.
func placed[T any](all *[]T, meant func(T) bool, added T) *T {
	at := slices.IndexFunc(*all, meant)
	if at < 0 {
		at = len(*all)
		*all = append(*all, added)
	}
	return &(*all)[at]
}

// whose tells controllers and machines apart by the words for them.
func whose(r api.Representor) (title, remark string) {
	title, remark = "Host", "functions of another machine"
	if !r.External {
		title, remark = "This machine", "functions of its own"
	}
	if r.Controller != nil {
		title = fmt.Sprintf("Controller %d", *r.Controller)
		if !r.External {
			remark = "functions of this machine"
		}
	}
	return title, remark
}
