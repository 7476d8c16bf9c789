package main

import (
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/test/servers"
)

// awaitCompanion waits until the daemon says of a companion that it is so.
func awaitCompanion(t *testing.T, c *api.Client, name string, state companion.State) api.Status {
	t.Helper()
	return await(t, c, name+" is seen as "+string(state), func(s api.Status) bool {
		return slices.ContainsFunc(s.Companions, func(c companion.Sight) bool { return c.Name == name && c.State == state })
	})
}

func TestCompanion_ThatIsDeadIsToldAndHoldsUpNoPass(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	vswitchd, controller := servers.VSwitchd(t, h.OVSDB), servers.Controller(t, h.OVSDB, newCloud(t, h).Endpoint)
	c := startService(t, newFakeCard(cardWith(1)), h.flags()...)
	awaitCompanion(t, c, companion.VSwitchd, companion.Answers)
	awaitCompanion(t, c, companion.Controller, companion.Answers)
	controller.Kill()
	vswitchd.Signal(syscall.SIGSTOP)
	awaitCompanion(t, c, companion.Controller, companion.Gone)
	before := awaitCompanion(t, c, companion.VSwitchd, companion.Silent)
	if _, err := c.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, c, "a pass ends all the same", func(s api.Status) bool { return s.Passes > before.Passes })
	client := overSocket(t, h.socket())
	for name, want := range map[string]string{companion.VSwitchd: "0", companion.Controller: "0"} {
		_, text := get(t, client, "http://localhost"+api.PathMetrics)
		if line := `representord_companion_answers{companion="` + name + `"} ` + want + "\n"; !strings.Contains(text, line) {
			t.Errorf("there is no line %q", line)
		}
	}
	vswitchd.Signal(syscall.SIGCONT)
	awaitCompanion(t, c, companion.VSwitchd, companion.Answers)
	if status, text := get(t, client, "http://localhost"+api.PathMetrics); status != http.StatusOK ||
		!strings.Contains(text, `representord_companion_answers{companion="ovs-vswitchd"} 1`) {
		t.Error(text)
	}
}
