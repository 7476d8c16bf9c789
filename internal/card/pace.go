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

// run calls read until ctx ends: when poked, and otherwise as long after the last read as
// that one asked for. It tells read which it is. After a rest a poke is answered at once;
// pokes that come during a read or a rest count as one.
func run(ctx context.Context, poke retry.Poke, read func(ctx context.Context, poked bool) (next time.Duration)) {
	rest := retry.Rest{Least: restLeast, Most: restMost}
	for next := firstRead; ; {
		_, poked := retry.Await(ctx, poke, next)
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
