package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

// Sleep waits for d, or until ctx ends, and reports whether ctx lasts.
func Sleep(ctx context.Context, d time.Duration) bool {
	Await[struct{}](ctx, nil, d)
	return ctx.Err() == nil
}

// Pause waits for d, where no context is left that could end it: it must be short.
func Pause(d time.Duration) { time.Sleep(d) }

// After tells of the end of d, for a select in which this is one of several things.
func After(d time.Duration) <-chan time.Time { return time.After(d) }

// Await waits for something to come, for d at most, or until ctx ends, and reports whether it
// came.
func Await[T any](ctx context.Context, c <-chan T, d time.Duration) (v T, came bool) {
	return await(ctx.Done(), c, d)
}

// Ended waits for a channel to be closed, or something to be sent on it, for d at most, and reports
// whether that happened.
func Ended[T any](c <-chan T, d time.Duration) bool {
	_, ended := await(nil, c, d)
	return ended
}

func await[T any](end <-chan struct{}, c <-chan T, d time.Duration) (v T, came bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-end:
	case <-t.C:
	case v = <-c:
		return v, true
	}
	return v, false
}

// Loop looks at once, and again whenever it is poked or as long after a look as that one says,
// until ctx ends. Without poke only time counts. The channel must not be closed.
func Loop(ctx context.Context, poke <-chan struct{}, look func() (next time.Duration)) {
	for next := time.Duration(0); ; next = look() {
		Await(ctx, poke, next)
		if ctx.Err() != nil {
			return
		}
	}
}

// Poke wakes whoever receives from it: once, however often it was woken meanwhile.
type Poke chan struct{}

// NewPoke makes one that has woken nobody yet.
func NewPoke() Poke { return make(Poke, 1) }

// Wake never blocks.
func (p Poke) Wake() {
	select {
	case p <- struct{}{}:
	default: // whoever it wakes looks anyway
	}
}

// Rest is a pause in proportion to the work before it, so that what goes on for ever takes a
// fifth of a processor at most.
type Rest struct {
	// Least and Most bound a pause; no Most is none.
	Least, Most time.Duration
}

// Length is how long the pause after work is that took so long: four times as long, within the bounds.
func (r Rest) Length(took time.Duration) time.Duration {
	d := max(4*took, r.Least)
	if r.Most > 0 {
		d = min(d, r.Most)
	}
	return d
}

// Due is when something must be done again, if nothing has it done sooner. A zero Due has come. It is
// for one goroutine.
type Due struct {
	at time.Time
}

// In sets the time, as long from now.
func (d *Due) In(wait time.Duration) { d.at = time.Now().Add(wait) }

// Left is how long it is until then, 0 once that has come.
func (d *Due) Left() time.Duration { return max(time.Until(d.at), 0) }

// Growing are pauses of which each is twice as long as the one before.
type Growing struct {
	First, Most time.Duration
	// Spread makes a pause shorter by up to a half, by chance, so that not all come back to a
	// restarted server in one moment.
	Spread bool

	next time.Duration
}

// Next is the next pause.
func (g *Growing) Next() time.Duration {
	d := max(g.next, g.First, time.Millisecond)
	g.next = min(2*d, max(g.Most, g.First))
	if g.Spread {
		return d/2 + rand.N(d/2+1)
	}
	return d
}

// Reset begins with the first pause again.
func (g *Growing) Reset() { g.next = 0 }

// Said tells what is said again and again from what is new. The zero Said has said nothing.
type Said struct {
	any  bool
	last string
}

// IsNew reports whether a text is another one than that before, and remembers it.
func (s *Said) IsNew(text string) bool {
	is := !s.any || text != s.last
	s.any, s.last = true, text
	return is
}
