package devspec_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/devspec"
	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/test/pcitree"
)

// host has a BlueField with two PFs at 82:00, the second's VFs on the next bus, and
// another vendor's card at 0a:00.
func host(tb testing.TB) *pci.Host {
	tb.Helper()
	tree := pcitree.New(tb)
	for i, a := range []string{"0000:82:00.0", "0000:82:00.1"} {
		name := []string{"p0", "p1"}[i]
		tree.AddPF(pcitree.PF{
			Function: pcitree.Function{
				Address: a, Vendor: "15b3", Product: "a2d6", Driver: "mlx5_core",
				Netdevs: []pcitree.Netdev{{Name: name, MAC: "00:53:00:00:00:42"}, {Name: name + "rep", MAC: "00:53:00:00:00:52", PortName: "pf0vf0"}},
			},
			TotalVFs: 8, VFs: 2, Offset: 2 + 253*i, Stride: 1, VFProduct: "101e", VFNetdev: name + "v",
		})
	}
	tree.AddPF(pcitree.PF{Function: pcitree.Function{Address: "0000:0a:00.1", Vendor: "8086", Product: "0b00",
		Netdevs: []pcitree.Netdev{{Name: "x0"}}}, TotalVFs: 4, VFs: 1, VFProduct: "0b01"})
	tree.Add(pcitree.Function{Address: "0000:01:00.0", Vendor: "8086", Product: "1533", Netdevs: []pcitree.Netdev{{Name: "plain"}}})
	tree.AddElsewhere("virtio0", pcitree.Netdev{Name: "virtual"})
	tree.AddElsewhere("mlx5_core.sf.4", pcitree.Netdev{Name: "sf"})
	tree.AddElsewhere("1-1:1.0", pcitree.Netdev{Name: "usb"})
	tree.AddPF(pcitree.PF{Function: pcitree.Function{Address: "10000:01:00.0", Vendor: "15b3", Product: "a2d6",
		Netdevs: []pcitree.Netdev{{Name: "wide"}}}, TotalVFs: 4, VFs: 1, VFProduct: "101e"})
	h, err := pci.Read(tb.Context(), pci.Options{Sysfs: tree.Root})
	if err != nil {
		tb.Fatal(err)
	}
	if len(h.VFs()) != 6 {
		tb.Fatalf("%d VFs", len(h.VFs()))
	}
	return h
}

const serial = "MT2206X07512"

// matched gives the VFs that one object matches.
func matched(t *testing.T, h *pci.Host, value string) []string {
	t.Helper()
	specs, err := devspec.Parse(h, value)
	if err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	var all []string
	for _, v := range h.VFs() {
		if specs.Match(v, serial).Spec != nil {
			all = append(all, strings.TrimPrefix(v.Address.String(), "0000:"))
		}
	}
	return all
}

