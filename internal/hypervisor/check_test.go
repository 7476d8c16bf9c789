package hypervisor

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/vpd"
	"github.com/representord/representord/test/leaks"
	"github.com/representord/representord/test/pcitree"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// pf is a PF of a DPU, with two VFs.
func pf(address string) pcitree.PF {
	return pcitree.PF{
		Function: pcitree.Function{
			Address: address, Vendor: "15b3", Product: "a2d6", Driver: "mlx5_core",
			Netdevs: []pcitree.Netdev{{Name: "p" + address[5:7], MAC: "00:53:00:00:00:42"}},
			VPD:     pcitree.VPD("BlueField-2", "MBF2M516A", "MT2206X07512"),
		},
		TotalVFs: 8, VFs: 2, Offset: 2, Stride: 1, VFProduct: "101e",
	}
}

func take(t *testing.T, tree *pcitree.Tree, deviceSpec ...string) *Inventory {
	t.Helper()
	i, err := Take(t.Context(), Options{Options: pci.Options{Sysfs: tree.Root}, DeviceSpec: deviceSpec, VPDDeadline: vpd.Deadline})
	if err != nil {
		t.Fatal(err)
	}
	i.Identify(t.Context(), i.Cards...)
	t.Cleanup(i.Wait)
	return i
}

