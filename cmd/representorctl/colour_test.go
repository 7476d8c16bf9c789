package main

import (
	"os"
	"strings"
	"testing"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/doctor"
)

func TestColours_AreWantedOnATerminalThatShowsThem(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	reader, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer pipe.Close()
	for _, c := range []struct {
		name string
		file *os.File
		env  map[string]string
		want bool
	}{
		{"a terminal", terminal, map[string]string{"TERM": "xterm"}, true},
		{"a dumb terminal", terminal, map[string]string{"TERM": "dumb"}, false},
		{"a terminal with NO_COLOR", terminal, map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false},
		{"a pipe", pipe, map[string]string{"TERM": "xterm"}, false},
	} {
		if got := wantsColours(c.file, func(key string) string { return c.env[key] }); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestColours_OfTheDoctorAreForVerdictsAlone(t *testing.T) {
	d := doctor.Diagnosis{Checks: []diagnose.Check{
		{Name: "clock", Verdict: diagnose.OK, Finding: "a"}, {Name: "serial", Verdict: diagnose.Warning, Finding: "b"},
		{Name: "bridge", Verdict: diagnose.Failed, Finding: "c"}, {Name: "chassis", Verdict: diagnose.Unknown, Finding: "d"},
	}}
	shown := func(colours bool) string {
		var out strings.Builder
		(&program{colours: colours}).writeDiagnosis(&out, d, true)
		return out.String()
	}
	coloured, plain := shown(true), shown(false)
	for _, want := range []string{"\x1b[32mok       \x1b[0mclock", "\x1b[33mwarn     \x1b[0mserial", "\x1b[31mFAIL     \x1b[0mbridge",
		"\x1b[33munknown  \x1b[0mchassis"} {
		if !strings.Contains(coloured, want) {
			t.Errorf("%q is not in %q", want, coloured)
		}
	}
	if got := strings.NewReplacer("\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[0m", "").Replace(coloured); got != plain ||
		strings.Contains(plain, "\x1b") {
		t.Errorf("without its colours it is %q, want %q", got, plain)
	}
}
