package main

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// manager is a service manager that notes what it is told, and the daemon that
// is announced to it.
type manager struct {
	*announcer
	told []string

	f        api.Facts
	compared chan struct{}
	beats    uint64
	nudged   int
}

func newManager(watchdog time.Duration) *manager {
	m := &manager{
		f: api.Facts{
			Daemon: api.Daemon{Started: start(), Role: api.Starting, RoleReason: "the local database"},
			Index:  representor.NewIndex(representor.Card{Problem: "not read yet"}, representor.Settings{}),
		},
		compared: make(chan struct{}),
	}
	m.announcer = &announcer{
		facts: func() api.Facts { return m.f }, compared: m.compared, nudge: func() { m.nudged++ },
		beats: func() uint64 { return m.beats },
		send:  func(s string) { m.told = append(m.told, s) }, log: slog.New(slog.DiscardHandler),
		watchdog: watchdog,
	}
	return m
}

func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// at has the announcer look at a time after the start, and gives what was told then.
func (m *manager) at(after time.Duration) []string {
	m.told = nil
	m.look(start().Add(after))
	return m.told
}

const (
	ready = "READY=1"
	ping  = "WATCHDOG=1"
)

func TestReady_ComesWhenTheBridgeWasComparedWithTheCard(t *testing.T) {
	t.Parallel()
	m := newManager(0)
	if got := m.at(0); slices.Contains(got, ready) {
		t.Errorf("at once: %q", got)
	}
	close(m.compared)
	if got := m.at(time.Second); !slices.Contains(got, ready) {
		t.Errorf("after the comparison: %q", got)
	}
	if got := m.at(2 * time.Second); len(got) > 0 {
		t.Errorf("with nothing new: %q", got)
	}
}

func TestReady_ComesAtOnceInStandby(t *testing.T) {
	t.Parallel()
	m := newManager(0)
	m.f.Role, m.f.RoleReason = api.Standby, "pid 1 has it"
	if got := m.at(0); !slices.Equal(got, []string{"STATUS=standing by: pid 1 has it", ready}) {
		t.Errorf("%q", got)
	}
}

func TestReady_DoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	m := newManager(0)
	if got := m.at(startPatience - time.Second); slices.Contains(got, ready) {
		t.Errorf("without a database, too early: %q", got)
	}
	if got := m.at(startPatience); !slices.Contains(got, ready) {
		t.Errorf("without a database: %q", got)
	}

	m = newManager(0)
	m.f.Local.Complete = true
	m.at(2 * time.Second)
	if got := m.at(2*time.Second + cardPatience - 1); slices.Contains(got, ready) {
		t.Errorf("without a card, too early: %q", got)
	}
	if got := m.at(2*time.Second + cardPatience); !slices.Contains(got, ready) {
		t.Errorf("without a card: %q", got)
	}
}

// A row that isn't put right yet may name a port while another's netdev gets its name.
func TestReady_WaitsForAPassThatTakesItsTime(t *testing.T) {
	t.Parallel()
	m := newManager(0)
	m.f.Local.Complete = true
	m.f.Index = representor.NewIndex(representor.Card{Complete: true}, representor.Settings{})
	m.at(0)
	if got := m.at(startPatience - time.Second); slices.Contains(got, ready) {
		t.Errorf("the card and the database are known, and they aren't compared yet: %q", got)
	}
	close(m.compared)
	if got := m.at(startPatience - time.Second); !slices.Contains(got, ready) {
		t.Errorf("after the comparison: %q", got)
	}
}

func TestWatchdog_HearsNothingBeforeReady(t *testing.T) {
	t.Parallel()
	m := newManager(4 * time.Second)
	m.beats = 1
	if got := m.at(time.Second); slices.Contains(got, ping) {
		t.Errorf("%q", got)
	}
}

