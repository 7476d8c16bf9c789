// Package testcard is the card that tests share: one devlink instance with two host PFs and the VFs
// that a test gives it.
package testcard

import (
	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

// Handle is the one devlink instance of the card.
func Handle() devlink.Handle { return devlink.Handle{Bus: "pci", Device: "0000:03:00.0"} }

// PFMAC is the MAC address of a host PF, by its number.
func PFMAC(pf int) representor.MAC { return representor.MAC{0, 0x53, 0, 0, 0, byte(0x42 + pf)} }

// VF is a VF of a host PF.
func VF(pf, vf int) representor.Function {
	return representor.Function{
		Handle: Handle(), Controller: devlink.Some[uint32](1), External: true,
		PF: uint16(pf), Kind: representor.VF, Number: uint32(vf),
	}
}

// VFQuery asks for a VF of the host PF with that MAC address.
func VFQuery(pf, vf int) representor.Query {
	return representor.Query{PFMAC: PFMAC(pf), Kind: representor.VF, Number: uint32(vf)}
}

// Netdev is a VF's representor. An IfIndex of 0 is a devlink port without netdev.
type Netdev struct {
	PF, VF  int
	Name    string
	IfIndex uint32
	Down    bool
	Unready bool
	Master  string // the Linux bridge that it is a port of
}

// Of is the card with its two host PFs and these VFs, as the kernel shows it when all can be read.
func Of(devs ...Netdev) representor.Card {
	c := representor.Card{Complete: true, Links: map[uint32]representor.Link{}}
	for pf := range 2 {
		mac := PFMAC(pf)
		c.Ports = append(c.Ports, devlink.Port{
			Handle: Handle(), Index: uint32(1000 + pf), Type: devlink.TypeEth, Flavour: devlink.FlavourPCIPF,
			Controller: devlink.Some[uint32](1), External: devlink.Some(true), PF: devlink.Some(uint16(pf)),
			Function: &devlink.Function{HWAddr: mac[:]},
		})
	}
	for i, d := range devs {
		c.Ports = append(c.Ports, devlink.Port{
			Handle: Handle(), Index: uint32(i), Type: devlink.TypeEth, Flavour: devlink.FlavourPCIVF,
			Controller: devlink.Some[uint32](1), External: devlink.Some(true),
			PF: devlink.Some(uint16(d.PF)), VF: devlink.Some(uint16(d.VF)), IfIndex: d.IfIndex,
		})
		if d.IfIndex != 0 {
			c.Links[d.IfIndex] = representor.Link{Name: d.Name, Up: !d.Down, MTU: 1500, Settled: !d.Unready, Master: d.Master}
		}
	}
	return c
}

// Index is the index of Of.
func Index(devs ...Netdev) *representor.Index {
	return representor.NewIndex(Of(devs...), representor.Settings{})
}
