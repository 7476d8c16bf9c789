package ovs

import (
	"errors"
	"strings"
	"testing"

	"github.com/representord/representord/test/servers"
)

func TestEditRoot_ChangesItsKeysAndNoOthers(t *testing.T) {
	d, s := bridged(t)
	d.Ctl(t, "set", "open", ".", "external_ids:old=1", "external_ids:gone=1", "external_ids:foreign=x")
	servers.Until(t, "the keys are seen", func() bool { return s.View().ExternalIDs["foreign"] == "x" })
	planned := s.View().ExternalIDs
	err := s.EditRoot(t.Context(), RootEdit{Planned: planned, Set: map[string]string{"old": "2,b=3", "new": "3"},
		Delete: []string{"gone", "never"}, Why: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Ctl(t, "get", "open", ".", "external_ids"); !strings.Contains(got, `foreign=x, new="3", old="2,b=3"`) ||
		strings.Contains(got, "gone") {
		t.Errorf("external_ids are %s", got)
	}
	if got := s.View().ExternalIDs["old"]; got != "2,b=3" {
		t.Errorf("the view has %q; want what was committed", got)
	}
	// What was planned on is no longer so, and nothing of it is done.
	err = s.EditRoot(t.Context(), RootEdit{Planned: planned, Set: map[string]string{"old": "4"}})
	if !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), "external_ids") {
		t.Errorf("%v, want ErrChanged", err)
	}
	if got := d.Ctl(t, "get", "open", ".", "external_ids:old"); got != `"2,b=3"` {
		t.Errorf("a refused edit set %s", got)
	}
}

func TestEditRoot_WhatMakesNoSenseIsNotSent(t *testing.T) {
	d, s := bridged(t)
	for _, e := range []RootEdit{
		{Set: map[string]string{"a": "1"}, Delete: []string{"a"}},
		{Set: map[string]string{"a": "\x00"}},
		{Set: map[string]string{"a": "\xff"}},
	} {
		if err := s.EditRoot(t.Context(), e); !errors.Is(err, ErrInvalidChange) {
			t.Errorf("%+v: %v", e, err)
		}
	}
	d.Kill()
	servers.Until(t, "the loss is seen", func() bool { return !s.View().Complete })
	if err := s.EditRoot(t.Context(), RootEdit{Set: map[string]string{"a": "1"}}); !errors.Is(err, ErrNotConnected) {
		t.Errorf("%v, want ErrNotConnected", err)
	}
}
