// Package docs_test holds the documentation to what the programs really do.
package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/representord/representord/config"
)

const readme = "../README.md"

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// daemonSettings gives the default of every setting, by name.
func daemonSettings() map[string]string {
	flags := pflag.NewFlagSet("representord", pflag.ContinueOnError)
	config.Flags(flags)
	all := map[string]string{}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name != "config" { // not a setting: it says where the settings are
			all[f.Name] = f.DefValue
		}
	})
	return all
}

func TestReadme_TheSettingsInItHaveTheirDefaults(t *testing.T) {
	section := regexp.MustCompile(`(?s)\n## Settings\n(.*?)\n## `).FindStringSubmatch(read(t, readme))
	if section == nil {
		t.Fatal("README.md has no section Settings")
	}
	defaults := daemonSettings()
	name := regexp.MustCompile("`([^`]+)`")
	named := 0
	for row := range strings.Lines(section[1]) {
		cells := strings.Split(row, "|")
		if !strings.HasPrefix(row, "| `") {
			continue
		}
		for _, key := range name.FindAllStringSubmatch(cells[1], -1) {
			named++
			value, there := defaults[key[1]]
			if documented := strings.Trim(cells[2], " `"); !there {
				t.Errorf("README.md has a setting that is none: %s", key[1])
			} else if !sameDefault(documented, value) {
				t.Errorf("README.md says the default of %s is %q, it is %q", key[1], documented, value)
			}
		}
	}
	if named < 5 {
		t.Errorf("README.md names %d settings only", named)
	}
	if !strings.Contains(section[1], "(docs/configuration.md)") {
		t.Error("README.md doesn't lead to the others")
	}
}

// sameDefault knows that a flag prints a duration of 2m as 2m0s, and 60s as 1m0s.
func sameDefault(documented, value string) bool {
	return documented == value || documented+"0s" == value || documented == "60s" && value == "1m0s"
}

// The reference and the sample file are made from the settings themselves, see config/reference_test.go.
func TestManualPage_HasEverySettingAndNoOtherDefault(t *testing.T) {
	page := strings.NewReplacer(`\-`, "-", `\fR`, "", "\n.IR ", " ", "\n.I ", " ").Replace(read(t, "man/representord.8"))
	stated := regexp.MustCompile(`Default:\s+(\S+?)[\s.]*\n`)
	for key, value := range daemonSettings() {
		_, entry, there := strings.Cut(page, "--"+key)
		if !there {
			t.Errorf("representord.8 lacks --%s", key)
			continue
		}
		entry, _, _ = strings.Cut(entry, "\n.TP\n")
		if m := stated.FindStringSubmatch(entry); len(m) == 2 && m[1] != "none" && !sameDefault(m[1], value) {
			t.Errorf("representord.8 says the default of --%s is %q, it is %q", key, m[1], value)
		}
	}
}

// reasonCodes are the values of all constants of type Code in internal/reason.
func reasonCodes(t *testing.T) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../internal/reason/reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Code" {
			return true
		}
		for _, v := range spec.Values {
			literal, ok := v.(*ast.BasicLit)
			if !ok {
				t.Fatalf("%v is no literal", spec.Names)
			}
			code, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			codes[code] = true
		}
		return true
	})
	if len(codes) < 20 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	return codes
}

func TestFailureModes_HaveEveryReasonCode(t *testing.T) {
	page := read(t, "failure-modes.md")
	for code := range reasonCodes(t) {
		if !strings.Contains(page, "`"+code+"`") {
			t.Errorf("failure-modes.md lacks the reason code %s", code)
		}
	}
}

