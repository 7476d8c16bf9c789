package pages

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const page = "# A page\n" +
	"\n" +
	"<!-- run by test/e2e/docs_vm_test.go -->\n" +
	"```sh\n" +
	"# first this\n" +
	"ovn-nbctl set Logical_Switch_Port vm1 \\\n" +
	"    'options:\"#\"=1'   # \"and\" then\n" +
	"\n" +
	"echo 'a  #  b'\n" +
	"```\n" +
	"- in a list\n" +
	"  ```sh\n" +
	"  make\n" +
	"  ```\n" +
	"\n" +
	"<!-- needs hardware: a BlueField -->\n" +
	"```sh\n" +
	"mlxconfig -d 03:00.0 query\n" +
	"```\n" +
	"<!-- of something else -->\n" +
	"\n" +
	"```\n" +
	"a drawing\n" +
	"```\n"

func TestParse_FindsBlocksAndWhatIsSaidOfThem(t *testing.T) {
	blocks, err := Parse("README.md", page)
	if err != nil {
		t.Fatal(err)
	}
	type seen struct{ Where, Language, Runner, Needs string }
	var got []seen
	for _, b := range blocks {
		s := seen{Where: b.String(), Language: b.Language}
		if runner, ok := b.Runner(); ok {
			s.Runner = runner
		}
		if needs, ok := b.Needs(); ok {
			s.Needs = needs
		}
		got = append(got, s)
	}
	want := []seen{
		{"README.md:4", "sh", "test/e2e/docs_vm_test.go", ""},
		{"README.md:12", "sh", "", ""},
		{"README.md:17", "sh", "", "a BlueField"},
		{"README.md:22", "", "", ""},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if _, err := Parse("README.md", "```sh\nmake\n"); err == nil || err.Error() != "README.md:1: the block has no end" {
		t.Errorf("a block without an end: %v", err)
	}
}

func TestCommands_AreWhatAShellRuns(t *testing.T) {
	blocks, err := Parse("README.md", page)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`ovn-nbctl set Logical_Switch_Port vm1 'options:"#"=1'`, "echo 'a  #  b'"}
	if got := blocks[0].Commands(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := blocks[1].Commands(); !slices.Equal(got, []string{"make"}) {
		t.Errorf("%q", got)
	}
}

func TestRunBy_AFileThatRunsNothingIsAnError(t *testing.T) {
	if _, err := RunBy("../..", "test/none_test.go"); err == nil {
		t.Error("nothing is wrong with a runner that no page names")
	}
}