func TestMatch_AnObjectMatchesWhatNovaMatches(t *testing.T) {
	h := host(t)
	first, second, other := []string{"82:00.2", "82:00.3"}, []string{"83:00.0", "83:00.1"}, []string{"0a:00.2"}
	all := slices.Concat(other, first, second)
	for value, want := range map[string][]string{
		`{}`: all, // but the one in a domain that Nova can't write
		`[]`: nil,
		`[{"vendor_id":"8086"},{"product_id":"101e"}]`:  all,
		`{"vendor_id":"15b3"}`:                          slices.Concat(first, second),
		`{"vendor_id":" 15B3 ","product_id":"0x101E"}`:  slices.Concat(first, second),
		`{"vendor_id":"*","product_id":"b01"}`:          other,
		`{"vendor_id":"15b3","product_id":"a2d6"}`:      nil,
		`{"address":null}`:                              all,
		`{"address":""}`:                                all,
		`{"address":{}}`:                                all,
		`{"address":"*:82:*.*"}`:                        first,
		`{"address":":82:00."}`:                         first,
		`{"address":"82:00"}`:                           first,
		`{"address":"0000:82:00.2"}`:                    first[:1],
		`{"address":"0:82:0.2"}`:                        first[:1],
		`{"address":".2"}`:                              slices.Concat(other, first[:1]),
		`{"address":" 82 : 00 . 3 "}`:                   first[1:],
		`{"address":"0000:82:00.0"}`:                    first, // a PF, and so its VFs
		`{"address":"0000:82:00.1"}`:                    second,
		`{"address":"*:82:00.1"}`:                       nil, // not fully written: no PF
		`{"address":"0000:82:00.5"}`:                    nil,
		`{"address":{"bus":"8"}}`:                       slices.Concat(first, second), // at the beginning is enough
		`{"address":{"bus":"2"}}`:                       nil,
		`{"address":{"bus":"82|83","function":"[01]"}}`: second,
		`{"address":{"domain":".*","bus":"82","slot":"0[0-2]","function":"[2-7]"}}`: first,
		`{"address":{"domain":"0000","bus":"82","slot":"00","function":"1"}}`:       second, // a PF again
		`{"address":{"domain":"0000","bus":"82","slot":"00","function":"."}}`:       first,
		`{"devname":"p0"}`:                            first,
		`{"devname":"p1rep"}`:                         second, // whatever netdev of the PF
		`{"devname":"p0v1"}`:                          first[1:],
		`{"devname":"p0","vendor_id":"8086"}`:         nil,
		`{"devname":"nobody"}`:                        nil,
		`{"devname":"plain"}`:                         nil, // it has no VFs
		`{"devname":"plain","remote_managed":"true"}`: nil, // and Nova starts with it all the same
		`{"product_id":" 101e "}`:                     slices.Concat(first, second),
		`{"vendor_id":" * "}`:                         all,
		`{"devname":"","address":":82:00.2"}`:         first[:1],
		`{"devname":"p0","address":""}`:               first,
		`{"whatever":["a",{"b":null}]}`:               all,
		`{"managed":"no","trusted":"true"}`:           all,
		`{"remote_managed":"false"}`:                  all,
		`{"remote_managed":true}`:                     all,
		"  {\"address\" : \"82:00.2\"}\n":             first[:1],
		`{"address":"0000:82:00.*","remote_managed":"yes","product_id":"101e"}`:                  first,
		`{"address":"0000:82:00.2","remote_managed":"1","product_id":"101e"}`:                    first[:1],
		`{"address":{"bus":"83","function":".*"},"remote_managed":"t","product_id":"101e"}`:      second,
		`{"vendor_id":"8086","remote_managed":"on","product_id":"0b01"}`:                         other,
		`{"devname":"p1v0","remote_managed":"on"}`:                                               second[:1],
		`{"address":"0000:82:00.0","remote_managed":"no"}`:                                       first,
		`{"devname":"p0","remote_managed":"false"}`:                                              first,
		`{"address":{"domain":"0000","bus":"0A","slot":"00","function":"1"},"vendor_id":"8086"}`: nil, // sysfs writes lower case: no PF
	} {
		if got := matched(t, h, value); !slices.Equal(got, want) {
			t.Errorf("%s matches %v, want %v", value, got, want)
		}
	}
}

