package retry_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/retry"
)

func TestSleep_EndsWithItsTimeOrItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if !retry.Sleep(t.Context(), time.Minute) || time.Since(began) != time.Minute {
			t.Errorf("it took %v", time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if retry.Sleep(ctx, time.Minute) || time.Since(began) != time.Minute+time.Second {
			t.Errorf("it outlasted its context: %v", time.Since(began))
		}
	})
}

func TestAwait_TellsWhatCameFromWhatDidNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := make(chan int, 1)
		c <- 7
		if v, came := retry.Await(t.Context(), c, time.Second); v != 7 || !came {
			t.Errorf("%d, %v", v, came)
		}
		if _, came := retry.Await(t.Context(), c, time.Second); came {
			t.Error("there is what nobody sent")
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, came := retry.Await(ended, c, time.Hour); came {
			t.Error("there is what nobody sent, after the end")
		}
		closed := make(chan struct{})
		if retry.Ended(closed, time.Second) {
			t.Error("what goes on has ended")
		}
		close(closed)
		if !retry.Ended(closed, time.Second) {
			t.Error("what has ended goes on")
		}
	})
}

func TestLoop_LooksAtOnceWhenPokedAndWhenItIsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poke := retry.NewPoke()
		began := time.Now()
		var looks []time.Duration
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			retry.Loop(ctx, poke, func() time.Duration {
				looks = append(looks, time.Since(began))
				return 10 * time.Second
			})
		}()
		retry.Sleep(ctx, 3*time.Second)
		poke.Wake()
		retry.Sleep(ctx, 12*time.Second)
		cancel()
		<-done
		if want := []time.Duration{0, 3 * time.Second, 13 * time.Second}; !slices.Equal(looks, want) {
			t.Errorf("looked at %v, want %v", looks, want)
		}
	})
}

func TestPoke_WakesOnceHoweverOftenItWasWoken(t *testing.T) {
	poke := retry.NewPoke()
	for range 3 {
		poke.Wake()
	}
	<-poke
	select {
	case <-poke:
		t.Error("it wakes twice")
	default:
	}
}

func TestRest_IsInProportionToTheWorkWithinItsBounds(t *testing.T) {
	r := retry.Rest{Least: 10 * time.Millisecond, Most: time.Second}
	for took, want := range map[time.Duration]time.Duration{
		0: 10 * time.Millisecond, 100 * time.Millisecond: 400 * time.Millisecond, time.Minute: time.Second,
	} {
		if got := r.Length(took); got != want {
			t.Errorf("after %v it is %v, want %v", took, got, want)
		}
	}
	if got := (retry.Rest{}).Length(time.Second); got != 4*time.Second {
		t.Errorf("without bounds it is %v", got)
	}
}

func TestGrowing_PausesDoubleUpToTheirBoundAndDiffer(t *testing.T) {
	g := retry.Growing{First: 100 * time.Millisecond, Most: 15 * time.Second, Spread: true}
	limit, seen := g.First, map[time.Duration]bool{}
	for range 1000 {
		d := g.Next()
		seen[d] = true
		if d < limit/2 || d > limit {
			t.Fatalf("a pause of %v, want %v to %v", d, limit/2, limit)
		}
		limit = min(2*limit, g.Most)
	}
	if len(seen) < 900 {
		t.Errorf("%d of 1000 differ", len(seen))
	}
	g.Reset()
	if d := g.Next(); d > g.First {
		t.Errorf("after a reset: a pause of %v", d)
	}
	exact := retry.Growing{First: time.Second, Most: 3 * time.Second}
	for _, want := range []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second} {
		if d := exact.Next(); d != want {
			t.Errorf("without spread: a pause of %v, want %v", d, want)
		}
	}
	var none retry.Growing
	if none.Next() <= 0 {
		t.Error("a pause of nothing")
	}
}

func TestSaid_WhatIsSaidTwiceIsNotNew(t *testing.T) {
	var s retry.Said
	for _, tt := range []struct {
		text string
		want bool
	}{{"", true}, {"", false}, {"a", true}, {"a", false}, {"b", true}, {"a", true}} {
		if got := s.IsNew(tt.text); got != tt.want {
			t.Errorf("%q is new: %v", tt.text, got)
		}
	}
}
