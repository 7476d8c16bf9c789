//go:build vm

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDemo runs what make demo runs, in the machine that it runs it in.
func TestDemo(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "test/demo")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	t.Cleanup(func() {
		const stops = "export PATH=/usr/share/openvswitch/scripts:/usr/share/ovn/scripts:$PATH; ovn-ctl stop_controller; ovn-ctl stop_northd; " +
			"ovs-appctl exit --cleanup; ovs-ctl stop; for n in 0 1; do ip netns del vm$n; done; " +
			"for end in pcisim dpusim; do echo reset >/sys/kernel/debug/$end/ctl; done"
		// The daemon, which it leaves running for a shell. What Open vSwitch and OVN run in detached itself.
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if out, err := exec.Command("bash", "-c", stops).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	transcript := filepath.Join(t.TempDir(), "transcript")
	to, err := os.Create(transcript)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	cmd.Stdout, cmd.Stderr = to, to
	failed := cmd.Run()
	said, err := os.ReadFile(transcript)
	if failed != nil || err != nil {
		t.Fatalf("%v, %v\n%s", failed, err, said)
	}
	for _, want := range []string{
		"plugged     yes",
		`vm1 received "hello from VF 0" from 10.0.0.10`,
		"function-not-found",
		": two of three VFs are plugged, and a datagram crossed from one to the other; the third says why it can't be",
	} {
		if !strings.Contains(string(said), want) {
			t.Errorf("it doesn't say %q:\n%s", want, said)
		}
	}
}
