package representor

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/representord/representord/devlink"
)

// Index answers lookups from one Card. It is not modified once made, and any
// number of goroutines may use it.
//
// What identifies a function is its devlink handle, controller, external flag,
// PF number, kind and number, all of which the kernel keeps for the life of the
// function. Port indexes, netdev names and switch ids do not take part: they
// differ between drivers and change at run time. The order of Card.Ports has no
// meaning either.
//
// Kernel bugs and races may make a Card contradict itself. The Index then knows
// less: it never picks one of two contradicting facts.
type Index struct {
	card     Card
	settings Settings

	// reps is sorted by function, then by port index. Several entries with one
	// function are a contradiction.
	reps []Representor
	// pfs are the PFs a MAC may name, sorted by function.
	pfs []pf
	// functions finds the first entry of reps.
	functions map[Function]int
	// netdevs finds an entry of reps by ifindex.
	netdevs map[uint32]int
	// names finds the ifindex of a netdev by name as the kernel does (dev_get_by_name in
	// net/core/dev.c), by an alternative one where no netdev is called so; 0 when it isn't
	// certain which, as the Card has two.
	names map[string]uint32
	// claims finds the ports that claim a netdev by ifindex, sorted.
	claims map[uint32][]*devlink.Port
	// owners tells whose the SFs are; unsaid are those of which the kernel doesn't say it.
	owners owners
	unsaid map[Function]bool
	// disputed are the ifindexes of netdevs that ports claim for different functions, or
	// that rtnetlink says is another's; disputes finds such an ifindex by function.
	disputed map[uint32]bool
	disputes map[Function]uint32

	// said finds the netdev that says whose it is, by what it says, 0 when several say it;
	// lacking are those of functions that no listed port stands for, sorted by name. None on
	// a kernel that tells netdevs' ports. numbersControllers is whether the kernel does.
	said               map[Function]uint32
	lacking            []Link
	numbersControllers bool

	// vanished are the functions whose netdev, by devlink's word, isn't there.
	vanished map[Function]bool

	// numbered finds a function by what a kernel without controllers would call it. It is
	// made when it is first wanted, which is seldom.
	numbering sync.Once
	numbered  map[Function]Function
}

// NewIndex builds an index of everything on the card that may be a representor:
// ports of flavour pcipf, pcivf and pcisf that say which function they stand for.
func NewIndex(card Card, settings Settings) *Index {
	card.LinksComplete = card.LinksComplete || card.Complete
	card.MayLackPFs = card.MayLackPFs || len(card.Blind) > 0
	x := &Index{
		card: card, settings: settings,
		owners: ownersOf(card.Ports), unsaid: map[Function]bool{}, vanished: map[Function]bool{},
		disputed: map[uint32]bool{}, disputes: map[Function]uint32{}, said: map[Function]uint32{},
	}
	x.findNames()
	x.findClaims()
	x.findReps()
	x.findUnlisted()
	x.addPFMACs()
	x.findPFs()
	return x
}

// findNames fills names.
func (x *Index) findNames() {
	x.names = make(map[string]uint32, len(x.card.Links))
	alternatives := map[string]uint32{}
	for i, l := range x.card.Links {
		noteOnly(x.names, l.Name, i)
		if l.AltNames == "" {
			continue
		}
		for name := range strings.SplitSeq(l.AltNames, "\x00") {
			noteOnly(alternatives, name, i)
		}
	}
	for name, i := range alternatives {
		if _, own := x.names[name]; !own {
			x.names[name] = i
		}
	}
}

// noteOnly notes a value under a key, and none, the zero value, once there was another.
func noteOnly[K, V comparable](values map[K]V, key K, value V) {
	if before, ok := values[key]; ok && before != value {
		value = *new(V)
	}
	values[key] = value
}

// findReps fills reps, functions and netdevs.
func (x *Index) findReps() {
	x.reps = make([]Representor, 0, len(x.card.Ports))
	for i := range x.card.Ports {
		if r, ok := x.representorOf(&x.card.Ports[i]); ok {
			x.reps = append(x.reps, r)
		}
	}
	slices.SortFunc(x.reps, compareRepresentors)
	x.reps = slices.Compact(x.reps) // a port listed twice is one port
	x.functions = make(map[Function]int, len(x.reps))
	x.netdevs = make(map[uint32]int, len(x.reps))
	for i := range x.reps {
		r := &x.reps[i]
		if i == 0 || x.reps[i-1].Function != r.Function {
			x.functions[r.Function] = i
		}
		if r.IfIndex != 0 {
			x.netdevs[r.IfIndex] = i
		}
	}
}

// compareRepresentors orders by function and then by what tells the entries of a
// function that several ports claim apart, so that the order is always the same.
func compareRepresentors(a, b Representor) int {
	if c := a.Function.Compare(b.Function); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(a.PortIndex, b.PortIndex),
		cmp.Compare(a.IfIndex, b.IfIndex),
		bytes.Compare(a.HWAddr[:], b.HWAddr[:]),
		cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.State, b.State),
		cmp.Compare(a.OpState, b.OpState),
	)
}

