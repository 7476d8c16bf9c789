package profile

import (
	"fmt"

	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
)

// Missing tells why a field has no value.
type Missing struct {
	// Field is the name of the field.
	Field string `json:"field"`
	reason.Reason
}

// Of makes the profile of a VF, whose card says that it is id. Fields without a value
// are told of; the profile is good only when there are none.
func Of(v *pci.VF, id *pci.Identity, physicalNetwork *string) (Profile, []Missing) {
	p := Profile{
		VendorInfo:      fmt.Sprintf("%04x:%04x", v.Vendor, v.Product),
		Slot:            v.Address.String(),
		PhysicalNetwork: physicalNetwork,
		Serial:          id.Serial,
		VFNum:           v.Number,
	}
	var missing []Missing
	lacks := func(field string, why reason.Reason) { missing = append(missing, Missing{Field: field, Reason: why}) }
	if id.Why != nil {
		lacks(FieldSerial, *id.Why)
	}
	if v.PF == nil {
		lacks(FieldPFMAC, v.Warnings[0])
	} else if mac, why := v.PF.MAC(); why != nil {
		lacks(FieldPFMAC, *why)
	} else {
		p.PFMAC = mac.String()
	}
	if v.Number < 0 {
		lacks(FieldVFNum, v.Warnings[0])
	}
	return p, missing
}
