package plug

import (
	"time"

	"github.com/representord/representord/internal/retry"
)

// lasting remembers since when things are as they are. It is given the clock. The zero
// lasting knows nothing.
type lasting struct {
	since map[string]time.Time
}

// note takes note of the things that are so now, and forgets all others. Of those of which
// it isn't known whether they are, nothing is new.
func (l *lasting) note(now time.Time, things []string, unknown ...string) {
	since := make(map[string]time.Time, len(things))
	for _, t := range unknown {
		if began, known := l.since[t]; known {
			since[t] = began
		}
	}
	for _, t := range things {
		began, known := l.since[t]
		if !known {
			began = now
		}
		since[t] = began
	}
	l.since = since
}

// shift leaves some time out, as if it had not been.
func (l *lasting) shift(d time.Duration) {
	for t, since := range l.since {
		l.since[t] = since.Add(d)
	}
}

// lasted gives the things that have been so for as long as this.
func (l *lasting) lasted(now time.Time, d time.Duration) map[string]bool {
	out := make(map[string]bool, len(l.since))
	for t, since := range l.since {
		if now.Sub(since) >= d {
			out[t] = true
		}
	}
	return out
}

// next is when the next thing will have been so for as long as this, zero for never.
func (l *lasting) next(now time.Time, d time.Duration) time.Time {
	var first time.Time
	for _, since := range l.since {
		if end := since.Add(d); now.Before(end) {
			first = retry.Earliest(first, end)
		}
	}
	return first
}