func TestParse_WhatNovaDoesNotStartWithIsAnErrorThatNamesIt(t *testing.T) {
	h := host(t)
	for value, want := range map[string]string{
		``:                                     "it is no JSON: it is empty",
		`{`:                                    "it is no JSON: it ends too early",
		`{} {}`:                                "something follows",
		`"p0"`:                                 "no object",
		`[{}, 3]`:                              "no object",
		`{"vendor_id":"xyz"}`:                  "no hexadecimal number",
		`{"vendor_id":""}`:                     "no hexadecimal number",
		`{"vendor_id":"15b3*"}`:                "no hexadecimal number",
		`{"vendor_id":5555}`:                   "not a string",
		`{"product_id":"10000"}`:               "greater than ffff",
		`{"product_id":"fffffffffffffffffff"}`: "greater than ffff",
		`{"product_id":null}`:                  "not a string",
		`{"product_id":" * "}`:                 `" * " is no hexadecimal number`, // which vendor_id may have
		`{"devname":"virtual"}`:                "virtio0",
		`{"devname":"sf"}`:                     "mlx5_core.sf.4",
		`{"devname":"usb"}`:                    "1-1:1.0",
		`{"devname":"sf","remote_managed":"true"}`:     "no PCI device",
		`{"devname":"wide"}`:                           "domain",
		`{"address":"0000:82:20.0"}`:                   "slot",
		`{"address":"0000:82:00.8"}`:                   "function",
		`{"address":"10000:01:00.0"}`:                  "domain",
		`{"address":"0000:100:00.0"}`:                  "bus",
		`{"address":"0:0000:82:00.0"}`:                 "3 colons",
		`{"address":"82:0[0-1].0"}`:                    "no hexadecimal number",
		`{"address":7}`:                                "neither a string nor an object",
		`{"address":{"bus":"("}}`:                      "regular expression",
		`{"address":{"bus":"(?!82)"}}`:                 "regular expression",
		`{"address":{"bus":82}}`:                       "not a string",
		`{"address":"82:00.0","devname":"p0"}`:         "both",
		`{"devname":["p0"]}`:                           "not a string",
		`{"physical_network":7}`:                       "neither a string nor null",
		`{"managed":"maybe"}`:                          "managed",
		`{"live_migratable":"ja"}`:                     "live_migratable",
		`{"devname":"nobody","remote_managed":"true"}`: "a device that is there",
	} {
		_, err := devspec.Parse(h, `{}`, value)
		var syntax *devspec.SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", value, err, want)
		}
	}
}

// Every nova-compute from Yoga to 2026.1 ends at its start with these, whatever product
// they name: devspec.py prints an object into a path of sysfs where the address is meant,
// and utils.py looks for a file "product" that sysfs calls "device".
func TestRemoteManaged_AndAPFEndNovaWhateverTheProductAndTheFormsThatStartAreNamed(t *testing.T) {
	h := host(t)
	for value, forms := range map[string][]string{
		`{"address":"0000:82:00.0","remote_managed":"true"}`:                                        {"0000:82:00.*"},
		`{"address":"0000:82:00.0","remote_managed":"true","product_id":"101e"}`:                    {"0000:82:00.*"},
		`{"address":"0000:82:00.0","remote_managed":"1","product_id":"101e","vendor_id":"15b3"}`:    {"0000:82:00.*"},
		`{"address":"0000:82:00.0","remote_managed":"true","product_id":"a2d6"}`:                    {"0000:82:00.*"},
		`{"address":"0000:82:00.0","remote_managed":"true","product_id":"1018"}`:                    {"0000:82:00.*"},
		`{"address":"0000:82:00.1","remote_managed":"true","product_id":"101e"}`:                    {"0000:83:00.*"}, // where its VFs are
		`{"address":"0000:0a:00.1","remote_managed":"on","product_id":"0b01"}`:                      {"0000:0a:00.*"},
		`{"devname":"p1","remote_managed":"t","product_id":"101e"}`:                                 {"0000:83:00.*"},
		`{"devname":"p0","remote_managed":"true"}`:                                                  {"0000:82:00.*"},
		`{"address":{"domain":"0000","bus":"82","slot":"00","function":"0"},"remote_managed":true}`: {"0000:82:00.*"},
	} {
		_, err := devspec.Parse(h, value)
		var wrong *devspec.SyntaxError
		if !errors.As(err, &wrong) {
			t.Errorf("%s: %v", value, err)
			continue
		}
		var starts *devspec.PFError
		if !errors.As(err, &starts) || len(starts.Forms) != 2 {
			t.Errorf("%s: %v", value, err)
			continue
		}
		if !strings.Contains(starts.Forms[0], `"address":"`+forms[0]+`"`) {
			t.Errorf("%s: the first form is %s, want the address %s", value, starts.Forms[0], forms[0])
		}
		for _, form := range starts.Forms {
			if !strings.Contains(err.Error(), form) {
				t.Errorf("%v doesn't name %s", err, form)
			}
			specs, err := devspec.Parse(h, form)
			if err != nil || len(specs.Warnings) > 0 {
				t.Errorf("%s: the form %s: %v", value, form, err)
				continue
			}
			for _, v := range starts.PF.VFs {
				if m := specs.Match(v, serial); m.Spec == nil || !m.Spec.RemoteManaged {
					t.Errorf("%s: the form %s doesn't match VF %s", value, form, v.Address)
				}
			}
			for _, pf := range h.PFs() {
				if m := specs.MatchPF(pf, serial); m.Spec != nil {
					t.Errorf("%s: the form %s matches PF %s", value, form, pf.Address)
				}
			}
		}
	}
}

