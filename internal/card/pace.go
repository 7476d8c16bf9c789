package card

import (
	"context"
	"time"
)

// After each read a pacer rests: for a multiple of what the read took, so that
// reading never takes more than a fifth of a processor however fast pokes come,
// within these bounds.
const (
	restFactor = 4
	restLeast  = 50 * time.Millisecond
	restMost   = time.Second
	// firstRead is how long the first poke is waited for. It comes once the kernel's
	// notifications are subscribed to, and reading before that could miss changes.
	firstRead = time.Second
)

// A pacer runs one reader. After a rest a poke is answered at once; pokes that
// come during a read or a rest count as one.
type pacer struct {
	trigger chan struct{}
}

func newPacer() pacer { return pacer{trigger: make(chan struct{}, 1)} }

// poke asks for a read. It never blocks.
func (p pacer) poke() {
	select {
	case p.trigger <- struct{}{}:
	default:
	}
}

// run calls read until ctx ends: when poked, and otherwise as long after the last
// read as that one asked for. It tells read which it is.
func (p pacer) run(ctx context.Context, read func(ctx context.Context, poked bool) (next time.Duration)) {
	next := firstRead
	for {
		timer := time.NewTimer(next)
		poked := false
		select {
		case <-p.trigger:
			poked = true
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
		begin := time.Now()
		next = read(ctx, poked)
		rest := min(max(restFactor*time.Since(begin), restLeast), restMost)
		next = max(next-rest, 0)

		timer = time.NewTimer(rest)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}
