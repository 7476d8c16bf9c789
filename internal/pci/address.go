package pci

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Address is where a PCI function is.
type Address struct {
	// Domain has 16 bits for most hosts, and 32 behind some (VMD, Hyper-V).
	Domain uint32
	Bus    uint8
	// Device is the slot, 0 to 31.
	Device uint8
	// Function is 0 to 7.
	Function uint8
}

// ParseAddress reads an address as sysfs writes it (pci_setup_device in
// drivers/pci/probe.c): dddd:bb:dd.f, all hexadecimal, the domain of four to eight
// digits.
func ParseAddress(s string) (Address, error) {
	wrong := fmt.Errorf("%.40q is no PCI address; that is DDDD:BB:DD.F, all hexadecimal, as in 0000:03:00.2", s)
	domain, rest, ok1 := strings.Cut(s, ":")
	bus, rest, ok2 := strings.Cut(rest, ":")
	device, function, ok3 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || !ok3 || len(domain) < 4 || len(domain) > 8 || len(bus) != 2 || len(device) != 2 || len(function) != 1 {
		return Address{}, wrong
	}
	var fields [4]uint32
	for i, text := range []string{domain, bus, device, function} {
		n, err := strconv.ParseUint(text, 16, 32) // refuses signs
		if err != nil {
			return Address{}, wrong
		}
		fields[i] = uint32(n)
	}
	if fields[2] > 31 || fields[3] > 7 {
		return Address{}, wrong
	}
	return Address{Domain: fields[0], Bus: uint8(fields[1]), Device: uint8(fields[2]), Function: uint8(fields[3])}, nil
}

// String writes the address as sysfs does.
func (a Address) String() string { return fmt.Sprintf("%s.%x", a.Slot(), a.Function) }

// Slot is the address without the function: that of the card.
func (a Address) Slot() string { return fmt.Sprintf("%04x:%02x:%02x", a.Domain, a.Bus, a.Device) }

// routingID is the address within its domain, as SR-IOV counts it (PCI Express 9.3).
func (a Address) routingID() int { return int(a.Bus)<<8 | int(a.Device)<<3 | int(a.Function) }

// VFAddress is where SR-IOV puts the VF of a number, by the PF's offset and stride, which
// must be known. Only the links virtfn<N> tell where a VF is that is there.
func (p *PF) VFAddress(number int) Address {
	id := p.Address.routingID() + p.Offset + p.Stride*number
	return Address{Domain: p.Address.Domain, Bus: uint8(id >> 8), Device: uint8(id >> 3 & 31), Function: uint8(id & 7)}
}

// Compare orders addresses by domain, then by routing ID.
func (a Address) Compare(b Address) int {
	return cmp.Or(cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.routingID(), b.routingID()))
}