// What else the object says stays in the forms.
func TestRemoteManaged_TheFormsKeepTheOtherTags(t *testing.T) {
	_, err := devspec.Parse(host(t), `{"devname":"p0","remote_managed":"true","physical_network":"physnet1","managed":"no"}`)
	var starts *devspec.PFError
	if !errors.As(err, &starts) {
		t.Fatal(err)
	}
	want := []string{
		`{"address":"0000:82:00.*","managed":"no","physical_network":"physnet1","product_id":"101e","remote_managed":"true","vendor_id":"15b3"}`,
		`{"managed":"no","physical_network":"physnet1","product_id":"101e","remote_managed":"true","vendor_id":"15b3"}`,
	}
	if !slices.Equal(starts.Forms, want) {
		t.Errorf("%q", starts.Forms)
	}
}

// Two PFs of a slot may have their VFs in one slot.
func TestRemoteManaged_AFormThatTakesVFsOfAnotherPFSaysSo(t *testing.T) {
	tree := pcitree.New(t)
	for i, a := range []string{"0000:03:00.0", "0000:03:00.1"} {
		tree.AddPF(pcitree.PF{
			Function: pcitree.Function{Address: a, Vendor: "15b3", Product: "a2d6"},
			TotalVFs: 2, VFs: 2, Offset: 2 + i, Stride: 1, VFProduct: "101e",
		})
	}
	h, err := pci.Read(t.Context(), pci.Options{Sysfs: tree.Root})
	if err != nil {
		t.Fatal(err)
	}
	_, err = devspec.Parse(h, `{"address":"0000:03:00.0","remote_managed":"true"}`)
	if err == nil || !strings.Contains(err.Error(), "the VFs of PF 0000:03:00.1 too") {
		t.Error(err)
	}
}

// VFs go on in the next slot, and on the next bus.
func TestRemoteManaged_TheAddressInTheFormCoversVFsWhereverTheyAre(t *testing.T) {
	for title, tt := range map[string]struct {
		vfs, offset int
		want        string
	}{
		"one slot":                {4, 2, "0000:03:00.*"},
		"three slots":             {20, 2, "0000:03:*.*"},
		"another bus":             {4, 0x102, "0000:04:00.*"},
		"two buses":               {40, 0xf0, "0000:*:*.*"},
		"none, as many as may be": {0, 2, "0000:03:*.*"},
		"none, elsewhere":         {0, 0x100, "0000:04:*.*"},
	} {
		tree := pcitree.New(t)
		tree.AddPF(pcitree.PF{
			Function: pcitree.Function{Address: "0000:03:00.0", Vendor: "15b3", Product: "a2d6"},
			TotalVFs: 64, VFs: tt.vfs, Offset: tt.offset, Stride: 1, VFProduct: "101e",
		})
		h, err := pci.Read(t.Context(), pci.Options{Sysfs: tree.Root})
		if err != nil {
			t.Fatal(err)
		}
		_, err = devspec.Parse(h, `{"address":"0000:03:00.0","remote_managed":"true"}`)
		var starts *devspec.PFError
		if !errors.As(err, &starts) || !strings.Contains(starts.Forms[0], `"address":"`+tt.want+`"`) {
			t.Errorf("%s: %v, want %s", title, err, tt.want)
		}
	}
}

func TestParse_WhatIsProbablyNotMeantIsWarnedOf(t *testing.T) {
	h := host(t)
	for value, want := range map[string]string{
		`{"remote_managed":"ture"}`:   "takes for false",
		`{"remote_managed":[]}`:       "takes for false",
		`{"address":{"func":"2"}}`:    "passes over func",
		`{"devname":"nobody"}`:        "netdev nobody",
		`{"one_time_use":"true"}`:     "report_in_placement",
		`{"remote_managed":"falsch"}`: "takes for false",
	} {
		specs, err := devspec.Parse(h, value, `{"one_time_use":"false"}`)
		if err != nil || len(specs.Warnings) != 1 || !strings.Contains(specs.Warnings[0], want) {
			t.Errorf("%s: %v, %v; want %q", value, specs, err, want)
		}
	}
}

