package plan

import (
	"testing"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func TestRequest_IsFollowedOnTheSouthboundsWord(t *testing.T) {
	vf0 := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}
	vf1 := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
	row0 := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	row1 := plantest.OurRow("b", "pf0vf1", 0, 1, 11)
	checkPlans(t, []planCase{
		{
			name: "a new request is plugged", devs: []testcard.Netdev{vf0}, view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			want: []string{"+pf0vf0=a"}, state: map[string]State{"a": Pending},
		},
		{
			name: "what is plugged as asked stays untouched", devs: []testcard.Netdev{vf0}, view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			rows:  []ovs.Interface{row0},
			state: map[string]State{"a": Plugged},
		},
		{
			name: "a VF that isn't there yet is waited for", view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			state: map[string]State{"a": Pending}, code: map[string]reason.Code{"a": reason.CodeFunctionNotFound},
		},
		{
			name: "an invalid request plugs nothing", devs: []testcard.Netdev{vf0}, view: plantest.Trusted(plantest.Invalid("a")),
			state: map[string]State{"a": Invalid}, code: map[string]reason.Code{"a": reason.CodeInvalidOption},
		},
		{
			name: "a port that the Southbound says is gone is unplugged", devs: []testcard.Netdev{vf0}, view: plantest.Trusted(),
			rows:  []ovs.Interface{row0},
			truth: []southbound.Binding{gone("a")}, want: []string{"-pf0vf0"},
		},
		{
			name: "a withdrawn request is unplugged", devs: []testcard.Netdev{vf0}, view: plantest.Trusted(), rows: []ovs.Interface{row0},
			truth: []southbound.Binding{plantest.Classified(plantest.Asks("a", 0, 0), southbound.Withdrawn)}, want: []string{"-pf0vf0"},
		},
		{
			name: "absence from the view that the Southbound doesn't confirm removes nothing", devs: []testcard.Netdev{vf0},
			view:  plantest.Trusted(),
			rows:  []ovs.Interface{row0},
			truth: []southbound.Binding{plantest.Asks("a", 0, 0)}, state: map[string]State{"a": Plugged},
		},
		{
			name: "absence while the Southbound is unreachable removes nothing", devs: []testcard.Netdev{vf0}, view: lost(plantest.Trusted()),
			rows:  []ovs.Interface{row0},
			state: map[string]State{"a": Held}, code: map[string]reason.Code{"a": reason.CodeSouthboundUntrusted},
		},
		{
			name: "a request is not followed while the Southbound is unreachable", devs: []testcard.Netdev{vf0},
			view:  lost(plantest.Trusted(plantest.Asks("a", 0, 0))),
			state: map[string]State{"a": Pending}, code: map[string]reason.Code{"a": reason.CodeSouthboundUntrusted},
		},
		{
			name: "the target of a live migration is never plugged", devs: []testcard.Netdev{vf0},
			view: plantest.Trusted(plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept)),
		},
		{
			name: "the target of a live migration keeps what it has, whatever the options name", devs: []testcard.Netdev{vf0, vf1},
			view: plantest.Trusted(plantest.Classified(plantest.Asks("a", 0, 1), southbound.Kept)), rows: []ovs.Interface{row0},
			state: map[string]State{"a": Held},
		},
		{
			name: "another VF asked for is one transaction", devs: []testcard.Netdev{vf0, vf1}, view: plantest.Trusted(plantest.Asks("a", 0, 1)),
			truth: []southbound.Binding{plantest.Asks("a", 0, 1)}, rows: []ovs.Interface{row0},
			want: []string{"-pf0vf0 +pf0vf1=a"},
		},
		{
			name: "another VF asked for that isn't there takes the old one out at once", devs: []testcard.Netdev{vf0},
			view:  plantest.Trusted(plantest.Asks("a", 0, 1)),
			truth: []southbound.Binding{plantest.Asks("a", 0, 1)}, rows: []ovs.Interface{row0},
			want: []string{"-pf0vf0"}, state: map[string]State{"a": Pending},
			code: map[string]reason.Code{"a": reason.CodeFunctionNotFound},
		},
		{
			name: "a request that became invalid names no other function, and what is plugged stays", devs: []testcard.Netdev{vf0},
			view:  plantest.Trusted(plantest.Invalid("a")),
			truth: []southbound.Binding{plantest.Invalid("a")}, rows: []ovs.Interface{row0}, state: map[string]State{"a": Invalid},
		},
		{
			name: "until another request takes the function", devs: []testcard.Netdev{vf0},
			view:  plantest.Trusted(plantest.Invalid("a"), plantest.Asks("b", 0, 0)),
			truth: []southbound.Binding{plantest.Invalid("a"), plantest.Asks("b", 0, 0)},
			rows:  []ovs.Interface{row0}, want: []string{"-pf0vf0 +pf0vf0=b"},
			state: map[string]State{"a": Invalid},
		},
		{
			name: "two ports that exchange functions do so in one transaction", devs: []testcard.Netdev{vf0, vf1},
			view:  plantest.Trusted(plantest.Asks("a", 0, 1), plantest.Asks("b", 0, 0)),
			truth: []southbound.Binding{plantest.Asks("a", 0, 1), plantest.Asks("b", 0, 0)},
			rows:  []ovs.Interface{row0, row1},
			want:  []string{"-pf0vf0 -pf0vf1 +pf0vf1=a +pf0vf0=b"},
		},
	})
}