func TestCheck_EachObstacleIsFoundAloneAndHasARemedy(t *testing.T) {
	good, none := Release{9, 0, 0}, Release{Major: -1}
	const remote = `{"vendor_id":"15b3","product_id":"101e","remote_managed":"true"}`
	broken := pcitree.VPD("x", "y", "MT1")
	for title, tt := range map[string]struct {
		change  func(*pcitree.PF)
		after   func(*pcitree.Tree)
		libvirt Release
		specs   []string
		stops   bool
		want    []reason.Code
	}{
		"nothing":              {},
		"nothing, with Nova's": {specs: []string{remote}},
		"no VPD":               {change: func(p *pcitree.PF) { p.VPD = nil }, stops: true, want: []reason.Code{pci.CodeNoVPD}},
		"a placeholder": {change: func(p *pcitree.PF) { p.VPD = pcitree.VPD("x", "y", "0000") }, stops: true,
			want: []reason.Code{cardserial.CodePlaceholder}},
		"VPD libvirt refuses": {change: func(p *pcitree.PF) { p.VPD = broken[:len(broken)-1] }, stops: true,
			want: []reason.Code{pci.CodeVPDInvalid}},
		"PF in vfio": {change: func(p *pcitree.PF) { p.Netdevs, p.Driver = nil, "vfio-pci" }, stops: true,
			want: []reason.Code{pci.CodeVFIO}},
		"PF without a driver": {change: func(p *pcitree.PF) { p.Netdevs, p.Driver = nil, "" }, stops: true,
			want: []reason.Code{pci.CodeNoNetdev}},
		"bonded, another MAC": {change: func(p *pcitree.PF) {
			p.Netdevs[0].MAC, p.Netdevs[0].Bond, p.Netdevs[0].PermHWAddr = "00:53:00:00:00:77", "bond0", "00:53:00:00:00:42"
		}, stops: true, want: []reason.Code{pci.CodeMACDiffers}},
		"bonded, its own MAC": {change: func(p *pcitree.PF) { p.Netdevs[0].Bond, p.Netdevs[0].PermHWAddr = "bond0", "00:53:00:00:00:42" },
			want: []reason.Code{pci.CodeBonded}},
		"no VFs":             {change: func(p *pcitree.PF) { p.VFs = 0 }, stops: true, want: []reason.Code{CodeNoVFs}},
		"no VFs allowed":     {change: func(p *pcitree.PF) { p.VFs, p.TotalVFs = 0, 0 }, stops: true, want: []reason.Code{CodeNoVFsAllowed}},
		"old libvirt":        {libvirt: Release{8, 0, 0}, stops: true, want: []reason.Code{CodeVLAN}},
		"older libvirt":      {libvirt: Release{7, 8, 999}, stops: true, want: []reason.Code{CodeVLAN, CodeLibvirtVPD}},
		"the first good one": {libvirt: Release{8, 1, 0}},
		"other driver":       {change: func(p *pcitree.PF) { p.Driver = "sfc" }, libvirt: Release{8, 0, 0}},
		"no libvirt":         {libvirt: none, want: []reason.Code{CodeLibvirtUnknown}},
		"VF without a number": {after: func(tree *pcitree.Tree) { tree.Remove(tree.Device("0000:03:00.0", "virtfn0")) }, stops: true,
			want: []reason.Code{pci.CodeNoNumber}},
		"doubtful number": {after: func(tree *pcitree.Tree) { tree.Write(tree.Device("0000:03:00.0", "sriov_stride"), "2\n") },
			want: []reason.Code{pci.CodeNumberDoubtful}},
		"hidden second PF": {after: management("0000:03:00.4"), want: []reason.Code{CodeHiddenPF},
			change: func(p *pcitree.PF) { p.VFs = 1 }},
		"nothing hidden":        {after: management("0000:03:00.4")},
		"PFs hidden altogether": {after: management("0000:07:00.2"), stops: true, want: []reason.Code{CodeHiddenPF}},
		"none is remote":        {specs: []string{`{"vendor_id":"15b3"}`}, stops: true, want: []reason.Code{CodeNoneRemote}},
		"PF is remote as well":  {specs: []string{`{"vendor_id":"15b3","remote_managed":"true"}`}, want: []reason.Code{CodePFRemote}},
		"an odd object":         {specs: []string{remote, `{"devname":"nobody"}`}, want: []reason.Code{CodeOddSpec}},
		"left out, and taken by an ordinary one": {
			specs:  []string{remote, `{"vendor_id":"15b3","product_id":"101e","physical_network":"physnet1"}`},
			change: func(p *pcitree.PF) { p.VPD = nil }, stops: true,
			want: []reason.Code{CodeTakenByPlain, pci.CodeNoVPD, CodeNoneRemote},
		},
		"left out": {
			specs: []string{remote}, change: func(p *pcitree.PF) { p.VPD = nil }, stops: true,
			want: []reason.Code{CodeLeftOut, pci.CodeNoVPD, CodeNoneRemote},
		},
	} {
		t.Run(title, func(t *testing.T) {
			tree, p := pcitree.New(t), pf("0000:03:00.0")
			if tt.change != nil {
				tt.change(&p)
			}
			tree.AddPF(p)
			if tt.after != nil {
				tt.after(tree)
			}
			libvirt := good
			if tt.libvirt == none {
				libvirt = Release{}
			} else if tt.libvirt != (Release{}) {
				libvirt = tt.libvirt
			}
			stops := false
			var got []reason.Code
			for _, f := range take(t, tree, tt.specs...).Check(Software{Libvirt: libvirt}) {
				got = append(got, f.Code)
				stops = stops || f.Stops
				if f.Remedy == "" && f.Code != pci.CodeNumberDoubtful && f.Code != CodeOddSpec {
					t.Errorf("%s has no remedy", f.Code)
				}
			}
			if !slices.Equal(got, tt.want) || stops != tt.stops {
				t.Errorf("found %v, stops %v; want %v, %v", got, stops, tt.want, tt.stops)
			}
		})
	}
}

func management(address string) func(*pcitree.Tree) {
	return func(tree *pcitree.Tree) {
		// What else there is between counts as shown, whatever it is.
		tree.Add(pcitree.Function{Address: address[:len(address)-1] + "5", Vendor: "1234", Product: "5678", Class: "010802"})
		if address == "0000:03:00.4" {
			tree.Add(pcitree.Function{Address: "0000:03:00.1", Vendor: "15b3", Product: "6001", Class: "010802"})
		}
		tree.Add(pcitree.Function{Address: address, Vendor: "15b3", Product: "c2d3", Class: "080100"})
	}
}

