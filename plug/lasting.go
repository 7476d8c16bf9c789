package plug

import (
	"slices"
	"time"

	"github.com/representord/representord/internal/retry"
)

// lasting is since when things are as they are. It is given the clock. A nil lasting knows nothing.
type lasting map[string]time.Time

// noted gives since when the things are so that are so now, and forgets all others. Of those of which
// it isn't known whether they are, nothing is new.
func (l lasting) noted(now time.Time, things []string, unknown ...string) lasting {
	noted := make(lasting, len(things))
	for _, t := range things {
		noted[t] = now
	}
	for _, t := range slices.Concat(things, unknown) {
		if since, known := l[t]; known {
			noted[t] = since
		}
	}
	return noted
}

// shift leaves some time out, as if it had not been.
func (l lasting) shift(d time.Duration) {
	for t := range l {
		l[t] = l[t].Add(d)
	}
}

// lasted gives the things that have been so for as long as this.
func (l lasting) lasted(now time.Time, d time.Duration) map[string]bool {
	out := make(map[string]bool, len(l))
	for t, since := range l {
		if now.Sub(since) >= d {
			out[t] = true
		}
	}
	return out
}

// next is when the next thing will have been so for as long as this, zero for never.
func (l lasting) next(now time.Time, d time.Duration) time.Time {
	var first time.Time
	for _, since := range l {
		if end := since.Add(d); now.Before(end) {
			first = retry.Earliest(first, end)
		}
	}
	return first
}
