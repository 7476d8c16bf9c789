//go:build packages

package packages

import (
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// linked are the modules that are linked into a program beside ours, as "path version".
func linked(t *testing.T, path string) (modules []string) {
	t.Helper()
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		modules = append(modules, m.Path+" "+m.Version)
	}
	return modules
}

func TestPrograms_AreStaticAndForTheMachineOfTheirPackage(t *testing.T) {
	for _, p := range all() {
		root := p.unpacked(t)
		for _, path := range p.programs() {
			f, err := elf.Open(filepath.Join(root, path))
			if err != nil {
				t.Fatal(err)
			}
			if want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[p.arch]; f.Machine != want {
				t.Errorf("%s: %s is for %v, want %v", p, path, f.Machine, want)
			}
			for _, s := range f.Progs {
				if s.Type == elf.PT_INTERP || s.Type == elf.PT_DYNAMIC {
					t.Errorf("%s: %s is linked dynamically: it has a %v segment", p, path, s.Type)
				}
			}
			_ = f.Close()
		}
	}
}

func TestPrograms_SayTheVersionAndTheCommitOfTheirPackage(t *testing.T) {
	version, commit := given(t, "VERSION"), given(t, "COMMIT")
	for _, p := range all() {
		root := p.unpacked(t)
		for _, path := range p.programs() {
			if p.arch != runtime.GOARCH { // it doesn't run here
				if text := read(t, filepath.Join(root, path)); !strings.Contains(text, version) || !strings.Contains(text, commit) {
					t.Errorf("%s: %s knows no version %s, or no commit %s", p, path, version, commit)
				}
				continue
			}
			want := filepath.Base(path) + " " + version + ", commit " + commit + "\n"
			if got := run(t, filepath.Join(root, path), "--version"); got != want {
				t.Errorf("%s: %s --version prints %q, want %q", p, path, got, want)
			}
		}
	}
}

// A bom is a part of what CycloneDX 1.6 has in JSON.
type bom struct {
	BOMFormat string `json:"bomFormat"`
	Metadata  struct{ Component component }
	Component []component `json:"components"`
}

type component struct{ Type, Name, Version, PURL string }

func TestSBOM_ListsWhatIsLinkedIntoEachProgram(t *testing.T) {
	for _, p := range all() {
		root := p.unpacked(t)
		for _, path := range p.programs() {
			var got bom
			name := filepath.Base(path) + "_" + given(t, "VERSION") + "_" + p.arch + ".cdx.json"
			if err := json.Unmarshal([]byte(read(t, filepath.Join(given(t, "DIST"), name))), &got); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got.BOMFormat != "CycloneDX" || got.Metadata.Component.Version != "v"+given(t, "VERSION") {
				t.Errorf("%s: %+v, want CycloneDX of version v%s", name, got, given(t, "VERSION"))
			}
			if purl := got.Metadata.Component.PURL; !strings.Contains(purl, "?goarch="+p.arch+"&goos=linux&") {
				t.Errorf("%s: it is about %s, want linux and %s", name, purl, p.arch)
			}
			var modules []string
			for _, c := range got.Component {
				if c.Name != "std" {
					modules = append(modules, c.Name+" "+c.Version)
				}
			}
			want := linked(t, filepath.Join(root, path))
			slices.Sort(want)
			slices.Sort(modules)
			if diff := cmp.Diff(want, modules); diff != "" {
				t.Errorf("%s (-linked +listed):\n%s", name, diff)
			}
			if len(modules) == len(got.Component) {
				t.Errorf("%s lacks Go's own library", name)
			}
		}
	}
}