func TestCheck_SerialNumbersThatDifferAreWarnedOfAndOneThatNovaDoesNotSeeStops(t *testing.T) {
	const remote = `{"vendor_id":"15b3","product_id":"101e","remote_managed":"true"}`
	for title, tt := range map[string]struct {
		second []byte // the VPD of PF 1; that of PF 0 says MT2206X07512
		vfs    int    // of PF 1
		want   []Finding
	}{
		"the same": {pcitree.VPD("x", "y", "MT2206X07512"), 2, nil},
		"none, of a PF without VFs": {nil, 0, []Finding{
			{On: "0000:03:00", Reason: reason.Reason{Code: pci.CodeSerialsDiffer}},
			{On: "0000:03:00.1", Reason: reason.Reason{Code: CodeNoVFs}},
		}},
		"none": {nil, 2, []Finding{
			{Stops: true, On: "0000:03:00.1", Reason: reason.Reason{Code: CodeLeftOut}},
			{Stops: true, On: "0000:03:00", Reason: reason.Reason{Code: pci.CodeNoVPD}, Missing: true},
			{On: "0000:03:00", Reason: reason.Reason{Code: pci.CodeSerialsDiffer}},
		}},
		"another": {pcitree.VPD("x", "y", "MT2"), 2, []Finding{{On: "0000:03:00", Reason: reason.Reason{Code: pci.CodeSerialsDiffer}}}},
	} {
		tree, p := pcitree.New(t), pf("0000:03:00.0")
		tree.AddPF(p)
		p.Address, p.VPD, p.VFs, p.Offset, p.Netdevs = "0000:03:00.1", tt.second, tt.vfs, 4,
			[]pcitree.Netdev{{Name: "p1", MAC: "00:53:00:00:00:43"}}
		tree.AddPF(p)
		var got []Finding
		for _, f := range take(t, tree, remote).Check(Software{Libvirt: libvirtVLAN()}) {
			if f.Remedy == "" {
				t.Errorf("%s: %v has no remedy", title, f)
			}
			f.Message, f.Remedy = "", ""
			got = append(got, f)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: findings (-want +got):\n%s", title, diff)
		}
	}
}

func TestCheck_ACardThatNovaIsNotToldOfDoesNotCount(t *testing.T) {
	tree := pcitree.New(t)
	tree.AddPF(pf("0000:03:00.0"))
	plain := pf("0000:05:00.0")
	plain.Vendor, plain.Product, plain.VFProduct, plain.VPD, plain.VFs = "8086", "1572", "154c", nil, 1
	tree.AddPF(plain)
	spec := `{"vendor_id":"15b3","product_id":"101e","remote_managed":"true"}`
	if got := take(t, tree, spec, `{"vendor_id":"8086"}`).Check(Software{Libvirt: libvirtVLAN()}); len(got) != 0 {
		t.Errorf("found %v", got)
	}
	if got := take(t, tree).Check(Software{Libvirt: libvirtVLAN()}); len(got) != 1 || got[0].On != "0000:05:00" {
		t.Errorf("without device_spec found %v", got)
	}
}

func TestCheck_EachVendorsFirmwareHasItsOwnTool(t *testing.T) {
	for vendor, mlxconfig := range map[string]bool{"15b3": true, "8086": false} {
		tree, p := pcitree.New(t), pf("0000:03:00.0")
		p.Vendor, p.VFs, p.TotalVFs = vendor, 0, 0
		tree.AddPF(p)
		plain := pcitree.New(t)
		plain.Add(pcitree.Function{Address: "0000:00:03.0", Vendor: vendor, Product: "1000", Class: "020000"})
		for code, got := range map[reason.Code][]Finding{CodeNoVFsAllowed: take(t, tree).Check(Software{Libvirt: libvirtVLAN()}),
			CodeNoCard: take(t, plain).Check(Software{Libvirt: libvirtVLAN()})} {
			if len(got) != 1 || got[0].Code != code || strings.Contains(got[0].Remedy, "mlxconfig") != mlxconfig ||
				strings.Contains(got[0].Remedy, "vendor's tool") == mlxconfig {
				t.Errorf("vendor %s: %v, want %s", vendor, got, code)
			}
		}
	}
}

