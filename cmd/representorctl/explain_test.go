package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/explain"
	"github.com/representord/representord/internal/explain/scenes"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
)

// What an explanation holds for every state and every reason is specified in internal/explain.

func TestExplain_PrintsAllOfAnExplanation(t *testing.T) {
	// Between them these have every kind of line.
	inFull := []string{
		"card-serial-mismatch", "function-taken", "gone", "held-southbound-away", "hw-addr-failed", "no-pass-yet", "odd-name",
		"pf-not-found", "pf-uncertain", "plugged", "plugged-not-installed", "plugged-southbound-away", "standby",
	}
	inShort := []string{"held-southbound-away", "pf-not-found", "plugged", "plugged-southbound-away"}
	var kept strings.Builder
	for _, s := range scenes.All() {
		t.Run(s.Name, func(t *testing.T) {
			socket := s.World.Daemon(t)
			e := scenes.Explained(t, socket, s.Port)
			long, short := run1(t, socket, "", nil, "explain", s.Port, "-v"), run1(t, socket, "", nil, "explain", s.Port)
			for _, o := range []outcome{long, short} {
				if want := exitOf(e); o.status != want || o.stderr != "" {
					t.Errorf("want exit status %d and nothing on standard error: %s", want, o)
				}
				checkWidth(t, o.stdout)
			}
			isWhole(t, e, long.stdout)
			isShort(t, e, short.stdout, long.stdout)
			if slices.Contains(inFull, s.Name) {
				golden(t, "explain/"+s.Name, steady(long.String()))
				kept.WriteString(long.stdout)
			}
			if slices.Contains(inShort, s.Name) {
				golden(t, "explain-short-"+s.Name, steady(short.String()))
			}
		})
	}
	for _, kind := range []string{
		"\nplugged     yes: ", "\nplugged     no: ", "\nplugged     no\n", "\nplugged     not known\n", "\nplugged     not known; it was ",
		"\nfails at ", "\nremedy ", "\nok ", "\nwarn ", "\nFAIL ", "\nunknown ", "\nskipped ", ": see above\n", "\n    read in ",
		"\n    candidate ", " MT2242X00002: refused: ", ": this one is meant\n", "\n    in the way: ", "\n    remedy: ", " \\\n",
	} {
		if !strings.Contains(kept.String(), kind) {
			t.Errorf("no file has %q", kind)
		}
	}
	wantNoOther(t, append(inFull, "json", "no-daemon"))
}

// exitOf is the exit status that goes with an explanation.
func exitOf(e explain.Explanation) int {
	switch {
	case !e.Known:
		return exitUnknown
	case e.Plugged:
		return exitOK
	default:
		return exitNotFound
	}
}

// flat is a text without line breaks, nor the backslashes before them.
func flat(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, " \\\n", " ")), " ")
}

// isWhole wants everything to be in what is printed with -v.
func isWhole(t *testing.T, e explain.Explanation, printed string) {
	t.Helper()
	said := func(remedy string) string { return strings.ReplaceAll(remedy, "`", " ") }
	want := []string{"port " + reason.Word(e.LogicalPort), string(e.State), "why " + e.Why, said(e.Remedy)}
	if e.FailedStep != "" {
		want = append(want, "fails at "+e.FailedStep)
	}
	for _, s := range e.Steps {
		if !strings.Contains(printed, "\n"+pad(s.Verdict.String(), verdictWidth)+s.Name) {
			t.Errorf("step %s isn't %s in\n%s", s.Name, s.Verdict, printed)
		}
		want = append(want, s.Finding)
		if s.Code != "" {
			want = append(want, s.Name+" "+string(s.Code)+": ")
		}
		if s.Verdict == diagnose.Skipped {
			continue
		}
		want = append(want, said(s.Remedy))
		for _, f := range s.Read {
			want = append(want, "read in "+s.Source+": ", f.Key+"="+reason.Word(f.Value))
		}
		for _, c := range s.Candidates {
			want = append(want, "candidate "+c.Function)
			if c.MAC != "" {
				want = append(want, c.Function+", MAC "+c.MAC)
			}
			if c.CardSerial != "" {
				want = append(want, ", card "+c.CardSerial)
			}
			if c.Refused != "" {
				want = append(want, ": refused: "+c.Refused)
			}
		}
		if len(s.Candidates) == 0 {
			for _, w := range s.InTheWay {
				want = append(want, "in the way: "+w)
			}
		}
	}
	for _, w := range want {
		if !strings.Contains(flat(printed), flat(w)) {
			t.Errorf("%q is not in\n%s", w, printed)
		}
	}
}

// isShort wants the conclusion first, as with -v, then only what is not as it should be
// besides, and no proof.
func isShort(t *testing.T, e explain.Explanation, short, long string) {
	t.Helper()
	conclusion, _, _ := strings.Cut(long, "\n\n")
	if !strings.HasPrefix(short, conclusion+"\n\n") || strings.Contains(short, "read in ") || strings.Contains(short, "\nok ") ||
		strings.Contains(short, "\nskipped ") {
		t.Errorf("it is\n%s\nand with -v\n%s", short, long)
	}
	for _, s := range e.Steps {
		if s.Verdict == diagnose.Warning && !strings.Contains(flat(short), flat(s.Finding)) {
			t.Errorf("the warning of step %s is not in\n%s", s.Name, short)
		}
	}
}

