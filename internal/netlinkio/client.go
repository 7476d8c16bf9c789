package netlinkio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/representord/representord/internal/retry"
)

const (
	// DumpAttempts is how often a dump that was interrupted by changes is begun.
	DumpAttempts = 5
	// dumpPause is what is waited after the first; each pause is twice the one before.
	dumpPause = 5 * time.Millisecond
	// closeBound is how long Close waits for a call that is under way.
	closeBound = time.Second
)

// ErrClosed tells that a Client was used after Close.
var ErrClosed = errors.New("the client is closed")

// A Client asks the kernel over a socket, which it opens when it is first needed, and afresh after
// any failure: there may be the rest of an answer in it. So a Client can be kept for ever. It may
// be used from several goroutines; calls are made one after the other.
//
// Every call ends soon after its context does, even if the kernel doesn't answer, see Gate. Until
// the kernel has let such a request go, calls fail with ErrStuck. A call without a deadline may
// therefore wait for long.
type Client[C io.Closer] struct {
	// Once closes the socket after each call: for a Client that is seldom used.
	Once bool

	dial func() (C, error)
	gate *Gate

	// conn belongs to whoever is in the gate; nil while there is none.
	conn *C

	closed      atomic.Bool
	interrupted atomic.Uint64
}

// NewClient makes a Client that is not connected yet. Close must end what is under way on what dial
// gives.
func NewClient[C io.Closer](dial func() (C, error)) *Client[C] {
	return &Client[C]{dial: dial, gate: NewGate()}
}

// Do connects if need be and runs f, bounded by ctx. An error names what was to be done.
func Do[C io.Closer, T any](ctx context.Context, c *Client[C], what string, f func(C) (T, error)) (T, error) {
	value, err := Call(ctx, c.gate, func() (value T, err error) {
		defer func() {
			if err != nil || c.Once || c.closed.Load() {
				c.disconnect()
			}
		}()
		if c.closed.Load() {
			return value, ErrClosed
		}
		if c.conn == nil {
			conn, err := c.dial()
			if err != nil {
				return value, fmt.Errorf("open a netlink socket: %w", err)
			}
			c.conn = &conn
		}
		conn := *c.conn
		end := sync.OnceFunc(func() { _ = conn.Close() })
		stop := context.AfterFunc(ctx, end)
		value, err = f(conn)
		if !stop() {
			end() // has ended before this returns
			c.conn = nil
			if err == nil {
				err = context.Cause(ctx)
			} else {
				err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
			}
		}
		return value, err
	})
	if err != nil {
		var none T
		return none, fmt.Errorf("%s: %w", what, err)
	}
	return value, nil
}

// Dump is Do for a dump, which is begun anew, DumpAttempts times at most, while f fails with
// ErrDumpInterrupted.
func Dump[C io.Closer, T any](ctx context.Context, c *Client[C], what string, f func(C) (T, error)) (T, error) {
	return Do(ctx, c, what, func(conn C) (T, error) {
		var none T
		pauses := retry.Growing{First: dumpPause, Most: time.Second}
		for attempt := range DumpAttempts {
			value, err := f(conn)
			if !errors.Is(err, ErrDumpInterrupted) {
				return value, err
			}
			c.interrupted.Add(1)
			if attempt < DumpAttempts-1 && !retry.Sleep(ctx, pauses.Next()) {
				return none, context.Cause(ctx)
			}
		}
		return none, ErrDumpInterrupted
	})
}

// Interrupted counts dumps that had to be repeated because the kernel's tables changed meanwhile.
func (c *Client[C]) Interrupted() uint64 { return c.interrupted.Load() }

// Close closes the socket. It waits for a call that is under way, but not for a kernel that doesn't
// answer; that socket is closed when the kernel is done.
func (c *Client[C]) Close() {
	c.closed.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), closeBound)
	defer cancel()
	// The only error is that the gate is taken: who is in it closes the socket.
	_, _ = Call(ctx, c.gate, func() (struct{}, error) {
		c.disconnect()
		return struct{}{}, nil
	})
}

func (c *Client[C]) disconnect() {
	if c.conn != nil {
		_ = (*c.conn).Close()
	}
	c.conn = nil
}
