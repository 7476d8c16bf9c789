// Package install tests what `make build` and `make install` leave behind.
package install

import (
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// makeIn runs make in the root of the repository, with its build output kept apart
// from the checkout's own.
func makeIn(t *testing.T, build string, env []string, args ...string) {
	t.Helper()
	args = append([]string{"-C", "../..", "BIN=" + build + "/bin", "CACHE=" + build + "/cache"}, args...)
	cmd := exec.Command("make", args...)
	for _, v := range os.Environ() {
		// An outer make's options are not this one's.
		if !strings.HasPrefix(v, "MAKE") && !strings.HasPrefix(v, "MFLAGS") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// files lists the regular files below a directory with their modes.
func files(t *testing.T, root string) map[string]fs.FileMode {
	t.Helper()
	found := map[string]fs.FileMode{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		found["/"+strings.TrimPrefix(path, root+"/")] = info.Mode()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func requireStatic(t *testing.T, path string, machine elf.Machine) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Machine != machine {
		t.Errorf("%s is for %v, want %v", path, f.Machine, machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("%s is linked dynamically: it has a %v segment", path, p.Type)
		}
	}
}

func TestBuild_GivesStaticProgramsForTheMachineAskedFor(t *testing.T) {
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		t.Run(arch, func(t *testing.T) {
			build := t.TempDir()
			makeIn(t, build, []string{"GOARCH=" + arch}, "build")
			for _, program := range []string{"representord", "representorctl", "vf-reporter"} {
				requireStatic(t, filepath.Join(build, "bin", program), machine)
			}
		})
	}
}

func TestInstall_StaysBelowDestdirAndIsComplete(t *testing.T) {
	build, root := t.TempDir(), t.TempDir()
	makeIn(t, build, nil, "install", "DESTDIR="+root, "PREFIX=/usr")
	got := files(t, root)
	want := map[string]fs.FileMode{
		"/etc/default/representord":           0o644,
		"/etc/representord/representord.yaml": 0o644,
		"/usr/bin/representorctl":             0o755,
		"/usr/bin/vf-reporter":                0o755,
		"/usr/lib/systemd/system/ovn-controller.service.d/50-representord.conf": 0o644,
		"/usr/lib/systemd/system/representord.service":                          0o644,
		"/usr/sbin/representord":                                                0o755,
		"/usr/share/bash-completion/completions/representorctl":                 0o644,
		"/usr/share/bash-completion/completions/vf-reporter":                    0o644,
		"/usr/share/man/man8/representorctl.8":                                  0o644,
		"/usr/share/man/man8/representord.8":                                    0o644,
		"/usr/share/man/man8/vf-reporter.8":                                     0o644,
		"/usr/share/representord/monitoring/alerts.yaml":                        0o644,
		"/usr/share/representord/monitoring/alerts_test.yaml":                   0o644,
		"/usr/share/representord/monitoring/dashboard.json":                     0o644,
		"/usr/share/representord/no-generic-netlink.bpf":                        0o644,
		"/usr/share/zsh/site-functions/_representorctl":                         0o644,
		"/usr/share/zsh/site-functions/_vf-reporter":                            0o644,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("installed files (-want +got):\n%s", diff)
	}
	for completion, text := range map[string]string{
		"/usr/share/bash-completion/completions/representorctl": "complete -o default",
		"/usr/share/bash-completion/completions/vf-reporter":    "complete -o default",
		"/usr/share/zsh/site-functions/_representorctl":         "#compdef representorctl",
		"/usr/share/zsh/site-functions/_vf-reporter":            "#compdef vf-reporter",
	} {
		if !strings.Contains(read(t, root+completion), text) {
			t.Errorf("%s lacks %q", completion, text)
		}
	}
}

func TestInstall_TheUnitStartsTheProgramAndReadsTheEnvironmentFromWhereTheyWerePut(t *testing.T) {
	build, root := t.TempDir(), t.TempDir()
	makeIn(t, build, nil, "install", "DESTDIR="+root, "PREFIX=/opt/representord", "SYSCONFDIR=/opt/etc")
	read(t, root+"/opt/etc/default/representord")
	unit := read(t, root+"/opt/representord/lib/systemd/system/representord.service")
	for _, line := range []string{"ExecStart=/opt/representord/sbin/representord", "EnvironmentFile=-/opt/etc/default/representord"} {
		if !strings.Contains(unit, "\n"+line+"\n") {
			t.Errorf("the unit lacks %s:\n%s", line, unit)
		}
	}
	if strings.Contains(unit, "/usr/sbin/representord") {
		t.Errorf("the unit still names /usr/sbin/representord:\n%s", unit)
	}
}

func TestInstall_DoneAgainKeepsTheConfigurationAndUninstallLeavesOnlyThat(t *testing.T) {
	build, root := t.TempDir(), t.TempDir()
	makeIn(t, build, nil, "install", "DESTDIR="+root)
	const mine = "# edited by the operator\n"
	kept := map[string]fs.FileMode{"/etc/default/representord": 0o644, "/etc/representord/representord.yaml": 0o644}
	for config := range kept {
		if err := os.WriteFile(filepath.Join(root, config), []byte(mine), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	makeIn(t, build, nil, "install", "DESTDIR="+root)
	for config := range kept {
		if got := read(t, filepath.Join(root, config)); got != mine {
			t.Errorf("installing again overwrote %s with:\n%s", config, got)
		}
	}
	makeIn(t, build, nil, "uninstall", "DESTDIR="+root)
	if diff := cmp.Diff(kept, files(t, root)); diff != "" {
		t.Errorf("files after uninstall (-want +got):\n%s", diff)
	}
	for _, dir := range []string{"share/representord", "lib/systemd/system/ovn-controller.service.d"} {
		if _, err := os.Stat(filepath.Join(root, "usr/local", dir)); err == nil {
			t.Errorf("uninstall leaves %s, an empty directory of ours", dir)
		}
	}
}
