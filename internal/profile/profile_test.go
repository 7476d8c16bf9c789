package profile

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// good are the fields of a good profile.
func good() map[string]any {
	return map[string]any{
		"pci_vendor_info": "15b3:101e", "pci_slot": "0000:03:00.5", "physical_network": nil,
		"card_serial_number": "MT2206X07512", "pf_mac_address": "00:53:00:00:00:42", "vf_num": 3,
	}
}

func goodProfile() Profile {
	return Profile{VendorInfo: "15b3:101e", Slot: "0000:03:00.5", Serial: "MT2206X07512", PFMAC: "00:53:00:00:00:42", VFNum: 3}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func with(field string, value any) map[string]any {
	m := maps.Clone(good())
	m[field] = value
	return m
}

func TestParse_AProfileIsReadAsNeutronReadsIt(t *testing.T) {
	for title, m := range map[string]map[string]any{
		"the six fields":   good(),
		"and more":         with("device_mac_address", 7),
		"and capabilities": with("capabilities", []string{"rx"}),
	} {
		got, err := Parse(encode(t, m))
		if diff := cmp.Diff(goodProfile(), got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", title, err, diff)
		}
	}
	network, err := Parse(encode(t, with("physical_network", "physnet1")))
	if err != nil || network.PhysicalNetwork == nil || *network.PhysicalNetwork != "physnet1" {
		t.Errorf("%+v, %v", network, err)
	}
}

func TestParse_AllFieldsOrNone(t *testing.T) {
	for _, b := range []string{`{}`, `{"parent_name":"x","tag":3}`, `null`} {
		if _, err := Parse([]byte(b)); err == nil || !strings.Contains(err.Error(), "none of the fields") {
			t.Errorf("%s: %v", b, err)
		}
	}
	for field := range good() {
		m := good()
		delete(m, field)
		_, err := Parse(encode(t, m))
		if err == nil || !strings.Contains(err.Error(), "lacks "+field+"; all six") {
			t.Errorf("without %s: %v", field, err)
		}
	}
}

func TestParse_AFieldOfAnotherTypeOrWithAnImpossibleValueIsNamed(t *testing.T) {
	for field, values := range map[string][]any{
		"pci_vendor_info":    {nil, 7, true, "", "15b3", "15b3:101E", "15b3:101e ", []string{"15b3:101e"}},
		"pci_slot":           {nil, 7, "", "03:00.5", "0000:03:00.9", "0000:03:00.5\n", "000A:03:00.5"},
		"physical_network":   {7, false, []string{}, map[string]any{}},
		"card_serial_number": {nil, 7, "", " MT2206X07512", "N/A", "a,b", "0000"},
		"pf_mac_address": {nil, 7, "", "00:53:00:00:00", "00-53-00-00-00-42", "0053.0000.0042", "00:00:00:00:00:00", "01:53:00:00:00:42",
			"ff:ff:ff:ff:ff:ff", "00:53:00:00:00:00:00:42"},
		"vf_num": {nil, "3", true, -1, 65535, json.RawMessage("3.0"), json.RawMessage("3e0"),
			json.RawMessage("99999999999999999999"), []int{3}},
		"capabilities": {"rx", 7, nil, map[string]any{}},
	} {
		for _, value := range values {
			got, err := Parse(encode(t, with(field, value)))
			if err == nil || !strings.HasPrefix(err.Error(), field+" ") || errors.Unwrap(err) == nil {
				t.Errorf("%s = %v is read as %+v, %v", field, value, got, err)
			}
		}
	}
	if _, err := Parse(encode(t, with("pf_mac_address", "00:53:00:AA:00:42"))); err != nil {
		t.Errorf("upper case: %v", err)
	}
}

func TestParse_WhatIsNoObjectIsAnError(t *testing.T) {
	for b, want := range map[string]string{
		``: "it is empty", ` `: "it is empty", `[]`: "it is a list", `"x"`: "it is a string", `7`: "it is a number",
		`true`:  "it is true or false",
		`{} {}`: "something follows it", `{`: "it ends too early", `{'pci_slot': 1}`: "invalid character",
	} {
		_, err := Parse([]byte(b))
		if err == nil || strings.Contains(err.Error(), "none of the fields") || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "Go value") || strings.Contains(err.Error(), "EOF") {
			t.Errorf("%s: %v, want %q", b, err, want)
		}
	}
}

func TestForms_AreThoseOfNeutronNovaAndOVN(t *testing.T) {
	p := goodProfile()
	if got, want := p.Neutron(), `{"pci_vendor_info":"15b3:101e","pci_slot":"0000:03:00.5","physical_network":null,`+
		`"card_serial_number":"MT2206X07512","pf_mac_address":"00:53:00:00:00:42","vf_num":3}`; got != want {
		t.Errorf("Neutron:\n%s\n%s", got, want)
	}
	if again, err := Parse([]byte(p.Neutron())); err != nil || again != p {
		t.Errorf("read back: %+v, %v", again, err)
	}
	p.PhysicalNetwork = new("phys<1>")
	if got, want := p.Nova(), `{"vendor_id":"15b3","product_id":"101e","address":"0000:03:00.5","physical_network":"phys<1>",`+
		`"remote_managed":"true"}`; got != want {
		t.Errorf("Nova:\n%s\n%s", got, want)
	}
	want := []Option{
		{"requested-chassis", "dpu1"}, {"vif-plug-type", "representor"}, {"vif-plug:representor:pf-mac", "00:53:00:00:00:42"},
		{"vif-plug:representor:vf-num", "3"}, {"vif-plug:representor:card-serial-number", "MT2206X07512"},
	}
	if diff := cmp.Diff(want, p.Options("dpu1")); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	p.Serial = ""
	if diff := cmp.Diff(want[1:4], p.Options("")); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	p := goodProfile()
	f.Add([]byte(p.Neutron()))
	f.Add([]byte(`{"vf_num":true}`))
	f.Add([]byte(`{"capabilities":{}}`))
	f.Add([]byte(strings.Replace(p.Neutron(), "null", `"physnet1"`, 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		again, err := Parse([]byte(p.Neutron()))
		if diff := cmp.Diff(p, again); err != nil || diff != "" {
			t.Fatalf("%v (-first +second):\n%s", err, diff)
		}
	})
}
