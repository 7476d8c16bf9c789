package plan

import (
	"testing"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func TestChassis_WhileItsRowIsMissingNothingNewIsPlugged(t *testing.T) {
	vf0 := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}
	vf1 := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
	renamed := testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}
	row0 := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	checkPlans(t, []planCase{
		{
			name: "without our Chassis row, a marker that somebody edited doesn't unplug what the request means", devs: []testcard.Netdev{vf0},
			view:  noChassis(plantest.Trusted(plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept))),
			truth: []southbound.Binding{plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept)},
			rows:  []ovs.Interface{but(row0, func(r *ovs.Interface) { r.Marker.Request = "edited" })},
			state: map[string]State{"a": Held}, code: map[string]reason.Code{"a": reason.CodeChassisMissing},
		},
		{
			name: "without our Chassis row nothing is removed", devs: []testcard.Netdev{vf0}, view: noChassis(plantest.Trusted()),
			rows:  []ovs.Interface{row0},
			truth: []southbound.Binding{plantest.Classified(plantest.Asks("a", 0, 0), southbound.Withdrawn)}, state: map[string]State{"a": Held},
			code: map[string]reason.Code{"a": reason.CodeChassisMissing},
		},
		{
			name: "without our Chassis row an evident request holds its row", devs: []testcard.Netdev{vf0},
			view: noChassis(plantest.Trusted(plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept))), rows: []ovs.Interface{row0},
			state: map[string]State{"a": Held}, code: map[string]reason.Code{"a": reason.CodeChassisMissing},
		},
		{
			name: "without our Chassis row a renamed netdev is followed", devs: []testcard.Netdev{renamed},
			view: noChassis(plantest.Trusted(plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept))), rows: []ovs.Interface{row0},
			want: []string{"-pf0vf0 +ens1=a"},
		},
		{
			name: "without our Chassis row a changed request takes the old row out and plugs nothing", devs: []testcard.Netdev{vf0, vf1},
			view:  noChassis(plantest.Trusted(plantest.Classified(plantest.Asks("a", 0, 1), southbound.Kept))),
			truth: []southbound.Binding{plantest.Classified(plantest.Asks("a", 0, 1), southbound.Kept)},
			rows:  []ovs.Interface{row0},
			want:  []string{"-pf0vf0"},
		},
		{
			name: "without our Chassis row the options of another host's request take nothing back", devs: []testcard.Netdev{vf0},
			view:  noChassis(plantest.Trusted(additional(plantest.Asks("a", 0, 1)))),
			truth: []southbound.Binding{additional(plantest.Asks("a", 0, 1))},
			rows:  []ovs.Interface{row0},
			state: map[string]State{"a": Held}, code: map[string]reason.Code{"a": reason.CodeChassisMissing},
		},
	})
}
