// Package witness holds a test that breaks things to the two invariants of
// test/invariants, for all of its time. It follows the local database's own stream
// of updates. What is asked and what the card is, the test tells it as it makes it
// so; everything else that happens to a row must then have a cause.
package witness

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/representord/representord/test/invariants"
)

const (
	// lag is what representord may take to act upon what it can know, on a machine that
	// does much else. The time in which that stands still doesn't count.
	lag = 4 * time.Second
	// grace is how long the row of a netdev that has become another function's may stay.
	grace = 8 * time.Second
	// patience bounds the wait for a local database that is about to come back.
	patience = time.Minute
)

// Witness watches one bridge until its test ends, and judges then, or when Check is
// called. One that is nil watches nothing, and does what it is given to do. It is for
// one goroutine, the test's.
type Witness struct {
	tb    testing.TB
	watch *invariants.Watch
	pulse *invariants.Pulse
	close sync.Once
	truth invariants.Truth
	state invariants.State
	// judged counts what was: a witness that saw nothing is a mistake.
	judged int
}

// New begins to watch. Nothing is asked for as yet.
func New(tb testing.TB, endpoint, bridge string, card invariants.Card) *Witness {
	tb.Helper()
	w := &Witness{
		tb: tb, watch: invariants.NewWatch(context.Background(), endpoint), pulse: invariants.NewPulse(),
		truth: invariants.Truth{
			Bridge: bridge, Requests: map[string]invariants.Timeline[invariants.Request]{},
			Card: invariants.Timeline[invariants.Card]{{Value: card}}, Lag: lag, Grace: grace,
		},
	}
	tb.Cleanup(w.Close)
	return w
}

// Close judges what has happened, and ends the watch.
func (w *Witness) Close() {
	if w == nil {
		return
	}
	w.tb.Helper()
	w.close.Do(func() {
		defer w.watch.Close()
		defer w.pulse.Close()
		w.Check()
		if w.judged == 0 {
			w.tb.Errorf("the witness saw no change of any row on %s: does it watch the right database?", w.truth.Bridge)
		}
	})
}

// Starts is for what starts the watched server anew: it ends with the test, and the
// judgement must come before.
func (w *Witness) Starts(do func()) {
	do()
	if w != nil {
		w.tb.Cleanup(w.Close)
	}
}

// Requests are what these logical ports ask for once do has made it so.
func (w *Witness) Requests(asked map[string]invariants.Request, do func()) {
	if w == nil {
		do()
		return
	}
	for lport, r := range asked {
		line := w.truth.Requests[lport]
		if len(line) == 0 {
			line = invariants.Timeline[invariants.Request]{{}}
		}
		w.truth.Requests[lport] = append(line, invariants.Moment[invariants.Request]{Value: r, Begun: time.Now()})
	}
	do()
	for lport := range asked {
		line := w.truth.Requests[lport]
		line[len(line)-1].Seen = time.Now()
	}
}

// Nothing is asked for by these ports once do has made it so. Of a Southbound that was
// replaced that is to be said when its word counts, and no sooner.
func (w *Witness) Nothing(do func(), lports ...string) {
	asked := map[string]invariants.Request{}
	for _, lport := range lports {
		asked[lport] = invariants.Request{}
	}
	w.Requests(asked, do)
}

// Card is what the card has become once do has made it so, which gives it.
func (w *Witness) Card(do func() invariants.Card) {
	begun := time.Now()
	card := do()
	if w == nil {
		return
	}
	w.truth.Card = append(w.truth.Card, invariants.Moment[invariants.Card]{Value: card, Begun: begun, Seen: time.Now()})
}

// Known says that representord has shown to know all that is asked and what the card
// is: from here on it can't believe what was before.
func (w *Witness) Known() {
	if w == nil {
		return
	}
	w.tb.Helper()
	w.Check()
	for lport, line := range w.truth.Requests {
		w.truth.Requests[lport] = line[len(line)-1:]
	}
	w.truth.Card = w.truth.Card[len(w.truth.Card)-1:]
}

// Deaf begins a time in which representord can learn nothing of the Southbound;
// what is returned ends it.
func (w *Witness) Deaf() (hears func()) {
	if w == nil {
		return func() {}
	}
	i := len(w.truth.Stalls)
	w.truth.Stalls = append(w.truth.Stalls, invariants.Span{From: time.Now()})
	return func() { w.truth.Stalls[i].To = time.Now() }
}

// Removes is an operator who takes the rows of these netdevs off the bridge, all rows
// if there are none.
func (w *Witness) Removes(do func(), netdevs ...string) {
	w.deed(netdevs, invariants.Deed{Removed: true}, do)
}

// Edits is an operator who writes a value to the row of a netdev.
func (w *Witness) Edits(netdev string, field invariants.Field, value string, do func()) {
	w.deed([]string{netdev}, invariants.Deed{Field: field, Value: value}, do)
}

func (w *Witness) deed(netdevs []string, d invariants.Deed, do func()) {
	if w == nil {
		do()
		return
	}
	w.tb.Helper()
	w.Check()
	d.Begun = time.Now()
	for _, r := range w.state.Rows() {
		if hit(r.Name, netdevs) {
			d.UUID = r.UUID
			w.truth.Deeds = append(w.truth.Deeds, d)
		}
	}
	do()
}

func hit(name string, netdevs []string) bool {
	for _, n := range netdevs {
		if n == name {
			return true
		}
	}
	return len(netdevs) == 0
}

// Check judges all that has happened so far.
func (w *Witness) Check() {
	if w == nil {
		return
	}
	w.tb.Helper()
	w.sync()
	truth := w.truth.Stalled(w.pulse)
	var found []invariants.Violation
	for _, b := range w.watch.Take() {
		var broken []invariants.Violation
		w.state, broken = invariants.Judge(w.state, b, truth)
		found = append(found, broken...)
		w.judged += len(b.Changes)
	}
	for _, v := range append(found, invariants.Overdue(w.state, truth, time.Now())...) {
		w.tb.Errorf("violation: %s", v)
	}
}

// sync waits until all that was committed has been heard of.
func (w *Witness) sync() {
	w.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for err := w.watch.Sync(ctx); err != nil; err = w.watch.Sync(ctx) {
		select {
		case <-ctx.Done():
			w.tb.Fatalf("the witness can't read the local database: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
