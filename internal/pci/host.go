// Package pci shows the network cards of a host as its PCI bus shows them: which
// functions are virtual, of which physical function, and by which number; which
// netdevs and addresses they have; and what the card says its serial number is.
//
// The number of a VF is the N of that link virtfn<N>, in its PF's directory, which
// leads to it. It can't be had from the address: VFs spill over to the next bus, and
// the step from one to the next is the card's choice.
//
// Everything is read below a directory that is sysfs or looks like it, and nothing
// is written.
package pci

import (
	"net"
	"slices"

	"github.com/representord/representord/internal/reason"
)

// Host is what there is on the bus.
type Host struct {
	// Cards are those with network PFs, by address.
	Cards []*Card
	// Orphans are network VFs whose PF isn't there, as in a virtual machine.
	Orphans []*VF
	// Others are network functions that are no PF and no VF, and management functions
	// of DPUs (see Function.Management).
	Others []Function
	// Addresses are those of all functions on the bus, of whatever kind.
	Addresses []Address
	// Devices are the devices that the host's netdevs belong to, by the netdev's name, as
	// sysfs calls them: PCI addresses, and names such as virtio0. Netdevs without a device,
	// such as bonds, are left out.
	Devices map[string]string
	// Warnings tell what couldn't be read.
	Warnings []reason.Reason
}

// Card is a PCI slot with at least one network PF.
type Card struct {
	// Slot is the address without the function: 0000:03:00.
	Slot string
	PFs  []*PF
}

// Function is a PCI function.
type Function struct {
	Address Address
	Vendor  uint16
	Product uint16
	// Class is the class code: base class, subclass and interface, one byte each.
	Class uint32
	// Driver is the driver that the function is bound to, empty for none.
	Driver string
	// NUMANode is the node that the slot is close to, -1 when that isn't known.
	NUMANode int
}

// Network tells whether the function is a network controller.
func (f *Function) Network() bool { return f.Class>>16 == 0x02 }

// Mellanox tells whether the function is Mellanox's, today NVIDIA's: theirs are the
// cards whose firmware mlxconfig configures (PCI_VENDOR_ID_MELLANOX of pci_ids.h).
func (f *Function) Mellanox() bool { return f.Vendor == 0x15b3 }

// Management tells whether this is the function by which a host manages an NVIDIA
// BlueField (its "SoC management interface", drivers/platform/mellanox and rshim).
func (f *Function) Management() bool {
	return f.Mellanox() && f.Product >= 0xc2d0 && f.Product <= 0xc2df
}

// PF is a physical function: one that can have VFs.
type PF struct {
	Function
	// TotalVFs is how many VFs the firmware allows.
	TotalVFs int
	// VFProduct is the product of its VFs (sriov_vf_device, from Linux 4.15 on), 0 where
	// that isn't known.
	VFProduct uint16
	// Offset and Stride give the routing IDs of VFs; 0 where not known.
	Offset, Stride int
	// Netdevs are its netdevs and, on a switchdev host, its representors, by ifindex.
	Netdevs []Netdev
	// VFs are by number; those without one come last.
	VFs []*VF
}

// VF is a virtual function.
type VF struct {
	Function
	// PF is nil for an orphan.
	PF *PF
	// Number is from 0 to 65534, and -1 when it isn't known.
	Number int
	// Netdevs are its netdevs; there is none while a virtual machine has the VF.
	Netdevs []Netdev
	// Warnings tell what is odd about it; one of them why Number isn't known.
	Warnings []reason.Reason
}

// Netdev is a network device of a function.
type Netdev struct {
	Name    string
	IfIndex uint32
	// Current is the address that it uses, Permanent the one that the hardware came
	// with; nil when not known.
	Current, Permanent net.HardwareAddr
	// Bond is the bond whose slave it is.
	Bond string
	// PortName is the driver's name of the port (phys_port_name), empty for most.
	PortName string
	// DevPort counts the ports of one function (dev_port), from 0.
	DevPort int
}

// VFs gives all VFs of the host, orphans last.
func (h *Host) VFs() []*VF {
	var all []*VF
	for _, p := range h.PFs() {
		all = append(all, p.VFs...)
	}
	return append(all, h.Orphans...)
}

// PFs gives all network PFs of the host.
func (h *Host) PFs() []*PF {
	var all []*PF
	for _, c := range h.Cards {
		all = append(all, c.PFs...)
	}
	return all
}

// VF finds a VF by its address or by the name of its netdev.
func (h *Host) VF(name string) (*VF, bool) {
	address, err := ParseAddress(name)
	for _, v := range h.VFs() {
		if err == nil && v.Address == address ||
			slices.ContainsFunc(v.Netdevs, func(n Netdev) bool { return n.Name == name }) {
			return v, true
		}
	}
	return nil, false
}
