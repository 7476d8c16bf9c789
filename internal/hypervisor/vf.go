package hypervisor

import (
	"fmt"

	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/profile"
	"github.com/representord/representord/internal/reason"
)

// PF is a PF as it is shown.
type PF struct {
	Address  string `json:"address"`
	Netdev   string `json:"netdev,omitempty"`
	Driver   string `json:"driver,omitempty"`
	Vendor   string `json:"vendor"`
	Product  string `json:"product"`
	NUMANode int    `json:"numa-node"`
	// MAC is the permanent one, CurrentMAC what it uses.
	MAC        string `json:"mac,omitempty"`
	CurrentMAC string `json:"current-mac,omitempty"`
	Bond       string `json:"bond,omitempty"`
}

// VF is a VF as it is shown.
type VF struct {
	Address string `json:"address"`
	// Number is nil where it isn't known.
	Number   *int     `json:"vf-num"`
	Netdevs  []string `json:"netdevs"`
	MAC      string   `json:"mac,omitempty"`
	Driver   string   `json:"driver,omitempty"`
	Vendor   string   `json:"vendor"`
	Product  string   `json:"product"`
	NUMANode int      `json:"numa-node"`
	// PF is nil where it isn't visible.
	PF     *PF    `json:"pf"`
	Serial string `json:"card-serial-number,omitempty"`
	// RemoteManaged is nil where no device_spec was given; PhysicalNetwork is its tag.
	RemoteManaged   *bool   `json:"remote-managed"`
	PhysicalNetwork *string `json:"physical-network,omitempty"`
	// Nova tells why Nova doesn't take it for one that a DPU manages.
	Nova *reason.Reason `json:"not-remote-managed,omitempty"`
	// Missing tell why values of the binding profile are missing, Warnings what is odd.
	Missing  []profile.Missing `json:"missing"`
	Warnings []reason.Reason   `json:"warnings"`
}

// NewPF shows a PF.
func NewPF(p *pci.PF) PF {
	s := PF{
		Address: p.Address.String(), Driver: p.Driver, Vendor: id(p.Vendor), Product: id(p.Product), NUMANode: p.NUMANode,
	}
	if n, why := p.Netdev(); why == nil {
		s.Netdev, s.CurrentMAC, s.Bond = n.Name, n.Current.String(), n.Bond
	}
	if mac, why := p.MAC(); why == nil {
		s.MAC = mac.String()
	}
	return s
}

func id(n uint16) string { return fmt.Sprintf("%04x", n) }

// The reasons for which Nova doesn't take a VF for one that a DPU manages.
const (
	// CodeNoSpec: no object of device_spec matches it.
	CodeNoSpec reason.Code = "no-device-spec"
	// CodeNotRemote: the first that matches isn't remote_managed.
	CodeNotRemote reason.Code = "not-remote-managed"
	// CodeLeftOut: one would match, but libvirt sees no serial number.
	CodeLeftOut reason.Code = "left-out-without-serial"
	// CodeTakenByPlain: one would match, but libvirt sees no serial number, and a later one
	// gives it to ordinary ports.
	CodeTakenByPlain reason.Code = "left-to-plain-ports"
	// CodeWideDomain: Nova skips devices in PCI domains beyond ffff.
	CodeWideDomain reason.Code = "wide-pci-domain"
)

