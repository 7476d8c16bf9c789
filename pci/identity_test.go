package pci_test

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/pci"
	"github.com/representord/representord/serial"
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
	return host.Cards[0].Identify(t.Context(), tree.Root)
}

func TestACardIsIdentifiedByTheFirstOfItsFunctionsThatHasVPD(t *testing.T) {
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

func TestWhyACardHasNoSerialNumber(t *testing.T) {
	noSerial := bytes.Replace(pcitree.VPD("x", "y", "S1"), []byte("SN"), []byte("MN"), 1)
	for title, tt := range map[string]struct {
		vpd  []byte
		want pci.Code
	}{
		"no VPD":        {nil, pci.CodeNoVPD},
		"empty":         {[]byte{}, pci.CodeVPDUnreadable},
		"no field":      {noSerial, pci.CodeNoSerial},
		"an empty one":  {pcitree.VPD("x", "y", "  "), pci.Code(serial.CodeEmpty)},
		"a placeholder": {pcitree.VPD("x", "y", "N/A"), pci.Code(serial.CodePlaceholder)},
		"a comma in it": {pcitree.VPD("x", "y", "MT1,MT2"), pci.Code(serial.CodeMalformed)},
	} {
		t.Run(title, func(t *testing.T) {
			id := identify(t, twoPorts(t, tt.vpd, nil))
			if id.Why == nil || id.Why.Code != tt.want || id.Serial != "" || id.Why.Remedy == "" {
				t.Errorf("%+v: %v, want %s", id, id.Why, tt.want)
			}
		})
	}
}

func TestASerialNumberThatLibvirtDoesNotSeeIsWarnedOf(t *testing.T) {
	broken := pcitree.VPD("x", "y", "S1")
	id := identify(t, twoPorts(t, broken[:len(broken)-1], nil))
	if id.Serial != "S1" || id.Libvirt != "" || len(id.Warnings) != 1 || id.Warnings[0].Code != pci.CodeVPDInvalid {
		t.Errorf("%+v", id)
	}
}

// A resource that libvirt doesn't know, before the read-only fields: libvirt leaves its
// data out of the checksum, and the specification doesn't.
func TestWhereLibvirtAndTheSpecificationDifferBothAreTold(t *testing.T) {
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
	if asSpecified.Libvirt != "" || asSpecified.Serial != "S1" || len(asSpecified.Warnings) != 1 || asSpecified.Warnings[0].Code != pci.CodeVPDInvalid {
		t.Errorf("summed as specified: %+v", asSpecified)
	}
	for _, w := range append(asLibvirt.Warnings, asSpecified.Warnings...) {
		if !strings.Contains(w.Message, "libvirt") || !strings.Contains(w.Message, "specification") || strings.Contains(w.Remedy, "update the card's firmware") {
			t.Errorf("%s", w)
		}
	}
}

func TestVPDThatIsRootsAloneSaysSo(t *testing.T) {
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

func TestACardThatDoesNotAnswerSaysSoAndItsOtherFunctionsAreSpared(t *testing.T) {
	tree := twoPorts(t, nil, pcitree.VPD("x", "y", "S2"))
	hang(t, tree, "0000:03:00.0")
	host := read(t, tree)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if id := host.Cards[0].Identify(ctx, tree.Root); id.Why == nil || id.Why.Code != pci.CodeVPDTimeout || id.Serial != "" {
		t.Errorf("%+v: %v", id, id.Why)
	}
}

func TestPFsWithoutAFunctionInCommonAreTwoCards(t *testing.T) {
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
