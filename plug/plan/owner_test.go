package plan

import (
	"testing"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func TestOwner_OfSeveralPortsForOneFunctionOneHasIt(t *testing.T) {
	vf0 := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}
	row0 := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	checkPlans(t, []planCase{
		{
			name: "of two ports asking for one function the smaller name gets it",
			view: plantest.Trusted(plantest.Asks("b", 0, 0), plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			want: []string{"+pf0vf0=a"}, state: map[string]State{"a": Pending, "b": Conflict},
			code: map[string]reason.Code{"b": reason.CodeFunctionTaken},
		},
		{
			name: "of two ports asking for one function the plugged one keeps it",
			view: plantest.Trusted(plantest.Asks("b", 0, 0), plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows: []ovs.Interface{plantest.OurRow("b", "pf0vf0", 0, 0, 10)}, state: map[string]State{"a": Conflict, "b": Plugged},
		},
		{
			name: "the other takes over in one transaction when the first goes", view: plantest.Trusted(plantest.Asks("b", 0, 0)),
			truth: []southbound.Binding{gone("a")},
			devs:  []testcard.Netdev{vf0}, rows: []ovs.Interface{row0},
			want: []string{"-pf0vf0 +pf0vf0=b"},
		},
		{
			name: "a held row owns nothing: a valid request for its function takes over",
			view: plantest.Trusted(plantest.Asks("b", 0, 0), plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept)),
			devs: []testcard.Netdev{vf0},
			rows: []ovs.Interface{row0},
			want: []string{"-pf0vf0 +pf0vf0=b"},
		},
	})
}
