package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// result is what a part came to.
type result struct {
	Part    string  `json:"part"`
	Passed  int     `json:"passed"`
	Failed  int     `json:"failed"`
	Skipped int     `json:"skipped"`
	Seconds float64 `json:"seconds"`
	// Failures and Skips name the tests, with their package.
	Failures []string `json:"failures,omitempty"`
	Skips    []string `json:"skips,omitempty"`
}

// good: something was run, all of it passed, nothing was left out.
func (r result) good() bool { return r.Passed > 0 && r.Failed == 0 && r.Skipped == 0 }

// line is the part in one line; it does not look like the total.
func (r result) line() string {
	return fmt.Sprintf("%s: %s in %.0f s", r.Part, r.counts(), r.Seconds)
}

func (r result) counts() string {
	s := fmt.Sprintf("%d passed, %d failed", r.Passed, r.Failed)
	if r.Skipped > 0 {
		s += fmt.Sprintf(", %d skipped", r.Skipped)
	}
	return s
}

func (r result) save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(resultFile(dir, r.Part), append(b, '\n'), 0o600)
}

// load reads a part's result. A part that left none has failed.
func load(dir, part string) (result, error) {
	b, err := os.ReadFile(resultFile(dir, part))
	if os.IsNotExist(err) {
		return result{Part: part, Failed: 1, Failures: []string{part + ": was not run to its end"}}, nil
	}
	if err != nil {
		return result{}, err
	}
	var r result
	if err := json.Unmarshal(b, &r); err != nil {
		return result{}, fmt.Errorf("%s: %w", resultFile(dir, part), err)
	}
	return r, nil
}

func resultFile(dir, part string) string { return filepath.Join(dir, part+".json") }

// addUp prints the parts, what failed or was skipped, and the total as the last
// line. It returns the exit status.
func addUp(w io.Writer, dir string, parts []string) (int, error) {
	var total result
	var b strings.Builder
	status := 0
	b.WriteString("\nTests:\n")
	for _, name := range parts {
		r, err := load(dir, name)
		if err != nil {
			return 2, err
		}
		if !r.good() {
			status = 1
		}
		total.Passed += r.Passed
		total.Failed += r.Failed
		total.Skipped += r.Skipped
		fmt.Fprintf(&b, "  %s\n", r.line())
		for _, f := range r.Failures {
			fmt.Fprintf(&b, "    failed: %s\n", f)
		}
		for _, s := range r.Skips {
			fmt.Fprintf(&b, "    skipped: %s\n", s)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", total.counts())
	say(w, b.String())
	return status, nil
}
