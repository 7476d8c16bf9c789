package netlinkio

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// scripted is a Source that plays what is put into it, and waits in between.
type scripted struct {
	plays  chan play
	closed chan struct{}
	once   sync.Once
}

type play struct {
	relevant bool
	err      error
}

func newScripted(plays ...play) *scripted {
	s := &scripted{plays: make(chan play, 64), closed: make(chan struct{})}
	for _, p := range plays {
		s.plays <- p
	}
	return s
}

func (s *scripted) Receive() (bool, error) {
	select {
	case p := <-s.plays:
		return p.relevant, p.err
	case <-s.closed:
		return false, os.ErrClosed
	}
}

func (s *scripted) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// pass lets time pass in the bubble, and everything that is due happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// listening runs a Listener in the bubble until the test ends.
func listening(t *testing.T, log *slog.Logger, open func() (Source, error)) (*Listener, *atomic.Int64) {
	t.Helper()
	pokes := new(atomic.Int64)
	l := NewListener("test", log, open, func() { pokes.Add(1) })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return l, pokes
}

func TestListener_PokesOnceTheGroupIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, pokes := listening(t, quiet(), func() (Source, error) { return newScripted(), nil })
		synctest.Wait()
		if pokes.Load() != 1 || !l.Status().Joined {
			t.Errorf("got %d pokes, joined %v; want 1, true", pokes.Load(), l.Status().Joined)
		}
	})
}

func TestListener_PokesForWhatMattersOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newScripted(play{}, play{relevant: true}, play{}, play{relevant: true})
		l, pokes := listening(t, quiet(), func() (Source, error) { return src, nil })
		synctest.Wait()
		if pokes.Load() != 3 || l.Status().Events != 2 {
			t.Errorf("got %d pokes, %d events; want 3 (one for joining), 2", pokes.Load(), l.Status().Events)
		}
	})
}

func TestListener_PokesAfterAnOverrunAndKeepsTheSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opened atomic.Int64
		src := newScripted(play{err: fmt.Errorf("recvmsg: %w", unix.ENOBUFS)}, play{relevant: true})
		l, pokes := listening(t, quiet(), func() (Source, error) { opened.Add(1); return src, nil })
		synctest.Wait()
		s := l.Status()
		if pokes.Load() != 3 || s.Overruns != 1 || s.Failures != 0 || opened.Load() != 1 || !s.Joined {
			t.Errorf("got %d pokes, %d sockets, %+v; want 3 pokes, 1 socket, 1 overrun, no failure", pokes.Load(), opened.Load(), s)
		}
	})
}

func TestListener_ReopensABrokenSocketAndPokes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sources := make(chan *scripted, 8)
		l, pokes := listening(t, quiet(), func() (Source, error) {
			s := newScripted()
			sources <- s
			return s, nil
		})
		first := <-sources
		synctest.Wait()
		first.plays <- play{err: unix.EBADF}
		synctest.Wait()
		if s := l.Status(); s.Joined || !errors.Is(s.Err, unix.EBADF) || pokes.Load() != 2 {
			t.Errorf("right after the failure: %+v, %d pokes; want not joined, EBADF, 2 pokes", s, pokes.Load())
		}
		select {
		case <-first.closed:
		default:
			t.Error("the broken socket was not closed")
		}
		pass(2 * reopenFirst)
		if s := l.Status(); !s.Joined || s.Err != nil || s.Failures != 1 || pokes.Load() != 3 || len(sources) != 1 {
			t.Errorf("later: %+v, %d pokes, %d sockets; want joined, 1 failure, 3 pokes, 2 sockets", s, pokes.Load(), 1+len(sources))
		}
	})
}

func TestListener_BacksOffWhileNothingCanBeOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts atomic.Int64
		_, pokes := listening(t, quiet(), func() (Source, error) { attempts.Add(1); return nil, unix.EMFILE })
		pass(10 * time.Minute)
		// 0.1 + 0.2 + ... + 6.4 s, then one attempt in 5 to 10 s.
		if n := attempts.Load(); n < 66 || n > 126 {
			t.Errorf("%d attempts in ten minutes; want one every ten seconds or so", n)
		}
		if pokes.Load() != 1 {
			t.Errorf("%d pokes; want 1: nothing new was found out", pokes.Load())
		}
	})
}

func TestListener_KeepsTryingForWhatTheKernelLacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts atomic.Int64
		var present atomic.Bool
		l, pokes := listening(t, quiet(), func() (Source, error) {
			attempts.Add(1)
			if !present.Load() {
				return nil, unix.ENOENT
			}
			return newScripted(), nil
		})
		pass(time.Minute)
		if n := attempts.Load(); n < 11 || n > 13 || pokes.Load() != 1 {
			t.Errorf("%d attempts and %d pokes in a minute; want one attempt every 5 s, one poke", n, pokes.Load())
		}
		present.Store(true)
		pass(reopenAbsent)
		if !l.Status().Joined || pokes.Load() != 2 {
			t.Errorf("joined %v, %d pokes; want true, 2", l.Status().Joined, pokes.Load())
		}
	})
}

func TestListener_SaysAReasonOnceAndThatItIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		log := slog.New(slog.NewTextHandler(&out, nil))
		failures := 5
		listening(t, log, func() (Source, error) {
			if failures > 0 {
				failures--
				return nil, unix.EPERM
			}
			return newScripted(), nil
		})
		pass(time.Minute)
		if n := strings.Count(out.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings; want 1 for one reason:\n%s", n, out.String())
		}
		if n := strings.Count(out.String(), "level=INFO"); n != 1 {
			t.Errorf("%d remarks; want 1 when it is over:\n%s", n, out.String())
		}
	})
}

func TestListener_IsNotHeldUpByAnOpenThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kernel := make(chan struct{})
		late := newScripted()
		l, _ := listening(t, quiet(), func() (Source, error) { <-kernel; return late, nil })
		pass(openBound + grace)
		if s := l.Status(); s.Joined || !errors.Is(s.Err, context.DeadlineExceeded) {
			t.Errorf("got %+v; want not joined, deadline exceeded", s)
		}
		pass(time.Minute)
		if s := l.Status(); s.Joined || !errors.Is(s.Err, ErrStuck) {
			t.Errorf("a minute later: %+v; want not joined, stuck", s)
		}
		close(kernel)
		synctest.Wait()
		select {
		case <-late.closed:
		default:
			t.Error("the socket that came too late was not closed")
		}
	})
}
