package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// full is a device that is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestProgram_AnAnswerThatCantBeWrittenIsAnError(t *testing.T) {
	var stderr strings.Builder
	p := program{stdin: strings.NewReader(""), stdout: full{}, stderr: &stderr, now: noon}
	if got := p.run(t.Context(), []string{"ports", "--control-socket", daemon(t, facts())}); got != exitError {
		t.Errorf("exit status %d, want %d", got, exitError)
	}
	if !strings.Contains(stderr.String(), "no space left") {
		t.Errorf("%q", stderr.String())
	}
}

func TestProgram_ASocketWithoutPermissionIsToldWithItsRemedy(t *testing.T) {
	p := program{stderr: io.Discard}
	var stderr strings.Builder
	p.stderr, p.ran = &stderr, true
	status := p.status(name, &api.UnreachableError{Socket: "/s", Err: os.ErrPermission})
	if status != exitUnreachable || !strings.Contains(stderr.String(), "as root") || strings.Contains(stderr.String(), "systemctl") {
		t.Errorf("%d, %q", status, stderr.String())
	}
}

func TestProgram_ADaemonThatHangsIsToBeRestarted(t *testing.T) {
	var stderr strings.Builder
	p := program{stderr: &stderr, ran: true}
	status := p.status(name, &api.UnreachableError{Socket: "/s", Hangs: true, Err: errors.New("nothing came within 5s")})
	const want = "representorctl: the daemon on /s doesn't answer: nothing came within 5s; restart it, ports stay plugged: systemctl " +
		"restart representord\n"
	if status != exitUnreachable || stderr.String() != want {
		t.Errorf("%d, %q, want %q", status, stderr.String(), want)
	}
}

func TestSource_TheKernelIsReadWithTheSettingsOfTheFlags(t *testing.T) {
	var got []representor.Settings
	p := program{
		stdout: io.Discard, stderr: io.Discard, now: noon,
		readCard: func(_ context.Context, s representor.Settings) (representor.Card, error) {
			got = append(got, s)
			return dpu(), nil
		},
	}
	for _, args := range [][]string{{"representors", "--kernel"}, {"representors", "--kernel", "--local-functions"}} {
		if status := p.run(t.Context(), args); status != exitOK {
			t.Errorf("%v: exit status %d", args, status)
		}
	}
	if want := []representor.Settings{{}, {LocalFunctions: true}}; !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestLookup_FindsEveryKindInASavedFile(t *testing.T) {
	for _, c := range []struct {
		file, kind, number, want string
	}{
		{"bluefield-6.8.json", "", "", "pf0hpf"},
		{"bluefield-6.8.json", "--vf", "0", "pf0vf0"},
		{"bluefield-5.4.json", "", "", "pf0hpf"},
		{"bluefield-5.4.json", "--vf", "0", "pf0vf0"},
	} {
		args := []string{"lookup", "--pf-mac", mac, "--devlink-json", filepath.Join("testdata", c.file)}
		if c.kind != "" {
			args = append(args, c.kind, c.number)
		}
		got := run1(t, "/nowhere", "", noCard, args...)
		first, _, _ := strings.Cut(got.stdout, "\n")
		if got.status != exitOK || !strings.HasPrefix(strings.Fields(first)[1], c.want) {
			t.Errorf("%v: %v, want netdev %s", args, got, c.want)
		}
	}
}

func TestCompletion_IsThere(t *testing.T) {
	for _, shell := range []string{"bash", "zsh"} {
		if got := run1(t, "/nowhere", "", noCard, "completion", shell); got.status != exitOK || !strings.Contains(got.stdout, "representorctl") {
			t.Errorf("%s: exit status %d", shell, got.status)
		}
	}
}

// Whoever may write to a database chooses what is in a marker, or a row's name.
func TestProgram_WhatOthersWroteDoesNotReachTheTerminalRaw(t *testing.T) {
	const evil = "x\x1b]0;y\a \u202ez"
	f := facts()
	f.Report.Ports = []plug.Port{{Since: noon(), Status: plan.Status{
		LogicalPort: evil, State: plan.Conflict, Request: evil, Function: evil, Netdev: evil,
		Reason:   &reason.Reason{Code: reason.CodeForeignName, Message: evil, Option: evil, Value: evil, Candidates: []string{evil}},
		Warnings: []reason.Reason{{Code: reason.CodeIgnoredOption, Message: evil}},
	}}}
	f.Report.Planned = []ovs.Change{{Why: evil,
		Unplug: []ovs.Unplug{{Interface: ovs.Interface{Name: evil, Marker: ovs.Marker{LogicalPort: evil, Function: evil}}}}}}
	f.Southbound.Problem, f.Local.Problem, f.RoleReason, f.Chassis, f.Problems = evil, evil, evil, evil, []string{evil}
	socket := daemon(t, f)
	for _, args := range [][]string{{"ports"}, {"ports", evil}, {"ports", evil + "!"}, {"status"}, {"representors"},
		{"lookup", "--pf-mac", evil}} {
		got := run1(t, socket, "", noCard, args...)
		if shown := got.stdout + got.stderr; shown == "" || strings.ContainsAny(shown, "\x1b\a\u202e") {
			t.Errorf("%q shows %q", args, shown)
		}
	}
}
