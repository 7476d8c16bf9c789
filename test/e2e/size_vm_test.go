//go:build vm

package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
)

// sizing is what a card with many functions costs.
func sizing() []scenario {
	return []scenario{
		{"with 256 ports plugged the daemon's resident memory is below 30 MB", staysSmall},
	}
}

func staysSmall(t *testing.T, d *dpu) {
	const ports, most = 256, 30_000_000
	// So that they all may go at once in the end.
	d.restartDaemon(t, "--mass-unplug-hold=1s")
	defer d.restartDaemon(t)
	commands := card()
	var requests []request
	for n := range ports {
		commands = append(commands, vf("card0", 10+n, 1, n, fmt.Sprintf("pf0vf%d", n)))
		requests = append(requests, request{lport: fmt.Sprintf("vm%03d", n), pfMAC: pfMAC, vf: strconv.Itoa(n)})
	}
	sim(t, commands...)
	d.neutronPort(t, requests...)
	s := d.awaitStatus(t, fmt.Sprintf("%d ports are plugged", ports), func(s api.Status) bool { return s.Ports[plan.Plugged] == ports })
	d.quiet(t)
	for range 50 { // as a Prometheus does
		d.scrape(t)
	}
	now, peak := memory(t, s.PID, "VmRSS"), memory(t, s.PID, "VmHWM")
	t.Logf("resident with %d ports: %.1f MB, of which %.1f MB are the program's file; at most %.1f MB before",
		ports, float64(now)/1e6, float64(memory(t, s.PID, "RssFile"))/1e6, float64(peak)/1e6)
	if now >= most {
		t.Errorf("resident memory is %d bytes, want less than %d", now, most)
	}
	var argv []string
	for _, r := range requests {
		argv = append(argv, "--", "lsp-del", r.lport)
	}
	d.central.Nbctl(t, argv[1:]...)
	d.await(t, "all ports are gone", func(ps []api.Port) bool { return len(ps) == 0 })
}

// memory is a figure of a process in bytes, by its name in /proc/PID/status.
func memory(t *testing.T, pid int, name string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		value, ok := strings.CutPrefix(line, name+":")
		if !ok {
			continue
		}
		kB, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		if err != nil {
			t.Fatalf("/proc/%d/status: %v", pid, err)
		}
		return kB << 10
	}
	t.Fatalf("/proc/%d/status has no %s", pid, name)
	return 0
}
