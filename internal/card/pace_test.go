package card

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/retry"
)

func TestPace_AReaderRunsWhenPokedAndWhenItAskedTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := retry.NewPoke()
		begin := time.Now()
		type reading struct {
			at    time.Duration
			poked bool
		}
		readings := make(chan reading, 100)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			run(ctx, p, func(_ context.Context, poked bool) time.Duration {
				readings <- reading{time.Since(begin), poked}
				return 10 * time.Second
			})
		}()
		pass(0)
		for range 3 {
			p.Wake() // three pokes at once are one
		}
		pass(0)
		p.Wake() // during the rest
		pass(15 * time.Second)
		cancel()
		<-ended
		close(readings)
		var got []reading
		for r := range readings {
			got = append(got, r)
		}
		want := []reading{{0, true}, {restLeast, true}, {restLeast + 10*time.Second, false}}
		if !slices.Equal(got, want) {
			t.Errorf("readings %v; want %v", got, want)
		}
	})
}

func TestPace_ASlowReaderRestsLongerButNotForLong(t *testing.T) {
	for took, rest := range map[time.Duration]time.Duration{
		time.Millisecond:       restLeast,
		100 * time.Millisecond: 400 * time.Millisecond,
		time.Minute:            restMost,
	} {
		synctest.Test(t, func(t *testing.T) {
			p := retry.NewPoke()
			begins := make(chan time.Time, 2)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				run(ctx, p, func(context.Context, bool) time.Duration {
					begins <- time.Now()
					p.Wake()
					pass(took)
					return time.Hour
				})
			}()
			p.Wake()
			first, second := <-begins, <-begins
			cancel()
			<-ended
			if got := second.Sub(first) - took; got != rest {
				t.Errorf("after a read of %v it rested %v; want %v", took, got, rest)
			}
		})
	}
}
