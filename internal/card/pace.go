package card

import (
	"context"
	"time"

	"github.com/representord/representord/internal/retry"
)

const (
	// restLeast and restMost bound the rest after each read, however fast pokes come.
	restLeast = 50 * time.Millisecond
	restMost  = time.Second
	// firstRead is how long the first poke is waited for. It comes once the kernel's
	// notifications are subscribed to, and reading before that could miss changes.
	firstRead = time.Second
)

// A pacer runs one reader. After a rest a poke is answered at once; pokes that
// come during a read or a rest count as one.
type pacer struct {
	trigger retry.Poke
}

func newPacer() pacer { return pacer{trigger: retry.NewPoke()} }

// poke asks for a read. It never blocks.
func (p pacer) poke() { p.trigger.Wake() }

// run calls read until ctx ends: when poked, and otherwise as long after the last
// read as that one asked for. It tells read which it is.
func (p pacer) run(ctx context.Context, read func(ctx context.Context, poked bool) (next time.Duration)) {
	rest := retry.Rest{Least: restLeast, Most: restMost}
	for next := firstRead; ; {
		_, poked := retry.Await(ctx, p.trigger, next)
		if ctx.Err() != nil {
			return
		}
		began := time.Now()
		next = read(ctx, poked)
		pause := rest.Length(time.Since(began))
		next = max(next-pause, 0)
		if !retry.Sleep(ctx, pause) {
			return
		}
	}
}