func TestMatch_TheFirstObjectThatMatchesCounts(t *testing.T) {
	h := host(t)
	specs, err := devspec.Parse(h,
		`[{"address":"*:82:00.2","physical_network":"physnet1"},{"address":"*:82:*.*","remote_managed":"true","physical_network":null}]`,
		`{"vendor_id":"15b3","physical_network":"last"}`)
	if err != nil {
		t.Fatal(err)
	}
	match := func(name, serial string) devspec.Match {
		v, ok := h.VF(name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		return specs.Match(v, serial)
	}
	if m := match("p0v0", serial); m.Spec == nil || m.Spec.RemoteManaged || *m.Spec.PhysicalNetwork != "physnet1" || m.LeftOut != nil {
		t.Errorf("p0v0: %+v", m)
	}
	if m := match("p0v1", serial); m.Spec == nil || !m.Spec.RemoteManaged || m.Spec.PhysicalNetwork != nil || m.LeftOut != nil {
		t.Errorf("p0v1: %+v", m)
	}
	// Without a serial number the second object doesn't match, and the next one does.
	if m := match("p0v1", ""); m.Spec == nil || *m.Spec.PhysicalNetwork != "last" || m.LeftOut != specs.All[1] {
		t.Errorf("p0v1 without a serial number: %+v", m)
	}
	if m := match("0000:0a:00.2", serial); m.Spec != nil || m.LeftOut != nil {
		t.Errorf("0a:00.2: %+v", m)
	}
	if m := specs.MatchPF(h.PFs()[1], serial); m.Spec != specs.All[1] {
		t.Errorf("a PF: %+v", m)
	}
}

func TestRemoteManaged_TheFormsHaveTheVFsProductWhereTheKernelDoesNotTellIt(t *testing.T) {
	h := host(t)
	for _, p := range h.PFs() {
		p.VFProduct = 0
	}
	var starts *devspec.PFError
	if _, err := devspec.Parse(h, `{"devname":"p0","remote_managed":"true"}`); !errors.As(err, &starts) ||
		!strings.Contains(starts.Forms[0], `"product_id":"101e"`) {
		t.Error(err)
	}
	for _, p := range h.PFs() {
		p.VFs = nil
	}
	if _, err := devspec.Parse(h, `{"devname":"p0","remote_managed":"true"}`); !errors.As(err, &starts) ||
		!strings.Contains(starts.Forms[0], `"product_id":"PRODUCT"`) {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{}`, `[{"vendor_id":"15b3","product_id":"101e","address":"0000:82:00.0","remote_managed":"true","physical_network":null}]`,
		`{"address":{"domain":".*","bus":"82","slot":"0[0-2]","function":"[2-7]"}}`, `{"address":":::.*"}`, `{"devname":"p0","managed":"no"}`,
		`{"address":" 82 : 00 . 3 "}`, `{"vendor_id":"*"}`, `[[]]`, `{"address":{"bus":"("}}`, `{"remote_managed":1e99}`,
	} {
		f.Add(s)
	}
	h := host(f)
	f.Fuzz(func(t *testing.T, value string) {
		specs, err := devspec.Parse(h, value)
		var syntax *devspec.SyntaxError
		if (specs == nil) != (err != nil) || err != nil && (!errors.As(err, &syntax) || len(syntax.Text) > 210) {
			t.Fatalf("%v, %v", specs, err)
		}
		if specs == nil {
			return
		}
		for _, v := range h.VFs() {
			m := specs.Match(v, "")
			if m.Spec != nil && m.Spec.RemoteManaged {
				t.Fatalf("%s is remote-managed without a serial number", v.Address)
			}
			if with := specs.Match(v, serial); (with.Spec == nil) && (m.Spec != nil || m.LeftOut != nil) {
				t.Fatalf("%s matches less with a serial number", v.Address)
			}
		}
	})
}
