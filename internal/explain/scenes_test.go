package explain_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/explain"
	"github.com/representord/representord/internal/explain/scenes"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

//nolint:gochecknoglobals // flags of a test binary are global
var update = flag.Bool("update", false, "write the golden files")

func TestExplain_TellsOfEveryStateAndEveryReason(t *testing.T) {
	states, codes, names := map[plan.State]bool{}, map[reason.Code]bool{}, map[string]bool{}
	for _, s := range scenes.All() {
		if names[s.Name] {
			t.Errorf("two scenes are called %s", s.Name)
		}
		names[s.Name] = true
		t.Run(s.Name, func(t *testing.T) {
			got := scenes.Explained(t, s.World.Daemon(t), s.Port)
			if s.Code != "" && !says(got, s.Code) {
				t.Errorf("no step has the code %s: %+v", s.Code, got)
			}
			if got.State != s.State {
				t.Errorf("the state is %q, want %q", got.State, s.State)
			}
			for _, step := range got.Steps {
				if step.Code != "" {
					codes[step.Code] = true
				}
				if (step.Verdict == diagnose.Failed || step.Code != "") && step.Remedy == "" {
					t.Errorf("step %s has no remedy", step.Name)
				}
				if step.Finding == "" || step.Source == "" {
					t.Errorf("step %s finds nothing, or nowhere: %+v", step.Name, step)
				}
			}
			states[got.State] = true
			golden(t, s.Name, steady(listed(got)))
		})
	}
	// What is declared anywhere that a port's status comes from must have had its turn.
	for _, want := range declared(t, "State", "plug/plan") {
		if !states[plan.State(want)] {
			t.Errorf("no explanation of a port that is %s", want)
		}
	}
	for _, want := range declared(t, "Code",
		"internal/reason", "internal/ovn", "internal/ovn/southbound", "plug", "plug/plan", "internal/explain", "internal/diagnose") {
		if !codes[reason.Code(want)] {
			t.Errorf("no explanation of %s", want)
		}
	}
	wantNoOther(t, names)
}

func says(e explain.Explanation, code reason.Code) bool {
	for _, s := range e.Steps {
		if s.Code == code {
			return true
		}
	}
	return false
}

// listed is all that an explanation holds, a fact a line.
func listed(e explain.Explanation) string {
	var out strings.Builder
	fact := func(label, text string) {
		if text != "" {
			fmt.Fprintf(&out, "%s: %s\n", label, text)
		}
	}
	fmt.Fprintf(&out, "port: %q\nknown: %t\nplugged: %t\n", e.LogicalPort, e.Known, e.Plugged)
	fact("state", string(e.State))
	if !e.Since.IsZero() {
		fact("since", e.Since.UTC().Format(time.RFC3339))
	}
	fact("failed step", e.FailedStep)
	fact("why", e.Why)
	fact("remedy", e.Remedy)
	for _, s := range e.Steps {
		fmt.Fprintf(&out, "\n%s: %s\n", s.Name, string(s.Verdict))
		fact("  source", s.Source)
		for _, f := range s.Read {
			fact("  read", f.Key+"="+f.Value)
		}
		for _, c := range s.Candidates {
			fact("  candidate", c.Function)
			fact("    MAC", c.MAC)
			fact("    card", c.CardSerial)
			fact("    refused", c.Refused)
		}
		fact("  finding", s.Finding)
		fact("  code", string(s.Code))
		for _, w := range s.InTheWay {
			fact("  in the way", w)
		}
		fact("  remedy", s.Remedy)
	}
	return out.String()
}

// steady takes out how long the reconciler waits, which is random.
func steady(s string) string {
	return regexp.MustCompile(`again in [0-9.]+m?s`).ReplaceAllString(s, "again in SOON")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