// steady takes out how long the reconciler waits, which is random.
func steady(s string) string {
	return regexp.MustCompile(`again in\s+[0-9.]+m?s`).ReplaceAllString(s, "again in SOON")
}

// wantNoOther: an explanation that nothing prints any more is not kept.
func wantNoOther(t *testing.T, names []string) {
	t.Helper()
	paths, err := filepath.Glob("testdata/explain/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if !slices.Contains(names, strings.TrimSuffix(filepath.Base(path), ".golden")) {
			t.Errorf("%s belongs to no test", path)
		}
	}
}

func TestExplain_PrintsJSONWithTypedSteps(t *testing.T) {
	w := scenes.With(scenes.Asks("vm1", "vif-plug:representor:pf-mac", "00:53:00:00:00:99"))
	out := run1(t, w.Daemon(t), "", nil, "explain", "vm1", "-j")
	golden(t, "explain/json", out.String())
	var e explain.Explanation
	if err := json.Unmarshal([]byte(out.stdout), &e); err != nil || e.FailedStep != diagnose.PF || out.status != exitNotFound {
		t.Errorf("%v, %d: %+v", err, out.status, e)
	}
}

func TestExplain_WithoutADaemonSaysSo(t *testing.T) {
	golden(t, "explain/no-daemon", run1(t, absent(t), "", nil, "explain", "vm1").String())
}

func TestExplain_FindsThePortOfANetdev(t *testing.T) {
	w := scenes.With(scenes.Asks("vm1"), scenes.Asks("vm0")).Has(scenes.Row("vm0", "pf0vf0", 0))
	socket := w.Daemon(t)
	if out := run1(t, socket, "", nil, "explain", "--netdev", "pf0vf0"); out.status != exitOK ||
		!strings.Contains(out.stdout, "port        vm0\n") {
		t.Errorf("%s", out)
	}
	if out := run1(t, socket, "", nil, "explain", "--netdev", "eth9"); out.status != exitNotFound ||
		!strings.Contains(out.stderr, "netdev eth9: no logical port") {
		t.Errorf("%s", out)
	}
	for _, args := range [][]string{{"explain"}, {"explain", "a", "b"}, {"explain", "a", "--netdev", "b"}} {
		if out := run1(t, socket, "", nil, args...); out.status != exitUsage {
			t.Errorf("%v: %s", args, out)
		}
	}
}

func TestExplain_TheCommandsForAPortThatIsNamedLikeAnOptionAreTaken(t *testing.T) {
	const other = "--json"
	socket := scenes.With(scenes.Asks("-v"), scenes.Asks(other)).Has(scenes.Row(other, "pf0vf0", 0)).Daemon(t)
	out := run1(t, socket, "", nil, "explain", "--", "-v")
	var commands []string
	for line := range strings.Lines(out.stdout) {
		if _, command, found := strings.Cut(line, "representorctl "); found {
			commands = append(commands, strings.TrimSpace(command))
		}
	}
	if len(commands) != 2 {
		t.Fatalf("the commands are %q in\n%s", commands, out)
	}
	for i, port := range []string{other, "-v"} {
		if got := run1(t, socket, "", nil, strings.Fields(commands[i])...); !strings.HasPrefix(got.stdout, "port        "+port+"\n") {
			t.Errorf("%s says\n%s", commands[i], got)
		}
	}
}

func TestColours_AreForTerminalsOnly(t *testing.T) {
	p := program{colours: true, now: noon}
	var out strings.Builder
	p.writeExplanation(&out, explain.Explanation{LogicalPort: "vm1", Steps: []diagnose.Check{
		{Name: diagnose.PF, Verdict: diagnose.Failed, Finding: "no"}, {Name: diagnose.Card, Verdict: diagnose.OK, Finding: "yes"},
		{Name: diagnose.Up, Verdict: diagnose.Unknown, Finding: "maybe"}, {Name: diagnose.Row, Verdict: diagnose.Skipped, Finding: "later"},
	}}, true)
	for _, want := range []string{"\x1b[31mFAIL     \x1b[0mpf", "\x1b[32mok       \x1b[0mcard",
		"\x1b[33munknown  \x1b[0mup", "\nskipped  row"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
	w := scenes.With()
	if out := run1(t, daemonWith(t, w.Facts(t), api.Server{}), "", nil, "explain", "vm1"); strings.Contains(out.stdout, "\x1b") {
		t.Errorf("colours: %q", out.stdout)
	}
}

func TestExplain_IsFastWithAThousandPorts(t *testing.T) {
	w := scenes.Plugged()
	f := w.Facts(t)
	for i := range 1000 {
		name := "port" + strconv.Itoa(i)
		f.Report.Ports = append(f.Report.Ports, plug.Port{Status: plan.Status{LogicalPort: name, State: plan.Plugged}})
		f.Local.Interfaces[name] = scenes.Row(name, name, i)
	}
	for _, away := range []bool{false, true} {
		f.Southbound.Connected, w.Asked.Connected = !away, !away
		c := api.NewClient(daemonWith(t, f, api.Server{Inquire: w.Inquire}))
		best := time.Hour // a busy machine may hold up one of them
		for range 5 {
			start := time.Now()
			if e, err := c.Explain(t.Context(), "vm1"); err != nil || !e.Plugged {
				t.Fatalf("%+v, %v", e, err)
			}
			best = min(best, time.Since(start))
		}
		if best > 50*time.Millisecond {
			t.Errorf("an explanation takes %s (Southbound away: %v)", best, away)
		}
	}
}
