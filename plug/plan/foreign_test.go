package plan

import (
	"testing"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func TestForeign_RowsOfOthersAreLeftAlone(t *testing.T) {
	vf0 := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}
	vf1 := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
	row0 := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	row1 := plantest.OurRow("b", "pf0vf1", 0, 1, 11)
	checkPlans(t, []planCase{
		{
			name: "a foreign row of that name is left alone", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows:  []ovs.Interface{plantest.ForeignRow("pf0vf0", "")},
			state: map[string]State{"a": Conflict}, code: map[string]reason.Code{"a": reason.CodeForeignName},
		},
		{
			name: "a row on another bridge is not ours to judge, whatever its marker", view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			devs:  []testcard.Netdev{vf0},
			rows:  []ovs.Interface{but(row0, func(r *ovs.Interface) { r.Bridge = "br-ex" })},
			state: map[string]State{"a": Conflict}, code: map[string]reason.Code{"a": reason.CodeForeignName},
		},
		{
			name: "a foreign row with that iface-id is left alone", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows:  []ovs.Interface{plantest.ForeignRow("tap0", "a")},
			state: map[string]State{"a": Conflict}, code: map[string]reason.Code{"a": reason.CodeForeignIfaceID},
		},
		{
			name: "a row of the built-in provider is a conflict", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows:  []ovs.Interface{but(plantest.ForeignRow("pf0vf0", "a"), func(r *ovs.Interface) { r.OVNPlugged = "representor" })},
			state: map[string]State{"a": Conflict}, code: map[string]reason.Code{"a": reason.CodeBuiltInProvider},
		},
		{
			name: "a row of the built-in provider is adopted in place when allowed", view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			devs: []testcard.Netdev{vf0}, adopt: true,
			rows: []ovs.Interface{but(plantest.ForeignRow("pf0vf0", "a"), func(r *ovs.Interface) { r.OVNPlugged = "representor" })},
			want: []string{"~pf0vf0"},
		},
		{
			name: "a row of ours that the built-in provider took is adopted in place when allowed", view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			devs: []testcard.Netdev{vf0}, adopt: true,
			rows: []ovs.Interface{but(row0, func(r *ovs.Interface) { r.OVNPlugged = "representor" })},
			want: []string{"~pf0vf0"},
		},
		{
			name: "a row of ours for another port that the built-in provider took is not adopted", view: plantest.Trusted(plantest.Asks("b", 0, 0)),
			devs: []testcard.Netdev{vf0}, adopt: true,
			rows:  []ovs.Interface{but(row0, func(r *ovs.Interface) { r.OVNPlugged, r.IfaceID = "representor", "b" })},
			state: map[string]State{"a": Conflict, "b": Conflict},
		},
		{
			name:  "a row of ours that the built-in provider took is told of though nobody asks for it",
			view:  plantest.Trusted(plantest.Asks("b", 0, 1)),
			devs:  []testcard.Netdev{vf0, vf1},
			rows:  []ovs.Interface{but(row0, func(r *ovs.Interface) { r.OVNPlugged = "representor" }), row1},
			state: map[string]State{"a": Conflict, "b": Plugged}, code: map[string]reason.Code{"a": reason.CodeBuiltInProvider},
		},
	})
}
