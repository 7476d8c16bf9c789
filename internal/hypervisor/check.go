package hypervisor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
)

// Codes of findings that no single VF's profile tells of.
const (
	// CodeNoCard: there is no network function that can have VFs.
	CodeNoCard reason.Code = "no-sriov-card"
	// CodeHiddenPF: the firmware shows a DPU to the host without some or all of its PFs.
	CodeHiddenPF reason.Code = "hidden-pf"
	// CodeNoVFsAllowed: the firmware allows the PF no VFs.
	CodeNoVFsAllowed reason.Code = "no-vfs-allowed"
	// CodeNoVFs: the PF has no VFs.
	CodeNoVFs reason.Code = "no-vfs"
	// CodeNoneRemote: device_spec makes no VF a remote-managed one.
	CodeNoneRemote reason.Code = "none-remote-managed"
	// CodePFRemote: device_spec gives a PF to virtual machines as remote-managed.
	CodePFRemote reason.Code = "pf-remote-managed"
	// CodeLibvirtVPD: libvirt is too old to read VPD.
	CodeLibvirtVPD reason.Code = "libvirt-without-vpd"
	// CodeVLAN: the driver refuses to clear a VF's VLAN, and libvirt insists on it.
	CodeVLAN reason.Code = "vlan-clearing"
	// CodeLibvirtUnknown: libvirt isn't found.
	CodeLibvirtUnknown reason.Code = "libvirt-unknown"
	// CodeOddSpec: device_spec is probably not meant as it is written.
	CodeOddSpec reason.Code = "odd-device-spec"
)

// Finding is something that stops remote-managed bindings, or may.
type Finding struct {
	// Stops tells that bindings fail; else they may, or will.
	Stops bool `json:"stops"`
	// On is the card, function or range of VFs that it is about; empty for the host.
	On string `json:"on,omitempty"`
	reason.Reason
	// Missing: there is no serial number for that reason.
	Missing bool `json:"-"`
}

// harm is less for what is worse.
func (f *Finding) harm() int {
	switch {
	case f.Missing:
		return 0
	case f.Stops:
		return 1
	}
	return 2
}

// groups gathers what many VFs of a PF have in common, so that it is said once.
type groups []group

type group struct {
	first Finding
	vfs   []*pci.VF
}

func (g *groups) add(v *pci.VF, f Finding) {
	at := slices.IndexFunc(*g, func(one group) bool { return one.first.Code == f.Code })
	if at < 0 {
		at = len(*g)
		*g = append(*g, group{first: f})
	}
	(*g)[at].vfs = append((*g)[at].vfs, v)
}

// findings are those of groups, the worst first: the first VF's words, and how many more there are.
func (g *groups) findings(p *pci.PF) []Finding {
	all := make([]Finding, 0, len(*g))
	for _, one := range *g {
		f := one.first
		f.On = one.vfs[0].Address.String()
		if n := len(one.vfs); n > 1 {
			f.On = p.Address.String()
			f.Message += fmt.Sprintf(" (and the same for %d more VFs of PF %s)", n-1, p.Address)
		}
		all = append(all, f)
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return a.harm() - b.harm() })
	return all
}

// check collects findings.
type check struct {
	*Inventory
	software Software
	findings []Finding
}

// Check finds what would stop the binding of a remote-managed port on this host. With
// a device_spec only cards count that it is about. It waits for all cards.
func (i *Inventory) Check(software Software) []Finding {
	c := &check{Inventory: i, software: software}
	for _, w := range i.Host.Warnings {
		c.add(false, "", w)
	}
	c.hidden()
	remote := 0
	for _, card := range i.Cards {
		remote += c.card(card)
	}
	for _, v := range i.Host.Orphans {
		c.add(true, v.Address.String(), v.Warnings[0])
	}
	if i.Specs != nil {
		for _, w := range i.Specs.Warnings {
			c.add(false, "", reason.Reason{Code: CodeOddSpec, Message: w})
		}
		if remote == 0 {
			c.find(true, "", CodeNoneRemote, "see why each VF isn't one: vf-reporter list with the same --device-spec",
				"device_spec makes no VF of this host one that a DPU manages")
		}
	}
	c.oldLibvirt()
	c.openStack()
	return c.findings
}

func (c *check) add(stops bool, on string, why reason.Reason) {
	c.findings = append(c.findings, Finding{Stops: stops, On: on, Reason: why})
}

func (c *check) find(stops bool, on string, code reason.Code, remedy, format string, args ...any) {
	c.add(stops, on, *reason.New(code, format, args...).WithRemedy("%s", remedy))
}

// hidden looks for PFs that should be there.
func (c *check) hidden() {
	found := false
	for _, f := range c.Host.Others {
		if f.Management() {
			found = c.hiddenBefore(f.Address) || found
		}
	}
	if len(c.Cards) > 0 {
		return
	}
	for _, f := range c.Host.Others {
		if f.Network() {
			found = true
			// The firmware of a card hides the capability while SR-IOV is off, so that the
			// kernel can't tell such a card from one that never has VFs.
			c.find(true, f.Address.String(), CodeNoCard,
				"if this is the card, switch SR-IOV on in its firmware "+firmware(&f)+
					" and in the BIOS, then reboot; if it is another NIC, such as a virtual machine's, see whether lspci shows the card",
				"the network function %s (%04x:%04x, %s) shows no SR-IOV capability, so it can't have VFs", f.Address, f.Vendor, f.Product, driver(&f))
		}
	}
	if !found {
		c.find(true, "", CodeNoCard, "see whether lspci shows the card; its firmware may hide it",
			"this host has no network function that can have VFs")
	}
}

