package systemd_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/doctor"
	"github.com/representord/representord/test/confined"
)

const (
	dropIn  = "ovn-controller.conf"
	generic = "no-generic-netlink.bpf"
)

//nolint:gochecknoglobals // flags of a test binary are global
var update = flag.Bool("update", false, "write "+generic)

func TestDropIn_IsUnderstoodBySystemdForDebiansOVNController(t *testing.T) {
	const unit = "ovn-controller.service"
	root := machine(t, read(t, "representord.service"))
	for name, content := range map[string]string{
		unit: read(t, filepath.Join("/lib/systemd/system", unit)), unit + ".d/" + doctor.DropInName: read(t, dropIn),
		"openvswitch-switch.service": "[Service]\nType=oneshot\nExecStart=/usr/sbin/representord\n",
		"ovn-host.service":           "[Service]\nType=oneshot\nExecStart=/usr/sbin/representord\n",
	} {
		write(t, filepath.Join(root, "etc/systemd/system", name), content, 0o644)
	}
	write(t, filepath.Join(root, "usr/share/ovn/scripts/ovn-ctl"), "#!/bin/sh\n", 0o755)
	if out, err := analyze(t, "verify", "--man=no", "--root="+root, unit); err != nil || strings.TrimSpace(out) != "" {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err := analyze(t, "security", "--offline=true", "--no-pager", "--root="+root, unit)
	if err != nil || !regexp.MustCompile(`(?m)^\+ RestrictAddressFamilies=~AF_NETLINK\s`).MatchString(out) {
		t.Errorf("systemd doesn't see that AF_NETLINK is refused: %v\n%s", err, out)
	}
}

// What doctor prints where the package's drop-in isn't there is the same.
func TestDropIn_SaysWhatTheDoctorHasWritten(t *testing.T) {
	var lines []string
	for line := range strings.Lines(read(t, dropIn)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	if want := []string{"[Service]", "RestrictAddressFamilies=~AF_NETLINK"}; !slices.Equal(lines, want) {
		t.Errorf("%q, want %q", lines, want)
	}
	if source := read(t, "../internal/doctor/provider.go"); !strings.Contains(source, strings.Join(lines, `\\n`)+`\\n`) {
		t.Errorf("the doctor has something else written than %q", lines)
	}
}

// The finer way has a filter that setpriv(1) reads.
func TestFilter_IsTheOneThatTheTestsAreUnder(t *testing.T) {
	filter, err := confined.GenericNetlink()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(generic, filter.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := []byte(read(t, generic)); !bytes.Equal(got, filter.Bytes()) {
		t.Errorf("%s is another filter: %x, want %x; -update writes it anew", generic, got, filter.Bytes())
	}
}
