package plan

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// A kernel or a driver may number the host's PFs anew: the PF with a MAC has another number
// than before the boot. A row for the old number goes and the port is plugged for the new
// one, once.
func TestRenumbered_PFCostsOneRemovalAndOnePlug(t *testing.T) {
	for _, tt := range []struct {
		name string
		dev  testcard.Netdev // of the VF that is asked for, as it is after the boot
		row  ovs.Interface
		want []string
	}{
		{
			name: "the netdev has the old name, after a boot", dev: testcard.Netdev{PF: 5, VF: 0, Name: "pf0vf0", IfIndex: 10},
			row: booted(plantest.OurRow("a", "pf0vf0", 0, 0, 10)), want: []string{"-pf0vf0", "+pf0vf0=a"},
		},
		{
			name: "it is open, after a driver's reload", dev: testcard.Netdev{PF: 5, VF: 0, Name: "pf0vf0", IfIndex: 10},
			row: plantest.OurRow("a", "pf0vf0", 0, 0, 10), want: []string{"-pf0vf0", "+pf0vf0=a"},
		},
		{
			name: "the netdev has a new name", dev: testcard.Netdev{PF: 5, VF: 0, Name: "pf5vf0", IfIndex: 10},
			row: booted(plantest.OurRow("a", "pf0vf0", 0, 0, 10)), want: []string{"-pf0vf0 +pf5vf0=a"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			card := testcard.Of(tt.dev)
			card.Ports = slices.DeleteFunc(card.Ports, func(p devlink.Port) bool {
				return p.Flavour == devlink.FlavourPCIPF && p.PF == devlink.Some[uint16](1)
			})
			card.Ports[0].PF = devlink.Some[uint16](5)
			index := representor.NewIndex(card, representor.Settings{})
			in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: index, Actual: plantest.BridgeWith(tt.row)}
			var got []string
			for range 5 {
				d := planWith(in, plantest.Asks("a", 0, 0))
				got = append(got, did(d)...)
				after, err := plantest.Commit(in.Actual, index, d.Changes)
				if err != nil {
					t.Fatal(err)
				}
				in.Actual = after
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Fatalf("changes (-want +got):\n%s", diff)
			}
			want := testcard.VF(5, 0).String()
			for _, r := range in.Actual.Interfaces {
				if r.Marker.Function != want {
					t.Errorf("%s says it is for %q, want %q", r.Name, r.Marker.Function, want)
				}
			}
		})
	}
}

// booted is a row after a boot: ovs-vswitchd has opened nothing yet.
func booted(r ovs.Interface) ovs.Interface {
	r.IfIndex = 0
	return r
}
