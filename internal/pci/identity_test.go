package pci_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/test/pcitree"
)

// twoPorts is a card with two PFs, of which each may have VPD.
func twoPorts(t *testing.T, first, second []byte) *pcitree.Tree {
	t.Helper()
	tree := pcitree.New(t)
	p := pf(0)
	p.VPD = first
	tree.AddPF(p)
	p.Address, p.VPD = "0000:03:00.1", second
	p.Netdevs = []pcitree.Netdev{{Name: "p1", MAC: "00:53:00:00:00:43"}}
	tree.AddPF(p)
	return tree
}

func identify(t *testing.T, tree *pcitree.Tree) pci.Identity {
	t.Helper()
	host := read(t, tree)
	if len(host.Cards) != 1 {
		t.Fatalf("%d cards", len(host.Cards))
	}
	return *host.Cards[0].Identify(t.Context(), tree.Root, time.Minute).Card()
}

func TestIdentity_OfACardIsTheFirstOfItsFunctionsThatHasVPD(t *testing.T) {
	one, two := pcitree.VPD("One", "P1", " S1 "), pcitree.VPD("Two", "P2", "S2")
	for want, tree := range map[string]*pcitree.Tree{"S1": twoPorts(t, one, two), "S2": twoPorts(t, nil, two)} {
		id := identify(t, tree)
		if id.Serial != want || id.Libvirt != want || id.Why != nil || !id.Read || id.Warnings != nil {
			t.Errorf("%+v, want %s", id, want)
		}
		if first := id.From.Function == 0; first != (want == "S1") || id.Part == "" || id.Name == "" {
			t.Errorf("%+v", id)
		}
	}
}

// said is what functions of a card say: two PFs, and a VF of each.
type said struct{ pf0, pf1, vf0, vf1 []byte }

func (s said) identities(t *testing.T) (*pci.Identities, *pci.Host) {
	t.Helper()
	tree := pcitree.New(t)
	for i, f := range []struct {
		pf, vf []byte
		at     string
	}{{s.pf0, s.vf0, "0000:03:00.0"}, {s.pf1, s.vf1, "0000:03:00.1"}} {
		p := pf(1)
		p.Address, p.VPD, p.Netdevs, p.Offset, p.Stride = f.at, f.pf, nil, 4, 1
		tree.AddPF(p)
		if f.vf != nil {
			tree.Write(tree.Device([]string{"0000:03:00.4", "0000:03:00.5"}[i], "vpd"), string(f.vf))
		}
	}
	host := read(t, tree)
	if len(host.Cards) != 1 || len(host.VFs()) != 2 {
		t.Fatalf("%d cards, %d VFs", len(host.Cards), len(host.VFs()))
	}
	return host.Cards[0].Identify(t.Context(), tree.Root, time.Minute), host
}

