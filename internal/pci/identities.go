package pci

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/vpd"
)

// Identities are what the functions of a card say of it. They should all say the same,
// but firmware may show VPD on some of them only, or another one on each.
type Identities struct {
	// Differs warns where they don't say the same, as libvirt reads them; nil where they
	// do.
	Differs *reason.Reason

	// of has what is known of all PFs, and of VFs with VPD of their own.
	of    map[Address]*Identity
	first *Identity
}

// Card is what the first function says that has VPD, PFs before VFs. Where there is none
// it says why.
func (i *Identities) Card() *Identity { return i.first }

// PF is what a PF says.
func (i *Identities) PF(p *PF) *Identity { return i.of[p.Address] }

// VF is what Nova takes for a VF: what the VF says, where libvirt reads a serial number
// there, else what its own PF says, never another (_get_vpd_details in
// nova/virt/libvirt/host.py). Where libvirt reads none of both, the serial number may be
// one that libvirt refuses.
func (i *Identities) VF(v *VF) *Identity { return cmp.Or(i.of[v.Address], i.PF(v.PF)) }

// Identify reads the VPD of a card's functions, each bounded by patience;
// vpd.Deadline is a good one. They are read one after the other, because they share the
// hardware, and where one doesn't answer in time the others aren't asked. Most VFs have
// none. root is where sysfs is mounted.
func (c *Card) Identify(ctx context.Context, root string, patience time.Duration) *Identities {
	i := &Identities{of: map[Address]*Identity{}}
	asked := asking{card: c, sysfs: sysfs(root), patience: patience}
	for _, p := range c.PFs {
		i.of[p.Address] = asked.read(ctx, p.Address)
		i.first = cmp.Or(i.first, i.of[p.Address])
	}
	ofVFs := c.noVPD(i)
	for _, p := range c.PFs {
		for _, v := range p.VFs {
			own := asked.read(ctx, v.Address)
			if own == nil || own == i.PF(p) {
				continue
			}
			i.of[v.Address] = chosen(own, i.PF(p))
			if ofVFs && !i.first.Read {
				i.first = i.of[v.Address]
			}
		}
	}
	i.Differs = c.differs(i)
	return i
}

// asking is the reading of a card.
type asking struct {
	card     *Card
	sysfs    sysfs
	patience time.Duration
	// silent is what is known of functions once one didn't answer.
	silent *Identity
}

// read reads the VPD of a function, bounded by the patience; nil for one that has none.
func (a *asking) read(ctx context.Context, f Address) *Identity {
	path := device(f, "vpd")
	if !a.sysfs.exists(path) {
		return nil
	}
	if a.silent != nil {
		return a.silent
	}
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	got, _, err := vpd.Read(ctx, a.sysfs.path(path))
	var id *Identity
	switch {
	case err == nil:
		id = identify(&got, f)
	case errors.Is(err, os.ErrNotExist):
		return nil
	case errors.Is(err, os.ErrPermission):
		id = &Identity{Why: reason.New(CodeVPDPermission, "the VPD of card %s may be read by root only", a.card.Slot).
			WithRemedy("run this as root")}
	default:
		id = &Identity{Why: reason.New(unread(err), "the VPD of card %s can't be read: %v", a.card.Slot, err).WithRemedy(reset)}
	}
	if id.Why != nil && id.Why.Code == CodeVPDTimeout {
		a.silent = id
	}
	return id
}

// noVPD says of PFs without VPD that they have none, and tells whether that is all of them.
func (c *Card) noVPD(i *Identities) (all bool) {
	all = i.first == nil
	if all {
		i.first = &Identity{Why: reason.New(CodeNoVPD, "card %s has no VPD, so no serial number",
			c.Slot).WithRemedy("update its firmware, or see whether that can switch VPD on")}
	}
	for _, p := range c.PFs {
		switch {
		case i.PF(p) != nil:
		case all:
			i.of[p.Address] = i.first
		default:
			i.of[p.Address] = &Identity{Why: reason.New(CodeNoVPD,
				"PF %s has no VPD, so its VFs have no serial number: Nova asks no other PF of card %s", p.Address, c.Slot).
				WithRemedy("see whether the card's firmware can switch VPD on for this PF; until then give Nova VFs of its other PFs only")}
		}
	}
	return all
}

// chosen is a VF's own identity or its PF's: the first in which libvirt reads a serial
// number, else the first that has one at all.
func chosen(own, pf *Identity) *Identity {
	id := *own
	var odd []reason.Reason
	if own.Libvirt == "" && (pf.Libvirt != "" || own.Serial == "" && pf.Serial != "") {
		// The PF's, with what is wrong with the VF's own.
		id, odd = *pf, own.Warnings
		if own.Why != nil {
			odd = slices.Concat([]reason.Reason{*own.Why}, odd)
		}
	}
	id.OfVF = true
	id.Warnings = slices.Clone(id.Warnings)
	for _, w := range odd {
		w.Code = CodeVPDOdd
		w.Message += "; Nova takes that of its PF"
		id.Warnings = append(id.Warnings, w)
	}
	return &id
}

// differs warns where functions say different serial numbers, or some of them none, as
// libvirt reads them.
func (c *Card) differs(i *Identities) *reason.Reason {
	var order []string
	by := map[string][]string{}
	say := func(id *Identity, who string) {
		if !id.Read && id.Why.Code != CodeNoVPD {
			return // not known
		}
		number := id.Libvirt
		if by[number] == nil {
			order = append(order, number)
		}
		by[number] = append(by[number], who)
	}
	for _, p := range c.PFs {
		say(i.PF(p), p.Address.String())
		for _, v := range p.VFs {
			if id := i.VF(v); id.Libvirt != i.PF(p).Libvirt {
				say(id, v.Address.String())
			}
		}
	}
	if len(order) < 2 {
		return nil
	}
	var parts []string
	for _, number := range order {
		text := fmt.Sprintf("%q", number)
		if number == "" {
			text = "none"
		}
		parts = append(parts, text+" by "+several(by[number]))
	}
	return reason.New(CodeSerialsDiffer, "the functions of card %s say different serial numbers, as libvirt reads them: %s; Nova takes for a "+
		"VF its own, else that of its own PF, and the DPU publishes one",
		c.Slot, strings.Join(parts, ", ")).
		WithRemedy("compare with what the DPU publishes (representorctl serial), and give Nova only VFs with that number; updating the card's " +
			"firmware may make them the same")
}

// several names the first of many.
func several(all []string) string {
	const most = 3
	if len(all) <= most {
		return strings.Join(all, " and ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}
