package companion

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// watched gives what a Watcher makes of a row of sights, and what it logs.
func watched(t *testing.T, sights ...Sight) (seen []Sight, log string) {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		w := NewWatcher([]Search{{Name: VSwitchd}}, slog.New(slog.NewTextHandler(&out, nil)))
		next := 0
		w.look = func(context.Context, Search, lines) Sight {
			next++
			return sights[min(next, len(sights))-1]
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		for range sights {
			synctest.Wait()
			seen = append(seen, w.Sights()...)
			<-time.After(pace) // of the bubble's clock
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return seen, out.String()
}

func TestWatcher_TellsSinceWhenAndSaysEachChangeOnce(t *testing.T) {
	runs := Sight{Name: VSwitchd, State: Answers, PID: 812, Socket: "/run/x.ctl", Version: "ovs-vswitchd 3.1.0"}
	hangs := Sight{Name: VSwitchd, State: Silent, PID: 812, Socket: "/run/x.ctl", Why: "no answer"}
	got, log := watched(t, runs, runs, hangs, hangs, runs)
	start := got[0].Since
	for i, want := range []struct {
		state State
		since time.Duration
	}{{Answers, 0}, {Answers, 0}, {Silent, 2 * pace}, {Silent, 2 * pace}, {Answers, 4 * pace}} {
		if got[i].State != want.state || got[i].Since.Sub(start) != want.since {
			t.Errorf("look %d: %+v since %s, want %+v", i, got[i], got[i].Since.Sub(start), want)
		}
	}
	if n := strings.Count(log, "companion doesn't answer"); n != 1 || strings.Count(log, "companion answers") != 2 {
		t.Errorf("the log says\n%s", log)
	}
}

// In its own way it takes pidfile and socket along, so nothing is left to judge by but
// that it was there.
func TestWatcher_ACompanionThatAnsweredAndOfWhichNothingIsLeftHasEnded(t *testing.T) {
	runs := Sight{Name: VSwitchd, State: Answers, Socket: "/run/x.ctl"}
	nothing := Sight{Name: VSwitchd, State: Unknown, Why: "neither", traceless: true}
	got, _ := watched(t, nothing, runs, nothing, nothing, runs)
	for i, want := range []State{Unknown, Answers, Gone, Gone, Answers} {
		if got[i].State != want {
			t.Errorf("look %d: %+v, want %s", i, got[i], want)
		}
	}
	if !strings.Contains(got[3].Why, "it answered on /run/x.ctl") {
		t.Errorf("%+v", got[3])
	}
}

func TestWatcher_ThatHasNotLookedClaimsNothing(t *testing.T) {
	w := NewWatcher([]Search{{Name: VSwitchd}, {Name: Controller}}, slog.New(slog.DiscardHandler))
	for _, s := range w.Sights() {
		if s.State != Unknown || s.Why == "" || s.Since.IsZero() {
			t.Errorf("%+v", s)
		}
	}
}
