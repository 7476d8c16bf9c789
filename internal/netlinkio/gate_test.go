package netlinkio

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/test/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

func TestCall_ReturnsWhatItsFunctionReturns(t *testing.T) {
	g := NewGate()
	boom := errors.New("boom")
	for range 3 {
		got, err := Call(t.Context(), g, func() (int, error) { return 7, boom })
		if got != 7 || !errors.Is(err, boom) {
			t.Errorf("got %d, %v; want 7, boom", got, err)
		}
	}
}

func TestCall_DoesNotStartAfterItsContextEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Call(ctx, NewGate(), func() (int, error) {
		t.Error("the function ran")
		return 0, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want context.Canceled", err)
	}
}

func TestCall_ThatHeedsItsContextAnswersForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		interrupted := errors.New("interrupted")
		_, err := Call(ctx, NewGate(), func() (int, error) {
			<-ctx.Done()
			return 0, interrupted
		})
		if !errors.Is(err, interrupted) {
			t.Errorf("got %v; want the function's own error", err)
		}
	})
}

func TestCall_WaitsItsTurnWhileTheOneInsideIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate()
		go func() {
			_, _ = Call(t.Context(), g, func() (int, error) { <-time.After(10 * time.Second); return 1, nil })
		}()
		synctest.Wait()
		for _, c := range []struct {
			bound time.Duration
			want  error
		}{{3 * time.Second, ErrStuck}, {time.Minute, nil}} {
			ctx, cancel := context.WithTimeout(t.Context(), c.bound)
			if _, err := Call(ctx, g, func() (int, error) { return 2, nil }); !errors.Is(err, c.want) {
				t.Errorf("bounded by %v: %v; want %v", c.bound, err, c.want)
			}
			cancel()
		}
	})
}

func TestCall_LeavesAHungKernelAndKeepsOthersOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate()
		kernel := make(chan struct{})
		bounded := func(d time.Duration, f func() (int, error)) (int, time.Duration, error) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			begin := time.Now()
			v, err := Call(ctx, g, f)
			return v, time.Since(begin), err
		}
		_, took, err := bounded(time.Second, func() (int, error) { <-kernel; return 1, nil })
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrStuck) {
			t.Errorf("the hung call got %v; want its deadline and not ErrStuck", err)
		}
		if want := time.Second + grace; took != want {
			t.Errorf("the hung call came back after %v; want %v", took, want)
		}

		for range 5 {
			_, took, err = bounded(time.Second, func() (int, error) {
				t.Error("a second call went into the hung kernel")
				return 0, nil
			})
			if !errors.Is(err, ErrStuck) || took != 0 {
				t.Errorf("the next call got %v after %v; want ErrStuck at once", err, took)
			}
		}

		close(kernel)
		synctest.Wait()
		if v, _, err := bounded(time.Second, func() (int, error) { return 2, nil }); v != 2 || err != nil {
			t.Errorf("after the kernel came back: got %d, %v; want 2, nil", v, err)
		}
	})
}