// What Nova takes for a VF is what libvirt reads in the VF's own VPD, else in its own
// PF's, and never in another's (_get_vpd_details in nova/virt/libvirt/host.py).
func TestIdentity_OfAVFIsItsOwnElseItsPFsAsNovaTakesIt(t *testing.T) {
	vpd := func(number string) []byte { return pcitree.VPD("x", "y", number) }
	broken := func(number string) []byte { b := vpd(number); return b[:len(b)-1] }
	noSerial := bytes.Replace(vpd("S1"), []byte("SN"), []byte("MN"), 1)
	type vf struct {
		serial, libvirt string
		why             reason.Code
	}
	for title, tt := range map[string]struct {
		said
		first, second vf
		same          bool
	}{
		"both PFs the same":             {said{pf0: vpd("S1"), pf1: vpd("S1")}, vf{"S1", "S1", ""}, vf{"S1", "S1", ""}, true},
		"all the same":                  {said{vpd("S1"), vpd("S1"), vpd("S1"), vpd("S1")}, vf{"S1", "S1", ""}, vf{"S1", "S1", ""}, true},
		"no VPD anywhere":               {said{}, vf{why: pci.CodeNoVPD}, vf{why: pci.CodeNoVPD}, true},
		"VF has, PF hasn't":             {said{pf1: vpd("S1"), vf0: vpd("S1")}, vf{"S1", "S1", ""}, vf{"S1", "S1", ""}, false},
		"the VF's and the PF's differ":  {said{pf0: vpd("S1"), pf1: vpd("S1"), vf1: vpd("S2")}, vf{"S1", "S1", ""}, vf{"S2", "S2", ""}, false},
		"PF 1 without beside PF 0 with": {said{pf0: vpd("S1")}, vf{"S1", "S1", ""}, vf{why: pci.CodeNoVPD}, false},
		"PF 0 without beside PF 1 with": {said{pf1: vpd("S1")}, vf{why: pci.CodeNoVPD}, vf{"S1", "S1", ""}, false},
		"different numbers":             {said{pf0: vpd("S1"), pf1: vpd("S2")}, vf{"S1", "S1", ""}, vf{"S2", "S2", ""}, false},
		"PF 0's refused by libvirt":     {said{pf0: broken("S1"), pf1: vpd("S1")}, vf{"S1", "", ""}, vf{"S1", "S1", ""}, false},
		"PF 0 without SN":               {said{pf0: noSerial, pf1: vpd("S1")}, vf{why: pci.CodeNoSerial}, vf{"S1", "S1", ""}, false},
		"the VF's refused by libvirt":   {said{pf0: vpd("S1"), pf1: vpd("S1"), vf0: broken("S2")}, vf{"S1", "S1", ""}, vf{"S1", "S1", ""}, true},
		"both refused by libvirt":       {said{broken("S1"), broken("S1"), broken("S2"), nil}, vf{"S2", "", ""}, vf{"S1", "", ""}, true},
		"the VF's without SN":           {said{vpd("S1"), vpd("S1"), noSerial, nil}, vf{"S1", "S1", ""}, vf{"S1", "S1", ""}, true},
		"the VF's an empty one":         {said{vpd("S1"), vpd("S1"), vpd("  "), nil}, vf{"S1", "S1", ""}, vf{"S1", "S1", ""}, true},
		"the VF's a placeholder": {said{vpd("S1"), vpd("S1"), vpd("N/A"), nil}, vf{"", "N/A", cardserial.CodePlaceholder},
			vf{"S1", "S1", ""}, false},
		"the VF refused, the PF without": {said{nil, vpd("S1"), broken("S2"), nil}, vf{"S2", "", ""}, vf{"S1", "S1", ""}, false},
	} {
		t.Run(title, func(t *testing.T) {
			ids, host := tt.identities(t)
			for i, want := range []vf{tt.first, tt.second} {
				id := ids.VF(host.VFs()[i])
				if got := (vf{serial: id.Serial, libvirt: id.Libvirt}); id.Why == nil && got != want || id.Why != nil &&
					(id.Why.Code != want.why || id.Serial != "" || id.Libvirt != want.libvirt) {
					t.Errorf("VF %d: %+v, %v; want %+v", i, got, id.Why, want)
				}
			}
			if (ids.Differs == nil) != tt.same {
				t.Errorf("differs: %v", ids.Differs)
			}
			if ids.Differs != nil && (ids.Differs.Code != pci.CodeSerialsDiffer || ids.Differs.Remedy == "") {
				t.Errorf("%+v", ids.Differs)
			}
		})
	}
}

func TestIdentity_WhatIsWrongWithTheVPDOfAVFThatNovaPassesOverIsToldAndStopsNothing(t *testing.T) {
	good := pcitree.VPD("x", "y", "S1")
	ids, host := said{good, good, good[:len(good)-1], nil}.identities(t)
	id := ids.VF(host.VFs()[0])
	if len(id.Warnings) != 1 || id.Warnings[0].Code != pci.CodeVPDOdd ||
		!strings.Contains(id.Warnings[0].Message, "Nova takes that of its PF") {
		t.Errorf("%v", id.Warnings)
	}
	if own := ids.PF(host.PFs()[0]); len(own.Warnings) != 0 || own.OfVF {
		t.Errorf("the PF has the VF's: %+v", own)
	}
}

func TestIdentity_WhyACardHasNoSerialNumber(t *testing.T) {
	noSerial := bytes.Replace(pcitree.VPD("x", "y", "S1"), []byte("SN"), []byte("MN"), 1)
	for title, tt := range map[string]struct {
		vpd  []byte
		want reason.Code
	}{
		"no VPD":        {nil, pci.CodeNoVPD},
		"empty":         {[]byte{}, pci.CodeVPDUnreadable},
		"no field":      {noSerial, pci.CodeNoSerial},
		"an empty one":  {pcitree.VPD("x", "y", "  "), cardserial.CodeEmpty},
		"a placeholder": {pcitree.VPD("x", "y", "N/A"), cardserial.CodePlaceholder},
		"a comma in it": {pcitree.VPD("x", "y", "MT1,MT2"), cardserial.CodeMalformed},
	} {
		t.Run(title, func(t *testing.T) {
			id := identify(t, twoPorts(t, tt.vpd, nil))
			if id.Why == nil || id.Why.Code != tt.want || id.Serial != "" || id.Why.Remedy == "" {
				t.Errorf("%+v: %v, want %s", id, id.Why, tt.want)
			}
		})
	}
}

func TestIdentity_ASerialNumberThatLibvirtDoesNotSeeIsWarnedOf(t *testing.T) {
	broken := pcitree.VPD("x", "y", "S1")
	id := identify(t, twoPorts(t, broken[:len(broken)-1], nil))
	if id.Serial != "S1" || id.Libvirt != "" || len(id.Warnings) != 1 || id.Warnings[0].Code != pci.CodeVPDInvalid {
		t.Errorf("%+v", id)
	}
}

