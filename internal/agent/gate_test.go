package agent

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/test/servers"
)

func TestGate_MasksWhatIsAboutSomebodyElseAndNothingElse(t *testing.T) {
	for name, tt := range map[string]struct{ v, want ovs.View }{
		"the wanted bridge": {ovs.View{Complete: true, Bridge: "br-int"}, ovs.View{Complete: true, Bridge: "br-int"}},
		"another bridge": {ovs.View{Complete: true, Bridge: "br-old"}, ovs.View{Bridge: "br-old",
			Problem: `the integration bridge is "br-int" now, and was "br-old" a moment ago`}},
		"none yet": {ovs.View{Complete: true},
			ovs.View{Problem: `the integration bridge is "br-int" now, and was "" a moment ago`}},
		"not whole, which stays its problem": {ovs.View{Bridge: "br-old", Problem: "it hangs"},
			ovs.View{Bridge: "br-old", Problem: "it hangs"}},
	} {
		if diff := cmp.Diff(tt.want, ofBridge(tt.v, "br-int")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, tt := range map[string]struct{ v, want southbound.View }{
		"the wanted chassis": {southbound.View{Complete: true, Connected: true, Chassis: "dpu1"},
			southbound.View{Complete: true, Connected: true, Chassis: "dpu1"}},
		"another chassis": {southbound.View{Complete: true, Connected: true, Chassis: "dpu2"},
			southbound.View{Chassis: "dpu2", Problem: `we are chassis "dpu1" now, and were "dpu2" a moment ago`}},
		"another chassis, and away": {southbound.View{Complete: true, Chassis: "dpu2", Problem: "it hangs"},
			southbound.View{Chassis: "dpu2", Problem: `we are chassis "dpu1" now, and were "dpu2" a moment ago`}},
		"not whole, which stays its problem": {southbound.View{Connected: true, Chassis: "dpu2", Problem: "it hangs"},
			southbound.View{Connected: true, Chassis: "dpu2", Problem: "it hangs"}},
	} {
		if diff := cmp.Diff(tt.want, ofChassis(tt.v, "dpu1")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestGate_ASnapshotOfTheBridgeThatWasIsNotActedOn(t *testing.T) {
	t.Parallel()
	h, a := newHost(t)
	watch(t, a)
	gate := localGate{a.Local, a}
	a.Become(config.Identity{Bridge: "br-int"})
	servers.Until(t, "the view is complete", func() bool { return gate.View().Complete })
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-bridge=br-new")
	servers.Until(t, "the view isn't complete any more", func() bool { return !gate.View().Complete })
	if v := gate.View(); !strings.Contains(v.Problem, `"br-new"`) || !a.Local.View().Complete {
		t.Errorf("problem %q", v.Problem)
	}
	a.Become(config.Identity{Bridge: "br-new"})
	servers.Until(t, "the view is complete again", func() bool { return gate.View().Complete })
}

func TestGate_ASnapshotForTheChassisThatWeWereIsNotActedOn(t *testing.T) {
	t.Parallel()
	h, a := newHost(t)
	c := newCloud(t)
	watch(t, a)
	gate := southboundGate{a.Southbound, a}
	as := func(chassis string) {
		a.Configure(config.Identity{Chassis: chassis, Remotes: []string{c.Endpoint}}, a.Local.View().SSL)
	}
	as("dpu1")
	servers.Until(t, "the view is complete", func() bool { v := gate.View(); return v.Complete && v.Connected && a.Local.View().Complete })
	h.Ctl(t, "set", "open", ".", "external_ids:system-id=dpu2")
	servers.Until(t, "the view isn't complete any more", func() bool { v := gate.View(); return !v.Complete && !v.Connected })
	if v := gate.View(); !strings.Contains(v.Problem, `"dpu2"`) || !a.Southbound.View().Complete {
		t.Errorf("problem %q", v.Problem)
	}
	as("dpu2")
	servers.Until(t, "the view is complete again", func() bool { v := gate.View(); return v.Complete && v.Connected })
}