func TestCheck_WhatManyVFsHaveInCommonIsSaidOnce(t *testing.T) {
	tree, p := pcitree.New(t), pf("0000:03:00.0")
	p.VFs = 5
	tree.AddPF(p)
	for n := range 4 {
		tree.Remove(tree.Device("0000:03:00.0", "virtfn"+string(rune('0'+n))))
	}
	got := take(t, tree).Check(Software{Libvirt: libvirtVLAN()})
	if len(got) != 1 || got[0].Code != pci.CodeNoNumber || got[0].On != "0000:03:00.0" {
		t.Errorf("found %v", got)
	}
}

// neutron-server, and the OVN that it works with, are mostly elsewhere, so that its faults
// don't stop. Facts of the releases: nova/network/neutron.py, neutron/common/ovn/utils.py and
// neutron/plugins/ml2/drivers/ovn/mech_driver/ovsdb/impl_idl_ovn.py at each tag.
func TestCheck_KnownFaultsOfTheOpenStackThatIsInstalledAreTold(t *testing.T) {
	const remote = `{"vendor_id":"15b3","product_id":"101e","remote_managed":"true"}`
	for title, tt := range map[string]struct {
		nova, neutron string
		netdevs       bool
		specs         []string
		want          map[reason.Code]bool // and whether it stops
	}{
		"none is installed": {netdevs: true},
		"all is new":        {nova: "33.0.2", neutron: "28.0.1", netdevs: true},
		"Debian 12": {"26.2.2", "21.0.0", true, nil,
			map[reason.Code]bool{CodeNovaVF0: true, CodeNeutronExternalIDs: false, CodeNeutronCapabilities: false}},
		"Debian 12, VFs without netdevs": {"26.2.2", "21.0.0", false, nil,
			map[reason.Code]bool{CodeNovaVF0: true, CodeNeutronExternalIDs: false}},
		"Debian 12's Nova, Neutron is elsewhere": {"26.2.2", "", true, nil,
			map[reason.Code]bool{CodeNovaVF0: true, CodeNeutronExternalIDs: false, CodeNeutronCapabilities: false}},
		"Debian 12's Neutron, updated": {"", "21.2.1", false, nil, nil},
		"VF 0 kept from Nova": {"26.2.2", "28.0.0", false,
			[]string{`{"address":"0000:03:00.2","physical_network":"unused"}`, remote}, map[reason.Code]bool{}},
		"VF 0 given to Nova":                      {"26.2.2", "28.0.0", false, []string{remote}, map[reason.Code]bool{CodeNovaVF0: true}},
		"Yoga: VF 0 is sent":                      {"25.3.0", "20.5.0", false, nil, nil},
		"Yoga's first Neutrons":                   {"", "20.2.0", false, nil, map[reason.Code]bool{CodeNeutronExternalIDs: false}},
		"2023.1 before the fix":                   {"27.4.0", "28.0.0", false, nil, map[reason.Code]bool{CodeNovaVF0: true}},
		"2023.1 after it":                         {"27.5.0", "28.0.0", false, nil, nil},
		"2023.2 before the fix":                   {"28.2.0", "28.0.0", false, nil, map[reason.Code]bool{CodeNovaVF0: true}},
		"2023.2 after it":                         {"28.3.0", "28.0.0", false, nil, nil},
		"2024.1 before the fix":                   {"29.1.0", "28.0.0", false, nil, map[reason.Code]bool{CodeNovaVF0: true}},
		"2024.1 after it":                         {"29.2.0", "28.0.0", false, nil, nil},
		"Neutron 2023.2 drops capabilities too":   {"", "23.5.0", true, nil, map[reason.Code]bool{CodeNeutronCapabilities: false}},
		"2024.1's before the fix":                 {"", "24.2.1", true, nil, map[reason.Code]bool{CodeNeutronCapabilities: false}},
		"2024.1's after it":                       {"", "24.2.2", true, nil, nil},
		"2024.2's before the fix":                 {"", "25.2.0", true, nil, map[reason.Code]bool{CodeNeutronCapabilities: false}},
		"2024.2's after it":                       {"", "25.2.1", true, nil, nil},
		"2025.1's before the fix":                 {"", "26.0.1", true, nil, map[reason.Code]bool{CodeNeutronCapabilities: false}},
		"2025.1's after it":                       {"", "26.0.2", true, nil, nil},
		"2025.2's never did":                      {"", "27.0.0", true, nil, nil},
		"Nova of 2024.2, Neutron perhaps updated": {"30.0.0", "", true, nil, map[reason.Code]bool{CodeNeutronCapabilities: false}},
		"Nova of 2025.2":                          {"32.0.0", "", true, nil, nil},
		"Nova that sends no capabilities yet":     {"26.2.0", "21.1.0", true, nil, map[reason.Code]bool{CodeNovaVF0: true}},
		"2023.1's first that does": {"27.2.0", "22.0.0", true, nil,
			map[reason.Code]bool{CodeNovaVF0: true, CodeNeutronCapabilities: false}},
		"2023.1's last that doesn't": {"27.1.0", "22.0.0", true, nil, map[reason.Code]bool{CodeNovaVF0: true}},
		"2023.2's last that doesn't": {"28.0.0", "23.0.0", true, nil, map[reason.Code]bool{CodeNovaVF0: true}},
		"Yoga's never does":          {"25.3.0", "20.5.0", true, nil, nil},
	} {
		t.Run(title, func(t *testing.T) {
			tree, p := pcitree.New(t), pf("0000:03:00.0")
			if tt.netdevs {
				p.VFNetdev = "v"
			}
			tree.AddPF(p)
			nova, _ := parseRelease(tt.nova)
			neutron, _ := parseRelease(tt.neutron)
			got := map[reason.Code]bool{}
			for _, f := range take(t, tree, tt.specs...).Check(Software{Libvirt: libvirtVLAN(), Nova: nova, Neutron: neutron}) {
				got[f.Code] = f.Stops
				if f.Remedy == "" {
					t.Errorf("%s has no remedy", f.Code)
				}
				if f.Code != CodeNovaVF0 && !strings.Contains(f.Message, "neutron-server") {
					t.Errorf("%s takes what is installed here for neutron-server: %s", f.Code, f.Message)
				}
			}
			if !maps.Equal(got, tt.want) {
				t.Errorf("found %v, want %v", got, tt.want)
			}
		})
	}
}

