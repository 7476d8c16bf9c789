package devspec_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/pci"
	"github.com/representord/representord/pci/devspec"
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
	tree.AddPF(pcitree.PF{Function: pcitree.Function{Address: "0000:0a:00.1", Vendor: "8086", Product: "0b00", Netdevs: []pcitree.Netdev{{Name: "x0"}}}, TotalVFs: 4, VFs: 1, VFProduct: "0b01"})
	tree.AddPF(pcitree.PF{Function: pcitree.Function{Address: "10000:01:00.0", Vendor: "15b3", Product: "a2d6"}, TotalVFs: 4, VFs: 1, VFProduct: "101e"})
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

func TestAnObjectMatchesWhatNovaMatches(t *testing.T) {
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
		`{"devname":"p0"}`:                    first,
		`{"devname":"p1rep"}`:                 second, // whatever netdev of the PF
		`{"devname":"p0v1"}`:                  first[1:],
		`{"devname":"p0","vendor_id":"8086"}`: nil,
		`{"devname":"nobody"}`:                nil,
		`{"devname":"","address":":82:00.2"}`: first[:1],
		`{"devname":"p0","address":""}`:       first,
		`{"whatever":["a",{"b":null}]}`:       all,
		`{"managed":"no","trusted":"true"}`:   all,
		`{"remote_managed":"false"}`:          all,
		`{"remote_managed":true}`:             all,
		"  {\"address\" : \"82:00.2\"}\n":     first[:1],
		`{"address":"0000:82:00.0","remote_managed":"yes","product_id":"101e"}`:                  first,
		`{"address":"0000:82:00.0","remote_managed":"1","product_id":"101e","vendor_id":"15b3"}`: first,
		`{"devname":"p1","remote_managed":"t","product_id":"101e"}`:                              second,
		`{"address":"0000:0a:00.1","remote_managed":"on","product_id":"0b01"}`:                   other,
		`{"address":"0000:82:00.0","remote_managed":"no"}`:                                       first,
	} {
		if got := matched(t, h, value); !slices.Equal(got, want) {
			t.Errorf("%s matches %v, want %v", value, got, want)
		}
	}
}

func TestWhatNovaDoesNotStartWithIsAnErrorThatNamesIt(t *testing.T) {
	h := host(t)
	for value, want := range map[string]string{
		``:                                     "no JSON",
		`{`:                                    "no JSON",
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
		`{"address":"0000:82:20.0"}`:           "slot",
		`{"address":"0000:82:00.8"}`:           "function",
		`{"address":"10000:01:00.0"}`:          "domain",
		`{"address":"0000:100:00.0"}`:          "bus",
		`{"address":"0:0000:82:00.0"}`:         "3 colons",
		`{"address":"82:0[0-1].0"}`:            "no hexadecimal number",
		`{"address":7}`:                        "neither a string nor an object",
		`{"address":{"bus":"("}}`:              "regular expression",
		`{"address":{"bus":"(?!82)"}}`:         "regular expression",
		`{"address":{"bus":82}}`:               "not a string",
		`{"address":"82:00.0","devname":"p0"}`: "both",
		`{"devname":["p0"]}`:                   "not a string",
		`{"physical_network":7}`:               "neither a string nor null",
		`{"managed":"maybe"}`:                  "managed",
		`{"live_migratable":"ja"}`:             "live_migratable",
		`{"devname":"nobody","remote_managed":"true"}`:                                              "a device that is there",
		`{"address":"0000:82:00.0","remote_managed":"true"}`:                                        `"101e"`,
		`{"address":"0000:82:00.0","remote_managed":"true","product_id":"a2d6"}`:                    "only VFs",
		`{"devname":"p0","remote_managed":"true"}`:                                                  "only VFs",
		`{"address":"0000:82:00.0","remote_managed":"true","product_id":"1018"}`:                    "not these",
		`{"address":"0000:82:00.0","remote_managed":"true","product_id":"101e","vendor_id":"8086"}`: "not these",
	} {
		_, err := devspec.Parse(h, `{}`, value)
		var syntax *devspec.SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", value, err, want)
		}
	}
}

func TestWhatIsProbablyNotMeantIsWarnedOf(t *testing.T) {
	h := host(t)
	for value, want := range map[string]string{
		`{"remote_managed":"ture"}`:   "takes for false",
		`{"remote_managed":[]}`:       "takes for false",
		`{"address":{"func":"2"}}`:    "passes over func",
		`{"devname":"nobody"}`:        "netdev nobody",
		`{"remote_managed":"falsch"}`: "takes for false",
	} {
		specs, err := devspec.Parse(h, value)
		if err != nil || len(specs.Warnings) != 1 || !strings.Contains(specs.Warnings[0], want) {
			t.Errorf("%s: %v, %v; want %q", value, specs, err, want)
		}
	}
}

func TestTheFirstObjectThatMatchesCounts(t *testing.T) {
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

func TestAKernelThatDoesNotTellTheVFsProductIsTold(t *testing.T) {
	h := host(t)
	for _, p := range h.PFs() {
		p.VFProduct = 0
	}
	if _, err := devspec.Parse(h, `{"devname":"p0","remote_managed":"true","product_id":"101e"}`); err == nil || !strings.Contains(err.Error(), "sriov_vf_device") {
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
