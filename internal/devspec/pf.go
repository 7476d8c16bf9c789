package devspec

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/representord/representord/internal/pci"
)

// PFError tells that an object with remote_managed stands for a PF, by its address
// written in full or by its netdev. nova-compute of every release from Yoga to 2026.1
// ends at its start with that, even where the object names the VFs' product: to compare
// that with the PF's, PciDeviceSpec._init_dev_details in nova/pci/devspec.py asks for
// the PF's sysfs directory by the text of an object that has none, and
// get_pci_ids_by_pci_addr in nova/pci/utils.py for a file "product", which sysfs calls
// "device".
type PFError struct {
	PF *pci.PF
	// Forms are objects that mean the PF's VFs and with which nova-compute starts: by
	// where the VFs are, and by vendor and product alone.
	Forms []string

	others []string // PFs whose VFs the first form takes too
}

// Error names the PF and what to write instead.
func (e *PFError) Error() string {
	too := ""
	if len(e.others) > 0 {
		too = " (the VFs of PF " + strings.Join(e.others, " and ") + " too)"
	}
	return fmt.Sprintf("it stands for the PF %s, and nova-compute doesn't start where a PF is remote_managed, whatever product_id says "+
		"(Yoga to 2026.1 at least); "+
		"write %s%s, or %s for the VFs of all such cards", e.PF.Address, e.Forms[0], too, e.Forms[1])
}

// newPFError makes the forms from an object's tags.
func newPFError(host *pci.Host, pf *pci.PF, tags map[string]any) *PFError {
	e := &PFError{PF: pf}
	area, err := parseGlob(vfGlob(pf))
	for _, other := range host.PFs() {
		taken := func(v *pci.VF) bool {
			return area.matches(v.Address) && hex(v.Product) == vfProduct(pf)
		}
		if err == nil && other != pf && slices.ContainsFunc(other.VFs, taken) {
			e.others = append(e.others, other.Address.String())
		}
	}
	for _, address := range []string{vfGlob(pf), ""} {
		object := map[string]any{keyVendor: hex(pf.Vendor), keyProduct: vfProduct(pf), tagRemoteManaged: "true"}
		if address != "" {
			object["address"] = address
		}
		whole := maps.Clone(tags)
		maps.Copy(whole, object)
		text := show(whole)
		if !json.Valid([]byte(text)) { // cut off
			text = show(object)
		}
		e.Forms = append(e.Forms, text)
	}
	return e
}

// vfProduct is the product of a PF's VFs, or a word for it where neither the kernel nor
// a VF tells.
func vfProduct(pf *pci.PF) string {
	switch {
	case pf.VFProduct != 0:
		return hex(pf.VFProduct)
	case len(pf.VFs) > 0:
		return hex(pf.VFs[0].Product)
	}
	return "PRODUCT"
}

// vfGlob is an address with which a PF's VFs match: those that are there, else those
// that may be.
func vfGlob(pf *pci.PF) string {
	var vfs []pci.Address
	for _, v := range pf.VFs {
		vfs = append(vfs, v.Address)
	}
	switch {
	case len(vfs) > 0:
	case pf.Offset > 0 && pf.TotalVFs > 0:
		vfs = []pci.Address{pf.VFAddress(0), pf.VFAddress(pf.TotalVFs - 1)}
	default:
		vfs = []pci.Address{pf.Address}
	}
	first, last := slices.MinFunc(vfs, pci.Address.Compare), slices.MaxFunc(vfs, pci.Address.Compare)
	switch {
	case first.Bus != last.Bus:
		return fmt.Sprintf("%04x:*:*.*", first.Domain)
	case first.Device != last.Device:
		return fmt.Sprintf("%04x:%02x:*.*", first.Domain, first.Bus)
	}
	return first.Slot() + ".*"
}
