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

// planCase is a plan and what it is made from: the card, the Southbound's view, and the bridge.
type planCase struct {
	name  string
	devs  []testcard.Netdev
	view  southbound.View
	truth []southbound.Binding // what the Southbound answers when asked
	rows  []ovs.Interface
	hold  Hold
	adopt bool
	want  []string // as did tells it
	state map[string]State
	code  map[string]reason.Code
	// reopen are the ports whose rows must stay away for a moment.
	reopen []string
}

// checkPlans makes each of these plans.
func checkPlans(t *testing.T, cases []planCase) {
	t.Helper()
	for _, tt := range cases {
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

// gone is what the Southbound says of a port that it doesn't have.
func gone(lport string) southbound.Binding {
	return southbound.Binding{LogicalPort: lport, Disposition: southbound.Gone}
}

// lost is a view of a Southbound that can't be reached any more.
func lost(v southbound.View) southbound.View {
	v.Connected, v.Problem = false, "no answer"
	return v
}

// noChassis is a view of a Southbound that lacks our Chassis row.
func noChassis(v southbound.View) southbound.View {
	v.ChassisKnown = false
	return v
}

// but is a row with a difference.
func but(r ovs.Interface, differs func(*ovs.Interface)) ovs.Interface {
	differs(&r)
	return r
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
