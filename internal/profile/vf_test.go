package profile

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/devspec"
	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/test/pcitree"
)

func card() pcitree.PF {
	return pcitree.PF{
		Function: pcitree.Function{
			Address: "0000:03:00.0", Vendor: "15b3", Product: "a2d6", Driver: "mlx5_core",
			Netdevs: []pcitree.Netdev{{Name: "p0", MAC: "00:53:00:00:00:42"}},
			VPD:     pcitree.VPD("BlueField-2", "MBF2M516A", "MT2206X07512  "),
		},
		TotalVFs: 8, VFs: 4, Offset: 2, Stride: 1, VFProduct: "101e",
	}
}

// of makes the profile of a VF in a tree.
func of(t *testing.T, tree *pcitree.Tree, vf string) (Profile, []string, *pci.Host) {
	t.Helper()
	host, err := pci.Read(t.Context(), pci.Options{Sysfs: tree.Root})
	if err != nil {
		t.Fatal(err)
	}
	v, ok := host.VF(vf)
	if !ok {
		t.Fatalf("no VF %s", vf)
	}
	id := pci.Identity{Why: &reason.Reason{Code: pci.CodeNoVPD}}
	if len(host.Cards) > 0 {
		id = *host.Cards[0].Identify(t.Context(), tree.Root, time.Minute).VF(v)
	}
	p, missing := Of(v, &id, nil)
	var fields []string
	for _, m := range missing {
		if m.Message == "" && m.Code != pci.CodeNoVPD {
			t.Errorf("%+v says nothing", m)
		}
		fields = append(fields, m.Field)
	}
	return p, fields, host
}

func TestVF_HasItsProfile(t *testing.T) {
	tree := pcitree.New(t)
	tree.AddPF(card())
	p, missing, host := of(t, tree, "0000:03:00.5")
	if diff := cmp.Diff(goodProfile(), p); diff != "" || missing != nil {
		t.Errorf("missing %v, profile (-want +got):\n%s", missing, diff)
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
	// Nova takes the object, and exactly this VF with it.
	specs, err := devspec.Parse(host, p.Nova())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range host.VFs() {
		m := specs.Match(v, "MT2206X07512")
		if (m.Spec != nil) != (v.Address.String() == p.Slot) || m.Spec != nil && !m.Spec.RemoteManaged {
			t.Errorf("%s: %+v", v.Address, m)
		}
	}
}

func TestVF_WhatItLacksIsNamed(t *testing.T) {
	for title, tt := range map[string]struct {
		change func(*pcitree.Tree, *pcitree.PF)
		after  func(*pcitree.Tree)
		want   []string
	}{
		"no serial number": {change: func(_ *pcitree.Tree, p *pcitree.PF) { p.VPD = nil }, want: []string{FieldSerial}},
		"no MAC":           {change: func(_ *pcitree.Tree, p *pcitree.PF) { p.Netdevs = nil }, want: []string{FieldPFMAC}},
		"no number":        {after: func(tree *pcitree.Tree) { tree.Remove(tree.Device("0000:03:00.0", "virtfn3")) }, want: []string{FieldVFNum}},
		"no PF": {after: func(tree *pcitree.Tree) { tree.Remove("bus/pci/devices/0000:03:00.0") },
			want: []string{FieldSerial, FieldPFMAC, FieldVFNum}},
	} {
		t.Run(title, func(t *testing.T) {
			tree, pf := pcitree.New(t), card()
			if tt.change != nil {
				tt.change(tree, &pf)
			}
			tree.AddPF(pf)
			if tt.after != nil {
				tt.after(tree)
			}
			p, missing, _ := of(t, tree, "0000:03:00.5")
			if !slices.Equal(missing, tt.want) {
				t.Errorf("missing %v, want %v", missing, tt.want)
			}
			if p.Validate() == nil {
				t.Errorf("%+v passes for good", p)
			}
		})
	}
}
