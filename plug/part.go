package plug

import (
	"slices"
	"sort"
	"strings"

	"github.com/representord/representord/ovs"
)

// part is what one port needs done. Parts that depend on each other are joined
// into one Change before they leave the planner.
type part struct {
	lports []string
	why    string
	unplug []ovs.Unplug
	frees  []string // places of the rows that it unplugs
	plug   []ovs.Plug
	edit   []ovs.Edit
}

func (p *planner) newPart(q *port, why string) *part {
	return &part{lports: []string{q.name}, why: why}
}

// add keeps a part and returns it where it may still grow.
func (p *planner) add(pt *part) *part {
	p.parts = append(p.parts, pt)
	return pt
}

func (p *planner) unplug(pt *part, r ovs.Interface) {
	if p.removed[r.UUID] {
		return
	}
	p.removed[r.UUID] = true
	leak := p.leaks[r.UUID] != 0
	if leak {
		p.out.Leaks = append(p.out.Leaks, r.UUID)
	}
	pt.unplug = append(pt.unplug, ovs.Unplug{Interface: r, Leak: leak})
	pt.frees = append(pt.frees, places(r.Name, p.marked(r), r.IfaceID)...)
}

// join makes Changes of parts. Parts belong together when one plugs a name, a
// function or an iface-id that another one unplugs: apart, the first would be
// refused or would double it.
func join(parts []*part) []ovs.Change {
	group := groups(parts)
	changes := map[int]*ovs.Change{}
	var order []int
	for i, pt := range parts {
		if len(pt.unplug)+len(pt.plug)+len(pt.edit) == 0 {
			continue
		}
		g := root(group, i)
		if changes[g] == nil {
			changes[g] = &ovs.Change{}
			order = append(order, g)
		}
		pt.addTo(changes[g])
	}
	out := make([]ovs.Change, 0, len(order))
	for _, g := range order {
		c := changes[g]
		sort.Strings(c.LogicalPorts)
		c.LogicalPorts = slices.Compact(c.LogicalPorts)
		out = append(out, *c)
	}
	return out
}

func (pt *part) addTo(c *ovs.Change) {
	c.LogicalPorts = append(c.LogicalPorts, pt.lports...)
	if c.Why == "" {
		c.Why = pt.why
	} else if !strings.Contains(c.Why, pt.why) {
		c.Why += "; " + pt.why
	}
	c.Unplug = append(c.Unplug, pt.unplug...)
	c.Plug = append(c.Plug, pt.plug...)
	c.Edit = append(c.Edit, pt.edit...)
}

// groups gives each part the index of another one of its group, its own for the
// first (a disjoint-set forest).
func groups(parts []*part) []int {
	group := make([]int, len(parts))
	freed := map[string]int{} // what a part frees, to its index
	for i, pt := range parts {
		group[i] = i
		for _, k := range pt.frees {
			if j, ok := freed[k]; ok {
				merge(group, i, j)
			}
			freed[k] = i
		}
	}
	for i, pt := range parts {
		for _, pl := range pt.plug {
			for _, k := range places(pl.Netdev, pl.Marker.Function, pl.IfaceID) {
				if j, ok := freed[k]; ok {
					merge(group, i, j)
				}
			}
		}
	}
	return group
}

// places are what only one row may have.
func places(name, function, ifaceID string) []string {
	return []string{"name " + name, "function " + function, "iface-id " + ifaceID}
}

func root(group []int, i int) int {
	for group[i] != i {
		group[i] = group[group[i]]
		i = group[i]
	}
	return i
}

func merge(group []int, i, j int) {
	a, b := root(group, i), root(group, j)
	group[max(a, b)] = min(a, b)
}
