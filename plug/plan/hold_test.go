package plan

import (
	"testing"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func TestHold_OfOneRemovalIsItsGraceOrThatOfAnotherSouthbound(t *testing.T) {
	vf0 := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}
	vf1 := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
	row0 := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	row1 := plantest.OurRow("b", "pf0vf1", 0, 1, 11)
	checkPlans(t, []planCase{
		{
			name: "one port of many that goes waits for its grace", devs: []testcard.Netdev{vf0, vf1},
			view:  plantest.Trusted(plantest.Asks("b", 0, 1)),
			truth: []southbound.Binding{gone("a")},
			rows:  []ovs.Interface{row0, row1}, hold: Hold{Grace: true},
			state: map[string]State{"a": Held, "b": Plugged}, code: map[string]reason.Code{"a": reason.CodeUnplugGrace},
		},
		{
			name: "and goes when that is over", devs: []testcard.Netdev{vf0, vf1}, view: plantest.Trusted(plantest.Asks("b", 0, 1)),
			truth: []southbound.Binding{gone("a")},
			rows:  []ovs.Interface{row0, row1}, hold: Hold{Grace: true, Graced: map[string]bool{"a": true}}, want: []string{"-pf0vf0"},
		},
		{
			name: "or when another request takes its function", devs: []testcard.Netdev{vf0, vf1},
			view:  plantest.Trusted(plantest.Asks("c", 0, 0), plantest.Asks("b", 0, 1)),
			truth: []southbound.Binding{gone("a")},
			rows:  []ovs.Interface{row0, row1}, hold: Hold{Grace: true}, want: []string{"-pf0vf0 +pf0vf0=c"},
		},
		{
			name: "a port that is bound to another function waits for no grace", devs: []testcard.Netdev{vf0, vf1},
			view:  plantest.Trusted(plantest.Asks("a", 0, 1)),
			truth: []southbound.Binding{plantest.Asks("a", 0, 1)},
			rows:  []ovs.Interface{row0}, hold: Hold{Grace: true}, want: []string{"-pf0vf0 +pf0vf1=a"},
		},
		{
			name: "another Southbound removes not even one", devs: []testcard.Netdev{vf0}, view: plantest.Trusted(), rows: []ovs.Interface{row0},
			hold:  Hold{All: true},
			state: map[string]State{"a": Held}, code: map[string]reason.Code{"a": reason.CodeSouthboundReplaced},
		},
		{
			name: "nor does a row held for it make room for another request", devs: []testcard.Netdev{vf0},
			view: plantest.Trusted(plantest.Asks("b", 0, 0)),
			rows: []ovs.Interface{row0}, hold: Hold{All: true},
			state: map[string]State{"a": Held, "b": Pending}, code: map[string]reason.Code{"b": reason.CodeSouthboundReplaced},
		},
	})
}
