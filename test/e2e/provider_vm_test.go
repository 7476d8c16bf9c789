//go:build vm

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/test/servers"
)

// tellsOfAProvider: that of Debian's ovn-controller sees the card, and finds nothing to plug.
func tellsOfAProvider(t *testing.T, d *dpu) {
	d.judged(t)
	a, b := twoPorts(t, d)
	restart := func(start func(testing.TB, *servers.OVSDB, string) *servers.Process, want companion.Providers) {
		t.Helper()
		servers.StopController(t, d.local, d.controller, "--restart")
		d.controller = start(d.top, d.local, d.central.SB.Endpoint)
		d.awaitStatus(t, "ovn-controller's plug providers: "+string(want), func(s api.Status) bool {
			return slices.ContainsFunc(s.Companions, func(c companion.Sight) bool {
				return c.Name == companion.Controller && c.PID == d.controller.Pid() && c.Providers == want
			})
		})
		d.bound(t, "vm0")
		d.wantKept(t, "pf0vf0", a)
		d.wantKept(t, "pf0vf1", b)
	}
	const warning = "WARNING     a plug provider is registered in ovn-controller"
	before := d.controller.Log() // which has those of the next ovn-controller behind it
	restart(servers.ControllerWithPlugProvider, companion.Registered)
	if log := strings.TrimPrefix(d.controller.Log(), before); strings.Contains(log, "failed to initialize representor") {
		t.Errorf("its provider for representors isn't registered:\n%s", log)
	}
	if out, _ := d.ctl(t, "status"); !strings.Contains(out, warning) {
		t.Errorf("the status doesn't say so: %s", out)
	}
	if c := d.diagnosed(t, "plug-provider"); c.Verdict != diagnose.Failed.String() {
		t.Errorf("the doctor finds %+v", c)
	}
	restart(servers.Controller, companion.Unregistered)
	if out, _ := d.ctl(t, "status"); strings.Contains(out, warning) {
		t.Errorf("the status still says so: %s", out)
	}
	if c := d.diagnosed(t, "plug-provider"); c.Verdict != diagnose.OK.String() {
		t.Errorf("the doctor finds %+v", c)
	}
}
