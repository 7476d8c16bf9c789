// Package netlinkio holds what the clients of netlink have in common: a call
// that the kernel may keep for long, bounded by a context all the same, and a
// listener that turns a multicast group into pokes. It speaks no protocol.
package netlinkio

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/representord/representord/internal/retry"
)

// ErrStuck tells that a request was not made because an earlier one has not come
// back from the kernel.
var ErrStuck = errors.New("the kernel has not finished an earlier request")

// grace is how long a call may take to notice that its context ended. Only a
// call that is inside the kernel, where nothing reaches it, needs longer.
const grace = 100 * time.Millisecond

// A Gate lets one call at a time into the kernel, and lets its caller go when the
// context ends even if the call can't be ended: a netlink request runs in the
// caller's own system call, and that sleeps uninterruptibly on a device's lock,
// for the whole of a reload or of a change of eswitch mode (devl_lock and
// rtnl_lock in Linux). While such a call is inside, no other follows it, so that
// a hung kernel costs one thread and not one for each attempt.
type Gate struct {
	busy chan struct{} // has room for one
	// left is closed once the last call that its caller gave up has ended; nil without any.
	left atomic.Pointer[chan struct{}]
}

// NewGate makes an open gate.
func NewGate() *Gate { return &Gate{busy: make(chan struct{}, 1)} }

// Call runs f behind the gate and returns what it returns. f must itself return
// soon after ctx ends where it can. Where it can't, Call returns an error that
// wraps the context's, and what f returns later is dropped: f must not touch
// anything of its caller's, and must let go of what it made when it finds ctx
// ended. An error that wraps ErrStuck tells that f was not run: at once when the
// call inside is one that its caller has given up, else when ctx ends.
func Call[T any](ctx context.Context, g *Gate, f func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var none T
	if ctx.Err() != nil {
		return none, context.Cause(ctx)
	}
	if left := g.left.Load(); left != nil {
		select {
		case <-*left:
		default:
			return none, ErrStuck
		}
	}
	select {
	case g.busy <- struct{}{}:
	case <-ctx.Done():
		return none, fmt.Errorf("%w: %w", ErrStuck, context.Cause(ctx))
	}
	answers, ended := make(chan answer, 1), make(chan struct{})
	go func() {
		defer func() {
			close(ended)
			<-g.busy
		}()
		value, err := f()
		answers <- answer{value, err}
	}()

	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
	}
	if a, came := retry.Await(context.WithoutCancel(ctx), answers, grace); came {
		return a.value, a.err
	}
	g.left.Store(&ended)
	return none, fmt.Errorf("the kernel doesn't answer: %w", context.Cause(ctx))
}
