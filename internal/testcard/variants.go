package testcard

import (
	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

// OneVF is the first PF's VF 0, at pf0vf0 with ifindex 10.
func OneVF() Netdev { return Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10} }

// Bridged is OneVF while a Linux bridge has its netdev.
func Bridged() Netdev {
	d := OneVF()
	d.Master = "br0"
	return d
}

// WithNetdev adds a netdev that rtnetlink shows, whatever devlink says of it.
func WithNetdev(c representor.Card, ifindex uint32, l representor.Link) representor.Card {
	l.Up, l.Settled = true, true
	c.Links[ifindex] = l
	return c
}

// Exchanged is a card whose two PFs have each other's MAC: what was asked for by the first PF's
// is a function of the second one now.
func Exchanged(devs ...Netdev) representor.Card {
	card := Of(devs...)
	one, two := PFMAC(1), PFMAC(0)
	card.Ports[0].Function, card.Ports[1].Function = &devlink.Function{HWAddr: one[:]}, &devlink.Function{HWAddr: two[:]}
	return card
}

// IndexWithAddress is one VF, with that MAC address of its own.
func IndexWithAddress(mac representor.MAC) *representor.Index {
	c := Of(OneVF())
	for i := range c.Ports {
		if c.Ports[i].Flavour == devlink.FlavourPCIVF {
			c.Ports[i].Function = &devlink.Function{HWAddr: mac[:]}
		}
	}
	return representor.NewIndex(c, representor.Settings{})
}

// ShortOf is what is read of a card whose list of ports has its PFs alone: a netdev under a
// row's name that no port claims, and that says of itself which function's it is.
func ShortOf(says string) representor.Card {
	return WithNetdev(Of(), 10, representor.Link{Name: "pf0vf0", PortName: says, Parent: Handle()})
}
