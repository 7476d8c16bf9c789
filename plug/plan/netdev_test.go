package plan

import (
	"testing"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func TestNetdev_ARowIsForThatOfItsFunctionAndNoOther(t *testing.T) {
	vf0 := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}
	vf1 := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
	renamed := testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}
	row0 := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	row1 := plantest.OurRow("b", "pf0vf1", 0, 1, 11)
	checkPlans(t, []planCase{
		{
			name: "a renamed netdev is followed in one transaction", devs: []testcard.Netdev{renamed},
			view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			rows: []ovs.Interface{row0},
			want: []string{"-pf0vf0 +ens1=a"}, state: map[string]State{"a": Pending},
		},
		{
			name: "a renamed netdev is followed while the Southbound is unreachable", devs: []testcard.Netdev{renamed},
			view: lost(plantest.Trusted()),
			rows: []ovs.Interface{row0},
			want: []string{"-pf0vf0 +ens1=a"},
		},
		{
			name: "netdevs that exchange names are followed, and no leak waits for that",
			view: plantest.Trusted(plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1)),
			rows: []ovs.Interface{row0, row1},
			devs: []testcard.Netdev{{PF: 0, VF: 0, Name: "pf0vf1", IfIndex: 10}, {PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 11}},
			want: []string{"-pf0vf0", "-pf0vf1", "+pf0vf1=a", "+pf0vf0=b"},
		},
		{
			name: "a name that is another function's now is unplugged without asking anyone", view: lost(plantest.Trusted()),
			rows: []ovs.Interface{row0},
			devs: []testcard.Netdev{{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 20}}, want: []string{"-pf0vf0"},
		},
		{
			name: "a row under which ovs-vswitchd opened another live netdev is unplugged", view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			rows: []ovs.Interface{but(row0, func(r *ovs.Interface) { r.IfIndex = 11 })}, devs: []testcard.Netdev{vf0, vf1},
			want: []string{"-pf0vf0"}, state: map[string]State{"a": Pending}, code: map[string]reason.Code{"a": reason.CodeStaleInterface},
			reopen: []string{"pf0vf0"},
		},
		{
			name: "a row whose ifindex is no more is waited for", view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			rows: []ovs.Interface{but(row0, func(r *ovs.Interface) { r.IfIndex = 9 })}, devs: []testcard.Netdev{vf0},
			state: map[string]State{"a": Pending}, code: map[string]reason.Code{"a": reason.CodeStaleInterface},
		},
		{
			name: "a row under which another function's netdev is open is unplugged while its own function has no netdev",
			view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			rows: []ovs.Interface{but(row0, func(r *ovs.Interface) { r.IfIndex = 11 })}, devs: []testcard.Netdev{{PF: 0, VF: 0}, vf1},
			want: []string{"-pf0vf0"}, state: map[string]State{"a": Pending}, reopen: []string{"pf0vf0"},
		},
		{
			name: "a row under which another function's netdev is open is unplugged while its own function has no port",
			view: lost(plantest.Trusted()),
			rows: []ovs.Interface{but(row0, func(r *ovs.Interface) { r.IfIndex = 11 })}, devs: []testcard.Netdev{vf1},
			want: []string{"-pf0vf0"}, reopen: []string{"pf0vf0"},
		},
		{
			name: "a row under which another function's netdev is open is unplugged while its own netdev has another name",
			view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			rows: []ovs.Interface{but(row0, func(r *ovs.Interface) { r.IfIndex = 11 })}, devs: []testcard.Netdev{renamed, vf1},
			want: []string{"-pf0vf0"}, state: map[string]State{"a": Pending}, reopen: []string{"pf0vf0"},
		},
		{
			name:  "a row whose netdev was renamed since ovs-vswitchd opened it isn't another function's",
			view:  plantest.Trusted(plantest.Asks("a", 0, 0)),
			rows:  []ovs.Interface{row0},
			devs:  []testcard.Netdev{{PF: 0, VF: 0, Name: "eth0", IfIndex: 10, Unready: true}},
			state: map[string]State{"a": Pending}, code: map[string]reason.Code{"a": reason.CodeNetdevSettling},
		},
		{
			name: "a netdev that vanished keeps its row", view: plantest.Trusted(plantest.Asks("a", 0, 0)), rows: []ovs.Interface{row0},
			devs:  []testcard.Netdev{{PF: 0, VF: 0}},
			state: map[string]State{"a": Pending}, code: map[string]reason.Code{"a": reason.CodeNoNetdev},
		},
		{
			name: "a function that vanished keeps its row", view: plantest.Trusted(plantest.Asks("a", 0, 0)), rows: []ovs.Interface{row0},
			state: map[string]State{"a": Pending}, code: map[string]reason.Code{"a": reason.CodeFunctionNotFound},
		},
		{
			name: "a netdev that udev still works on is waited for", view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			devs:  []testcard.Netdev{{PF: 0, VF: 0, Name: "eth0", IfIndex: 10, Unready: true}},
			state: map[string]State{"a": Pending}, code: map[string]reason.Code{"a": reason.CodeNetdevSettling},
		},
	})
}
