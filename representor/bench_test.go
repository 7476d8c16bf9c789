package representor_test

import (
	"fmt"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

// bigCard has two PFs and 1000 ports in all, each with a netdev.
func bigCard() representor.Card {
	c := representor.Card{Complete: true, Links: map[uint32]representor.Link{}}
	for pf := range uint16(2) {
		handle := devlink.Handle{Bus: "pci", Device: fmt.Sprintf("0000:03:00.%d", pf)}
		for i := range uint32(500) {
			p := devlink.Port{
				Handle: handle, Index: i, Type: devlink.TypeEth, IfIndex: 10 + uint32(pf)*500 + i,
				Controller: devlink.Some(uint32(1)), External: devlink.Some(true), PF: devlink.Some(pf),
				Function: &devlink.Function{HWAddr: []byte{0, 0x53, 0, 0, byte(pf), byte(i)}},
			}
			p.Flavour, p.VF = devlink.FlavourPCIVF, devlink.Some(uint16(i))
			name := fmt.Sprintf("pf%dvf%d", pf, i)
			if i == 0 {
				p.Flavour, p.VF, name = devlink.FlavourPCIPF, devlink.Optional[uint16]{}, fmt.Sprintf("pf%dhpf", pf)
			}
			c.Links[p.IfIndex] = representor.Link{Name: name, Settled: true}
			c.Ports = append(c.Ports, p)
		}
	}
	return c
}

func BenchmarkNewIndexOf1000Ports(b *testing.B) {
	c := bigCard()
	b.ReportAllocs()
	for b.Loop() {
		representor.NewIndex(c, representor.Settings{})
	}
}

func BenchmarkLookupIn1000Ports(b *testing.B) {
	x := representor.NewIndex(bigCard(), representor.Settings{})
	q := representor.Query{PFMAC: representor.MAC{0, 0x53, 0, 0, 1, 0}, Kind: representor.VF, Number: 400}
	b.ReportAllocs()
	for b.Loop() {
		if _, why := x.Lookup(q); why != nil {
			b.Fatal(why)
		}
	}
}

func BenchmarkMissIn1000Ports(b *testing.B) {
	x := representor.NewIndex(bigCard(), representor.Settings{})
	q := representor.Query{PFMAC: representor.MAC{0, 0x53, 0, 0, 1, 0}, Kind: representor.VF, Number: 4000}
	b.ReportAllocs()
	for b.Loop() {
		if _, why := x.Lookup(q); why == nil {
			b.Fatal("found")
		}
	}
}

// The kernel's list lacks half of the ports, and their netdevs say whose they are.
func BenchmarkNewIndexOfAShortListOf500And500Misses(b *testing.B) {
	c := bigCard()
	for i := range c.Ports {
		p := &c.Ports[i]
		l := c.Links[p.IfIndex]
		l.Parent, l.PortName = p.Handle, fmt.Sprintf("c1pf%dvf%d", p.PF.Value, p.VF.Value)
		c.Links[p.IfIndex] = l
	}
	c.Ports = append(c.Ports[:251:251], c.Ports[500:751]...)
	b.ReportAllocs()
	for b.Loop() {
		x := representor.NewIndex(c, representor.Settings{})
		for vf := range uint32(500) {
			if _, why := x.Lookup(representor.Query{PFMAC: representor.MAC{0, 0x53, 0, 0, 1, 0}, Kind: representor.VF,
				Number: 250 + vf}); why == nil {
				b.Fatal("it is found")
			}
		}
	}
}
