package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

func TestSouthbound_ThatIsAwayWhenTheDaemonStartsChangesNoRow(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(3))
	cl := newCloud(t, h)
	c, stop := startStoppable(t, h, f, h.flags()...)
	w := plugged(t, h, cl, c, 3)
	stop()
	cl.Kill()
	c = startService(t, f, h.flags()...)
	w.c = c
	w.before = await(t, c, "the rows are kept", func(s api.Status) bool {
		return s.Ports[plan.Held] == 3 && !s.Southbound.Connected && s.Southbound.Problem != "" && !s.Southbound.Since.IsZero()
	})
	w.wantUntouched(t)
	cl.Restart()
	await(t, c, "the ports are plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 3 })
	w.wantUntouched(t)
}

// A database that is being filled shows, step by step, what looks like ports that are
// gone.
func TestSouthbound_ThatIsFilledStepByStepTakesNoRow(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(2))
	cl := newCloud(t, h)
	c := startService(t, f, h.flags("--mass-unplug-hold=1h")...)
	w := plugged(t, h, cl, c, 2)
	cl.Wipe()
	await(t, c, "it is said that nobody has written to it",
		func(s api.Status) bool { return s.Southbound.Connected && !s.Southbound.Complete })
	w.wantUntouched(t)
	cl.sbctl(t, "init")
	awaitPort(t, c, "vm0", plan.Held, reason.CodeRequestUnverified)
	w.wantUntouched(t)
	cl.sbctl(t, "chassis-add", "dpu1", "geneve", "127.0.0.1")
	cl.chassis = cl.sbctl(t, "--bare", "--columns=_uuid", "list", "Chassis", "dpu1")
	awaitPort(t, c, "vm0", plan.Held, reason.CodeSouthboundReplaced)
	w.wantUntouched(t)
	cl.ask(t, "vm0", 0)
	awaitPort(t, c, "vm0", plan.Plugged, "")
	awaitPort(t, c, "vm1", plan.Held, reason.CodeSouthboundReplaced)
	w.wantUntouched(t)
}

// The Southbound of OVN 22.03 had less, and is converted when OVN is updated.
func TestSouthbound_ThatIsConvertedToAnotherSchemaChangesNoRow(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(servers.SchemaOVNSouthbound)
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	delete(schema, "cksum")
	tables, _ := schema["tables"].(map[string]any)
	bindings, _ := tables["Port_Binding"].(map[string]any)
	columns, _ := bindings["columns"].(map[string]any)
	for _, lately := range []string{"requested_additional_chassis", "additional_chassis", "additional_encap",
		"port_security", "mirror_rules"} {
		if columns[lately] == nil {
			t.Fatalf("the schema has no column %s of Port_Binding", lately)
		}
		delete(columns, lately)
	}
	if b, err = json.Marshal(schema); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(t.TempDir(), "old.ovsschema")
	if err := os.WriteFile(old, b, 0o600); err != nil {
		t.Fatal(err)
	}

	h, f := newJudgedHost(t, cardWith(2))
	cl := newCloudOn(t, h, servers.NewOVSDB(t, "sb", old))
	c := startService(t, f, h.flags()...)
	w := plugged(t, h, cl, c, 2)
	since := w.before.Southbound.Since
	cl.Tool(t, "ovsdb-client", "convert", cl.Endpoint, servers.SchemaOVNSouthbound)
	await(t, c, "the converted database is followed", func(s api.Status) bool {
		return s.Southbound.Since.After(since) && s.Southbound.Complete && s.Southbound.Connected && s.Ports[plan.Plugged] == 2
	})
	w.wantUntouched(t)
}
