//go:build packages

package packages

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDeb_LintianFindsNothingThatIsNotArgued(t *testing.T) {
	for _, p := range all() {
		argv := []string{"lintian", "--no-cfg", "--allow-root", "--tag-display-limit=0",
			"--fail-on=error,warning", p.deb(t)}
		out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).CombinedOutput()
		if err != nil {
			t.Errorf("%v: %v", argv, err)
		}
		t.Logf("lintian of %s:\n%s", p, out)
	}
}

func TestDeb_ItsControlFileSaysWhatAptAndItsUserNeed(t *testing.T) {
	field := func(p pkg, name string) string {
		return strings.TrimSpace(run(t, "dpkg-deb", "--field", p.deb(t), name))
	}
	for _, p := range all() {
		want := map[string]string{
			"Package": p.name, "Version": given(t, "VERSION") + "-1", "Architecture": p.arch, "Section": "net", "Priority": "optional",
			// A static program needs nobody, and what apt installs unasked must not be a second Open vSwitch.
			"Depends": "", "Pre-Depends": "", "Recommends": "",
			"License": "", // no field of Debian's
		}
		if p.name == "representord" {
			want["Suggests"], want["Enhances"] = "openvswitch-switch, ovn-host", "openvswitch-switch, ovn-host"
		}
		got := map[string]string{}
		for name := range want {
			got[name] = field(p, name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p, diff)
		}
		for _, name := range []string{"Maintainer", "Homepage", "Description", "Installed-Size"} {
			if field(p, name) == "" {
				t.Errorf("%s has no %s", p, name)
			}
		}
	}
}

func TestRPM_ItsHeaderSaysWhatDnfAndItsUserNeed(t *testing.T) {
	for _, p := range all() {
		arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[p.arch]
		got := run(t, "rpm", "--query", "--package", "--queryformat", "%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{LICENSE} %{BUILDTIME}", p.rpm(t))
		want := fmt.Sprintf("%s %s 1 %s Apache-2.0 %s", p.name, given(t, "VERSION"), arch, given(t, "SOURCE_DATE_EPOCH"))
		if got != want {
			t.Errorf("%s: the header has %q, want %q", p, got, want)
		}
		for _, line := range lines(run(t, "rpm", "--query", "--package", "--requires", p.rpm(t))) {
			if !strings.HasPrefix(line, "rpmlib(") && line != "/bin/sh" {
				t.Errorf("%s requires %s; want a shell for the scripts and nothing else", p, line)
			}
		}
		if out := run(t, "rpm", "--checksig", "--nosignature", p.rpm(t)); !strings.HasSuffix(strings.TrimSpace(out), "digests OK") {
			t.Errorf("%s: %s", p, out)
		}
	}
}

func TestChangelog_NamesTheVersionOfThePackage(t *testing.T) {
	version := given(t, "VERSION") + "-1"
	for _, p := range all() {
		path := filepath.Join(t.TempDir(), "changelog")
		write(t, path, gunzip(t, filepath.Join(p.unpacked(t), "usr/share/doc", p.name, "changelog.Debian.gz")))
		if got := run(t, "dpkg-parsechangelog", "--file="+path, "--show-field=Version"); strings.TrimSpace(got) != version {
			t.Errorf("%s: changelog.Debian.gz is of version %s, want %s", p, got, version)
		}
		if got := run(t, "rpm", "--query", "--package", "--changelog", p.rpm(t)); !strings.Contains(got, version) {
			t.Errorf("%s: the changelog doesn't name version %s:\n%s", p, version, got)
		}
	}
}

func TestScripts_AreOnesThatAShellTakes(t *testing.T) {
	for _, p := range all() {
		got := map[string]string{}
		in := tar.NewReader(bytes.NewReader([]byte(run(t, "dpkg-deb", "--ctrl-tarfile", p.deb(t)))))
		for {
			h, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			if name := strings.TrimPrefix(h.Name, "./"); strings.HasPrefix(string(text), "#!") {
				got[name] = h.FileInfo().Mode().String()
				path := filepath.Join(t.TempDir(), name)
				write(t, path, string(text))
				run(t, "dash", "-n", path)
			}
		}
		want := map[string]string{}
		if p.name == "representord" {
			want = map[string]string{"preinst": "-rwxr-xr-x", "postinst": "-rwxr-xr-x", "prerm": "-rwxr-xr-x", "postrm": "-rwxr-xr-x"}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: scripts (-want +got):\n%s", p, diff)
		}
	}
}