// driver names the driver of a function.
func driver(f *pci.Function) string {
	if f.Driver == "" {
		return "no driver"
	}
	return "driver " + f.Driver
}

// firmware says with what the SR-IOV of a function is configured.
func firmware(f *pci.Function) string {
	if f.Mellanox() {
		return "(mlxconfig SRIOV_EN=1, NUM_OF_VFS)"
	}
	return "with its vendor's tool"
}

// hiddenBefore looks at the functions before a BlueField's management function: those
// are its PFs, without a gap, unless the firmware hides one.
func (c *check) hiddenBefore(management pci.Address) bool {
	const remedy = "show it with mlxconfig on the DPU (HIDE_PORT2_PF, NUM_OF_PF), then power-cycle the host"
	var missing []string
	for a := management; a.Function > 0; {
		a.Function--
		if _, there := slices.BinarySearchFunc(c.Host.Addresses, a, pci.Address.Compare); !there {
			missing = append(missing, a.String())
		}
	}
	slices.Reverse(missing)
	slot := management.Slot()
	switch len(missing) {
	case int(management.Function):
		c.find(true, slot, CodeHiddenPF, remedy,
			"of the DPU at %s this host sees the management function %s alone: the firmware hides its PFs", slot, management)
	case 0:
		return false
	default:
		c.find(false, slot, CodeHiddenPF, remedy, "the DPU at %s has a gap before its management function %s: the firmware hides %s", slot,
			management, strings.Join(missing, ", "))
	}
	return true
}

// card examines a card and gives the number of its remote-managed VFs.
func (c *check) card(card *Card) (remote int) {
	concerned := c.Specs == nil
	for _, p := range card.PFs {
		var leftOut groups
		for _, v := range p.VFs {
			if c.Specs == nil {
				continue
			}
			identity := c.identity(v)
			m := c.Specs.Match(v, identity.Libvirt)
			concerned = concerned || m.LeftOut != nil || m.Spec != nil && m.Spec.RemoteManaged
			if _, why := c.remote(v, identity); why == nil {
				remote++
			} else if m.LeftOut != nil {
				leftOut.add(v, Finding{Stops: true, Reason: *why})
			}
		}
		c.findings = append(c.findings, leftOut.findings(p)...)
	}
	if !concerned {
		return remote
	}
	c.findings = append(c.findings, card.Faults()...)
	for _, p := range card.PFs {
		c.pf(p, card.Identities().PF(p))
	}
	return remote
}

func (c *check) pf(p *pci.PF, identity *pci.Identity) {
	on := p.Address.String()
	if _, why := p.MAC(); why != nil {
		c.add(true, on, *why)
	}
	for _, w := range p.Warnings() {
		c.add(w.Code == pci.CodeMACDiffers, on, w)
	}
	others := len(c.Host.VFs()) > len(c.Host.Orphans) // other PFs have VFs to be bound
	switch {
	case p.TotalVFs == 0:
		c.find(!others, on, CodeNoVFsAllowed, "set their number in its firmware "+firmware(&p.Function)+", then reboot",
			"the firmware of PF %s allows no VFs", on)
	case len(p.VFs) == 0:
		c.find(!others, on, CodeNoVFs, fmt.Sprintf("write their number into sriov_numvfs: echo %d >/sys/bus/pci/devices/%s/sriov_numvfs",
			p.TotalVFs, on), "PF %s has no VFs, and may have %d", on, p.TotalVFs)
	}
	var numbers groups
	for _, v := range p.VFs {
		for _, w := range v.Warnings {
			numbers.add(v, Finding{Stops: w.Code != pci.CodeNumberDoubtful, Reason: w})
		}
	}
	c.findings = append(c.findings, numbers.findings(p)...)
	if c.Specs != nil {
		if m := c.Specs.MatchPF(p, identity.Libvirt); m.Spec != nil && m.Spec.RemoteManaged {
			c.find(false, on, CodePFRemote, fmt.Sprintf(`give %s the VFs' "product_id", "%04x"`, m.Spec.Text, p.VFProduct),
				"device_spec gives the PF %s itself to virtual machines, as remote-managed, which only VFs can be", on)
		}
	}
	c.vlan(p)
}

// vlan looks for the driver whose VFs' VLANs a DPU's host may not set: mlx5 without
// the eswitch refused even to clear them for years, and libvirt clears the VLAN of
// every VF that it gives to a virtual machine.
func (c *check) vlan(p *pci.PF) {
	if p.Driver == "mlx5_core" && c.software.Libvirt != (Release{}) && c.software.Libvirt.compare(libvirtVLAN()) < 0 {
		c.find(true, p.Address.String(), CodeVLAN, "update libvirt to "+libvirtVLAN().String()+" or later",
			"the driver %s of PF %s refuses to clear the VLAN of a DPU's VF, unless it is recent, and libvirt %s doesn't start a virtual machine "+
				"then", p.Driver, p.Address, c.software.Libvirt)
	}
}

func (c *check) oldLibvirt() {
	switch {
	case c.software.Libvirt == (Release{}):
		c.find(false, "", CodeLibvirtUnknown, "see to it that it is at least "+libvirtVLAN().String(),
			"no libvirt is installed here, so its version isn't known")
	case c.software.Libvirt.compare(libvirtVPD()) < 0:
		c.find(true, "", CodeLibvirtVPD, "update libvirt to "+libvirtVLAN().String()+" or later",
			"libvirt %s doesn't read VPD, so Nova has no remote-managed ports", c.software.Libvirt)
	}
}
