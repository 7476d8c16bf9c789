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
// an emulator: these QEMUs don't understand their options, and repeat them.
func stubs() map[string]string {
	return map[string]string{
		"dpkg-query":          "echo 'linux-headers-6.1.0-0-amd64 (= 6.1.0-0)'",
		"modprobe":            "exit 0",
		"qemu-system-x86_64":  `echo "qemu-system-x86_64: invalid option: $*" >&2; exit 1`,
		"qemu-system-aarch64": `echo "qemu-system-aarch64: invalid option: $*" >&2; exit 1`,
	}
}

func TestVM_EndsWithTheMachineThatDoesNotComeUp(t *testing.T) {
	top := checkout(t)
	if err := os.MkdirAll(filepath.Join(top, ".cache/vm/6.1.0-0-amd64_6.1.0-0"), 0o755); err != nil {
		t.Fatal(err)
	}
	out := deadMachine(t, top, "--", "true")
	if !strings.Contains(out, "qemu-system-x86_64: invalid option") || !strings.Contains(out, "mount_tag=root,path=/,") {
		t.Errorf("no emulator of the machine's own processor and root:\n%s", out)
	}
}

func TestVM_RunsARootWithItsOwnKernelAndProcessor(t *testing.T) {
	for release, emulator := range map[string]string{
		"7.2.0+deb14-amd64": "qemu-system-x86_64",
		"6.1.0-0-arm64":     "qemu-system-aarch64",
	} {
		top := checkout(t)
		root := filepath.Join(top, ".cache/roots/it")
		for _, name := range []string{"image", "bin/busybox", filepath.Join("lib/modules", release, "modules.dep")} {
			servers.Script(t, filepath.Join(root, name), "")
		}
		out := deadMachine(t, top, "-r", root, "--", "true")
		for _, want := range []string{
			emulator + ": invalid option", "mount_tag=root,path=" + root + ",", "mount_tag=checkout,path=" + top + ",",
			"-kernel " + filepath.Join(root, "image"),
		} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in:\n%s", release, want, out)
			}
		}
	}
}

// checkout has the scripts of the virtual machine and stubs for what they call.
func checkout(t *testing.T) (top string) {
	t.Helper()
	top = t.TempDir()
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
	return top
}

// deadMachine runs test/vm, whose machine must not come up, and returns what it prints.
func deadMachine(t *testing.T, top string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(top, "test/vm"), args...)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(top, "stubs")+":"+os.Getenv("PATH"))
	cmd.WaitDelay = time.Second // what the script started may hold the output open
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 125 || !strings.Contains(string(out), "the machine died") {
		t.Errorf("%v, %v; want exit status 125 and why:\n%s", err, ctx.Err(), out)
	}
	return string(out)
}
