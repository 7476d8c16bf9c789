// Package retry is where the programs wait: for the next try of what failed, for the next look, for
// an answer that may not come. Nothing else of theirs sleeps, polls or makes a timer; a context's
// deadline is the other way to end a wait.
package retry

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

// Backoff holds back one thing that may fail, or be undone by somebody, again and again: the one is
// tried again after a delay that doubles, the other repeated at a bounded rate. The zero Backoff holds nothing back. It is given the
// clock, and is for one goroutine.
type Backoff struct {
	failures int
	failed   error
	done     []time.Time // the last changes, oldest first
	due      time.Time   // nothing before this
}

// Fail takes note that a change failed.
func (b *Backoff) Fail(now time.Time, err error) {
	delay := min(First<<min(b.failures, 16), Most)
	delay = delay*4/5 + rand.N(delay*2/5+1)
	b.failures++
	b.failed, b.due = err, now.Add(delay)
}

// Succeed takes note that a change was made, of which there may be most in a Window.
func (b *Backoff) Succeed(now time.Time, most int) {
	b.failures, b.failed = 0, nil
	if b.done = append(b.done, now); len(b.done) < most {
		return
	}
	b.due = b.done[0].Add(Window)
	b.done = append(b.done[:0], b.done[1:]...)
}

// Wait holds everything back until then at least.
func (b *Backoff) Wait(until time.Time) {
	if b.due.Before(until) {
		b.due = until
	}
}

// Next is when what is held back may go ahead, zero if it may now.
func (b *Backoff) Next(now time.Time) time.Time {
	if now.Before(b.due) {
		return b.due
	}
	return time.Time{}
}

// Failures is how often in a row it failed.
func (b *Backoff) Failures() int { return b.failures }

// Failed is why it failed last, nil if it did not.
func (b *Backoff) Failed() error { return b.failed }

// Idle reports whether there is nothing to remember, failures apart.
func (b *Backoff) Idle(now time.Time) bool {
	n := len(b.done)
	return !now.Before(b.due) && (n == 0 || now.Sub(b.done[n-1]) > Window)
}
