package plan

import (
	"testing"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func TestBrake_MostPortsThatGoOrMoveAtOnceWait(t *testing.T) {
	vf0 := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}
	vf1 := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
	row0 := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	row1 := plantest.OurRow("b", "pf0vf1", 0, 1, 11)
	checkPlans(t, []planCase{
		{
			name: "most of our ports going at once is held", devs: []testcard.Netdev{vf0, vf1}, view: plantest.Trusted(),
			rows:  []ovs.Interface{row0, row1, plantest.OurRow("c", "pf0vf2", 0, 2, 12)},
			state: map[string]State{"a": Held, "b": Held, "c": Held}, code: map[string]reason.Code{"a": reason.CodeMassUnplug},
		},
		{
			name: "two of our ports going at once is everyday", devs: []testcard.Netdev{vf0, vf1}, view: plantest.Trusted(),
			rows: []ovs.Interface{row0, row1},
			want: []string{"-pf0vf0", "-pf0vf1"},
		},
		{
			name: "most of our ports going at once is done when it was waited for", devs: []testcard.Netdev{vf0, vf1}, view: plantest.Trusted(),
			hold: Hold{Waited: map[string]bool{"a": true, "b": true, "c": true}},
			rows: []ovs.Interface{row0, row1, plantest.OurRow("c", "pf0vf2", 0, 2, 12)}, want: []string{"-pf0vf0", "-pf0vf1", "-pf0vf2"},
		},
		{
			name: "one port that has not waited keeps the others, if together they are most of ours", devs: []testcard.Netdev{vf0, vf1},
			view: plantest.Trusted(),
			hold: Hold{Waited: map[string]bool{"a": true, "b": true}}, rows: []ovs.Interface{row0, row1, plantest.OurRow("c", "pf0vf2", 0, 2, 12)},
			state: map[string]State{"a": Held, "b": Held, "c": Held}, code: map[string]reason.Code{"a": reason.CodeMassUnplug},
		},
		{
			name: "all our ports becoming invalid at once changes nothing", devs: []testcard.Netdev{vf0, vf1},
			view:  plantest.Trusted(plantest.Invalid("a"), plantest.Invalid("b"), plantest.Invalid("c")),
			truth: []southbound.Binding{plantest.Invalid("a"), plantest.Invalid("b"), plantest.Invalid("c")},
			rows:  []ovs.Interface{row0, row1, plantest.OurRow("c", "pf0vf2", 0, 2, 12)},
			state: map[string]State{"a": Invalid, "b": Invalid, "c": Invalid}, code: map[string]reason.Code{"a": reason.CodeInvalidOption},
		},
		{
			name: "most of our ports naming functions that aren't there is held", devs: []testcard.Netdev{vf0, vf1},
			view:  plantest.Trusted(plantest.Asks("a", 1, 0), plantest.Asks("b", 1, 1), plantest.Asks("c", 1, 2)),
			truth: []southbound.Binding{plantest.Asks("a", 1, 0), plantest.Asks("b", 1, 1), plantest.Asks("c", 1, 2)},
			rows:  []ovs.Interface{row0, row1, plantest.OurRow("c", "pf0vf2", 0, 2, 12)},
			state: map[string]State{"a": Held, "b": Held, "c": Held}, code: map[string]reason.Code{"a": reason.CodeMassUnplug},
		},
		{
			name: "a row held for its number makes no room for another request", devs: []testcard.Netdev{vf0, vf1},
			view:  plantest.Trusted(plantest.Asks("d", 0, 0)),
			truth: []southbound.Binding{gone("a"), gone("b"), gone("c")},
			rows:  []ovs.Interface{row0, row1, plantest.OurRow("c", "pf0vf2", 0, 2, 12)},
			state: map[string]State{"a": Held, "b": Held, "c": Held, "d": Pending},
			code:  map[string]reason.Code{"d": reason.CodeMassUnplug},
		},
		{
			name:  "all our ports naming other functions that are there at once is held",
			view:  plantest.Trusted(plantest.Asks("a", 0, 1), plantest.Asks("b", 0, 2), plantest.Asks("c", 0, 0)),
			devs:  []testcard.Netdev{vf0, vf1, {PF: 0, VF: 2, Name: "pf0vf2", IfIndex: 12}},
			truth: []southbound.Binding{plantest.Asks("a", 0, 1), plantest.Asks("b", 0, 2), plantest.Asks("c", 0, 0)},
			rows:  []ovs.Interface{row0, row1, plantest.OurRow("c", "pf0vf2", 0, 2, 12)},
			state: map[string]State{"a": Held, "b": Held, "c": Held}, code: map[string]reason.Code{"a": reason.CodeMassUnplug},
		},
		{
			name: "and goes on in one transaction when it has waited", view: plantest.Trusted(plantest.Asks("a", 0, 1), plantest.Asks("b", 0, 2),
				plantest.Asks("c", 0, 0)),
			devs:  []testcard.Netdev{vf0, vf1, {PF: 0, VF: 2, Name: "pf0vf2", IfIndex: 12}},
			hold:  Hold{Waited: map[string]bool{"a": true, "b": true, "c": true}},
			truth: []southbound.Binding{plantest.Asks("a", 0, 1), plantest.Asks("b", 0, 2), plantest.Asks("c", 0, 0)},
			rows:  []ovs.Interface{row0, row1, plantest.OurRow("c", "pf0vf2", 0, 2, 12)},
			want:  []string{"-pf0vf0 -pf0vf1 -pf0vf2 +pf0vf1=a +pf0vf2=b +pf0vf0=c"},
		},
		{
			name: "what went a short time ago counts with what goes now", devs: []testcard.Netdev{vf0, vf1},
			view:  plantest.Trusted(plantest.Asks("b", 0, 1)),
			truth: []southbound.Binding{gone("a")},
			rows:  []ovs.Interface{row0, row1}, hold: Hold{Lately: map[string]bool{"c": true, "d": true}},
			state: map[string]State{"a": Held, "b": Plugged}, code: map[string]reason.Code{"a": reason.CodeMassUnplug},
		},
	})
}
