package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

func TestDraw_GoesToTheFileThatIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "card.svg")
	socket := daemon(t, facts())
	got := run1(t, socket, "", noCard, "draw", "-o", file)
	if got.status != exitOK || got.stdout != "" || got.stderr != "" {
		t.Fatal(got)
	}
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if printed := run1(t, socket, "", noCard, "draw").stdout; printed != string(saved) {
		t.Errorf("%s has another drawing than the one that is printed:\n%s\n%s", file, saved, printed)
	}
}

func TestDraw_WhatCantBeWrittenIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "missing", "card.svg")
	got := run1(t, daemon(t, facts()), "", noCard, "draw", "-o", file)
	if got.status != exitError || !strings.Contains(got.stderr, file) {
		t.Error(got)
	}
}

// A file that isn't JSON must not leave an empty drawing where a good one was.
func TestDraw_WhatCantBeMadeLeavesTheFileAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "card.svg")
	if err := os.WriteFile(file, []byte("yesterday's"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := run1(t, "/nowhere", "no JSON", noCard, "draw", "-o", file, "--devlink-json", "-"); got.status != exitError {
		t.Error(got)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "yesterday's" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestDraw_HasUplinksFromEverySource(t *testing.T) {
	card := dpu()
	card.Ports = append(card.Ports, devlink.Port{
		Handle: card.Ports[0].Handle, Index: 262143, Type: devlink.TypeEth, Flavour: devlink.FlavourPhysical,
		Number: devlink.Some[uint32](0), IfIndex: 3, NetdevName: "p0",
	})
	card.Links[3] = representor.Link{Name: "p0", Up: true, MTU: 1500, Settled: true}
	known := facts()
	known.Index = representor.NewIndex(card, representor.Settings{})
	whole := func() (representor.Card, error) { return card, nil }
	for source, got := range map[string]outcome{
		"daemon": run1(t, daemon(t, known), "", noCard, "draw"),
		"kernel": run1(t, "/nowhere", "", whole, "draw", "--kernel"),
		"file":   run1(t, "/nowhere", "", noCard, "draw", "--devlink-json", "testdata/bluefield-6.8.json"),
	} {
		if got.status != exitOK || !strings.Contains(got.stdout, ">Uplink 0</text>") || !strings.Contains(got.stdout, ">p0</text>") {
			t.Errorf("%s: %v", source, got)
		}
	}
}
