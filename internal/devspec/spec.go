// Package devspec reads Nova's device_spec, the option by which an operator says
// which PCI devices of a hypervisor are for virtual machines and which of those a DPU
// manages (formerly pci_passthrough_whitelist).
//
// The option may be given several times; each is a JSON object or a list of objects:
//
//	{"vendor_id": "15b3", "product_id": "101e", "address": "*:03:*.*",
//	 "physical_network": null, "remote_managed": "true"}
//
// What is missing matches everything. A device belongs to the first object that
// matches it. The rules are those of nova/pci/devspec.py, nova/pci/whitelist.py and
// nova/pci/utils.py, and where Nova refuses to start so does Parse.
package devspec

import (
	"fmt"

	"github.com/representord/representord/internal/pci"
)

// Keys that are no tags, and how their values are written.
const (
	keyVendor  = "vendor_id"
	keyProduct = "product_id"
	idFormat   = "%04x"
)

// Tags with a meaning here.
const (
	tagPhysicalNetwork = "physical_network"
	tagRemoteManaged   = "remote_managed"
	tagOneTimeUse      = "one_time_use"
)

// Spec is one object of the option.
type Spec struct {
	// Text is the object as JSON, for showing.
	Text string
	// PhysicalNetwork is the tag of that name, nil where it is null or missing: the
	// device is then for tunnelled networks.
	PhysicalNetwork *string
	// RemoteManaged tells whether a DPU manages the devices.
	RemoteManaged bool
	// Tags are all tags, also those that mean nothing here.
	Tags map[string]any

	vendor, product string // as sysfs writes them, empty for any
	// address is nil for a devname that isn't there, which matches nothing.
	address *matcher
	// pf is the PF whose VFs the address stands for, nil for other addresses.
	pf *pci.PF
}

// Specs are all objects, in order.
type Specs struct {
	All []*Spec
	// Warnings tell where the text isn't what its writer will have meant, although Nova
	// takes it.
	Warnings []string
}

// Match tells what Nova makes of a device.
type Match struct {
	// Spec is the first object that matches; nil when none does, and the device is then
	// not for virtual machines.
	Spec *Spec
	// LeftOut is the first object that would match if the device had a serial number:
	// those with remote_managed take no others.
	LeftOut *Spec
}

// Match finds the object for a VF. serial is the card's serial number as libvirt
// reads it (the strict reading), empty for none.
func (s *Specs) Match(v *pci.VF, serial string) Match {
	var m Match
	if v.Address.Domain > maxDomain { // Nova skips those, which it can't write
		return m
	}
	for _, spec := range s.All {
		switch {
		case !spec.matches(&v.Function, v.PF):
		case !spec.RemoteManaged || serial != "":
			m.Spec = spec
			return m
		case m.LeftOut == nil:
			m.LeftOut = spec
		}
	}
	return m
}

// MatchPF finds the object for a PF itself.
func (s *Specs) MatchPF(p *pci.PF, serial string) Match {
	return s.Match(&pci.VF{Function: p.Function}, serial)
}

// matches compares a function, which may be a VF of a PF, with the object.
func (s *Spec) matches(f *pci.Function, parent *pci.PF) bool {
	if s.address == nil || s.vendor != "" && s.vendor != hex(f.Vendor) || s.product != "" && s.product != hex(f.Product) {
		return false
	}
	if s.pf != nil && parent != nil && parent.Address == s.pf.Address {
		return true
	}
	return s.address.matches(f.Address)
}

// hex is a vendor or a product as sysfs writes it, but for 0x.
func hex(id uint16) string { return fmt.Sprintf(idFormat, id) }
