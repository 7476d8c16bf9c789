package hypervisor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
)

// Codes of what is known to be wrong with releases of OpenStack.
const (
	// CodeNovaVF0: Nova sends no profile for a PF's VF 0.
	CodeNovaVF0 reason.Code = "nova-without-vf-0"
	// CodeNeutronExternalIDs: Neutron looks for the DPU where ovn-controller doesn't write.
	CodeNeutronExternalIDs reason.Code = "neutron-finds-no-dpu"
	// CodeNeutronCapabilities: Neutron drops a profile that has capabilities.
	CodeNeutronCapabilities reason.Code = "neutron-drops-profile"
)

// fault is something wrong with releases of a project, or that they don't do yet.
type fault struct {
	// first is the first major version that has it.
	first int
	// fixed are the first releases without it, one of each major version in which it was
	// mended, in order. No later major version has it.
	fixed []Release
}

// in tells whether a release has the fault.
func (f fault) in(r Release) bool {
	last := f.fixed[len(f.fixed)-1]
	if r.Major < f.first || r.compare(last) >= 0 {
		return false
	}
	return !slices.ContainsFunc(f.fixed, func(x Release) bool { return x.Major == r.Major && r.compare(x) >= 0 })
}

// mended names the first releases without the fault, from a major version on.
func (f fault) mended(from int) string {
	var all []string
	for _, r := range f.fixed {
		if r.Major >= from {
			all = append(all, r.String())
		}
	}
	return strings.Join(all, ", ") + " or later"
}

// neutronOf is the major version of Neutron that comes with one of Nova: both have one
// in every release of OpenStack.
func neutronOf(nova int) int { return nova - 5 }

// openStack tells what the installed Nova, and the Neutron that probably is where
// neutron-server runs, are known to do wrong with VFs that a DPU manages.
func (c *check) openStack() {
	vfs := c.managed()
	c.novaVF0(vfs)
	neutron := c.software.Neutron
	if neutron == (Release{}) && c.software.Nova != (Release{}) {
		neutron.Major = neutronOf(c.software.Nova.Major)
	}
	if len(vfs) == 0 || neutron.Major <= 0 {
		return
	}
	c.neutronExternalIDs(neutron)
	c.neutronCapabilities(neutron, vfs)
}

// managed are the VFs that a DPU manages, as far as is known: all without a device_spec.
func (c *check) managed() []*pci.VF {
	return slices.DeleteFunc(c.Host.VFs(), func(v *pci.VF) bool {
		if v.PF == nil || c.Specs == nil {
			return v.PF == nil
		}
		_, why := c.remote(v, c.identity(v))
		return why != nil
	})
}

// novaVF0: Nova takes the number 0 for none (_get_vf_pci_device_profile in
// nova/network/neutron.py), from Zed on.
func (c *check) novaVF0(vfs []*pci.VF) {
	f := fault{first: 26, fixed: []Release{{27, 5, 0}, {28, 3, 0}, {29, 2, 0}, {30, 0, 0}}}
	var zeros, objects []string
	for _, v := range vfs {
		if v.Number == 0 {
			zeros = append(zeros, v.Address.String())
			objects = append(objects, `{"address":"`+v.Address.String()+`","physical_network":"unused"}`)
		}
	}
	if len(zeros) == 0 || !f.in(c.software.Nova) {
		return
	}
	c.find(true, "", CodeNovaVF0,
		"update nova-compute to "+f.mended(c.software.Nova.Major)+
			"; until then keep VF 0 from ports of type remote-managed, by objects of device_spec before the others that give it to a network "+
			"that nobody has: "+strings.Join(objects, ", "),
		"Nova %s tells Neutron neither serial number, PF MAC nor number of a VF 0, here of %s, so that no DPU plugs its port; one that is "+
			"migrated to it keeps those of its former VF, and is plugged there",
		c.software.Nova, strings.Join(zeros, ", "))
}

// which says of which neutron-server something is told: what is installed here are
// its agents, mostly, and it runs elsewhere.
func (c *check) which(neutron Release, f fault) string {
	if c.software.Neutron != (Release{}) {
		return "neutron-server, if it is " + neutron.String() + " as the Neutron here,"
	}
	mended := slices.IndexFunc(f.fixed, func(r Release) bool { return r.Major >= neutron.Major })
	return fmt.Sprintf("neutron-server, if it is of the release of Nova %s and before %s,", c.software.Nova, f.fixed[max(mended, 0)])
}

// neutronExternalIDs: Neutron takes ovn-cms-options from Chassis.external_ids
// (get_chassis_by_card_serial_from_cms_options in .../ovn/mech_driver/ovsdb/impl_idl_ovn.py).
// That doesn't stop: before OVN 22.09, ovn-controller writes it there.
func (c *check) neutronExternalIDs(neutron Release) {
	f := fault{first: 20, fixed: []Release{{20, 3, 0}, {21, 1, 0}, {22, 0, 0}}}
	if !f.in(neutron) {
		return
	}
	c.find(false, "", CodeNeutronExternalIDs,
		"update neutron-server to "+f.mended(neutron.Major)+
			"; until then copy the number to where it looks, by the command that is printed on the DPU by: representorctl serial",
		"%s finds no DPU by a card's serial number where OVN is 22.09 or later: it looks in external_ids of the Chassis rows, where "+
			"ovn-controller doesn't write it any more", c.which(neutron, f))
}

// neutronCapabilities: Neutron takes none of the fields of a remote-managed port's profile when
// that has capabilities (validate_and_get_data_from_binding_profile in
// neutron/common/ovn/utils.py, https://bugs.launchpad.net/neutron/+bug/2116087). A Nova that doesn't
// send them yet gives it none to stumble on (_get_vf_pci_device_profile in nova/network/neutron.py).
func (c *check) neutronCapabilities(neutron Release, vfs []*pci.VF) {
	f := fault{first: 20, fixed: []Release{{24, 2, 2}, {25, 2, 1}, {26, 0, 2}, {27, 0, 0}}}
	without := fault{first: 1, fixed: []Release{{26, 2, 1}, {27, 2, 0}, {28, 0, 1}, {29, 0, 0}}}
	at := slices.IndexFunc(vfs, func(v *pci.VF) bool { return len(v.Netdevs) > 0 })
	if at < 0 || !f.in(neutron) || without.in(c.software.Nova) {
		return
	}
	v := vfs[at]
	c.find(false, "", CodeNeutronCapabilities,
		fmt.Sprintf("update neutron-server to %s; or have VFs without netdevs, by writing 0 to sriov_drivers_autoprobe of their PF before "+
			"they are made: echo 0 >/sys/bus/pci/devices/%s/sriov_drivers_autoprobe", f.mended(neutron.Major), v.PF.Address),
		"%s drops all of a profile that has capabilities, which Nova adds for VFs with a netdev on the host, such as %s, so that no DPU plugs "+
			"their ports", c.which(neutron, f), v.Address)
}
