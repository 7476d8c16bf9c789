package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

// did is a plan in short: which rows go, which netdevs are plugged for whom, and
// which rows are edited, change by change.
func did(d Decision) []string {
	var out []string
	for _, c := range d.Changes {
		s := ""
		for _, u := range c.Unplug {
			s += "-" + u.Interface.Name + " "
		}
		for _, p := range c.Plug {
			s += "+" + p.Netdev + "=" + p.IfaceID + " "
		}
		for _, e := range c.Edit {
			s += "~" + e.Interface.Name + " "
		}
		out = append(out, s[:len(s)-1])
	}
	return out
}

func TestPlan(t *testing.T) {
	vf0 := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}
	vf1 := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
	renamed := testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}
	row0 := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	row1 := plantest.OurRow("b", "pf0vf1", 0, 1, 11)
	gone := func(l string) southbound.Binding {
		return southbound.Binding{LogicalPort: l, Disposition: southbound.Gone}
	}
	lost := func(v southbound.View) southbound.View { v.Connected = false; v.Problem = "no answer"; return v }
	noChassis := func(v southbound.View) southbound.View { v.ChassisKnown = false; return v }
	with := func(r ovs.Interface, f func(*ovs.Interface)) ovs.Interface { f(&r); return r }

	for _, tt := range []struct {
		name  string
		devs  []testcard.Netdev
		view  southbound.View
		truth []southbound.Binding // what the Southbound answers when asked
		rows  []ovs.Interface
		hold  Hold
		adopt bool
		want  []string
		state map[string]State
		code  map[string]reason.Code
		// reopen are the ports whose rows must stay away for a moment.
		reopen []string
	}{
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
			name: "without our Chassis row, a marker that somebody edited doesn't unplug what the request means", devs: []testcard.Netdev{vf0},
			view:  noChassis(plantest.Trusted(plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept))),
			truth: []southbound.Binding{plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept)},
			rows:  []ovs.Interface{with(row0, func(r *ovs.Interface) { r.Marker.Request = "edited" })},
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
			name: "an edited row whose netdev now has a name that somebody else's row has is put back", devs: []testcard.Netdev{renamed},
			view: plantest.Trusted(plantest.Asks("a", 0, 0)), rows: []ovs.Interface{with(row0,
				func(r *ovs.Interface) { r.IfaceID, r.Ofport, r.IfIndex = "other", -1, 0 }), plantest.ForeignRow(renamed.Name, "")},
			want: []string{"~pf0vf0"}, state: map[string]State{"a": Conflict}, code: map[string]reason.Code{"a": reason.CodeForeignName},
		},
		{
			name: "without our Chassis row the options of another host's request take nothing back", devs: []testcard.Netdev{vf0},
			view:  noChassis(plantest.Trusted(additional(plantest.Asks("a", 0, 1)))),
			truth: []southbound.Binding{additional(plantest.Asks("a", 0, 1))},
			rows:  []ovs.Interface{row0},
			state: map[string]State{"a": Held}, code: map[string]reason.Code{"a": reason.CodeChassisMissing},
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
			rows: []ovs.Interface{with(row0, func(r *ovs.Interface) { r.IfIndex = 11 })}, devs: []testcard.Netdev{vf0, vf1},
			want: []string{"-pf0vf0"}, state: map[string]State{"a": Pending}, code: map[string]reason.Code{"a": reason.CodeStaleInterface},
			reopen: []string{"pf0vf0"},
		},
		{
			name: "a row whose ifindex is no more is waited for", view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			rows: []ovs.Interface{with(row0, func(r *ovs.Interface) { r.IfIndex = 9 })}, devs: []testcard.Netdev{vf0},
			state: map[string]State{"a": Pending}, code: map[string]reason.Code{"a": reason.CodeStaleInterface},
		},
		{
			name: "a row under which another function's netdev is open is unplugged while its own function has no netdev",
			view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			rows: []ovs.Interface{with(row0, func(r *ovs.Interface) { r.IfIndex = 11 })}, devs: []testcard.Netdev{{PF: 0, VF: 0}, vf1},
			want: []string{"-pf0vf0"}, state: map[string]State{"a": Pending}, reopen: []string{"pf0vf0"},
		},
		{
			name: "a row under which another function's netdev is open is unplugged while its own function has no port",
			view: lost(plantest.Trusted()),
			rows: []ovs.Interface{with(row0, func(r *ovs.Interface) { r.IfIndex = 11 })}, devs: []testcard.Netdev{vf1},
			want: []string{"-pf0vf0"}, reopen: []string{"pf0vf0"},
		},
		{
			name: "a row under which another function's netdev is open is unplugged while its own netdev has another name",
			view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			rows: []ovs.Interface{with(row0, func(r *ovs.Interface) { r.IfIndex = 11 })}, devs: []testcard.Netdev{renamed, vf1},
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
			name: "a foreign row of that name is left alone", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows:  []ovs.Interface{plantest.ForeignRow("pf0vf0", "")},
			state: map[string]State{"a": Conflict}, code: map[string]reason.Code{"a": reason.CodeForeignName},
		},
		{
			name: "a row on another bridge is not ours to judge, whatever its marker", view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			devs:  []testcard.Netdev{vf0},
			rows:  []ovs.Interface{with(row0, func(r *ovs.Interface) { r.Bridge = "br-ex" })},
			state: map[string]State{"a": Conflict}, code: map[string]reason.Code{"a": reason.CodeForeignName},
		},
		{
			name: "a foreign row with that iface-id is left alone", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows:  []ovs.Interface{plantest.ForeignRow("tap0", "a")},
			state: map[string]State{"a": Conflict}, code: map[string]reason.Code{"a": reason.CodeForeignIfaceID},
		},
		{
			name: "a row of the built-in provider is a conflict", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows:  []ovs.Interface{with(plantest.ForeignRow("pf0vf0", "a"), func(r *ovs.Interface) { r.OVNPlugged = "representor" })},
			state: map[string]State{"a": Conflict}, code: map[string]reason.Code{"a": reason.CodeBuiltInProvider},
		},
		{
			name: "a row of the built-in provider is adopted in place when allowed", view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			devs: []testcard.Netdev{vf0}, adopt: true,
			rows: []ovs.Interface{with(plantest.ForeignRow("pf0vf0", "a"), func(r *ovs.Interface) { r.OVNPlugged = "representor" })},
			want: []string{"~pf0vf0"},
		},
		{
			name: "a row of ours that the built-in provider took is adopted in place when allowed", view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			devs: []testcard.Netdev{vf0}, adopt: true,
			rows: []ovs.Interface{with(row0, func(r *ovs.Interface) { r.OVNPlugged = "representor" })},
			want: []string{"~pf0vf0"},
		},
		{
			name: "a row of ours for another port that the built-in provider took is not adopted", view: plantest.Trusted(plantest.Asks("b", 0, 0)),
			devs: []testcard.Netdev{vf0}, adopt: true,
			rows:  []ovs.Interface{with(row0, func(r *ovs.Interface) { r.OVNPlugged, r.IfaceID = "representor", "b" })},
			state: map[string]State{"a": Conflict, "b": Conflict},
		},
		{
			name:  "a row of ours that the built-in provider took is told of though nobody asks for it",
			view:  plantest.Trusted(plantest.Asks("b", 0, 1)),
			devs:  []testcard.Netdev{vf0, vf1},
			rows:  []ovs.Interface{with(row0, func(r *ovs.Interface) { r.OVNPlugged = "representor" }), row1},
			state: map[string]State{"a": Conflict, "b": Plugged}, code: map[string]reason.Code{"a": reason.CodeBuiltInProvider},
		},
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
		{
			name: "an edited iface-id is put back", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows: []ovs.Interface{with(row0, func(r *ovs.Interface) { r.IfaceID = "evil" })}, want: []string{"~pf0vf0"},
		},
		{
			name: "a lost marker key is put back", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows: []ovs.Interface{with(row0, func(r *ovs.Interface) { r.Marker.Function = "" })}, want: []string{"~pf0vf0"},
		},
		{
			name: "an edited MTU is put back", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows: []ovs.Interface{with(row0, func(r *ovs.Interface) { r.MTURequest = 9000 })}, want: []string{"~pf0vf0"},
		},
		{
			name: "an edited type is put back", view: plantest.Trusted(plantest.Asks("a", 0, 0)), devs: []testcard.Netdev{vf0},
			rows: []ovs.Interface{with(row0, func(r *ovs.Interface) { r.Type, r.Ofport, r.IfIndex = "internal", -1, 0 })}, want: []string{"~pf0vf0"},
		},
		{
			name: "a netdev that udev still works on is waited for", view: plantest.Trusted(plantest.Asks("a", 0, 0)),
			devs:  []testcard.Netdev{{PF: 0, VF: 0, Name: "eth0", IfIndex: 10, Unready: true}},
			state: map[string]State{"a": Pending}, code: map[string]reason.Code{"a": reason.CodeNetdevSettling},
		},
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
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Asked: tt.view, Index: testcard.Index(tt.devs...), Actual: plantest.BridgeWith(tt.rows...), Hold: tt.hold,
				Settings: Settings{AdoptOVNVIF: tt.adopt}}
			d := planWith(in, tt.truth...)
			if diff := cmp.Diff(tt.want, did(d)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.reopen, d.Reopen); diff != "" {
				t.Errorf("to be opened afresh (-want +got):\n%s", diff)
			}
			for lport, want := range tt.state {
				if s := statusOf(t, d, lport); s.State != want {
					t.Errorf("%s is %s (%v), want %s", lport, s.State, s.Reason, want)
				}
			}
			for lport, want := range tt.code {
				if s := statusOf(t, d, lport); reason.CodeOf(s.Reason) != want {
					t.Errorf("%s is so for %v, want code %s", lport, s.Reason, want)
				}
			}
		})
	}
}