func TestWatchdog_IsToldOnlyWhilePassesAreMade(t *testing.T) {
	t.Parallel()
	m := newManager(40 * time.Second)
	m.f.Role, m.f.RoleReason = api.Active, ""
	close(m.compared)
	step := func(second int, beats, passes uint64, want bool) {
		t.Helper()
		m.beats, m.f.Report.Passes = beats, passes
		nudged := m.nudged
		if got := slices.Contains(m.at(time.Duration(second)*time.Second), ping); got != want {
			t.Errorf("at %d s with %d rounds and %d passes: ping %v, want %v", second, beats, passes, got, want)
		}
		if want && m.nudged == nudged {
			t.Errorf("at %d s nobody was given anything to do until the next ping", second)
		}
	}
	step(0, 1, 0, true)
	step(5, 2, 1, false) // too early
	step(10, 3, 2, true)
	step(20, 4, 2, false) // the keeper goes round, but no pass was made
	step(25, 5, 3, true)  // now one was
	step(35, 5, 4, false) // passes are made, but the keeper hangs
	step(65, 5, 9, false)
	step(66, 6, 10, true)

	// In standby there are no passes to be made.
	m.f.Role, m.f.RoleReason = api.Standby, ""
	step(80, 7, 10, true)
	step(95, 8, 10, true)
	// The first pass of a new tenure may still be on its way.
	m.f.Role, m.f.RoleReason = api.Active, ""
	step(110, 9, 10, true)
	step(125, 10, 10, false)
}

func TestStatusLine_SaysHowItGoes(t *testing.T) {
	t.Parallel()
	whole := api.Facts{
		Daemon:     api.Daemon{Role: api.Active, Bridge: "br-int"},
		Local:      ovs.View{Complete: true, BridgeUUID: "b"},
		Southbound: southbound.View{Complete: true, Connected: true, ChassisKnown: true, Endpoint: "ssl:192.0.2.1:6642"},
		Index:      representor.NewIndex(representor.Card{Complete: true}, representor.Settings{}),
		Report: plug.Report{Ports: []plug.Port{
			{Status: plan.Status{State: plan.Plugged}}, {Status: plan.Status{State: plan.Plugged}},
			{Status: plan.Status{State: plan.Pending}}, {Status: plan.Status{State: plan.Invalid}},
		}},
	}
	for _, c := range []struct {
		name string
		edit func(*api.Facts)
		want string
	}{
		{"well", func(*api.Facts) {}, "2 plugged, 1 pending, 1 invalid; southbound connected to ssl:192.0.2.1:6642"},
		{"nothing asked", func(f *api.Facts) { f.Report.Ports = nil }, "0 plugged; southbound connected to ssl:192.0.2.1:6642"},
		{
			"held", func(f *api.Facts) {
				f.Report.Holds = []plug.Holding{{Code: reason.CodeMassUnplug, Until: start(), Ports: []string{"a", "b", "c"}}}
			},
			"HELD (mass-unplug): 3 ports stay until 12:00:00 UTC or representorctl release-hold; 2 plugged, 1 pending, 1 invalid; southbound " +
				"connected to ssl:192.0.2.1:6642",
		},
		{
			"a built-in provider", func(f *api.Facts) { f.Report.BuiltIn = []string{"pf0vf3"} },
			"2 plugged, 1 pending, 1 invalid; rows of a plug provider built into ovn-controller: 1; southbound connected to ssl:192.0.2.1:6642",
		},
		{"dry run", func(f *api.Facts) { f.DryRun, f.Report.Ports = true, nil },
			"dry run; 0 plugged; southbound connected to ssl:192.0.2.1:6642"},
		{
			"no chassis row", func(f *api.Facts) { f.Report.Ports, f.Southbound.ChassisKnown = nil, false },
			"0 plugged; southbound connected to ssl:192.0.2.1:6642, without a Chassis row of ours",
		},
		{
			"everything lost", func(f *api.Facts) {
				f.Local.Complete, f.Local.Problem = false, "gone"
				f.Southbound = southbound.View{Problem: "no answer"}
				f.Index = representor.NewIndex(representor.Card{Problem: "no devlink"}, representor.Settings{})
			},
			"2 plugged, 1 pending, 1 invalid; local database not connected: gone; card not read: no devlink; southbound not connected: no answer",
		},
		{
			"no bridge", func(f *api.Facts) { f.Report.Ports, f.Local.BridgeUUID = nil, "" },
			"0 plugged; bridge br-int doesn't exist; southbound connected to ssl:192.0.2.1:6642",
		},
		{"starting", func(f *api.Facts) { f.Role, f.RoleReason = api.Starting, "the local database: x\ny" },
			"waiting: the local database: x y"},
	} {
		f := whole
		c.edit(&f)
		if got := statusLine(f); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestStatusLine_IsOneLineOfBoundedText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "text"))
		got := oneLine(s)
		if strings.ContainsAny(got, "\n\r\x00\x1b") || !utf8.ValidString(got) || len(got) > 2000 {
			t.Fatalf("%q", got)
		}
	})
}