// representorOf joins a port with its netdev as rtnetlink shows it now.
func (x *Index) representorOf(p *devlink.Port) (Representor, bool) {
	f, ok := x.owners.function(p)
	if !ok {
		return Representor{}, false
	}
	if ownerUnsaid(p) {
		x.unsaid[f] = true
	}
	r := Representor{Function: f, PortIndex: p.Index, Type: p.Type}
	if p.Function != nil {
		r.State, r.OpState = p.Function.State, p.Function.OpState
		if len(p.Function.HWAddr) == len(r.HWAddr) {
			copy(r.HWAddr[:], p.Function.HWAddr)
		}
	}
	r.IfIndex, r.Link = x.netdevOf(p)
	if _, there := x.card.Links[p.IfIndex]; p.IfIndex != 0 && !there {
		x.vanished[f] = true
	}
	return r, true
}

// netdevOf is a port's netdev, 0 if it has none, or one that others claim as well.
func (x *Index) netdevOf(p *devlink.Port) (ifindex uint32, l Link) {
	l, ok := x.card.Links[p.IfIndex]
	if x.disputed[p.IfIndex] || !ok || p.IfIndex == 0 {
		return 0, Link{}
	}
	if x.names[l.Name] == 0 {
		l.Settled = false // two netdevs of one name: one was renamed just now
	}
	return p.IfIndex, l
}

// find gives the entries of reps for a function: one, none, or contradicting ones.
func (x *Index) find(f Function) []Representor {
	i, ok := x.functions[f]
	if !ok {
		return nil
	}
	j := i + 1
	for j < len(x.reps) && x.reps[j].Function == f {
		j++
	}
	return x.reps[i:j]
}

// Complete reports whether absence from the index means anything, and if not, why. Of an
// instance that can't be read now it may be true all the same: BlindFor tells of which.
func (x *Index) Complete() (bool, string) { return x.card.Complete, x.card.Problem }

// PortsOnly reports whether the card was one of which nothing but its ports is known, see
// Card.PortsOnly.
func (x *Index) PortsOnly() bool { return x.card.PortsOnly }

// All gives every representor, local ones included whatever the settings, sorted
// by function. A function that several ports claim is there once for each.
func (x *Index) All() []Representor { return slices.Clone(x.reps) }

// ByFunction finds the representor of a function, none of one that several ports claim.
// A netdev that ports of other functions claim too counts as no netdev.
func (x *Index) ByFunction(f Function) (Representor, bool) {
	if ports := x.find(f); len(ports) == 1 {
		return ports[0], true
	}
	return Representor{}, false
}

// ByNetdev finds the representor whose netdev has this name now, or has it as an
// alternative name and no other netdev has it: local ones too, and such as udev is not
// finished with. What it says is certain: it finds none while the card shows two netdevs
// of that name, or when ports of different functions claim the netdev.
func (x *Index) ByNetdev(name string) (Representor, bool) { return x.ByIfIndex(x.names[name]) }

// ByIfIndex finds the representor whose netdev has this index now, under the same
// rules as ByNetdev: none when ports of different functions claim the netdev.
func (x *Index) ByIfIndex(ifindex uint32) (Representor, bool) {
	if i, ok := x.netdevs[ifindex]; ok {
		return x.reps[i], true
	}
	return Representor{}, false
}

// LinkByIfIndex finds any netdev of our network namespace.
func (x *Index) LinkByIfIndex(ifindex uint32) (Link, bool) {
	l, ok := x.card.Links[ifindex]
	return l, ok
}

// LinkByName finds any netdev of our network namespace by its present name, else by an
// alternative one, as the kernel does; none while the card shows two of that name.
func (x *Index) LinkByName(name string) (ifindex uint32, l Link, ok bool) {
	if ifindex = x.names[name]; ifindex == 0 {
		return 0, Link{}, false
	}
	return ifindex, x.card.Links[ifindex], true
}

// LinksCurrent reports whether rtnetlink could be read, so that names and ifindexes
// are the present ones whatever is known of the ports; and if not, why.
func (x *Index) LinksCurrent() (bool, string) { return x.card.LinksComplete, x.card.LinksProblem }

// BlindFor reports whether the ports of a function's devlink instance could not be read
// now, and why. What the Index says of such a function was read before: it may have gone,
// and others may have come.
func (x *Index) BlindFor(f Function) (problem string, blind bool) {
	if !x.card.Complete {
		return x.card.Problem, true
	}
	problem, blind = x.card.Blind[f.Handle]
	return problem, blind
}

// BlindInstances is how many devlink instances have ports that could not be read now, though
// others could be.
func (x *Index) BlindInstances() int { return len(x.card.Blind) }

// Vanished reports whether devlink's list of ports has a function with a netdev that isn't
// among those of our network namespace: it is in another one, or the list is older than
// what is known of netdevs, and the function has another netdev by now.
func (x *Index) Vanished(f Function) bool { return x.vanished[f] }

// Shows reports whether the index shows a representor as another index gave it: the same
// netdev, under the same name, for the same function.
func (x *Index) Shows(r Representor) bool {
	now, ok := x.ByFunction(r.Function)
	return ok && now.IfIndex == r.IfIndex && now.Link.Name == r.Link.Name
}

// Usurps reports whether the index shows something else than a representor's function
// under the name that another index gave for its netdev.
func (x *Index) Usurps(r Representor) bool {
	ifindex, _, ok := x.LinkByName(r.Link.Name)
	return ok && (ifindex != r.IfIndex || !x.Shows(r))
}
