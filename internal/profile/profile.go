// Package profile has the binding profile: what a hypervisor tells Neutron about a VF
// that a DPU plugs. It names the card, by its serial number, and the function on it,
// by the MAC of its PF and its number; and the forms in which that is written for
// Neutron, Nova and OVN.
package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/pci"
)

// The fields, as Neutron names them (neutron/common/ovn/constants.py,
// OVN_PORT_BINDING_PROFILE_PARAMS of VNIC_REMOTE_MANAGED).
const (
	FieldVendorInfo      = "pci_vendor_info"
	FieldSlot            = "pci_slot"
	FieldPhysicalNetwork = "physical_network"
	FieldSerial          = "card_serial_number"
	FieldPFMAC           = "pf_mac_address"
	FieldVFNum           = "vf_num"
)

// fieldNames are all of them.
func fieldNames() []string {
	return []string{FieldVendorInfo, FieldSlot, FieldPhysicalNetwork, FieldSerial, FieldPFMAC, FieldVFNum}
}

// Profile is the binding:profile of a port of type remote-managed. As JSON it has all
// six fields, always.
type Profile struct {
	// VendorInfo is "vvvv:pppp", the VF's vendor and product.
	VendorInfo string `json:"pci_vendor_info"`
	// Slot is the VF's address on the hypervisor, "dddd:bb:ss.f".
	Slot string `json:"pci_slot"`
	// PhysicalNetwork is nil for tunnelled networks.
	PhysicalNetwork *string `json:"physical_network"`
	// Serial is the card's, as package serial normalizes it.
	Serial string `json:"card_serial_number"`
	// PFMAC is the PF's permanent MAC, in lower case with colons.
	PFMAC string `json:"pf_mac_address"`
	// VFNum is from 0 to 65534.
	VFNum int `json:"vf_num"`
}

// wrong says which field has a value that it can't have, the value as JSON, and the rule.
func wrong(field, value string, rule error) error {
	return fmt.Errorf("%s %.300s: %w", field, value, rule)
}

// Parse reads a binding profile as Neutron does
// (validate_and_get_data_from_binding_profile in neutron/common/ovn/utils.py): either
// none of the six fields or all of them, each of its type; what else is there is
// passed over, but for capabilities, which must be a list. It also refuses values of
// which nothing good could come, such as a true for a number, or a serial number that
// is a placeholder. Errors name what is missing, or the field, its value and the rule.
func Parse(b []byte) (Profile, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	var object map[string]json.RawMessage
	if err := d.Decode(&object); err != nil {
		return Profile{}, fmt.Errorf("the binding profile is no JSON object: %w", inWords(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Profile{}, errors.New("the binding profile is no JSON object: something follows it")
	}
	if raw, ok := object["capabilities"]; ok && !bytes.HasPrefix(raw, []byte("[")) {
		return Profile{}, wrong("capabilities", string(raw), errors.New("it must be a list"))
	}
	missing := slices.DeleteFunc(fieldNames(), func(name string) bool { return object[name] != nil })
	switch len(missing) {
	case 0:
		return parseFields(object)
	case len(fieldNames()):
		return Profile{}, errors.New("the binding profile has none of the fields of a remote-managed port")
	}
	return Profile{}, fmt.Errorf("the binding profile lacks %s; all six fields are required, as vf-reporter profile prints them on the "+
		"hypervisor", strings.Join(missing, ", "))
}

// inWords says what a text is that is no JSON object, without the names of Go's types.
func inWords(err error) error {
	var other *json.UnmarshalTypeError
	switch {
	case errors.As(err, &other):
		kind := map[string]string{"array": "a list", "bool": "true or false"}[other.Value]
		if kind == "" {
			kind = "a " + other.Value
		}
		return errors.New("it is " + kind)
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early")
	}
	return err
}

// parseFields reads the six fields, all of which are there.
func parseFields(object map[string]json.RawMessage) (Profile, error) {
	var p Profile
	for _, f := range []struct {
		name string
		to   any
	}{
		{FieldVendorInfo, &p.VendorInfo}, {FieldSlot, &p.Slot}, {FieldSerial, &p.Serial}, {FieldPFMAC, &p.PFMAC},
		{FieldPhysicalNetwork, &p.PhysicalNetwork}, // which may be null
	} {
		raw := object[f.name]
		if f.name != FieldPhysicalNetwork && string(raw) == "null" || json.Unmarshal(raw, f.to) != nil {
			return Profile{}, wrong(f.name, string(raw), errors.New("it must be a string"))
		}
	}
	if raw := object[FieldVFNum]; !isInteger(raw) || json.Unmarshal(raw, &p.VFNum) != nil {
		return Profile{}, wrong(FieldVFNum, string(raw), errVFNum())
	}
	err := p.Validate()
	return p, err
}

// isInteger tells JSON's 3 from 3.0, 3e0 and -3: Python makes floats of the former two.
func isInteger(raw []byte) bool {
	return len(raw) > 0 && len(bytes.Trim(raw, "0123456789")) == 0
}

func errVFNum() error { return fmt.Errorf("it must be a whole number from 0 to %d", option.MaxVF) }

// Validate tells which field has a value that it can't have.
func (p *Profile) Validate() error {
	wrong := func(field, value string, rule error) error { return wrong(field, fmt.Sprintf("%q", value), rule) }
	if !regexp.MustCompile(`^[0-9a-f]{4}:[0-9a-f]{4}$`).MatchString(p.VendorInfo) {
		return wrong(FieldVendorInfo, p.VendorInfo, errors.New(`it must be a vendor and a product, as in "15b3:101e"`))
	}
	if a, err := pci.ParseAddress(p.Slot); err != nil {
		return wrong(FieldSlot, p.Slot, err)
	} else if a.String() != p.Slot {
		return wrong(FieldSlot, p.Slot, fmt.Errorf("it must be written as %s", a))
	}
	if n, err := cardserial.Normalize(p.Serial); err != nil {
		return wrong(FieldSerial, p.Serial, err)
	} else if n != p.Serial {
		return wrong(FieldSerial, p.Serial, fmt.Errorf("it must be %q, without what is around it, for Neutron compares exactly", n))
	}
	if _, err := option.ParsePFMAC(p.PFMAC); errors.Is(err, option.ErrMACForm) {
		return wrong(FieldPFMAC, p.PFMAC, errors.New("it must be six pairs of hexadecimal digits with colons"))
	} else if err != nil {
		return wrong(FieldPFMAC, p.PFMAC, errors.New("no PF can have this address"))
	}
	if p.VFNum < 0 || p.VFNum > option.MaxVF {
		return fmt.Errorf("%s %d: %w", FieldVFNum, p.VFNum, errVFNum())
	}
	return nil
}
