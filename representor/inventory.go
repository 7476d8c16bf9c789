package representor

import (
	"cmp"
	"maps"
	"slices"

	"github.com/representord/representord/devlink"
)

// Class is what devlink ports are counted by.
type Class struct {
	Flavour devlink.Flavour
	// Controller is absent for ports that don't say theirs: those of the switch itself,
	// and all ports of kernels before 5.10.
	Controller devlink.Optional[uint32]
}

// Census counts all devlink ports of the card, those that are no representors too.
func (x *Index) Census() map[Class]int {
	census := map[Class]int{}
	for i := range x.card.Ports {
		p := &x.card.Ports[i]
		census[Class{Flavour: p.Flavour, Controller: pfOf(p).Controller}]++
	}
	return census
}

// AmbiguousMACs is how many MACs name more than one PF. A request with such a MAC
// isn't followed unless its controller or its card's serial number decides.
func (x *Index) AmbiguousMACs() int {
	owners := map[MAC]Function{}
	for _, p := range x.pfs {
		if !p.mac.IsZero() && x.candidate(p.function) {
			noteOnly(owners, p.mac, p.function)
		}
	}
	maps.DeleteFunc(owners, func(_ MAC, f Function) bool { return f != Function{} })
	return len(owners)
}

// Instance is a devlink instance with what is known of the card it is on.
type Instance struct {
	Handle devlink.Handle
	// HostFacing: it has a function of a host other than the machine we run on, for certain.
	HostFacing bool
	Serial     Serial
}

// Instances gives every instance that has representors or tells a serial number,
// sorted. It is as complete as the Index is.
func (x *Index) Instances() []Instance {
	all := map[devlink.Handle]Instance{}
	for h, s := range x.card.Serials {
		all[h] = Instance{Handle: h, Serial: s}
	}
	for i := range x.reps {
		f := &x.reps[i].Function
		in := all[f.Handle]
		in.Handle = f.Handle
		in.HostFacing = in.HostFacing || f.External && !x.OwnerGuessed(*f)
		all[f.Handle] = in
	}
	return slices.SortedFunc(maps.Values(all), func(a, b Instance) int { return a.Handle.Compare(b.Handle) })
}

// UplinkPort is a physical port of the card, for showing: it stands for no function,
// so no lookup finds it.
type UplinkPort struct {
	Handle    devlink.Handle
	PortIndex uint32
	// Card is the devlink instance of the card that it is an uplink of: with some drivers
	// another one than Handle, zero while it can't be known.
	Card devlink.Handle
	// Number is the front panel's, shared by the ports that one was split into.
	Number devlink.Optional[uint32]
	// IfIndex is 0 while the port has no netdev in our network namespace, and
	// Link is then empty.
	IfIndex uint32
	Link    Link
}

// Uplinks gives the card's physical ports, sorted by devlink instance, number and
// port index.
func (x *Index) Uplinks() []UplinkPort {
	var uplinks []UplinkPort
	pairing := newPairing(x.card.Ports, x.card.Links)
	for i := range x.card.Ports {
		p := &x.card.Ports[i]
		if p.Flavour != devlink.FlavourPhysical {
			continue
		}
		u := UplinkPort{Handle: p.Handle, Card: pairing.card(p), PortIndex: p.Index, Number: p.Number}
		u.IfIndex, u.Link = x.netdevOf(p)
		uplinks = append(uplinks, u)
	}
	slices.SortFunc(uplinks, func(a, b UplinkPort) int {
		return cmp.Or(
			a.Handle.Compare(b.Handle),
			compareBools(b.Number.Present, a.Number.Present),
			cmp.Compare(a.Number.Value, b.Number.Value),
			cmp.Compare(a.PortIndex, b.PortIndex),
			cmp.Compare(a.IfIndex, b.IfIndex),
		)
	})
	return slices.Compact(uplinks)
}
