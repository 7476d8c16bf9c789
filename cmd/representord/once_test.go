package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
)

func TestOnce_PlugsWhatIsAskedAndSaysSo(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	c := newCloud(t, h)
	c.ask(t, "vm1", 1)
	f := newFakeCard(cardWith(2))
	var o outcome
	for range 5 { // the test plays ovs-vswitchd, and must be done before --once loses its patience
		done := make(chan outcome, 1)
		go func() { done <- inProcess(t.Context(), f, h.flags("--once")...) }()
		h.opened(t, "pf0vf1", 101)
		if o = <-done; o.status != exitNotPlugged {
			break
		}
		h.Ctl(t, "del-port", "pf0vf1")
	}
	if o.status != exitOK || !strings.Contains(o.stdout, "plug   pf0vf1") || !strings.Contains(o.stdout, "ports: 1 plugged") {
		t.Errorf("%+v", o)
	}
	if got := h.Ctl(t, "get", "Interface", "pf0vf1", "external_ids:iface-id"); got != "vm1" {
		t.Errorf("iface-id is %s", got)
	}
	if got := f.wereUp(); !slices.Contains(got, 101) {
		t.Errorf("links set up: %v, want 101", got)
	}

	again := inProcess(t.Context(), f, h.flags("--once")...)
	if again.status != exitOK || !strings.HasPrefix(again.stdout, "nothing to change\nports: 1 plugged\n") {
		t.Errorf("a second time: %+v", again)
	}
}

func TestOnce_SaysWhichPortsAreNotPluggedAndWhy(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	c := newCloud(t, h)
	c.ask(t, "vm9", 9)
	o := inProcess(t.Context(), newFakeCard(cardWith(2)), h.flags("--once")...)
	if o.status != exitNotPlugged || !strings.Contains(o.stdout, "vm9 pending\n    function-not-found: ") {
		t.Errorf("%+v", o)
	}
}

func TestOnce_NamesWhatItWaitedForInVain(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-remote=unix:"+filepath.Join(h.dir, "nobody"))
	// Long enough for a busy machine to get as far as what is missing.
	o := inProcess(t.Context(), newFakeCard(cardWith(1)), h.flags("--once", "--timeout=10s")...)
	if o.status != exitError || !strings.Contains(o.stderr, "after 10s still waiting: the Southbound: ") {
		t.Errorf("without a Southbound: %+v", o)
	}

	blind := cardWith(0)
	blind.Complete, blind.Problem = false, "no devlink here"
	o = inProcess(t.Context(), newFakeCard(blind), h.flags("--once", "--timeout=10s")...)
	if o.status != exitError || !strings.Contains(o.stderr, "still waiting: the card: no devlink here") {
		t.Errorf("without a card: %+v", o)
	}

	h.Kill()
	o = inProcess(t.Context(), newFakeCard(cardWith(1)), h.flags("--once", "--timeout=1s")...)
	if o.status != exitError || !strings.Contains(o.stderr, "still waiting: the local database: ") {
		t.Errorf("without a local database: %+v", o)
	}
}

func TestDryRun_ShowsThePlanAndWritesNothing(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	c := newCloud(t, h)
	c.ask(t, "vm1", 1)
	before := h.Ctl(t, "list", "Interface") + h.Ctl(t, "list", "Bridge")
	f := newFakeCard(cardWith(2))
	o := inProcess(t.Context(), f, h.flags("--once", "--dry-run")...)
	if o.status != exitOK || !strings.Contains(o.stdout, "changes that would be made:\n  plug   pf0vf1\n") {
		t.Errorf("%+v", o)
	}
	if after := h.Ctl(t, "list", "Interface") + h.Ctl(t, "list", "Bridge"); after != before {
		t.Errorf("the database changed from\n%s\nto\n%s", before, after)
	}
	if up := f.wereUp(); len(up) > 0 {
		t.Errorf("links %v were set up", up)
	}
	if _, err := os.Stat(lockPath(h.dir, "br-int")); err == nil {
		t.Error("a lock was taken")
	}
}

