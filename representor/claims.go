package representor

import (
	"slices"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
)

// Claim is the devlink port that a netdev belongs to.
type Claim struct {
	// Port is the port as devlink(8) writes it, such as "pci/0000:03:00.0/1": the first of
	// those that claim the netdev.
	Port    string
	Flavour devlink.Flavour
	// Function is the function that the port stands for; its Kind is 0 if it stands for
	// none, as an uplink does.
	Function Function
	// Disputed is true while it isn't certain what the netdev is, so that Function
	// proves nothing: ports of different functions claim it, or rtnetlink says that it isn't
	// the port's, or its port doesn't say what it stands for, or could not be read.
	Disputed bool
}

// ClaimOf tells which devlink port claims a netdev, whatever the port's flavour. It also
// answers from ports that were read earlier, while they can't be read now: a netdev keeps
// its port, and the port its function, for as long as the netdev lives. No claim proves
// nothing: the port may not have been read yet, and some drivers register the netdev first.
func (x *Index) ClaimOf(ifindex uint32) (Claim, bool) {
	ports := x.claims[ifindex]
	if len(ports) == 0 {
		l := x.card.Links[ifindex]
		if !l.Port.Present {
			return Claim{}, false
		}
		return Claim{Port: reason.Name(l.Port.Value.String()), Flavour: devlink.FlavourUnknown, Disputed: true}, true
	}
	p := ports[0]
	f, of := x.owners.function(p)
	return Claim{
		Port: reason.Name(p.ID().String()), Flavour: p.Flavour, Function: f,
		Disputed: x.disputed[ifindex] || !of && !functionless(p.Flavour),
	}, true
}

// denies tells whether rtnetlink says that a netdev isn't this port's: it names another one,
// or says that there is none.
func (l Link) denies(port devlink.PortID) bool {
	return (l.TellsPort || l.Port.Present) && l.Port != devlink.Some(port)
}

// functionless tells whether a port of this flavour certainly stands for no function.
// One of another flavour that doesn't say for which may be any.
func functionless(f devlink.Flavour) bool {
	return slices.Contains([]devlink.Flavour{
		devlink.FlavourPhysical, devlink.FlavourCPU, devlink.FlavourDSA, devlink.FlavourVirtual, devlink.FlavourUnused,
	}, f)
}

// findClaims looks for the ports of each netdev, and for netdevs that several functions
// claim.
func (x *Index) findClaims() {
	x.claims = make(map[uint32][]*devlink.Port, len(x.card.Ports))
	for i := range x.card.Ports {
		if p := &x.card.Ports[i]; p.IfIndex != 0 {
			x.claims[p.IfIndex] = append(x.claims[p.IfIndex], p)
		}
	}
	for ifindex, ports := range x.claims {
		slices.SortStableFunc(ports, func(a, b *devlink.Port) int { return a.ID().Compare(b.ID()) })
		first, _ := x.owners.function(ports[0]) // zero for a port that is no representor
		if !slices.ContainsFunc(ports, func(p *devlink.Port) bool {
			f, _ := x.owners.function(p)
			return f != first || x.card.Links[ifindex].denies(p.ID())
		}) {
			continue
		}
		x.disputed[ifindex] = true
		for _, p := range ports {
			if f, ok := x.owners.function(p); ok {
				x.disputes[f] = max(x.disputes[f], ifindex)
			}
		}
	}
}

// NeverAFunction tells whether it is proved that a live netdev, which no port claims, can
// never become a function's, and in a few words why. What isn't known isn't proved: the
// port that claims a netdev may only come after it.
//
// These are proofs:
//   - The kernel tells netdevs' devlink ports and tells none for this one. From Linux 6.2
//     on a driver names the port before it registers the netdev, for good
//     (SET_NETDEV_DEVLINK_PORT in linux/netdevice.h). Devlink needn't be readable.
//   - It is a software device: it has a kind and no device behind it. Drivers of switches
//     give their representors none.
//   - The device behind it is on a bus that no devlink instance of the card is on, as
//     that of a management port is. It counts only when all of the card could be read and
//     udev has finished. A device that merely is no instance proves nothing: drivers
//     register netdevs before the instance is shown, and on the bus "auxiliary" a device
//     is part of another, which may be one.
func (x *Index) NeverAFunction(ifindex uint32) (why string, proved bool) {
	l, live := x.card.Links[ifindex]
	if _, claimed := x.ClaimOf(ifindex); !live || claimed {
		return "", false
	}
	switch {
	case l.TellsPort:
		return "the kernel says that it belongs to no devlink port", true
	case l.Kind != "" && l.Parent == devlink.Handle{}:
		return "it is a software device of kind " + reason.Name(l.Kind), true
	case l.Settled && x.otherBus(l.Parent):
		return "the device behind it is " + reason.Name(l.Parent.String()) + ", and no devlink instance is on that bus", true
	}
	return "", false
}

// otherBus tells whether the whole card is known and a device is certainly on another bus
// than all of it.
func (x *Index) otherBus(device devlink.Handle) bool {
	ports := x.card.Ports
	if !x.card.Complete || x.card.MayLackPFs || len(ports) == 0 || device.Bus == "" || device.Bus == auxiliaryBus {
		return false
	}
	return !slices.ContainsFunc(ports, func(p devlink.Port) bool { return p.Handle.Bus == device.Bus })
}
