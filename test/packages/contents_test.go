//go:build packages

package packages

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	program = "-rwxr-xr-x root:root"
	data    = "-rw-r--r-- root:root"
)

// inBoth are the files of a package in either form, but for its documentation, with modes and owners.
func inBoth(p pkg) map[string]string {
	files := map[string]string{}
	for _, path := range p.programs() {
		files[path] = program
		client := filepath.Base(path)
		files["/usr/share/man/man8/"+client+".8.gz"] = data
		if client != "representord" {
			files["/usr/share/bash-completion/completions/"+client] = data
		}
	}
	if p.name == "vf-reporter" {
		return files
	}
	for _, path := range []string{
		"/etc/default/representord",
		"/etc/representord/representord.yaml",
		"/usr/lib/systemd/system/ovn-controller.service.d/50-representord.conf",
		"/usr/lib/systemd/system/representord.service",
		"/usr/share/representord/monitoring/alerts.yaml",
		"/usr/share/representord/monitoring/alerts_test.yaml",
		"/usr/share/representord/monitoring/dashboard.json",
		"/usr/share/representord/no-generic-netlink.bpf",
	} {
		files[path] = data
	}
	return files
}

// completion is the package's zsh completion below a directory.
func completion(p pkg, dir string) map[string]string {
	client := map[string]string{"representord": "representorctl", "vf-reporter": "vf-reporter"}[p.name]
	return map[string]string{dir + "/_" + client: data}
}

// split takes the documentation away, and gives the names of it.
func split(p pkg, files map[string]string) (documentation []string) {
	for path := range maps.Clone(files) {
		if name, ok := strings.CutPrefix(path, "/usr/share/doc/"+p.name+"/"); ok {
			documentation = append(documentation, name)
			delete(files, path)
		}
	}
	return documentation
}

func requireDocumentation(t *testing.T, p pkg, got []string, more ...string) {
	t.Helper()
	want := append([]string{"copyright", "changelog.gz", "notices.gz"}, more...)
	if p.name == "vf-reporter" {
		want = append(want, "hypervisor.md")
	} else {
		want = append(want, "README.md", "docs/options.md", "docs/troubleshooting.md", "docs/failure-modes.md", "docs/monitoring.md")
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("the documentation lacks %s: %q", name, got)
		}
	}
	for _, name := range got {
		if strings.Contains(name, "architecture") || strings.Contains(name, "releasing") {
			t.Errorf("%s is for those who change representord, and is packaged", name)
		}
	}
}

