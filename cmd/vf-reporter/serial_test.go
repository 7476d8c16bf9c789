package main

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/hypervisor"
	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/test/pcitree"
)

// One PF has a placeholder and the other no VPD: a script must see both, as a reader does.
func TestSerial_JSONTellsEachReasonWhyANumberIsMissing(t *testing.T) {
	tree := pcitree.New(t)
	for i, vpd := range [][]byte{serialVPD("N/A"), nil} {
		p := bluefield([]string{"0000:03:00.0", "0000:03:00.1"}[i], "", "", 1, vpd)
		p.Netdevs, p.Offset, p.Stride = nil, 4, 1
		tree.AddPF(p)
	}
	got := run1(t, tree, hypervisor.Software{Libvirt: newLibvirt()}, "serial", "-j")
	var shown struct{ Cards []card }
	if err := json.Unmarshal([]byte(got.stdout), &shown); err != nil || len(shown.Cards) != 1 || shown.Cards[0].Missing == nil {
		t.Fatalf("%v\n%s", err, got)
	}
	codes := []reason.Code{shown.Cards[0].Missing.Code}
	for _, w := range shown.Cards[0].Warnings {
		codes = append(codes, w.Code)
	}
	if want := []reason.Code{cardserial.CodePlaceholder, pci.CodeNoVPD, pci.CodeSerialsDiffer}; !slices.Equal(codes, want) ||
		got.status != 4 {
		t.Errorf("told %v, want %v\n%s", codes, want, got)
	}
}
