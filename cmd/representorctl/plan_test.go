package main

import (
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/explain/scenes"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
)

// That a machine keeps its network is what is looked for first.
func TestPlan_WhatIsPluggedAndStaysIsNeverCutFromAReason(t *testing.T) {
	told := 0
	for _, s := range scenes.All() {
		f := s.World.Facts(t)
		socket := daemonWith(t, f, api.Server{})
		for _, p := range f.Report.Ports {
			if p.Reason == nil || !strings.Contains(p.Reason.Message, "what is plugged stays") {
				continue
			}
			told++
			for _, command := range []string{"ports", "plan"} {
				out := strings.Join(strings.Fields(run1(t, socket, "", nil, command).stdout), " ")
				if !strings.Contains(out, "what is plugged stays") {
					t.Errorf("%s: %s cuts it from %q:\n%s", s.Name, command, p.Reason.Message, out)
				}
			}
		}
	}
	if told == 0 {
		t.Error("no scene has such a reason")
	}
}

// A row that is only held, or whose request can't be followed any more, carries all that
// the machine sends.
func TestPlan_APortWhoseRowIsThereIsNotCalledUnplugged(t *testing.T) {
	for _, state := range []plan.State{plan.Held, plan.Invalid, plan.Conflict} {
		f := scenes.Plugged().Facts(t)
		f.Report.Ports[0].State, f.Report.Ports[0].Reason = state, &reason.Reason{Code: reason.CodeMassUnplug, Message: "because"}
		socket := daemonWith(t, f, api.Server{})
		if out := run1(t, socket, "", nil, "plan"); strings.Contains(out.stdout, "not plugged") ||
			!strings.Contains(out.stdout, "\n1 port still on the bridge:\n  vm1 "+string(state)+"\n") {
			t.Errorf("plan says\n%s", out)
		}
		if out := run1(t, socket, "", nil, "ports"); !strings.Contains(out.stdout, "\n    it is still on the bridge\n") {
			t.Errorf("ports says\n%s", out)
		}
		if out := run1(t, socket, "", nil, "ports", "vm1"); !strings.Contains(out.stdout, "\non bridge   yes\n") {
			t.Errorf("ports vm1 says\n%s", out)
		}
	}
	f := scenes.With(scenes.Asks("vm1", "vif-plug:representor:vf-num", "7")).Facts(t)
	socket := daemonWith(t, f, api.Server{})
	if out := run1(t, socket, "", nil, "plan"); !strings.Contains(out.stdout, "\n1 port not plugged:\n") ||
		strings.Contains(out.stdout, "still on the bridge") {
		t.Errorf("plan says\n%s", out)
	}
}

func TestPlan_ShowsWhatIsStillToBeChangedAndWhy(t *testing.T) {
	refused := scenes.With(scenes.Asks("vm1"), scenes.Asks("vm2", "vif-plug:representor:vf-num", "9"))
	refused.DryRun = true
	golden(t, "plan", run1(t, daemon(t, refused.Facts(t)), "", nil, "plan").String())
	golden(t, "plan-json", run1(t, daemon(t, refused.Facts(t)), "", nil, "plan", "-j").String())
	golden(t, "plan-nothing", run1(t, daemon(t, scenes.Plugged().Facts(t)), "", nil, "plan").String())
	held := scenes.Plugged().Facts(t)
	held.Report.Holds = []plug.Holding{{Code: reason.CodeMassUnplug, Until: noon().Add(time.Minute), Ports: []string{"a", "b"}}}
	held.Report.Due = []ovs.Change{{LogicalPorts: []string{"vm1"}, Why: "its row differs from what is asked",
		Edit: []ovs.Edit{{Interface: scenes.Row("vm1", "pf0vf0", 0), Set: map[string]string{"iface-id": "vm1"}}}}}
	golden(t, "plan-held", run1(t, daemon(t, held), "", nil, "plan").String())
	golden(t, "plan-no-daemon", run1(t, absent(t), "", nil, "plan").String())
}

func TestReconcile_AsksForAPass(t *testing.T) {
	var asked atomic.Int32
	acts := api.Server{Poke: func() { asked.Add(1) }}
	golden(t, "reconcile", run1(t, daemonWith(t, facts(), acts), "", nil, "reconcile").String())
	if asked.Load() != 1 {
		t.Errorf("%d passes were asked for", asked.Load())
	}
	standby := facts()
	standby.Role, standby.RoleReason = api.Standby, "another representord has this bridge"
	if out := run1(t, daemonWith(t, standby, acts), "", nil, "reconcile"); out.status != exitUnknown || asked.Load() != 1 {
		t.Errorf("%s", out)
	}
}

func TestLogLevel_IsShownAndSet(t *testing.T) {
	level := &slog.LevelVar{}
	socket := daemonWith(t, facts(), api.Server{Level: level})
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
