package install

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/test/pages"
)

// What the pages show of make is run as it stands, page by page, below a directory of its own. A target that runs this
// very test, or a virtual machine, is looked up only; what that machine runs is run by test/e2e/demo_vm_test.go.
func TestDocuments_ShowWhatMakeDoes(t *testing.T) {
	blocks, err := pages.RunBy("../..", "test/install/docs_test.go")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := map[string]string{"demo": " -- test/demo\n", "demo-shell": " test/demo shell\n", "test": "$(MAKE) --no-print-directory test-"}
	build, root := t.TempDir(), t.TempDir()
	installed := 0
	for _, b := range blocks {
		for _, command := range b.Commands() {
			words := strings.Fields(command)
			if words[0] != "make" {
				t.Fatalf("%s: %s isn't for make", b, command)
			}
			target := strings.Join(words[1:], " ")
			if runs, is := elsewhere[target]; is {
				if does := recipe(t, target); !strings.Contains(does, runs) {
					t.Errorf("%s: %s doesn't run %q:\n%s", b, command, runs, does)
				}
				continue
			}
			makeIn(t, build, []string{"DESTDIR=" + root}, words[1:]...)
			if target == "install" {
				installed = len(files(t, root))
			}
		}
	}
	if installed < 10 {
		t.Errorf("%d files were installed", installed)
	}
	stays := map[string]fs.FileMode{"/etc/representord/representord.yaml": 0o644, "/etc/default/representord": 0o644}
	if diff := cmp.Diff(stays, files(t, root)); diff != "" {
		t.Errorf("files after all that is shown (-want +got):\n%s", diff)
	}
}

// recipe is what the Makefile does for a target.
func recipe(t *testing.T, target string) string {
	t.Helper()
	rule := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(target) + `:.*\n((?:\t.*\n)+)`).FindStringSubmatch(read(t, "../../Makefile"))
	if rule == nil {
		t.Fatalf("the Makefile has no target %s", target)
	}
	return rule[1]
}