func TestDeb_HasTheseFilesAndNoOthers(t *testing.T) {
	for _, p := range all() {
		t.Run(p.String(), func(t *testing.T) {
			got := map[string]string{}
			in := tar.NewReader(bytes.NewReader([]byte(run(t, "dpkg-deb", "--fsys-tarfile", p.deb(t)))))
			for {
				h, err := in.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				entry := fmt.Sprintf("%v %s:%s", h.FileInfo().Mode(), h.Uname, h.Gname)
				if h.Typeflag != tar.TypeDir {
					got[strings.TrimPrefix(h.Name, ".")] = entry
				} else if entry != "drwxr-xr-x root:root" {
					t.Errorf("directory %s is %s", h.Name, entry)
				}
			}
			want := inBoth(p)
			maps.Copy(want, completion(p, "/usr/share/zsh/vendor-completions"))
			want["/usr/share/lintian/overrides/"+p.name] = data
			requireDocumentation(t, p, split(p, got), "changelog.Debian.gz")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRPM_HasTheseFilesAndNoOthers(t *testing.T) {
	for _, p := range all() {
		t.Run(p.String(), func(t *testing.T) {
			got, configuration := map[string]string{}, []string{}
			for _, line := range lines(run(t, "rpm", "--query", "--package", "--queryformat",
				`[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} <%{FILEFLAGS:fflags}> %{FILENAMES}\n]`, p.rpm(t))) {
				entry, rest, _ := strings.Cut(line, " <")
				flags, path, _ := strings.Cut(rest, "> ")
				if strings.HasPrefix(entry, "d") {
					if entry != "drwxr-xr-x root:root" {
						t.Errorf("directory %s is %s", path, entry)
					}
					continue
				}
				got[path] = entry
				if flags == "cn" { // %config(noreplace)
					configuration = append(configuration, path)
				}
			}
			want := inBoth(p)
			maps.Copy(want, completion(p, "/usr/share/zsh/site-functions"))
			want["/usr/share/licenses/"+p.name+"/LICENSE"] = data
			if p.name == "representord" {
				want["/usr/lib/systemd/system/representord.service.d/50-openvswitch.conf"] = data
				want["/usr/lib/sysusers.d/representord.conf"] = data
			}
			requireDocumentation(t, p, split(p, got))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(configurationOf(p), configuration); diff != "" {
				t.Errorf("configuration files (-want +got):\n%s", diff)
			}
		})
	}
}

// configurationOf a package are the files that an upgrade doesn't overwrite.
func configurationOf(p pkg) []string {
	if p.name == "vf-reporter" {
		return []string{}
	}
	return []string{"/etc/default/representord", "/etc/representord/representord.yaml"}
}

func TestDeb_DpkgKeepsTheConfigurationOverAnUpgrade(t *testing.T) {
	for _, p := range all() {
		got := append([]string{}, lines(run(t, "dpkg-deb", "--info", p.deb(t), "conffiles"))...)
		if diff := cmp.Diff(configurationOf(p), got); diff != "" {
			t.Errorf("%s: conffiles (-want +got):\n%s", p, diff)
		}
	}
}

// What is installed by make and what is packaged differ in the documentation, in that pages of the
// manual are compressed, and in where zsh looks for completions on Debian.
func TestPackages_HaveWhatMakeInstallInstalls(t *testing.T) {
	root := filepath.Join(given(t, "WORK"), "amd64/root")
	want := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want[strings.TrimPrefix(path, root)] = info.Mode().String() + " root:root"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range []pkg{{"representord", "amd64"}, {"vf-reporter", "amd64"}} {
		maps.Copy(got, inBoth(p))
		maps.Copy(got, completion(p, "/usr/share/zsh/site-functions"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-installed +packaged):\n%s", diff)
	}
}

func TestPackages_TheirDocumentsNameWhatIsInThem(t *testing.T) {
	for _, p := range all() {
		root := p.unpacked(t)
		doc := filepath.Join(root, "usr/share/doc", p.name)
		if got, want := gunzip(t, filepath.Join(doc, "changelog.gz")), read(t, "../../CHANGELOG.md"); got != want {
			t.Errorf("%s: changelog.gz isn't CHANGELOG.md", p)
		}
		notices := gunzip(t, filepath.Join(doc, "notices.gz"))
		for _, path := range p.programs() {
			for _, module := range linked(t, filepath.Join(root, path)) {
				if !strings.Contains(notices, "===== "+module+": ") {
					t.Errorf("%s: notices.gz has no licence of %s", p, module)
				}
			}
		}
		for _, name := range []string{"copyright", "notices.gz"} {
			if info, err := os.Stat(filepath.Join(doc, name)); err != nil || info.Size() == 0 {
				t.Errorf("%s: %s: %v", p, name, err)
			}
		}
	}
}

// What a page links to is beside it in the package, or on the web.
func TestPackages_LinksOfTheirPagesLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)`)
	for _, p := range all() {
		doc, found := filepath.Join(p.unpacked(t), "usr/share/doc", p.name), 0
		err := filepath.WalkDir(doc, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
				return err
			}
			for _, m := range link.FindAllStringSubmatch(read(t, path), -1) {
				found++
				if strings.Contains(m[1], "://") {
					continue
				}
				if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
					t.Errorf("%s: %s links to %s: %v", p, strings.TrimPrefix(path, doc), m[1], err)
				}
			}
			return nil
		})
		if err != nil || found == 0 {
			t.Errorf("%s: %d links: %v", p, found, err)
		}
	}
}
