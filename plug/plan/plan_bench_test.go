package plan

import (
	"fmt"
	"testing"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// BenchmarkPlan plans a card of 4000 VFs, all of them plugged: as they are, with every
// netdev renamed, with the names dealt anew among them, and the same without the
// Southbound.
func BenchmarkPlan(b *testing.B) {
	const ports = 4000
	names := func(vf int) string { return fmt.Sprintf("pf0vf%d", vf) }
	var bs []southbound.Binding
	var rows []ovs.Interface
	for vf := range ports {
		lport := fmt.Sprintf("4b8c51d1-0000-4000-8000-%012d", vf)
		bs = append(bs, plantest.Asks(lport, 0, vf))
		rows = append(rows, plantest.OurRow(lport, names(vf), 0, vf, uint32(10+vf)))
	}
	lost := plantest.Trusted(bs...)
	lost.Connected = false
	for _, tt := range []struct {
		name  string
		view  southbound.View
		named func(vf int) string
	}{
		{"as they are", plantest.Trusted(bs...), names},
		{"renamed", plantest.Trusted(bs...), func(vf int) string { return fmt.Sprintf("rep%d", vf) }},
		{"dealt anew", plantest.Trusted(bs...), func(vf int) string { return names((vf + 1) % ports) }},
		{"dealt anew without Southbound", lost, func(vf int) string { return names((vf + 1) % ports) }},
	} {
		b.Run(tt.name, func(b *testing.B) {
			var devs []testcard.Netdev
			for vf := range ports {
				devs = append(devs, testcard.Netdev{PF: 0, VF: vf, Name: tt.named(vf), IfIndex: uint32(10 + vf)})
			}
			in := Input{Asked: tt.view, Index: representor.NewIndex(testcard.Of(devs...), representor.Settings{}),
				Actual: plantest.BridgeWith(rows...)}
			b.ReportAllocs()
			for b.Loop() {
				Plan(in)
			}
		})
	}
}