func TestPlan_PlugsNothingWithoutASwitch(t *testing.T) {
	vf0 := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}
	for _, tt := range []struct {
		name string
		edit func(*ovs.View)
		code reason.Code
	}{
		{"no local database", func(v *ovs.View) { v.Complete = false }, reason.CodeLocalDatabase},
		{"no bridge", func(v *ovs.View) { v.BridgeUUID = "" }, reason.CodeBridgeMissing},
		{"userspace datapath", func(v *ovs.View) { v.DatapathType = "netdev" }, reason.CodeUnsupportedDatapath},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := plantest.BridgeWith()
			tt.edit(&v)
			d := planWith(Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: testcard.Index(vf0), Actual: v})
			if len(d.Changes) != 0 {
				t.Errorf("planned %v", did(d))
			}
			if s := statusOf(t, d, "a"); s.State != Pending || reason.CodeOf(s.Reason) != tt.code {
				t.Errorf("state %s for %v, want pending for %s", s.State, s.Reason, tt.code)
			}
		})
	}
}

func TestPlan_SetsTheLinkOfAPluggedRepresentorUp(t *testing.T) {
	d := planWith(Input{
		Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Actual: plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10)),
		Index: testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10, Down: true}),
	})
	want := []LinkUp{{LogicalPort: "a", Netdev: "pf0vf0", IfIndex: 10}}
	if diff := cmp.Diff(want, d.LinkUps); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
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