// VF shows a VF. It waits for its card.
func (i *Inventory) VF(v *pci.VF) VF {
	identity := i.identity(v)
	s := VF{
		Address: v.Address.String(), Driver: v.Driver, Vendor: id(v.Vendor), Product: id(v.Product), NUMANode: v.NUMANode,
		Serial: identity.Serial, Netdevs: []string{}, Missing: []profile.Missing{}, Warnings: []reason.Reason{},
	}
	if v.Number >= 0 {
		s.Number = &v.Number
	}
	for n := range v.Netdevs {
		s.Netdevs = append(s.Netdevs, v.Netdevs[n].Name)
	}
	if len(v.Netdevs) == 1 {
		s.MAC = v.Netdevs[0].Current.String()
	}
	s.Warnings = append(s.Warnings, identity.Warnings...)
	if c := i.Of(v.PF); c != nil && c.Identities().Differs != nil {
		s.Warnings = append(s.Warnings, *c.Identities().Differs)
	}
	if v.PF != nil {
		s.PF = new(NewPF(v.PF))
		s.Warnings = append(s.Warnings, v.PF.Warnings()...)
	}
	_, missing := profile.Of(v, identity, nil)
	s.Missing = append(s.Missing, missing...)
	for _, w := range v.Warnings {
		if w.Code == pci.CodeNumberDoubtful { // the others are why something is missing
			s.Warnings = append(s.Warnings, w)
		}
	}
	if i.Specs != nil {
		s.PhysicalNetwork, s.Nova = i.remote(v, identity)
		s.RemoteManaged = new(s.Nova == nil)
	}
	return s
}

// identity is what Nova takes for what the VF's card says of itself.
func (i *Inventory) identity(v *pci.VF) *pci.Identity {
	if c := i.Of(v.PF); c != nil {
		return c.Identities().VF(v)
	}
	why := reason.New(pci.CodeNoPF, "the serial number of the card of VF %s isn't known, because its PF isn't visible here", v.Address)
	return &pci.Identity{Why: why.WithRemedy("run this where the PF is, on the hypervisor")}
}

// remote tells why Nova doesn't take the VF for one that a DPU manages, nil if it does, and its
// physical network. There must be Specs.
func (i *Inventory) remote(v *pci.VF, identity *pci.Identity) (network *string, why *reason.Reason) {
	m := i.Specs.Match(v, identity.Libvirt)
	if m.Spec != nil {
		network = m.Spec.PhysicalNetwork
	}
	refuse := func(code reason.Code, remedy, format string, args ...any) (*string, *reason.Reason) {
		return network, reason.New(code, format, args...).WithRemedy("%s", remedy)
	}
	const readable = "see what is wrong with the card's serial number: vf-reporter serial"
	switch {
	case m.Spec != nil && m.Spec.RemoteManaged:
		return network, nil
	case m.LeftOut != nil && m.Spec != nil:
		return refuse(CodeTakenByPlain, readable+"; or keep it out of the later object",
			"Nova leaves VF %s out of %s, because libvirt sees no serial number in its VPD or its PF's, and takes it for an ordinary one by the "+
				"later object %s, so that no DPU plugs its ports",
			v.Address, m.LeftOut.Text, m.Spec.Text)
	case m.LeftOut != nil:
		return refuse(CodeLeftOut, readable, "Nova leaves VF %s out of %s, because libvirt sees no serial number in its VPD or its PF's",
			v.Address, m.LeftOut.Text)
	case m.Spec != nil:
		return refuse(CodeNotRemote, `add "remote_managed": "true" to it, or put one that has that before it`,
			"the first object of device_spec that matches VF %s, %s, isn't remote_managed", v.Address, m.Spec.Text)
	case v.Address.Domain > 0xffff:
		return refuse(CodeWideDomain, "have the firmware put the card into another domain",
			"Nova passes over VF %s, whose PCI domain has more than four digits", v.Address)
	}
	return refuse(CodeNoSpec, "add one: vf-reporter profile "+v.Address.String()+" --format nova",
		"no object of device_spec matches VF %s", v.Address)
}

// Profile makes a VF's binding profile. Without a physical network, device_spec's tag
// is taken. It waits for the VF's card.
func (i *Inventory) Profile(v *pci.VF, network *string) (profile.Profile, []profile.Missing, []reason.Reason) {
	shown := i.VF(v)
	if network == nil {
		network = shown.PhysicalNetwork
	}
	p, missing := profile.Of(v, i.identity(v), network)
	if shown.Nova != nil {
		shown.Warnings = append(shown.Warnings, *shown.Nova)
	}
	return p, missing, shown.Warnings
}
