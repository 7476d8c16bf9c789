// Package systemd_test checks the unit with systemd's own tools.
package systemd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const unit = "representord.service"

func TestSandbox_LeavesAnExposureOfAtMost2Point2(t *testing.T) {
	// The threshold is in tenths; systemd-analyze fails when the exposure is above it.
	out, err := analyze(t, "security", "--offline=true", "--no-pager", "--threshold=22", "./"+unit)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	overall := regexp.MustCompile(`Overall exposure level for representord\.service: (\d+\.\d)`).FindStringSubmatch(out)
	if overall == nil {
		t.Fatalf("systemd-analyze doesn't say the exposure:\n%s", out)
	}
	t.Logf("exposure %s", overall[1])
}

func TestUnit_KeepsWhatTheDaemonNeeds(t *testing.T) {
	settings := settings(t)
	for key, want := range map[string]string{
		"Type":                     "notify",
		"Restart":                  "always",
		"StartLimitIntervalSec":    "0",
		"RestartPreventExitStatus": "78",
		"CapabilityBoundingSet":    "CAP_NET_ADMIN",
		"RuntimeDirectory":         "representord",
		"RuntimeDirectoryPreserve": "yes",
		"RestrictAddressFamilies":  "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
	} {
		if got := settings[key]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s=%q, want %q", key, got, want)
		}
	}
	for _, key := range []string{"PrivateNetwork", "PrivateUsers", "IPAddressDeny", "ProtectHostname", "RootDirectory",
		"InaccessiblePaths", "DynamicUser"} {
		if got, there := settings[key]; there {
			t.Errorf("%s=%q hides something that the daemon needs", key, got)
		}
	}
	for _, key := range []string{"TimeoutStartSec", "WatchdogSec"} {
		if got := settings[key]; len(got) != 1 || got[0] == "infinity" || got[0] == "0" {
			t.Errorf("%s=%q, want a bound: ovs-vswitchd waits for the start", key, got)
		}
	}
}

// Without ovs-vswitchd no packet crosses; without us the ports stay.
func TestUnit_TakesNoMemoryFromOpenVSwitch(t *testing.T) {
	settings := settings(t)
	for _, score := range settings["OOMScoreAdjust"] {
		if n, err := strconv.Atoi(score); err != nil || n < 0 {
			t.Errorf("OOMScoreAdjust=%s protects the daemon; want none, or 0 and more", score)
		}
	}
	most := bytesOf(t, settings["MemoryMax"], "M")
	soft := bytesOf(t, []string{strings.TrimPrefix(strings.Join(settings["Environment"], " "), "GOMEMLIMIT=")}, "MiB")
	if most == 0 || most > 512<<20 || soft < most/2 || soft > most*9/10 {
		t.Errorf("MemoryMax= is %d bytes and GOMEMLIMIT %d; want a bound, and the collector to work harder some way below it", most, soft)
	}
}

// bytesOf reads a size in mebibytes; systemd's suffix M means 1024*1024 as well.
func bytesOf(t *testing.T, values []string, suffix string) int {
	t.Helper()
	if len(values) != 1 {
		t.Fatalf("%q, want one size", values)
	}
	n, err := strconv.Atoi(strings.TrimSuffix(values[0], suffix))
	if err != nil {
		t.Fatalf("%q: %v", values, err)
	}
	return n << 20
}

func TestUnit_SystemdUnderstandsEveryLineOfIt(t *testing.T) {
	root := machine(t, read(t, unit))
	out, err := analyze(t, "verify", "--man=no", "--root="+root, unit)
	if err != nil || strings.TrimSpace(out) != "" {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// Some images (those with cloud-init) bring the network up before sysinit.target.
// Whatever comes before ovs-vswitchd must then not wait for that target.
func TestUnit_FitsWhereTheNetworkComesBeforeSysinit(t *testing.T) {
	root := machine(t, read(t, unit))
	out, err := analyze(t, "verify", "--man=no", "--root="+root, "multi-user.target")
	if err != nil || strings.Contains(out, "cycle") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}

	// The check is worth something: default dependencies would be a cycle.
	root = machine(t, strings.Replace(read(t, unit), "DefaultDependencies=no", "", 1))
	out, _ = analyze(t, "verify", "--man=no", "--root="+root, "multi-user.target")
	if !strings.Contains(out, "cycle") {
		t.Errorf("with default dependencies there should be a cycle:\n%s", out)
	}
}

// machine makes a root directory with our unit and the others that matter to
// its ordering, as Debian's Open vSwitch and cloud-init have them.
func machine(t *testing.T, ours string) string {
	t.Helper()
	root := t.TempDir()
	service := "[Service]\nType=oneshot\nExecStart=/usr/sbin/representord\n"
	early := "DefaultDependencies=no\n"
	for name, content := range map[string]string{
		unit:                   ours,
		"basic.target":         "[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\n" + early,
		"sysinit.target":       "[Unit]\nWants=early-network.service\n" + early,
		"multi-user.target":    "[Unit]\nRequires=basic.target\nAfter=basic.target\nWants=representord.service ovs-vswitchd.service\n",
		"shutdown.target":      "[Unit]\n" + early,
		"local-fs.target":      "[Unit]\n" + early,
		"network.target":       "[Unit]\n",
		"ovsdb-server.service": "[Unit]\nBefore=network.target\n" + early + service,
		"ovs-vswitchd.service": "[Unit]\nAfter=ovsdb-server.service\nRequires=ovsdb-server.service\nBefore=network.target\n" + early + service,
		"early-network.service": "[Unit]\nAfter=ovs-vswitchd.service\nBefore=network.target sysinit.target\n" + early +
			service,
	} {
		write(t, filepath.Join(root, "etc/systemd/system", name), content, 0o644)
	}
	write(t, filepath.Join(root, "usr/sbin/representord"), "#!/bin/sh\n", 0o755)
	return root
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// settings gives the values of every key of the unit, in order.
func settings(t *testing.T) map[string][]string {
	t.Helper()
	m := map[string][]string{}
	for line := range strings.Lines(read(t, unit)) {
		line = strings.TrimSpace(line)
		if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			m[key] = append(m[key], value)
		}
	}
	return m
}

// analyze runs systemd-analyze and gives everything it printed.
func analyze(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Fatalf("%v: install the Debian package systemd", err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "SYSTEMD_LOG_LEVEL=warning")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
