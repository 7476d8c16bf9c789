package agent

import (
	"strings"
	"testing"

	"github.com/representord/representord/config"
	"github.com/representord/representord/test/servers"
)

func TestASnapshotOfTheBridgeThatWasIsNotActedOn(t *testing.T) {
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

func TestASnapshotForTheChassisThatWeWereIsNotActedOn(t *testing.T) {
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
