package netlinkio

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/retry"
)

// A Source is an open netlink socket that is a member of a multicast group.
type Source interface {
	// Receive waits for a datagram and tells whether anything in it may have
	// changed what the listener's owner reads. Close ends the wait.
	Receive() (relevant bool, err error)
	Close() error
}

// Reopening waits longer after each failure in a row, and evenly where the
// kernel lacks the thing altogether.
const (
	reopenFirst  = 100 * time.Millisecond
	reopenMost   = 10 * time.Second
	reopenAbsent = 5 * time.Second
	// openBound is how long opening may take; it may wait for the kernel's locks.
	openBound = 10 * time.Second
	// steady is how long a socket must have lived for the next failure to count as
	// the first.
	steady = 10 * time.Second
)

// A Listener pokes its owner whenever a netlink multicast group says that
// something changed. It carries no data: the owner reads everything afresh, so
// that events that are lost, doubled or out of order can't do harm.
type Listener struct {
	name string
	log  *slog.Logger
	open func() (Source, error)
	poke func()
	gate *Gate

	mu     sync.Mutex
	status ListenerStatus
}

// ListenerStatus is what a Listener has seen so far.
type ListenerStatus struct {
	// Joined is true while the group is joined, and nothing happens unheard.
	Joined bool
	// Err says why it is not joined, nil before the first attempt.
	Err error
	// Events counts datagrams that mattered; Overruns counts how often the kernel
	// dropped some because the socket's buffer was full (ENOBUFS); Failures counts
	// sockets that could not be opened or broke.
	Events, Overruns, Failures uint64
}

// NewListener makes a Listener; Run starts it. name names what is listened to in logs and errors:
// "devlink". open opens a socket and joins the group. An error for which errors.Is says
// os.ErrNotExist means that the kernel doesn't have the thing at all.
//
// poke is called after everything that calls for a fresh look: the group was joined, could not be
// joined or was lost, something happened, something that happened was lost. It must not block.
func NewListener(name string, log *slog.Logger, open func() (Source, error), poke func()) *Listener {
	return &Listener{name: name, log: log, open: open, poke: poke, gate: NewGate()}
}

// Status is what the listener has seen so far. Any goroutine may ask.
func (l *Listener) Status() ListenerStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// Run listens until ctx ends. What breaks is opened again, for ever.
func (l *Listener) Run(ctx context.Context) {
	pauses := retry.Growing{First: reopenFirst, Most: reopenMost, Spread: true}
	for ctx.Err() == nil {
		opened := time.Now()
		err := l.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(opened) >= steady {
			pauses.Reset()
		}
		l.note(ctx, err)
		pause := pauses.Next()
		if errors.Is(err, os.ErrNotExist) {
			pause = reopenAbsent
		}
		retry.Sleep(ctx, pause)
	}
}

// listen opens one socket and reads it until it breaks.
func (l *Listener) listen(ctx context.Context) error {
	src, err := l.join(ctx)
	if err != nil {
		return err
	}
	end := sync.OnceFunc(func() { _ = src.Close() })
	defer end() // and wait for the other, if it closes
	stop := context.AfterFunc(ctx, end)
	defer stop()
	l.note(ctx, nil)
	for {
		relevant, err := src.Receive()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, unix.ENOBUFS):
			l.count(func(s *ListenerStatus) { s.Overruns++ })
			l.poke()
		case err != nil:
			return fmt.Errorf("read %s notifications: %w", l.name, err)
		case relevant:
			l.count(func(s *ListenerStatus) { s.Events++ })
			l.poke()
		}
	}
}

func (l *Listener) join(ctx context.Context) (Source, error) {
	bounded, cancel := context.WithTimeout(ctx, openBound)
	defer cancel()
	src, err := Call(bounded, l.gate, func() (Source, error) {
		src, err := l.open()
		if err == nil && bounded.Err() != nil {
			_ = src.Close()
			return nil, context.Cause(bounded)
		}
		return src, err
	})
	if err != nil {
		return nil, fmt.Errorf("listen to %s notifications: %w", l.name, err)
	}
	return src, nil
}

// note notes that the group is joined, or why it isn't, which is said once for each reason. Only
// when it is joined is it time for the first look: what changes between a look and the joining
// would be missed.
func (l *Listener) note(ctx context.Context, err error) {
	before := l.Status()
	l.count(func(s *ListenerStatus) {
		s.Joined, s.Err = err == nil, err
		if err != nil {
			s.Failures++
		}
	})
	switch {
	case err == nil && before.Err == nil:
		l.log.DebugContext(ctx, "listening to the kernel", "to", l.name)
	case err == nil: // what was warned of is over
		l.log.InfoContext(ctx, "listening to the kernel", "to", l.name)
	case before.Joined || before.Err == nil || before.Err.Error() != err.Error():
		l.log.WarnContext(ctx, "not listening to the kernel; changes are only seen when it is asked again", "to", l.name, "err", err)
	default:
		return
	}
	l.poke()
}

func (l *Listener) count(change func(*ListenerStatus)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.status)
}
