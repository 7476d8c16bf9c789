package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stream is the start of every event of a package.
const stream = `{"Package":"github.com/representord/representord/plug",`

// runLines runs a part whose command prints the given lines and ends with the status.
func runLines(t *testing.T, status string, lines ...string) (r result, shown string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "events")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	r = runPart(part{name: "it", command: []string{"sh", "-c", `cat "$0"; exit "$1"`, file, status}}, &out, io.Discard)
	r.Seconds = 0
	return r, out.String()
}

func TestPart_Counts(t *testing.T) {
	tests := []struct {
		name   string
		status string
		lines  []string
		want   result
		shown  []string
	}{
		{
			name: "passing tests are counted, output of theirs is not shown", status: "0",
			lines: []string{
				stream + `"Action":"run","Test":"TestA"}`,
				stream + `"Action":"output","Test":"TestA","Output":"chatter\n"}`,
				stream + `"Action":"pass","Test":"TestA","Elapsed":0.1}`,
				stream + `"Action":"pass","Elapsed":1.5}`,
			},
			want:  result{Passed: 1},
			shown: []string{"  ok      1.5s  plug: 1 passed\n"},
		},
		{
			name: "a test with subtests is not counted beside them", status: "0",
			lines: []string{
				stream + `"Action":"run","Test":"TestA"}`,
				stream + `"Action":"run","Test":"TestA/one/with_slash"}`,
				stream + `"Action":"run","Test":"TestA/two"}`,
				stream + `"Action":"pass","Test":"TestA/one/with_slash"}`,
				stream + `"Action":"pass","Test":"TestA/two"}`,
				stream + `"Action":"pass","Test":"TestA"}`,
				stream + `"Action":"pass"}`,
			},
			want: result{Passed: 2},
		},
		{
			name: "a failing subtest counts once and is shown with its parent's output", status: "1",
			lines: []string{
				stream + `"Action":"run","Test":"TestA"}`,
				stream + `"Action":"output","Test":"TestA","Output":"setting up\n"}`,
				stream + `"Action":"run","Test":"TestA/bad"}`,
				stream + `"Action":"output","Test":"TestA/bad","Output":"want 1, got 2\n"}`,
				stream + `"Action":"fail","Test":"TestA/bad"}`,
				stream + `"Action":"fail","Test":"TestA"}`,
				stream + `"Action":"fail","Elapsed":2}`,
			},
			want:  result{Failed: 1, Failures: []string{"plug TestA/bad"}},
			shown: []string{"FAIL", "    setting up\n", "    want 1, got 2\n"},
		},
		{
			name: "a test that fails after its subtests passed counts as failed", status: "1",
			lines: []string{
				stream + `"Action":"run","Test":"TestA"}`,
				stream + `"Action":"run","Test":"TestA/good"}`,
				stream + `"Action":"pass","Test":"TestA/good"}`,
				stream + `"Action":"fail","Test":"TestA"}`,
				stream + `"Action":"fail"}`,
			},
			want: result{Passed: 1, Failed: 1, Failures: []string{"plug TestA"}},
		},
		{
			name: "a skipped test is named", status: "0",
			lines: []string{
				stream + `"Action":"run","Test":"TestA"}`,
				stream + `"Action":"skip","Test":"TestA"}`,
				stream + `"Action":"run","Test":"TestB"}`,
				stream + `"Action":"pass","Test":"TestB"}`,
				stream + `"Action":"pass"}`,
			},
			want: result{Passed: 1, Skipped: 1, Skips: []string{"plug TestA"}},
		},
		{
			name: "a package that doesn't compile fails with the compiler's words", status: "1",
			lines: []string{
				`{"ImportPath":"x [x.test]","Action":"build-output","Output":"plan.go:3: undefined: y\n"}`,
				`{"ImportPath":"x [x.test]","Action":"build-fail"}`,
				stream + `"Action":"fail","FailedBuild":"x [x.test]"}`,
			},
			want:  result{Failed: 1, Failures: []string{"plug (the package as a whole)"}},
			shown: []string{"plan.go:3: undefined: y\n"},
		},
		{
			name: "a package that never ends fails and names the test it was in", status: "137",
			lines: []string{
				stream + `"Action":"run","Test":"TestA"}`,
				stream + `"Action":"output","Test":"TestA","Output":"last words\n"}`,
			},
			want:  result{Failed: 1, Failures: []string{"plug (did not end)"}},
			shown: []string{"did not end: TestA", "last words"},
		},
		{
			name: "a package without tests is neither counted nor shown", status: "0",
			lines: []string{
				`{"Action":"output","Package":"none","Output":"?   none [no test files]\n"}`,
				`{"Action":"skip","Package":"none"}`,
				stream + `"Action":"run","Test":"TestA"}`,
				stream + `"Action":"pass","Test":"TestA"}`,
				stream + `"Action":"pass"}`,
			},
			want: result{Passed: 1},
		},
		{
			name: "a part that runs no test fails", status: "0",
			want: result{Failed: 1, Failures: []string{"it: no test was run"}},
		},
		{
			name: "a command that fails though all tests passed fails the part", status: "3",
			lines: []string{
				stream + `"Action":"run","Test":"TestA"}`,
				stream + `"Action":"pass","Test":"TestA"}`,
				stream + `"Action":"pass"}`,
			},
			want: result{Passed: 1, Failed: 1, Failures: []string{"it: exit status 3"}},
		},
		{
			name: "lines that are no events are shown as they are", status: "0",
			lines: []string{
				"booting", "{not json",
				stream + `"Action":"run","Test":"TestA"}`,
				stream + `"Action":"pass","Test":"TestA"}`,
				stream + `"Action":"pass"}`,
			},
			want:  result{Passed: 1},
			shown: []string{"booting\n{not json\n"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, shown := runLines(t, tt.status, tt.lines...)
			tt.want.Part = "it"
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s\nshown:\n%s", diff, shown)
			}
			for _, text := range tt.shown {
				if !strings.Contains(shown, text) {
					t.Errorf("shown lacks %q:\n%s", text, shown)
				}
			}
			if strings.Contains(shown, "chatter") {
				t.Errorf("shown has the output of a passing test:\n%s", shown)
			}
		})
	}
}

