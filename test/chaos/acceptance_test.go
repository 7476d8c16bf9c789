package chaos

import (
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug"
)

// statusAt is what a daemon says that was started some seconds after a moment, and is connected to a Southbound.
func statusAt(started float64, identity string, holds ...plug.Holding) api.Status {
	return api.Status{Daemon: api.Daemon{Started: after(started)}, Southbound: api.Southbound{Identity: identity}, Holds: holds}
}

func after(seconds float64) time.Time {
	return time.Unix(1e9, 0).Add(time.Duration(seconds * float64(time.Second)))
}

func replaced(identity string, until float64) plug.Holding {
	return plug.Holding{Code: reason.CodeSouthboundReplaced, Identity: identity, Until: after(until), Ports: []string{"vm0"}}
}

func TestAcceptance_IsKnownWhereItWasToldBeforeAndNothingElseEndedTheHold(t *testing.T) {
	type look struct {
		at     float64
		status api.Status
		want   float64 // when the Southbound is accepted, 0 where that isn't known
	}
	mass := plug.Holding{Code: reason.CodeMassUnplug, Until: after(20), Ports: []string{"vm0"}}
	told := look{2, statusAt(1, "sb2", replaced("sb2", 10)), 10}
	for name, looks := range map[string][]look{
		"nothing is held":                       {{2, statusAt(1, "sb1"), 0}, {3, statusAt(1, "sb1"), 0}},
		"most ports are held":                   {{2, statusAt(1, "sb1", mass), 0}},
		"it is told, and over":                  {told, {9, statusAt(1, "sb2", replaced("sb2", 10)), 10}, {11, statusAt(1, "sb2"), 10}},
		"it is told still when it should be":    {told, {10.1, statusAt(1, "sb2", replaced("sb2", 10)), 10}},
		"it is told only when it should be":     {{10, statusAt(1, "sb2", replaced("sb2", 10)), 0}, {11, statusAt(1, "sb2"), 0}},
		"most ports are held then":              {told, {11, statusAt(1, "sb2", mass), 10}},
		"it comes later, for the time away":     {told, {9, statusAt(1, "sb2", replaced("sb2", 15)), 15}, {16, statusAt(1, "sb2"), 15}},
		"it came later, and that was told late": {told, {16, statusAt(1, "sb2", replaced("sb2", 15)), 0}},
		"the first Southbound is back":          {told, {5, statusAt(1, "sb1"), 0}, {11, statusAt(1, "sb1"), 0}},
		"the first is back, and it is told yet": {told, {5, statusAt(1, "sb1", replaced("sb2", 10)), 0}, {11, statusAt(1, "sb1"), 0}},
		"a third one is there":                  {told, {5, statusAt(1, "sb3", replaced("sb3", 13)), 13}, {14, statusAt(1, "sb3"), 13}},
		"the daemon has started again":          {told, {11, statusAt(6, "sb2"), 0}},
		"the daemon has, and holds anew":        {told, {7, statusAt(6, "sb2", replaced("sb2", 14)), 14}, {15, statusAt(6, "sb2"), 14}},
	} {
		var a acceptance
		for _, l := range looks {
			want := time.Time{}
			if l.want != 0 {
				want = after(l.want)
			}
			if got := a.heard(after(l.at), l.status); !got.Equal(want) {
				t.Errorf("%s: %v at %v, want %v", name, got, after(l.at), want)
			}
		}
	}
}
