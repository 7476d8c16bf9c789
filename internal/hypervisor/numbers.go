package hypervisor

import (
	"slices"

	"github.com/representord/representord/internal/pci"
)

// Number is a serial number that functions of a card have.
type Number struct {
	// Functions are the PFs and VFs that have it, by address. A VF that has its PF's isn't
	// among them.
	Functions []string `json:"functions"`
	// Serial is the number as it is published and compared, Libvirt the one that Nova sees;
	// empty for none.
	Serial  string `json:"card-serial-number,omitempty"`
	Libvirt string `json:"libvirt-serial-number,omitempty"`
}

// Numbers gives the serial numbers of a card: one, unless its functions don't all have
// the same. A PF is left out whose VFs all have a number of their own, or that has no VFs
// while others have. It waits for the card.
func (c *Card) Numbers() []Number {
	var all []Number
	add := func(address pci.Address, id *pci.Identity) {
		same := func(n Number) bool { return n.Serial == id.Serial && n.Libvirt == id.Libvirt }
		at := slices.IndexFunc(all, same)
		if at < 0 {
			at = len(all)
			all = append(all, Number{Serial: id.Serial, Libvirt: id.Libvirt})
		}
		all[at].Functions = append(all[at].Functions, address.String())
	}
	ids := c.Identities()
	for _, p := range c.PFs {
		if c.counts(p) {
			add(p.Address, ids.PF(p))
		}
		for _, v := range p.VFs {
			if id := ids.VF(v); id.OfVF {
				add(v.Address, id)
			}
		}
	}
	return all
}

// counts reports whether a PF's serial number does: a VF has it, or would if the card had VFs.
func (c *Card) counts(p *pci.PF) bool {
	ids := c.Identities()
	inherits := func(v *pci.VF) bool { return !ids.VF(v).OfVF }
	return slices.ContainsFunc(p.VFs, inherits) || !slices.ContainsFunc(c.PFs, func(p *pci.PF) bool { return len(p.VFs) > 0 })
}

// Faults tells what is wrong with the serial numbers that a card's VFs have, or would
// have: what is a PF's once, what is the VFs' own in groups. It waits for the card.
func (c *Card) Faults() []Finding {
	var all []Finding
	say := func(f Finding) {
		if !slices.ContainsFunc(all, func(said Finding) bool { return said.Code == f.Code && said.Error() == f.Error() }) {
			all = append(all, f)
		}
	}
	ids := c.Identities()
	for _, p := range c.PFs {
		if c.counts(p) {
			for _, f := range faults(ids.PF(p)) {
				f.On = c.Slot
				say(f)
			}
		}
		var own groups
		for _, v := range p.VFs {
			if id := ids.VF(v); id.OfVF {
				for _, f := range faults(id) {
					own.add(v, f)
				}
			}
		}
		for _, f := range own.findings(p) {
			say(f)
		}
	}
	if ids.Differs != nil {
		say(Finding{On: c.Slot, Reason: *ids.Differs})
	}
	return all
}

// faults tells what is wrong with a serial number.
func faults(id *pci.Identity) []Finding {
	var all []Finding
	if id.Why != nil {
		all = append(all, Finding{Stops: true, Reason: *id.Why, Missing: true})
	}
	for _, w := range id.Warnings {
		all = append(all, Finding{Stops: w.Code == pci.CodeVPDInvalid, Reason: w})
	}
	return all
}
