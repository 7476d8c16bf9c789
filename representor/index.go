package representor

import (
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
	complete   bool
	mayLackPFs bool
	problem    string
	settings   Settings
	// portsOnly: see Card.PortsOnly.
	portsOnly bool

	linksCurrent bool
	linksProblem string
	// blind holds the instances that could not be read now, with the reason.
	blind map[devlink.Handle]string

	// reps is sorted by function, then by port index. Several entries with one
	// function are a contradiction.
	reps []Representor
	// uplinks are the physical ports, in the order that Uplinks gives.
	uplinks []UplinkPort
	// pfs are the PFs a MAC may name, sorted by function.
	pfs []pf
	// functions finds the one entry of reps, or ambiguous.
	functions map[Function]int
	// netdevs finds an entry of reps by ifindex.
	netdevs map[uint32]int
	// names finds the ifindex of a netdev, 0 when the Card has two of that name; altNames
	// does by alternative names.
	names, altNames map[string]uint32
	// claims finds the port of a netdev by ifindex: the first, if several claim it.
	claims map[uint32]*devlink.Port
	// buses are those that the card's instances are on.
	buses map[string]bool
	// owners tells whose the SFs are; unsaid finds one of which the kernel doesn't say it by
	// what it would be called if it were another's. Nil without any.
	// guessed are those whose PF doesn't say it either.
	owners  owners
	unsaid  map[Function]Function
	guessed map[Function]bool
	// disputed holds, by ifindex, the ports that claim one netdev for different
	// functions; disputes finds that ifindex by function. Nil without any.
	disputed map[uint32][]string
	disputes map[Function]uint32

	// said finds the netdev that says whose it is, by what it says, 0 when several say it;
	// lacking are those of functions that no listed port stands for, sorted by name. Nil on
	// a kernel that tells netdevs' ports. numbersControllers is whether the kernel does.
	said               map[Function]uint32
	lacking            []Link
	numbersControllers bool

	// vanished are the functions whose netdev, by devlink's word, isn't there; nil for none.
	vanished map[Function]bool

	links   map[uint32]Link
	serials map[devlink.Handle]Serial
	census  map[Class]int

	// numbered finds a function by what a kernel without controllers would call it. It is
	// made when it is first wanted, which is seldom.
	numbering sync.Once
	numbered  map[Function]Function
}

// ambiguous stands in Index.functions for a function that several ports claim.
const ambiguous = -1

// NewIndex builds an index of everything on the card that may be a representor:
// ports of flavour pcipf, pcivf and pcisf that say which function they stand for.
func NewIndex(card Card, settings Settings) *Index {
	x := &Index{
		complete:   card.Complete,
		mayLackPFs: card.MayLackPFs || len(card.Blind) > 0,
		problem:    card.Problem,
		settings:   settings,
		portsOnly:  card.PortsOnly,
		links:      card.Links,
		serials:    card.Serials,
		blind:      card.Blind,
		buses:      map[string]bool{},

		linksCurrent: card.Complete || card.LinksComplete,
		linksProblem: card.LinksProblem,
	}
	x.owners = ownersOf(card.Ports)
	x.findNames()
	x.findClaims(card.Ports)
	x.findReps(card.Ports)
	x.findUnlisted()
	if x.lacksPF() {
		x.mayLackPFs, card.MayLackPFs = true, true
	}
	x.addPorts(card)
	x.addUplinks(card.Ports)
	x.pfs = findPFs(card, x.reps, settings)
	x.census = count(card.Ports)
	for i := range card.Ports {
		x.buses[card.Ports[i].Handle.Bus] = true
	}
	return x
}

// findNames fills names and altNames.
func (x *Index) findNames() {
	x.names, x.altNames = make(map[string]uint32, len(x.links)), map[string]uint32{}
	add := func(names map[string]uint32, name string, ifindex uint32) {
		if _, twice := names[name]; twice {
			ifindex = 0
		}
		names[name] = ifindex
	}
	for i, l := range x.links {
		add(x.names, l.Name, i)
		if l.AltNames == "" {
			continue
		}
		for name := range strings.SplitSeq(l.AltNames, "\x00") {
			add(x.altNames, name, i)
		}
	}
}

// ifindexOf finds a netdev by name as the kernel does (dev_get_by_name in
// net/core/dev.c), 0 if there is none or if it isn't certain which.
func (x *Index) ifindexOf(name string) uint32 {
	if ifindex, ok := x.names[name]; ok {
		return ifindex
	}
	return x.altNames[name]
}

