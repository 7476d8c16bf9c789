//go:build vm

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/representord/representord/plug/plan"
)

func planning() []scenario {
	return []scenario{
		{"a plan without the daemon is what the daemon does then, and changes nothing", plansOffline},
	}
}

func plansOffline(t *testing.T, d *dpu) {
	file := filepath.Join(d.dir, "plan.yaml")
	text := fmt.Sprintf("ovs-db: %s\npath.ovn-sysconf: %s\npath.udev: %s\n", d.local.Endpoint, d.dir, filepath.Join(d.dir, "udev"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	planned := func() string {
		t.Helper()
		out, status := d.ctl(t, "plan", "--offline", "--config", file)
		if status != 0 {
			t.Fatalf("exit status %d: %s", status, out)
		}
		return out
	}
	kill(d.daemon)
	sim(t, append(card(), vf0)...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"}, request{lport: "vm9", pfMAC: pfMAC, vf: "9"})
	d.until(t, "ovn-northd has written what is asked", func() bool { return strings.Contains(planned(), "vm9 pending") })
	if out := planned(); !strings.Contains(out, "changes that a daemon would make now:\n  plug   pf0vf0\n         for logical port vm0\n") ||
		!strings.Contains(out, "function-not-found") {
		t.Errorf("%s", out)
	}
	if _, err := d.local.TryCtl("get", "Interface", "pf0vf0", "name"); err == nil {
		t.Error("the plan made a row")
	}
	d.startDaemon(t)
	d.awaitPort(t, "vm0", plan.Plugged)
	d.bound(t, "vm0")
	// Beside the daemon, which holds the lock of the bridge.
	if out := planned(); !strings.HasPrefix(out, "nothing to change\n\n1 port not plugged:\n  vm9 pending\n") {
		t.Errorf("%s", out)
	}
}
