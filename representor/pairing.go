package representor

import "github.com/representord/representord/devlink"

// auxiliaryBus is where a driver's parts of one device are instances (the kernel's
// auxiliary bus). Such a part has no embedded switch of its own.
const auxiliaryBus = "auxiliary"

// pairing tells which card an uplink belongs to. With most drivers that is the devlink
// instance of its port. From Linux 6.3 on mlx5 registers the uplink with an instance of
// its own (mlx5e_create_devlink in mlx5/core/en/devlink.c) and leaves the functions' ports
// with that of the PCI device; the uplink's netdev stands on the PCI device all the same.
type pairing struct {
	links map[uint32]Link
	// present are the instances with ports, physical those with a physical port.
	present, physical map[devlink.Handle]bool
}

func newPairing(ports []devlink.Port, links map[uint32]Link) pairing {
	p := pairing{links: links, present: map[devlink.Handle]bool{}, physical: map[devlink.Handle]bool{}}
	for i := range ports {
		p.present[ports[i].Handle] = true
		if ports[i].Flavour == devlink.FlavourPhysical {
			p.physical[ports[i].Handle] = true
		}
	}
	return p
}

// netdev is the ifindex of a port's netdev, 0 for none, or for one that rtnetlink says is
// another's.
func (p pairing) netdev(port *devlink.Port) uint32 {
	if p.links[port.IfIndex].denies(port.ID()) {
		return 0
	}
	return port.IfIndex
}

// card is the instance of the card that a physical port is an uplink of, zero while that
// can't be known. An instance that has physical ports itself needs no other's.
func (p pairing) card(port *devlink.Port) devlink.Handle {
	none, own := devlink.Handle{}, port.Handle
	parent := p.links[p.netdev(port)].Parent
	part := own.Bus == auxiliaryBus
	switch {
	case parent == none && part:
		return none
	case parent == none, parent == own, p.physical[parent]:
		return own
	case p.present[parent], part && parent.Bus != auxiliaryBus:
		return parent
	}
	return own
}

// UplinkNetdevs gives the ifindexes of the uplinks' netdevs by card and number, 0 for a
// port without a netdev, or with one that rtnetlink says is another port's. There are
// several where ports share a number, as the parts of one that was split do. An uplink
// whose card can't be known is left out, and so is a port that has a function with an
// address: it is called physical, and is the PF's representor.
func UplinkNetdevs(ports []devlink.Port, links map[uint32]Link) map[Uplink][]uint32 {
	netdevs, pairing := map[Uplink][]uint32{}, newPairing(ports, links)
	for i := range ports {
		p := &ports[i]
		if p.Flavour != devlink.FlavourPhysical || !p.Number.Present || hasFunction(p) {
			continue
		}
		if card := pairing.card(p); card != (devlink.Handle{}) {
			u := Uplink{Handle: card, Number: p.Number.Value}
			netdevs[u] = append(netdevs[u], pairing.netdev(p))
		}
	}
	return netdevs
}

// hasFunction tells whether a physical port stands for a function. rvu_rep calls the
// representor of a PF physical, by whose address its VFs would be asked for, which are
// numbered from 1 there (rvu_rep_devlink_port_register in marvell/octeontx2/nic/rep.c).
func hasFunction(port *devlink.Port) bool {
	return port.Function != nil && len(port.Function.HWAddr) > 0
}