// What the remedy says is put before, and VF 0 isn't among the remote-managed any more.
func TestCheck_TheObjectThatKeepsVF0FromNovaDoesSo(t *testing.T) {
	const remote = `{"vendor_id":"15b3","product_id":"101e","remote_managed":"true"}`
	tree := pcitree.New(t)
	tree.AddPF(pf("0000:03:00.0"))
	other := pf("0000:04:00.0")
	other.Netdevs = nil
	tree.AddPF(other)
	nova, _ := parseRelease("26.2.2")
	told := func(specs ...string) *Finding {
		for _, f := range take(t, tree, specs...).Check(Software{Libvirt: libvirtVLAN(), Nova: nova}) {
			if f.Code == CodeNovaVF0 {
				return &f
			}
		}
		return nil
	}
	first := told(remote)
	if first == nil {
		t.Fatal("not told")
	}
	objects := regexp.MustCompile(`\{[^}]*\}`).FindAllString(first.Remedy, -1)
	if len(objects) != 2 {
		t.Fatalf("%q has %d objects, want one for each PF", first.Remedy, len(objects))
	}
	if again := told(append(objects, remote)...); again != nil {
		t.Errorf("with %q still: %v", objects, again)
	}
}

func TestFindSoftware_TheOpenStackThatIsInstalledIsKnownByItsPackages(t *testing.T) {
	for file, want := range map[string]string{
		"usr/lib/python3/dist-packages/nova-26.2.2.egg-info/PKG-INFO":                            "26.2.2",
		"usr/lib/python3.9/site-packages/nova-27.5.1-py3.9.egg-info/PKG-INFO":                    "27.5.1",
		"usr/local/lib/python3.12/dist-packages/nova-32.0.0.dist-info/METADATA":                  "32.0.0",
		"var/lib/openstack/lib/python3.10/site-packages/nova-28.3.1.dist-info/X":                 "28.3.1",
		"usr/lib/python3/dist-packages/nova-26.3.1.dev12.dist-info/METADATA":                     "26.3.1",
		"usr/lib/python3/dist-packages/nova_powervm-9.0.0.dist-info/METADATA":                    "",
		"usr/lib/python3/dist-packages/nova-x.dist-info/METADATA":                                "",
		"usr/lib/python3/dist-packages/nova-client-18.0.0.egg-info/PKG-INFO":                     "",
		"opt/venv/lib/python3.11/site-packages/nova-30.1.0.dist-info/METADATA":                   "30.1.0",
		"openstack/venvs/x-29.1.0/lib/python3.10/site-packages/nova-29.1.0.dist-info/METADATA":   "29.1.0",
		"usr/lib/python3/dist-packages/nova-25.egg-info/PKG-INFO":                                "",
		"usr/lib/python3/dist-packages/python_nova-26.2.2.egg-info/PKG-INFO":                     "",
		"usr/lib/python3/dist-packages/nova-26.2.2.egg-info.bak/PKG-INFO":                        "",
		"usr/lib/python3/dist-packages/nova-99999999999999999999.0.0.dist-info/X":                "",
		"snap/openstack-hypervisor/current/lib/python3.12/site-packages/nova-31.0.0.dist-info/X": "31.0.0",
	} {
		root := t.TempDir()
		for _, project := range []string{"nova", "neutron"} {
			path := filepath.Join(root, strings.ReplaceAll(file, "nova", project))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got := FindSoftware(root)
		if got.Nova.String() != want || got.Neutron.String() != want {
			t.Errorf("%s: Nova %q, Neutron %q, want %q", file, got.Nova, got.Neutron, want)
		}
	}
}

func TestFindSoftware_AnOldLibvirtIsKnownByItsLibrary(t *testing.T) {
	for file, want := range map[string]string{
		"usr/lib/x86_64-linux-gnu/libvirt.so.0.8001.0": "8.1.0",
		"usr/lib64/libvirt.so.0.10010.3":               "10.10.3",
		"usr/lib/libvirt.so.0.7009.12":                 "7.9.12",
		"usr/local/lib64/libvirt.so.0.9000.0":          "9.0.0",
		"usr/lib64/libvirt.so.0":                       "",
		"usr/lib64/libvirt.so.0.x.0":                   "",
		"usr/lib64/libvirt-qemu.so.0.9000.0":           "",
		"usr/lib64/libvirt.so.0.9000.0.bak":            "",
	} {
		root := t.TempDir()
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := FindSoftware(root).Libvirt.String(); got != want {
			t.Errorf("%s is libvirt %s, want %s", file, got, want)
		}
	}
}

func TestInventory_CardsComeInOrderAndLateOnesLastAsTheyAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &Inventory{o: Options{Patience: 50 * time.Millisecond}}
		for _, slot := range []string{"hung", "a", "slow", "b"} {
			i.Cards = append(i.Cards, &Card{Card: &pci.Card{Slot: slot}, done: make(chan struct{})})
		}
		close(i.Cards[1].done)
		close(i.Cards[3].done)
		began := time.Now()
		time.AfterFunc(time.Second, func() { close(i.Cards[2].done) })
		time.AfterFunc(5*time.Second, func() { close(i.Cards[0].done) })
		var order []string
		i.Each(func(c *Card) { order = append(order, fmt.Sprint(c.Slot, " after ", time.Since(began))) })
		if want := []string{"a after 50ms", "b after 50ms", "slow after 1s", "hung after 5s"}; !slices.Equal(order, want) {
			t.Errorf("%q, want %q", order, want)
		}
	})
}
