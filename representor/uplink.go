package representor

import (
	"cmp"
	"slices"

	"github.com/representord/representord/devlink"
)

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
func (x *Index) Uplinks() []UplinkPort { return slices.Clone(x.uplinks) }

// addUplinks fills uplinks.
func (x *Index) addUplinks(ports []devlink.Port) {
	pairing := newPairing(ports, x.links)
	for i := range ports {
		p := &ports[i]
		if p.Flavour != devlink.FlavourPhysical {
			continue
		}
		u := UplinkPort{Handle: p.Handle, Card: pairing.card(p), PortIndex: p.Index, Number: p.Number}
		u.IfIndex, u.Link = x.netdevOf(p)
		x.uplinks = append(x.uplinks, u)
	}
	slices.SortFunc(x.uplinks, func(a, b UplinkPort) int {
		return cmp.Or(
			compareHandles(a.Handle, b.Handle),
			compareBools(b.Number.Present, a.Number.Present),
			cmp.Compare(a.Number.Value, b.Number.Value),
			cmp.Compare(a.PortIndex, b.PortIndex),
			cmp.Compare(a.IfIndex, b.IfIndex),
		)
	})
	x.uplinks = slices.Compact(x.uplinks)
}
