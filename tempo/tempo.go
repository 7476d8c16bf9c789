// Package tempo is the pace of changes that may fail, or be undone by somebody,
// again and again: the one are tried again after a delay that doubles, the others
// repeated at a bounded rate.
package tempo

import (
	"math/rand/v2"
	"time"
)

const (
	// First is the delay after a first failure, one fifth less or more by chance.
	First = 100 * time.Millisecond
	// Most is the longest delay, but for that chance.
	Most = 30 * time.Second
	// Window is the time in which so many changes may be made, and no more.
	Window = 10 * time.Second
)

// Tempo holds back one thing. The zero Tempo holds nothing back. It is given the
// clock, and is for one goroutine.
type Tempo struct {
	failures int
	failed   error
	done     []time.Time // the last changes, oldest first
	due      time.Time   // nothing before this
}

// Fail takes note that a change failed.
func (t *Tempo) Fail(now time.Time, err error) {
	delay := min(First<<min(t.failures, 16), Most)
	delay = delay*4/5 + rand.N(delay*2/5+1)
	t.failures++
	t.failed, t.due = err, now.Add(delay)
}

// Succeed takes note that a change was made, of which there may be most in a Window.
func (t *Tempo) Succeed(now time.Time, most int) {
	t.failures, t.failed = 0, nil
	if t.done = append(t.done, now); len(t.done) < most {
		return
	}
	t.due = t.done[0].Add(Window)
	t.done = append(t.done[:0], t.done[1:]...)
}

// Wait holds everything back until then at least.
func (t *Tempo) Wait(until time.Time) {
	if t.due.Before(until) {
		t.due = until
	}
}

// Next is when what is held back may go ahead, zero if it may now.
func (t *Tempo) Next(now time.Time) time.Time {
	if now.Before(t.due) {
		return t.due
	}
	return time.Time{}
}

// Failures is how often in a row it failed.
func (t *Tempo) Failures() int { return t.failures }

// Failed is why it failed last, nil if it did not.
func (t *Tempo) Failed() error { return t.failed }

// Idle reports whether there is nothing to remember, failures apart.
func (t *Tempo) Idle(now time.Time) bool {
	n := len(t.done)
	return !now.Before(t.due) && (n == 0 || now.Sub(t.done[n-1]) > Window)
}
