package plan

import (
	"slices"
	"strings"

	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// part is what one port needs done. Parts that depend on each other are joined
// into one Change before they leave the planner.
type part struct {
	lport  string
	why    string
	unplug []ovs.Unplug
	frees  []place // of the rows that it unplugs
	plug   []ovs.Plug
	takes  []place // of those that it plugs
	edit   []ovs.Edit
}

// newPart adds a part to the plan.
func (p *planner) newPart(lport, why string) *part {
	pt := &part{lport: lport, why: why}
	p.parts = append(p.parts, pt)
	return pt
}

// remove adds the removal of rows to a part, but for those that go already. A removal also
// frees the place of the row's port, whatever iface-id somebody wrote into the row.
func (p *planner) remove(pt *part, rows ...*ownRow) {
	for _, r := range rows {
		if r.removed {
			continue
		}
		r.removed = true
		pt.unplug = append(pt.unplug, ovs.Unplug{Interface: r.Interface, Moved: r.former})
		pt.frees = append(pt.frees, placesOf(r.Name, r.byMarks(), r.IfaceID, r.lport)...)
	}
}

// join makes Changes of parts. Parts belong together when one plugs a name, a
// function or an iface-id that another one unplugs: apart, the first would be
// refused or would double it. Of a group that may be too large for a transaction the rows
// are only removed now, one by one: what was to be plugged is plugged by the next plan,
// which finds its place free. Such a group is made of functions that change hands, so the
// Southbound was asked about all of it.
func join(parts []*part) []ovs.Change {
	group := groups(parts)
	members := map[int][]*part{}
	var order []int
	for i, pt := range parts {
		if len(pt.unplug)+len(pt.plug)+len(pt.edit) == 0 {
			continue
		}
		g := root(group, i)
		if members[g] == nil {
			order = append(order, g)
		}
		members[g] = append(members[g], pt)
	}
	out := make([]ovs.Change, 0, len(order))
	for _, g := range order {
		var c ovs.Change
		for _, pt := range members[g] {
			pt.addTo(&c)
		}
		if len(members[g]) > 1 && !c.Fits() {
			out = append(out, removals(members[g])...)
			continue
		}
		slices.Sort(c.LogicalPorts)
		c.LogicalPorts = slices.Compact(c.LogicalPorts)
		out = append(out, c)
	}
	return out
}

// removals are what these parts remove, each row with a change of its own.
func removals(parts []*part) []ovs.Change {
	var out []ovs.Change
	for _, pt := range parts {
		for _, u := range pt.unplug {
			out = append(out, ovs.Change{LogicalPorts: []string{u.Interface.LogicalPort()}, Why: pt.why, Unplug: []ovs.Unplug{u}})
		}
	}
	return out
}

func (pt *part) addTo(c *ovs.Change) {
	c.LogicalPorts = append(c.LogicalPorts, pt.lport)
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
	freed := make(map[place]int, 3*len(parts)) // by which part
	for i, pt := range parts {
		group[i] = i
		for _, at := range pt.frees {
			if j, ok := freed[at]; ok {
				merge(group, i, j)
			}
			freed[at] = i
		}
	}
	for i, pt := range parts {
		for _, at := range pt.takes {
			if j, ok := freed[at]; ok {
				merge(group, i, j)
			}
		}
	}
	return group
}

// place is one of those that only one row may have: a netdev's name, a function or an iface-id.
type place struct {
	name     string
	function representor.Function
	ifaceID  string
}

// placesOf are the places of a row. What is empty is no place: a parked row has no iface-id, and one whose marks were edited may
// have no function.
func placesOf(name string, f representor.Function, ifaceIDs ...string) []place {
	places := []place{{name: name}}
	if f.Kind != 0 {
		places = append(places, place{function: f})
	}
	for _, id := range ifaceIDs {
		if id != "" {
			places = append(places, place{ifaceID: id})
		}
	}
	return places
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
