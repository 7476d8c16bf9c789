//go:build packages

package packages

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// given is a value that `make test-packages` hands over.
func given(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run make test-packages", name)
	}
	return value
}

// A pkg is one of the packages, for one machine.
type pkg struct{ name, arch string }

func all() []pkg {
	return []pkg{{"representord", "amd64"}, {"representord", "arm64"}, {"vf-reporter", "amd64"}, {"vf-reporter", "arm64"}}
}

func (p pkg) String() string { return p.name + " for " + p.arch }

// deb is the path of the package as Debian has it.
func (p pkg) deb(t *testing.T) string {
	t.Helper()
	return filepath.Join(given(t, "DIST"), p.name+"_"+given(t, "VERSION")+"-1_"+p.arch+".deb")
}

// rpm is the path of the package as RPM distributions have it.
func (p pkg) rpm(t *testing.T) string {
	t.Helper()
	arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[p.arch]
	return filepath.Join(given(t, "DIST"), p.name+"-"+given(t, "VERSION")+"-1."+arch+".rpm")
}

// programs are the paths of the programs in the package.
func (p pkg) programs() []string {
	if p.name == "vf-reporter" {
		return []string{"/usr/bin/vf-reporter"}
	}
	return []string{"/usr/sbin/representord", "/usr/bin/representorctl"}
}

// unpacked is a folder with the files of the .deb.
func (p pkg) unpacked(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	run(t, "dpkg-deb", "--extract", p.deb(t), dir)
	return dir
}

// run executes a program to its end and gives what it wrote on standard output.
func run(t *testing.T, argv ...string) string {
	t.Helper()
	return execute(t, exec.CommandContext(t.Context(), argv[0], argv[1:]...))
}

func execute(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(cmd.Environ(), "LC_ALL=C")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s%s", cmd.Args, err, stdout.String(), stderr.String())
	}
	return stdout.String()
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// gunzip gives what is in a compressed file.
func gunzip(t *testing.T, path string) string {
	t.Helper()
	return run(t, "gzip", "-dc", path)
}

// lines of a text, without empty ones.
func lines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
