//go:build vm

package virtualhost

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Sim gives the simulated host commands, see test/pcisim/README.md.
func Sim(commands ...string) error {
	if err := os.WriteFile("/sys/kernel/debug/pcisim/ctl", []byte(strings.Join(commands, "\n")+"\n"), 0); err != nil {
		log, _ := os.ReadFile("/sys/kernel/debug/pcisim/log")
		return fmt.Errorf("pcisim: %w\n%s", err, log)
	}
	return nil
}

// New gives the simulated host its first cards. They go when the test ends.
func New(t *testing.T, commands ...string) {
	t.Helper()
	t.Cleanup(func() {
		if err := Sim("reset"); err != nil {
			t.Error(err)
		}
	})
	if err := Sim(commands...); err != nil {
		t.Fatal(err)
	}
}

// Device is a file or folder of a function in sysfs, the function itself for "".
func Device(address, name string) string {
	return filepath.Join("/sys/bus/pci/devices", address, name)
}

// EnableVFs makes that many VFs of a PF, which must have none, or takes them away for 0.
func EnableVFs(t *testing.T, pf string, vfs int) {
	t.Helper()
	if err := os.WriteFile(Device(pf, "sriov_numvfs"), fmt.Append(nil, vfs), 0); err != nil {
		t.Fatalf("%d VFs: %v", vfs, err)
	}
}