func TestPart_ACommandThatCannotStartFailsIt(t *testing.T) {
	var out bytes.Buffer
	r := runPart(part{name: "it", command: []string{"/nonexistent/command"}}, &out, io.Discard)
	if r.good() || len(r.Failures) != 1 || !strings.Contains(r.Failures[0], "/nonexistent/command") {
		t.Errorf("got %+v, want one failure that names the command", r)
	}
}

func TestPart_EachPrintsTestsAndTheirSubtestsButNothingBelow(t *testing.T) {
	tl := newTally("it", true)
	var shown strings.Builder
	for _, e := range []event{
		{Action: "run", Package: "p", Test: "TestA"},
		{Action: "run", Package: "p", Test: "TestA/x"},
		{Action: "run", Package: "p", Test: "TestA/x/y"},
		{Action: "pass", Package: "p", Test: "TestA/x/y"},
		{Action: "pass", Package: "p", Test: "TestA/x", Elapsed: 1},
		{Action: "pass", Package: "p", Test: "TestA", Elapsed: 2},
	} {
		shown.WriteString(tl.add(e))
	}
	if want := "  ok      1.0s  TestA/x\n  ok      2.0s  TestA\n"; shown.String() != want {
		t.Errorf("shown %q, want %q", shown.String(), want)
	}
}

func TestTotal(t *testing.T) {
	good := result{Part: "unit", Passed: 40, Seconds: 12}
	tests := []struct {
		name   string
		saved  []result
		last   string
		status int
	}{
		{"all passed", []result{good, {Part: "vm", Passed: 2}}, "42 passed, 0 failed", 0},
		{"one failed", []result{good, {Part: "vm", Passed: 1, Failed: 1}}, "41 passed, 1 failed", 1},
		{"a skipped test is no success", []result{good, {Part: "vm", Passed: 1, Skipped: 3}}, "41 passed, 0 failed, 3 skipped", 1},
		{"a part that left no result has failed", []result{good}, "40 passed, 1 failed", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "results")
			for _, r := range tt.saved {
				if err := r.save(dir); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			status, err := run([]string{"-results", dir, "-total", "unit", "vm"}, &out, &out)
			if err != nil || status != tt.status {
				t.Errorf("status %d, error %v, want %d", status, err, tt.status)
			}
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if last := lines[len(lines)-1]; last != tt.last {
				t.Errorf("last line %q, want %q", last, tt.last)
			}
			alone := regexp.MustCompile(`(?m)^\d+ passed, \d+ failed(, \d+ skipped)?$`)
			if n := len(alone.FindAllString(out.String(), -1)); n != 1 {
				t.Errorf("%d lines look like the total, want one:\n%s", n, out.String())
			}
		})
	}
}

func TestUsage_ErrorsEndWithStatus2(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"-results", "x"},
		{"-results", "x", "-total"},
		{"-results", "x", "-part", "unit"},
		{"-results", "x", "-part", "unit", "-total", "unit"},
		{"-part", "unit", "true"},
	} {
		var out bytes.Buffer
		if status, _ := run(args, &out, &out); status != 2 {
			t.Errorf("run(%q) ended with %d, want 2", args, status)
		}
	}
}