func TestCleanup_RemovesOurPortsAndNoOthers(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.Ctl(t, "add-br", "br-ex")
	h.markedRow(t, "br-int", "pf0vf0", "vm0")
	h.markedRow(t, "br-ex", "pf0vf1", "vm1")
	h.Ctl(t, "add-port", "br-int", "foreign", "--", "set", "Interface", "foreign", "external_ids:iface-id=x")
	blind := cardWith(0)
	blind.Complete = false

	o := inProcess(t.Context(), newFakeCard(blind), h.flags("--cleanup", "--dry-run")...)
	if o.status != exitOK || !strings.HasPrefix(o.stdout, "would be removed:\n  unplug pf0vf0\n         from logical port vm0\n") {
		t.Errorf("dry run: %+v", o)
	}
	if got := h.ports(t, "br-int"); !slices.Equal(got, []string{"foreign", "pf0vf0"}) {
		t.Errorf("after the dry run br-int has %v", got)
	}
	o = inProcess(t.Context(), newFakeCard(blind), h.flags("--cleanup")...)
	if o.status != exitOK || !strings.HasPrefix(o.stdout, "removed:\n  unplug pf0vf0\n") || strings.Contains(o.stdout, "pf0vf1") {
		t.Errorf("%+v", o)
	}
	if ours, theirs := h.ports(t, "br-int"), h.ports(t, "br-ex"); !slices.Equal(ours, []string{"foreign"}) ||
		!slices.Equal(theirs, []string{"pf0vf1"}) {
		t.Errorf("br-int has %v, br-ex has %v", ours, theirs)
	}
	o = inProcess(t.Context(), newFakeCard(blind), h.flags("--cleanup")...)
	if o.status != exitOK || o.stdout != "no port of ours on bridge br-int\n" {
		t.Errorf("a second time: %+v", o)
	}
}

func TestDryRun_IsAllThatIsAllowedBesideADaemon(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	newCloud(t, h)
	c := startService(t, newFakeCard(cardWith(1)), h.flags()...)
	await(t, c, "the daemon is active", func(s api.Status) bool { return s.Role == api.Active })
	for _, flag := range []string{"--once", "--cleanup"} {
		o := inProcess(t.Context(), newFakeCard(cardWith(1)), h.flags(flag)...)
		if o.status != exitError || !strings.Contains(o.stderr, "bridge br-int: another representord has this bridge: pid ") ||
			!strings.Contains(o.stderr, "--dry-run") {
			t.Errorf("%s: %+v", flag, o)
		}
		o = inProcess(t.Context(), newFakeCard(cardWith(1)), h.flags(flag, "--dry-run")...)
		if o.status != exitOK {
			t.Errorf("%s --dry-run: %+v", flag, o)
		}
	}
}

func TestDryRun_ForEverShowsItsPlanOnTheSocketAndInTheLog(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	cl := newCloud(t, h)
	cl.ask(t, "vm0", 0)
	c := startService(t, newFakeCard(cardWith(1)), h.flags("--dry-run")...)
	s := await(t, c, "the plan is shown", func(s api.Status) bool { return len(s.Planned) == 1 })
	if !s.DryRun || s.Planned[0].Plug[0].Netdev != "pf0vf0" || s.Ports[plan.Pending] != 1 || s.Transactions != 0 {
		t.Errorf("%+v", s)
	}
	if got := h.ports(t, "br-int"); len(got) > 0 {
		t.Errorf("br-int has %v", got)
	}
}

// A row that is removed because another function's netdev is open under it comes
// back a second later, and nothing but the time tells.
func TestOnce_EndsOnlyWhenAPortThatLeakedIsPluggedAgain(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	c := newCloud(t, h)
	c.ask(t, "vm1", 1)
	h.markedRow(t, "br-int", "pf0vf1", "vm1")
	h.Ctl(t, "set", "Interface", "pf0vf1", "ifindex=100", "ofport=7") // VF 0's
	before := h.Ctl(t, "get", "Interface", "pf0vf1", "_uuid")
	o := inProcess(t.Context(), newFakeCard(cardWith(2)), h.flags("--once")...)
	if !strings.Contains(o.stdout, "unplug pf0vf1") || !strings.Contains(o.stdout, "plug   pf0vf1") {
		t.Errorf("%+v", o)
	}
	if after, err := h.TryCtl("get", "Interface", "pf0vf1", "_uuid"); err != nil || strings.TrimSpace(after) == before {
		t.Errorf("the row was %s and is %s, %v", before, after, err)
	}
}

// What the built-in plug provider left for a port that nothing asks for is told, and is no
// port that is asked for.
func TestOnce_TellsOfALeftOverAndIsDoneAllTheSame(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	newCloud(t, h)
	h.Ctl(t, "add-port", "br-int", "pf0vf1", "--", "set", "Interface", "pf0vf1", "external_ids:iface-id=long-gone",
		"external_ids:ovn-plugged=representor")
	o := inProcess(t.Context(), newFakeCard(cardWith(2)), h.flags("--once")...)
	if o.status != exitOK || !strings.Contains(o.stdout, "long-gone conflict\n    built-in-left-over: ") ||
		!strings.Contains(o.stdout, "ovs-vsctl del-port pf0vf1") {
		t.Errorf("%+v", o)
	}
	o = inProcess(t.Context(), newFakeCard(cardWith(2)), h.flags("--once", "--adopt-ovn-vif", "--unplug-grace=100ms")...)
	if got := h.ports(t, "br-int"); o.status != exitOK || len(got) > 0 {
		t.Errorf("with adopt-ovn-vif br-int has %v: %+v", got, o)
	}
}