// A resource that libvirt doesn't know, before the read-only fields: libvirt leaves its
// data out of the checksum, and the specification doesn't.
func TestIdentity_WhereLibvirtAndTheSpecificationDifferBothAreTold(t *testing.T) {
	build := func(left ...byte) []byte {
		before, data, after := "\x85\x03\x00", "abc", "\x90\x09\x00SN\x02S1RV\x01"
		var sum byte
		for _, x := range []byte(before + after) {
			sum += x
		}
		for _, x := range left {
			sum += x
		}
		return append([]byte(before+data+after), -sum, 0x78)
	}
	asLibvirt := identify(t, twoPorts(t, build(), nil))
	if asLibvirt.Libvirt != "S1" || asLibvirt.Serial != "S1" || len(asLibvirt.Warnings) != 1 || asLibvirt.Warnings[0].Code != pci.CodeVPDOdd {
		t.Errorf("summed as libvirt does: %+v", asLibvirt)
	}
	asSpecified := identify(t, twoPorts(t, build([]byte("abc")...), nil))
	if asSpecified.Libvirt != "" || asSpecified.Serial != "S1" || len(asSpecified.Warnings) != 1 ||
		asSpecified.Warnings[0].Code != pci.CodeVPDInvalid {
		t.Errorf("summed as specified: %+v", asSpecified)
	}
	for _, w := range append(asLibvirt.Warnings, asSpecified.Warnings...) {
		if !strings.Contains(w.Message, "libvirt") || !strings.Contains(w.Message, "specification") ||
			strings.Contains(w.Remedy, "update the card's firmware") {
			t.Errorf("%s", w)
		}
	}
}

func TestIdentity_VPDThatIsRootsAloneSaysSo(t *testing.T) {
	tree := twoPorts(t, nil, pcitree.VPD("x", "y", "S1"))
	// Tests run as root, who may read any file but one that can only be written.
	if err := os.Symlink("/proc/sys/net/ipv4/route/flush", tree.Path(tree.Device("0000:03:00.0", "vpd"))); err != nil {
		t.Fatal(err)
	}
	if id := identify(t, tree); id.Why == nil || id.Why.Code != pci.CodeVPDPermission {
		t.Errorf("%+v: %v", id, id.Why)
	}
}

// hang makes the card's VPD one that is never read to its end.
func hang(t *testing.T, tree *pcitree.Tree, a string) {
	t.Helper()
	path := tree.Path(tree.Device(a, "vpd"))
	tree.Remove(tree.Device(a, "vpd"))
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
}

func TestIdentity_ACardThatDoesNotAnswerSaysSoAndItsOtherFunctionsAreSpared(t *testing.T) {
	tree := twoPorts(t, nil, pcitree.VPD("x", "y", "S2"))
	hang(t, tree, "0000:03:00.0")
	host := read(t, tree)
	ids := host.Cards[0].Identify(t.Context(), tree.Root, 50*time.Millisecond)
	for _, p := range host.Cards[0].PFs {
		if id := ids.PF(p); id.Why == nil || id.Why.Code != pci.CodeVPDTimeout || id.Serial != "" {
			t.Errorf("%s: %+v: %v", p.Address, id, id.Why)
		}
	}
	if ids.Differs != nil {
		t.Errorf("what isn't known differs: %v", ids.Differs)
	}
}

// A VF that doesn't answer costs its own word only, and what comes after it isn't asked.
func TestIdentity_OfAVFWhoseVPDHangsIsItsPFsWithAWarning(t *testing.T) {
	good := pcitree.VPD("x", "y", "S1")
	tree := twoPorts(t, good, good)
	p := pf(2)
	p.Address, p.Netdevs, p.VPD = "0000:04:00.0", nil, good
	tree.AddPF(p)
	hang(t, tree, "0000:04:00.2")
	tree.Write(tree.Device("0000:04:00.3", "vpd"), string(pcitree.VPD("x", "y", "S2")))
	host := read(t, tree)
	ids := host.Cards[1].Identify(t.Context(), tree.Root, 50*time.Millisecond)
	for _, v := range host.Cards[1].PFs[0].VFs {
		id := ids.VF(v)
		if id.Serial != "S1" || id.Why != nil || len(id.Warnings) != 1 || !strings.Contains(id.Warnings[0].Message, "in time") {
			t.Errorf("%s: %+v", v.Address, id)
		}
	}
}

func TestIdentity_PFsWithoutAFunctionInCommonAreTwoCards(t *testing.T) {
	tree := twoPorts(t, nil, nil)
	p := pf(0)
	p.Address, p.Netdevs = "0000:82:00.0", nil
	tree.AddPF(p)
	var slots []string
	for _, c := range read(t, tree).Cards {
		slots = append(slots, c.Slot)
	}
	if want := []string{"0000:03:00", "0000:82:00"}; !slices.Equal(slots, want) {
		t.Errorf("cards %v, want %v", slots, want)
	}
}
