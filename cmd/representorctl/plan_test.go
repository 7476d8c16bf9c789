package main

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/representord/representord/control"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/representor"
)

func TestPlanShowsWhatIsStillToBeChangedAndWhy(t *testing.T) {
	refused := worldWith(asks("vm1"), asks("vm2", "vif-plug:representor:vf-num", "9")).but(func(w *world) { w.dryRun = true })
	golden(t, "plan", run1(t, daemon(t, refused.facts(t)), "", nil, "plan").String())
	golden(t, "plan-json", run1(t, daemon(t, refused.facts(t)), "", nil, "plan", "-j").String())
	golden(t, "plan-nothing", run1(t, daemon(t, plugged().facts(t)), "", nil, "plan").String())
	held := plugged().facts(t)
	held.Report.Holds = []plug.Holding{{Code: representor.CodeMassUnplug, Until: noon().Add(time.Minute), Ports: []string{"a", "b"}}}
	held.Report.Due = []ovs.Change{{LogicalPorts: []string{"vm1"}, Why: "its row differs from what is asked", Edit: []ovs.Edit{{Interface: rowOf("vm1", "pf0vf0", 0), Set: map[string]string{"iface-id": "vm1"}}}}}
	golden(t, "plan-held", run1(t, daemon(t, held), "", nil, "plan").String())
	golden(t, "plan-no-daemon", run1(t, absent(t), "", nil, "plan").String())
}

func TestReconcileAsksForAPass(t *testing.T) {
	var asked atomic.Int32
	acts := control.Acts{Poke: func() { asked.Add(1) }}
	golden(t, "reconcile", run1(t, daemonWith(t, facts(), acts), "", nil, "reconcile").String())
	if asked.Load() != 1 {
		t.Errorf("%d passes were asked for", asked.Load())
	}
	standby := facts()
	standby.Role, standby.RoleReason = control.Standby, "another representord has this bridge"
	if out := run1(t, daemonWith(t, standby, acts), "", nil, "reconcile"); out.status != exitUnknown || asked.Load() != 1 {
		t.Errorf("%s", out)
	}
}

func TestTheLogLevelIsShownAndSet(t *testing.T) {
	level := &slog.LevelVar{}
	socket := daemonWith(t, facts(), control.Acts{Level: level})
	for _, tt := range []struct {
		args   []string
		stdout string
		status int
	}{
		{[]string{"log-level"}, "info\n", exitOK},
		{[]string{"log-level", "debug"}, "debug\n", exitOK},
		{[]string{"log-level"}, "debug\n", exitOK},
		{[]string{"log-level", "loud"}, "", exitUsage},
		{[]string{"log-level", "error", "-j"}, "{\n  \"level\": \"error\"\n}\n", exitOK},
	} {
		if out := run1(t, socket, "", nil, tt.args...); out.stdout != tt.stdout || out.status != tt.status {
			t.Errorf("%v: %s", tt.args, out)
		}
	}
	if level.Level() != slog.LevelError {
		t.Errorf("the level is %s", level)
	}
}
