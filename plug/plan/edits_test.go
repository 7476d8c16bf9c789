package plan

import (
	"testing"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func TestEdit_IsPutBack(t *testing.T) {
	vf0 := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}
	renamed := testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}
	row0 := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	checkPlans(t, []planCase{
		{
			name: "an edited row whose netdev now has a name that somebody else's row has is put back", devs: []testcard.Netdev{renamed},
			view: plantest.Trusted(plantest.Asks("a", 0, 0)), rows: []ovs.Interface{but(row0,
				func(r *ovs.Interface) { r.IfaceID, r.Ofport, r.IfIndex = "other", -1, 0 }), plantest.ForeignRow(renamed.Name, "")},
			want: []string{"~pf0vf0"}, state: map[string]State{"a": Conflict}, code: map[string]reason.Code{"a": reason.CodeForeignName},
		},
		{
			name: "an edited iface-id is put back", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows: []ovs.Interface{but(row0, func(r *ovs.Interface) { r.IfaceID = "evil" })}, want: []string{"~pf0vf0"},
		},
		{
			name: "a lost marker key is put back", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows: []ovs.Interface{but(row0, func(r *ovs.Interface) { r.Marker.Function = "" })}, want: []string{"~pf0vf0"},
		},
		{
			name: "an edited MTU is put back", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows: []ovs.Interface{but(row0, func(r *ovs.Interface) { r.MTURequest = 9000 })}, want: []string{"~pf0vf0"},
		},
		{
			name: "an edited type is put back", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows: []ovs.Interface{but(row0, func(r *ovs.Interface) { r.Type, r.Ofport, r.IfIndex = "internal", -1, 0 })}, want: []string{"~pf0vf0"},
		},
	})
}

// When the netdev is back, ovs-vswitchd opens it at once for whatever port the row
// names then.
func TestPlan_PutsBackWhatIsEditedWhileTheNetdevIsAway(t *testing.T) {
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 0)
	row.Ofport, row.IfaceID = -1, "edited"
	for name, devs := range map[string][]testcard.Netdev{"no VF": {{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}},
		"no netdev": {{PF: 0, VF: 0}}} {
		in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: testcard.Index(devs...), Actual: plantest.BridgeWith(row)}
		d := planWith(in, plantest.Asks("a", 0, 0))
		if len(d.Changes) != 1 || len(d.Changes[0].Edit) != 1 || d.Changes[0].Edit[0].Set[ovs.KeyIfaceID] != "a" ||
			len(d.Changes[0].Unplug) != 0 {
			t.Errorf("%s: planned %v, want iface-id put back and nothing else", name, did(d))
		}
	}
}