// findReps fills reps.
func (x *Index) findReps(ports []devlink.Port) {
	n := 0
	for i := range ports {
		if _, ok := x.owners.function(&ports[i]); ok {
			n++
		}
	}
	x.reps = make([]Representor, 0, n)
	for i := range ports {
		if r, ok := x.representorOf(&ports[i]); ok {
			x.reps = append(x.reps, r)
		}
	}
	slices.SortFunc(x.reps, compareRepresentors)
	x.reps = slices.Compact(x.reps) // a port listed twice is one port
}

// addPorts adds what isn't told by the ports themselves, and fills what finds the entries of reps.
func (x *Index) addPorts(card Card) {
	addPFMACs(card, x.reps)
	x.functions = make(map[Function]int, len(x.reps))
	x.netdevs = make(map[uint32]int, len(x.reps))
	for i := range x.reps {
		r := &x.reps[i]
		if i > 0 && x.reps[i-1].Function == r.Function {
			x.functions[r.Function] = ambiguous
		} else {
			x.functions[r.Function] = i
		}
		if r.IfIndex != 0 {
			x.netdevs[r.IfIndex] = i
		}
	}
}

// representorOf joins a port with its netdev as rtnetlink shows it now.
func (x *Index) representorOf(p *devlink.Port) (Representor, bool) {
	f, ok := x.owners.function(p)
	if !ok {
		return Representor{}, false
	}
	if ownerUnsaid(p) {
		if x.unsaid == nil {
			x.unsaid, x.guessed = map[Function]Function{}, map[Function]bool{}
		}
		x.unsaid[f.withOtherOwner()] = f
		if !x.owners.told(p) {
			x.guessed[f] = true
		}
	}
	r := Representor{Function: f, PortIndex: p.Index, Type: p.Type}
	if p.Function != nil {
		r.State, r.OpState = p.Function.State, p.Function.OpState
		if len(p.Function.HWAddr) == len(r.HWAddr) {
			copy(r.HWAddr[:], p.Function.HWAddr)
		}
	}
	r.IfIndex, r.Link = x.netdevOf(p)
	if _, there := x.links[p.IfIndex]; p.IfIndex != 0 && !there {
		if x.vanished == nil {
			x.vanished = map[Function]bool{}
		}
		x.vanished[f] = true
	}
	return r, true
}

// netdevOf is a port's netdev, 0 if it has none, or one that others claim as well.
func (x *Index) netdevOf(p *devlink.Port) (ifindex uint32, l Link) {
	l, ok := x.links[p.IfIndex]
	if _, disputed := x.disputed[p.IfIndex]; disputed || !ok || p.IfIndex == 0 {
		return 0, Link{}
	}
	if x.names[l.Name] == 0 {
		l.Settled = false // two netdevs of one name: one was renamed just now
	}
	return p.IfIndex, l
}

// find gives the entries of reps for a function: one, none, or contradicting ones.
func (x *Index) find(f Function) []Representor {
	i, ok := slices.BinarySearchFunc(x.reps, f, func(r Representor, f Function) int { return r.Function.Compare(f) })
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
func (x *Index) Complete() (bool, string) { return x.complete, x.problem }

// PortsOnly reports whether the card was one of which nothing but its ports is known, see
// Card.PortsOnly.
func (x *Index) PortsOnly() bool { return x.portsOnly }

// All gives every representor, local ones included whatever the settings, sorted
// by function. A function that several ports claim is there once for each.
func (x *Index) All() []Representor { return slices.Clone(x.reps) }

// ByFunction finds the representor of a function, none of one that several ports claim.
// A netdev that ports of other functions claim too counts as no netdev.
func (x *Index) ByFunction(f Function) (Representor, bool) {
	if i, ok := x.functions[f]; ok && i != ambiguous {
		return x.reps[i], true
	}
	return Representor{}, false
}

// ByNetdev finds the representor whose netdev has this name now, or has it as an
// alternative name and no other netdev has it: local ones too, and such as udev is not
// finished with. What it says is certain: it finds none while the card shows two netdevs
// of that name, or when ports of different functions claim the netdev.
func (x *Index) ByNetdev(name string) (Representor, bool) {
	ifindex := x.ifindexOf(name)
	if ifindex == 0 {
		return Representor{}, false
	}
	return x.ByIfIndex(ifindex)
}

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
	l, ok := x.links[ifindex]
	return l, ok
}

// LinkByName finds any netdev of our network namespace by its present name, else by an
// alternative one, as the kernel does; none while the card shows two of that name.
func (x *Index) LinkByName(name string) (ifindex uint32, l Link, ok bool) {
	ifindex = x.ifindexOf(name)
	if ifindex == 0 {
		return 0, Link{}, false
	}
	return ifindex, x.links[ifindex], true
}