// What the page quotes as the programs' words is in the programs.
func TestFailureModes_QuoteThePrograms(t *testing.T) {
	page := read(t, "failure-modes.md")
	sources := map[string]string{}
	for _, dir := range []string{"internal/agent", "internal/ovn", "internal/ovn/southbound", "plug", "plug/plan", "internal/dbconn",
		"representor", "cmd/representord", "cmd/representorctl"} {
		files, err := filepath.Glob("../" + dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if !strings.HasSuffix(name, "_test.go") {
				sources[name] = read(t, name)
			}
		}
	}
	for _, words := range []string{
		"the server is cut off from its cluster", "the server is behind what was seen already",
		"is a relay, which may be behind what was seen already: waiting",
		"SB_Global has no row: ovn-northd has not written to this database yet", "it has no Chassis row of ours: is ovn-controller running?",
		"the Southbound does not confirm what changed; rows stay", "HELD: removals wait; ",
		"it leads the cluster: if that was restored from older files, it is accepted in", "TLS ", "(checked against the CA certificate ",
		"(the server refused the certificate ", "retargeted: ", "its representor is now ",
		"leak closed: the netdev is not the function's any more",
		"a plug provider built into ovn-controller works on this bridge, ", "another representord has this bridge", "stopping; the ports stay",
		"local identity", "integration bridge changed",
	} {
		if !strings.Contains(page, words) {
			t.Errorf("failure-modes.md doesn't quote %q any more: take it off this list", words)
		}
		found := false
		for _, text := range sources {
			found = found || strings.Contains(text, words)
		}
		if !found {
			t.Errorf("no program says %q", words)
		}
	}
}

// testFunctions are the bodies of the functions in test files, by name.
func testFunctions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != ".." {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text := read(t, path)
		file, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Body != nil {
				all[f.Name.Name] += text[f.Body.Pos()-file.FileStart : f.Body.End()-file.FileStart]
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFaults_EachHasATestThatHasAWitness(t *testing.T) {
	functions := testFunctions(t)
	name := regexp.MustCompile("`([A-Za-z0-9_]+)`")
	faults := 0
	for row := range strings.Lines(read(t, "fault-tests.md")) {
		for _, m := range name.FindAllStringSubmatch(row, -1) {
			if strings.HasPrefix(row, "|") && functions[m[1]] == "" {
				t.Errorf("fault-tests.md names %s, which no test is called", m[1])
			}
		}
		cells := strings.Split(row, "|")
		if len(cells) != 5 || strings.HasPrefix(row, "|---") || strings.HasPrefix(row, "| fault |") {
			continue
		}
		faults++
		judged := name.FindAllStringSubmatch(cells[2], -1)
		if len(judged) == 0 {
			t.Errorf("no test causes this fault before a witness: %s", cells[1])
		}
		for _, m := range judged {
			if body := functions[m[1]]; !strings.Contains(body, "newJudgedHost(t,") && !strings.Contains(body, "d.judged(t)") {
				t.Errorf("%s has no witness", m[1])
			}
		}
	}
	if faults != 27 {
		t.Errorf("fault-tests.md has %d faults, want 27", faults)
	}
}

// A step that no test takes may lose somebody's ports.
func TestMigration_EachStepIsRunByItsTest(t *testing.T) {
	steps := regexp.MustCompile("<!-- step ([a-z-]+) -->\n *```sh\n").FindAllStringSubmatch(read(t, "migration.md"), -1)
	if blocks := strings.Count(read(t, "migration.md"), "```sh"); len(steps) < 10 || len(steps) != blocks {
		t.Errorf("migration.md has %d steps, and %d blocks of commands", len(steps), blocks)
	}
	test := read(t, "../systemd/migration_vm_test.go")
	for _, step := range steps {
		if !strings.Contains(test, `(t, "`+step[1]+`"`) {
			t.Errorf("no test runs the step %s of migration.md", step[1])
		}
	}
}

func TestManualPage_IsGoodRoff(t *testing.T) {
	out, err := exec.Command("groff", "-man", "-Tutf8", "-ww", "-z", "man/representord.8").CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("groff (Debian package groff-base): %v\n%s", err, out)
	}
}

func TestLinks_BetweenTheDocumentsLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)]+)\)`)
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, readme, "../CONTRIBUTING.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			path, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(path, "://") {
				continue
			}
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			text := read(t, target)
			if anchor != "" && !hasHeading(text, anchor) {
				t.Errorf("%s links to %s, which has no heading for #%s", page, target, anchor)
			}
		}
	}
}

// hasHeading looks for the heading that GitHub gives this anchor: small letters, hyphens for blanks,
// and no punctuation.
func hasHeading(text, anchor string) bool {
	for line := range strings.Lines(text) {
		title, is := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !is || !strings.HasPrefix(line, "#") {
			continue
		}
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(title))
		if slug == anchor {
			return true
		}
	}
	return false
}
