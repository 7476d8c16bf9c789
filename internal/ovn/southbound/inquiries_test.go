package southbound

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestInquiries_AreOneAtATimeAndAFewASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newInquiries()
		var made, under, most atomic.Int64
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var asking sync.WaitGroup
		for range 32 {
			asking.Go(func() {
				for ctx.Err() == nil {
					if err := q.begin(ctx); err != nil {
						if !errors.Is(err, ErrTooOften) {
							t.Error(err)
						}
						return
					}
					most.Store(max(most.Load(), under.Add(1)))
					<-time.After(10 * time.Millisecond) // what the server takes
					under.Add(-1)
					made.Add(1)
					q.end()
				}
			})
		}
		asking.Wait()
		if n := made.Load(); n < 40 || n > 10*int64(time.Second/inquiryEvery)+inquiryBurst || most.Load() != 1 {
			t.Errorf("%d inquiries in 10 s, %d at a time", n, most.Load())
		}
	})
}

func TestInquiries_OneThatDoesNotGetItsTurnIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newInquiries()
		if err := q.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := q.begin(ctx); !errors.Is(err, ErrTooOften) {
			t.Errorf("%v, want ErrTooOften", err)
		}
	})
}

func TestInquiries_WhatIsNotThereIsNotLookedForAgainAtOnce(t *testing.T) {
	q, now := newInquiries(), time.Now()
	q.wasAbsent("no-such-port", now)
	if !q.isAbsent("no-such-port", now.Add(absentFor-1)) || q.isAbsent("no-such-port", now.Add(absentFor)) || q.isAbsent("other", now) {
		t.Error("it is remembered for another time than it should")
	}
	for i := range 3 * absentMost {
		q.wasAbsent(string(rune(i)), now)
	}
	if n := len(q.absent); n > absentMost {
		t.Errorf("%d names are remembered", n)
	}
}

func TestInquiries_OneThatIsGivenUpTakesNobodysTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newInquiries()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for range 1000 { // connections that ask and hang up
			if q.begin(over) == nil {
				q.end()
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		defer cancel()
		if err := q.begin(ctx); err != nil {
			t.Errorf("after 1000 inquiries that were given up: %v", err)
		}
	})
}

func TestInquiries_GivingUpMakesNoneMoreOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, made := newInquiries(), 0
		for began := time.Now(); time.Since(began) < 10*time.Second; {
			ctx, cancel := context.WithTimeout(t.Context(), inquiryEvery/3)
			if q.begin(ctx) == nil {
				made++
				q.end()
			}
			cancel()
		}
		if made < 40 || made > 10*int(time.Second/inquiryEvery)+inquiryBurst+1 {
			t.Errorf("%d inquiries in 10 s", made)
		}
	})
}
