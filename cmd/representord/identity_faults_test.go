package main

import (
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

// Whoever changes who we are, by mistake or for a moment, takes no port with it.
func TestIdentity_AnotherNameOrAnotherSouthboundTakesNoRow(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(2))
	cl := newCloud(t, h)
	c := startService(t, f, h.flags("--mass-unplug-hold=1h")...)
	w := plugged(t, h, cl, c, 2)
	well := func() {
		t.Helper()
		await(t, c, "the ports are plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 2 && len(s.Holds) == 0 })
		w.wantUntouched(t)
	}
	h.Ctl(t, "set", "open", ".", "external_ids:system-id=nobody")
	await(t, c, "the other name is followed", func(s api.Status) bool { return s.Chassis == "nobody" && s.Ports[plan.Held] == 2 })
	awaitPort(t, c, "vm0", plan.Held, reason.CodeChassisMissing)
	w.wantUntouched(t)
	h.Ctl(t, "set", "open", ".", "external_ids:system-id=dpu1")
	well()

	h.Ctl(t, "remove", "open", ".", "external_ids", "system-id")
	await(t, c, "it is said what is missing", func(s api.Status) bool { return len(s.Problems) > 0 })
	w.wantUntouched(t)
	h.Ctl(t, "set", "open", ".", "external_ids:system-id=dpu1")
	well()

	h.Ctl(t, "set", "open", ".", "external_ids:hostname=renamed.example.com")
	await(t, c, "the other host name is followed", func(s api.Status) bool { return s.Hostname == "renamed.example.com" })
	well()

	newCloud(t, h) // ovn-remote is that of another cloud, which asks for nothing
	await(t, c, "its being another is noticed", func(s api.Status) bool {
		return len(s.Holds) == 1 && s.Holds[0].Code == reason.CodeSouthboundReplaced && len(s.Holds[0].Ports) == 2
	})
	w.wantUntouched(t)
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-remote="+cl.Endpoint)
	well()
}
