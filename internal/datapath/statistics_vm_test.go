//go:build vm

package datapath

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/representord/representord/test/servers"
)

// dpctl runs ovs-dpctl, which speaks with the kernel without any ovs-vswitchd.
func dpctl(t *testing.T, args ...string) string {
	t.Helper()
	return command(t, append([]string{"ovs-dpctl"}, args...)...)
}

func command(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out)
}

// A datapath that no ovs-vswitchd listens to loses what its own port sends by itself
// when it comes up (IPv6 neighbour and multicast discovery).
func TestStatistics_AreWhatOpenVSwitchReadsOfTheKernel(t *testing.T) {
	const name = "vmtest"
	command(t, "modprobe", "openvswitch")
	c := New()
	if s, err := c.Statistics(t.Context(), name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("before it is made: %+v, %v; want os.ErrNotExist", s, err)
	}
	dpctl(t, "add-dp", name)
	t.Cleanup(func() { dpctl(t, "del-dp", name) })
	command(t, "ip", "link", "set", name, "up")
	servers.Until(t, "all packets are lost, and ovs-dpctl says the same", func() bool {
		s, err := c.Statistics(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		shown := dpctl(t, "show", name)
		return s.Hit == 0 && s.Missed > 1 && s.Lost == s.Missed && s.Flows == 0 &&
			strings.Contains(shown, fmt.Sprintf("lookups: hit:%d missed:%d lost:%d\n", s.Hit, s.Missed, s.Lost)) &&
			strings.Contains(shown, fmt.Sprintf("flows: %d\n", s.Flows))
	})
}
