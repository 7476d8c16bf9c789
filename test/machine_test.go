// Package test_test checks the scripts that run the virtual machine, without it.
package test_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/test/servers"
)

// stubs stand in for what test/vm calls, so that the test needs neither a kernel nor
// an emulator: this QEMU doesn't understand its options.
func stubs() map[string]string {
	return map[string]string{
		"dpkg-query":         "echo 'linux-headers-6.1.0-0-amd64 (= 6.1.0-0)'",
		"modprobe":           "exit 0",
		"qemu-system-x86_64": "echo 'qemu-system-x86_64: invalid option' >&2; exit 1",
	}
}

func TestVM_EndsWithTheMachineThatDoesNotComeUp(t *testing.T) {
	top := t.TempDir()
	for _, name := range []string{"vm", "vm-init"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		servers.Script(t, filepath.Join(top, "test", name), string(b))
	}
	for name, does := range stubs() {
		servers.Script(t, filepath.Join(top, "stubs", name), "#!/bin/sh\n"+does+"\n")
	}
	if err := os.MkdirAll(filepath.Join(top, ".cache/vm/6.1.0-0-amd64_6.1.0-0"), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(top, "test/vm"), "--", "true")
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(top, "stubs")+":"+os.Getenv("PATH"))
	cmd.WaitDelay = time.Second // what the script started may hold the output open
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 125 || !strings.Contains(string(out), "the machine died") ||
		!strings.Contains(string(out), "invalid option") {
		t.Errorf("%v, %v; want exit status 125 and why:\n%s", err, ctx.Err(), out)
	}
}
