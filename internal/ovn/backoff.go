package ovn

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 15 * time.Second
	// steady is how long a connection must last for the next failure to count as
	// the first.
	steady = 10 * time.Second
)

// backoff says how long to wait between rounds: twice as long after each, at most
// maxBackoff, and each time something between half of that and all of it, lest
// every chassis comes back to a restarted server in the same moment.
type backoff struct{ rounds int }

func (b *backoff) reset() { b.rounds = 0 }

func (b *backoff) next() time.Duration {
	d := maxBackoff
	if b.rounds < 10 {
		d = min(d, firstBackoff<<b.rounds)
		b.rounds++
	}
	return d/2 + rand.N(d/2)
}

// sleep waits that long or until the context ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
