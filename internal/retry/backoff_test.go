package retry_test

import (
	"errors"
	"testing"
	"time"

	"github.com/representord/representord/internal/retry"
)

func TestBackoff_TheDelayAfterAFailureDoublesUpToABound(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var p retry.Backoff
	if !p.Next(now).IsZero() || !p.Idle(now) {
		t.Error("what never failed is held back")
	}
	want := retry.First
	for n := range 40 {
		err := errors.New("no")
		p.Fail(now, err)
		delay := p.Next(now).Sub(now)
		if delay < want*4/5 || delay > want*6/5 {
			t.Errorf("after %d failures it waits %v, want about %v", n+1, delay, want)
		}
		if p.Failures() != n+1 || !errors.Is(p.Failed(), err) {
			t.Errorf("it remembers %d failures, the last %v", p.Failures(), p.Failed())
		}
		now = now.Add(delay)
		if !p.Next(now).IsZero() {
			t.Error("it waits on")
		}
		want = min(2*want, retry.Most)
	}
	p.Succeed(now, 10)
	if p.Failures() != 0 || p.Failed() != nil || !p.Next(now).IsZero() {
		t.Error("a success is not the end of it")
	}
}

func TestBackoff_NoMoreChangesThanAllowedAreMadeInAnyWindow(t *testing.T) {
	t.Parallel()
	const most = 5
	begin := time.Now()
	var p retry.Backoff
	var made []time.Time
	for now := begin; now.Before(begin.Add(time.Minute)); now = now.Add(100 * time.Millisecond) {
		if !p.Next(now).IsZero() {
			continue
		}
		p.Succeed(now, most)
		if made = append(made, now); len(made) > most {
			if within := now.Sub(made[len(made)-1-most]); within < retry.Window {
				t.Fatalf("%d changes within %v", most+1, within)
			}
		}
	}
	if len(made) < 6*most {
		t.Errorf("%d changes in a minute, want %d", len(made), 6*most)
	}
	last := made[len(made)-1]
	if p.Idle(last.Add(retry.Window)) || !p.Idle(last.Add(retry.Window+1)) {
		t.Error("it is forgotten too early, or too late")
	}
}

func TestBackoff_AWaitIsNeverShortened(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var p retry.Backoff
	p.Wait(now.Add(time.Second))
	p.Wait(now.Add(time.Millisecond))
	if next := p.Next(now); !next.Equal(now.Add(time.Second)) {
		t.Errorf("it waits until %v", next)
	}
}
