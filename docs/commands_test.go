package docs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/test/pages"
)

// A command that nobody has run where it is shown may be no help there, or do harm. So each block of
// commands names the test that runs it, or says that it takes hardware.
func TestCommands_EachBlockIsRunByATestOrNeedsHardware(t *testing.T) {
	for _, b := range blocks(t) {
		if problem := untried(b); problem != "" {
			t.Errorf("%s: %s", b, problem)
		}
	}
}

func TestCommands_ACommentThatIsNotTrueIsFound(t *testing.T) {
	for comment, says := range map[string]string{
		"":                                "nothing says who runs these commands",
		"of something else":               "nothing says who runs these commands",
		"run by docs/none_test.go":        "there is no test in docs/none_test.go",
		"run by test/pages/pages.go":      "there is no test in test/pages/pages.go",
		"run by config/reference_test.go": "config/reference_test.go doesn't run: make -C nowhere",
		"needs hardware: a BlueField":     "can be run by a test",
		"needs hardware":                  "nothing says who runs these commands",
	} {
		b := pages.Block{Language: "sh", Comment: comment, Text: "make \\\n  -C nowhere\n"}
		if problem := untried(b); !strings.Contains(problem, says) {
			t.Errorf("<!-- %s -->: %q, want %q", comment, problem, says)
		}
	}
	for comment, text := range map[string]string{
		"needs hardware: a BlueField":                "ls\nmlxconfig -d 03:00.0 query\n",
		"run by test/e2e/troubleshooting_vm_test.go": "devlink dev eswitch set platform/card0 mode switchdev\n",
	} {
		b := pages.Block{Language: "sh", Comment: comment, Text: text}
		if problem := untried(b); problem != "" {
			t.Errorf("<!-- %s -->: %s", comment, problem)
		}
	}
}

// untried is what is wrong with what is said of who has tried a block.
func untried(b pages.Block) string {
	runner, run := b.Runner()
	what, needs := b.Needs()
	switch {
	case b.Language != "sh":
		return ""
	case run:
		return untriedBy(b, runner)
	case b.Page == "docs/migration.md" && strings.HasPrefix(b.Comment, "step "):
		return "" // TestMigration_… holds the test of that page to its steps
	case !needs:
		return "nothing says who runs these commands. Put a line above the block: <!-- run by FILE_test.go -->, of a test that " +
			"runs them, or <!-- needs hardware: WHAT -->, if none can"
	case !slices.ContainsFunc(b.Commands(), outOfReach):
		return "this is said to need hardware (" + what + "), but every command in it can be run by a test"
	}
	return ""
}

// outOfReach tells whether a command is for what no machine of ours has: a card's firmware, or a cloud.
func outOfReach(command string) bool {
	return slices.Contains([]string{"mlxconfig", "openstack"}, strings.Fields(command)[0])
}

// untriedBy is what is wrong with a test that is said to run a block. It may take the block from the page as it
// is, which is better, or have each of its commands in its own text.
func untriedBy(b pages.Block, runner string) string {
	text, err := os.ReadFile(filepath.Join("..", runner))
	switch {
	case err != nil || !strings.HasSuffix(runner, "_test.go"):
		return "there is no test in " + runner
	case strings.Contains(string(text), "pages.RunBy(") && strings.Contains(string(text), `"`+runner+`"`):
		return ""
	}
	for _, command := range b.Commands() {
		if !strings.Contains(string(text), command) {
			return runner + " doesn't run: " + command
		}
	}
	return ""
}

// What looks like commands is marked as such, so that no block escapes the test above. A
// transcript is compared by the test that made it.
func TestCommands_StandInBlocksThatSaySo(t *testing.T) {
	scenes, err := os.ReadFile("../test/e2e/troubleshooting_vm_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks(t) {
		if name, is := strings.CutPrefix(b.Comment, "transcript "); is {
			if !strings.Contains(string(scenes), `"`+name+`"`) {
				t.Errorf("%s: no test makes the transcript %s", b, name)
			}
			continue
		}
		if !slices.Contains([]string{"sh", "", "ini", "xml", "yaml"}, b.Language) {
			t.Errorf("%s: what is in a block of %s? Commands are in one of sh", b, b.Language)
		}
		for line := range strings.Lines(b.Text) {
			words := strings.Fields(strings.TrimLeft(line, "$# "))
			if b.Language == "" && len(words) > 1 && isProgram(words[0]) {
				t.Errorf("%s: this looks like a command, so let the block be one of sh: %s", b, line)
			}
		}
	}
}

// isProgram tells whether a word begins commands of the pages.
func isProgram(word string) bool {
	return slices.Contains([]string{
		"apt", "apt-get", "curl", "devlink", "dpkg", "echo", "ip", "journalctl", "make", "mlxconfig", "openstack", "ovn-nbctl", "ovn-sbctl",
		"ovs-appctl", "ovs-vsctl", "representorctl", "representord", "rpm", "ssh", "sudo", "systemctl", "vf-reporter",
	}, word)
}

func blocks(t *testing.T) []pages.Block {
	t.Helper()
	all, err := pages.All("..")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d blocks were found", len(all))
	}
	return all
}
