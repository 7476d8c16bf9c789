package main

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// tally folds the events of one part. It does no input or output.
type tally struct {
	each     bool
	packages map[string]*pkg
	builds   map[string]*strings.Builder // output of the compiler by import path
	result   result
	done     int    // packages that ended
	now      string // the test that was started last
}

// pkg is one package while its tests run.
type pkg struct {
	output                  strings.Builder // what belongs to no test
	tests                   map[string]*test
	passed, failed, skipped int
	ended                   bool
}

// test is one test until it ends.
type test struct {
	output    strings.Builder
	hasChild  bool
	childFail bool
	ended     bool
}

func newTally(name string, each bool) *tally {
	return &tally{
		each: each, packages: map[string]*pkg{}, builds: map[string]*strings.Builder{},
		result: result{Part: name},
	}
}

// add takes one event and gives the text to print for it, mostly none.
func (t *tally) add(e event) string {
	if e.ImportPath != "" {
		if t.builds[e.ImportPath] == nil {
			t.builds[e.ImportPath] = &strings.Builder{}
		}
		t.builds[e.ImportPath].WriteString(e.Output)
		return ""
	}
	p := t.packages[e.Package]
	if p == nil {
		p = &pkg{tests: map[string]*test{}}
		t.packages[e.Package] = p
	}
	if e.Test != "" {
		return t.addTest(p, e)
	}
	switch e.Action {
	case "output":
		p.output.WriteString(e.Output)
	case "pass", "fail", "skip":
		return t.endPackage(p, e)
	}
	return ""
}

func (t *tally) addTest(p *pkg, e event) string {
	c := p.tests[e.Test]
	if c == nil {
		c = &test{}
		p.tests[e.Test] = c
	}
	switch e.Action {
	case "run":
		t.now = short(e.Package) + " " + e.Test
		for _, name := range ancestors(e.Test) {
			if a := p.tests[name]; a != nil {
				a.hasChild = true
			}
		}
	case "output":
		c.output.WriteString(e.Output)
	case "pass", "fail", "skip":
		return t.endTest(p, c, e)
	}
	return ""
}

// endTest counts a test that has no subtests, or that failed though none of them did.
func (t *tally) endTest(p *pkg, c *test, e event) string {
	c.ended = true
	var out string
	if t.each && strings.Count(e.Test, "/") < 2 {
		out = fmt.Sprintf("  %-4s %7s  %s\n", verdict(e.Action), seconds(e.Elapsed), e.Test)
	}
	switch {
	case e.Action == "pass" && !c.hasChild:
		p.passed++
		t.result.Passed++
	case e.Action == "skip":
		p.skipped++
		t.result.Skipped++
		t.result.Skips = append(t.result.Skips, short(e.Package)+" "+e.Test)
	case e.Action == "fail":
		for _, name := range ancestors(e.Test) {
			if a := p.tests[name]; a != nil {
				a.childFail = true
			}
		}
		if !c.childFail {
			p.failed++
			t.fail(short(e.Package) + " " + e.Test)
		}
		// The output stays for the package's end: a failing subtest's is not much
		// without its parent's.
		return out
	}
	c.output.Reset()
	return out
}

func (t *tally) endPackage(p *pkg, e event) string {
	p.ended = true
	if e.Action == "skip" && len(p.tests) == 0 {
		return "" // a package without tests
	}
	t.done++
	name := short(e.Package)
	if e.Action == "fail" && p.failed == 0 {
		p.failed++
		t.fail(name + " (the package as a whole)")
	}
	counts := fmt.Sprintf("%d passed", p.passed)
	if p.failed > 0 {
		counts += fmt.Sprintf(", %d failed", p.failed)
	}
	if p.skipped > 0 {
		counts += fmt.Sprintf(", %d skipped", p.skipped)
	}
	line := fmt.Sprintf("  %-4s %7s  %s: %s\n", verdict(e.Action), seconds(e.Elapsed), name, counts)
	if e.Action != "fail" {
		return line
	}
	if b := t.builds[e.FailedBuild]; b != nil {
		line += b.String()
	}
	return line + p.failure()
}

// failure is the output of everything in the package that failed or never ended.
func (p *pkg) failure() string {
	var names []string
	for name, c := range p.tests {
		if c.output.Len() > 0 {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		c := p.tests[name]
		if !c.ended {
			fmt.Fprintf(&b, "    did not end: %s\n", name)
		}
		b.WriteString(indent(c.output.String()))
	}
	b.WriteString(indent(p.output.String()))
	return b.String()
}

// end closes the part: packages that never ended have failed, and so has a
// command that failed for no reason seen, and a part without a single test.
func (t *tally) end(commandFailed string, took time.Duration) string {
	var out string
	var names []string
	for name, p := range t.packages {
		if !p.ended {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		p := t.packages[name]
		t.fail(short(name) + " (did not end)")
		out += fmt.Sprintf("  FAIL          %s: did not end\n%s", short(name), p.failure())
	}
	if commandFailed != "" && t.result.Failed == 0 {
		t.fail(t.result.Part + ": " + commandFailed)
	}
	if t.result.Passed+t.result.Failed == 0 {
		t.fail(t.result.Part + ": no test was run")
	}
	t.result.Seconds = took.Seconds()
	return out + "  " + t.result.line() + "\n"
}

// alive says what goes on, for when nothing has ended for a while.
func (t *tally) alive(took time.Duration) string {
	if len(t.packages) == 0 {
		return fmt.Sprintf("  .... %7s  compiling or starting\n", seconds(took.Seconds()))
	}
	return fmt.Sprintf("  .... %7s  %d packages done, %d tests passed, now in %s\n",
		seconds(took.Seconds()), t.done, t.result.Passed, t.now)
}

func (t *tally) fail(name string) {
	t.result.Failed++
	t.result.Failures = append(t.result.Failures, name)
}

func verdict(action string) string {
	switch action {
	case "fail":
		return "FAIL"
	case "skip":
		return "skip"
	}
	return "ok"
}

func seconds(s float64) string { return fmt.Sprintf("%.1fs", s) }

// short takes the module's path off a package's.
func short(path string) string {
	return strings.TrimPrefix(path, "github.com/representord/representord/")
}

func indent(text string) string {
	if text == "" {
		return ""
	}
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}
