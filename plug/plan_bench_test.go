package plug

import (
	"fmt"
	"testing"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// BenchmarkPlan plans a card of 4000 VFs, all of them plugged: as they are, with every
// netdev renamed, with the names dealt anew among them, and the same without the
// Southbound.
func BenchmarkPlan(b *testing.B) {
	const ports = 4000
	names := func(vf int) string { return fmt.Sprintf("pf0vf%d", vf) }
	var bs []ovn.Binding
	var rows []ovs.Interface
	for vf := range ports {
		lport := fmt.Sprintf("4b8c51d1-0000-4000-8000-%012d", vf)
		bs = append(bs, asks(lport, 0, vf))
		rows = append(rows, ourRow(lport, names(vf), 0, vf, uint32(10+vf)))
	}
	lost := trusted(bs...)
	lost.Connected = false
	for _, tt := range []struct {
		name  string
		view  ovn.View
		named func(vf int) string
	}{
		{"as they are", trusted(bs...), names},
		{"renamed", trusted(bs...), func(vf int) string { return fmt.Sprintf("rep%d", vf) }},
		{"dealt anew", trusted(bs...), func(vf int) string { return names((vf + 1) % ports) }},
		{"dealt anew without Southbound", lost, func(vf int) string { return names((vf + 1) % ports) }},
	} {
		b.Run(tt.name, func(b *testing.B) {
			var devs []netdev
			for vf := range ports {
				devs = append(devs, netdev{pf: 0, vf: vf, name: tt.named(vf), ifindex: uint32(10 + vf)})
			}
			in := Input{Asked: tt.view, Index: representor.NewIndex(cardOf(devs...), representor.Settings{}), Actual: bridgeWith(rows...)}
			b.ReportAllocs()
			for b.Loop() {
				Plan(in)
			}
		})
	}
}
