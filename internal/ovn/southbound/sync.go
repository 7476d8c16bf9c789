package southbound

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Sync waits until View shows whatever the server that is followed had committed when Sync was
// called, and until the server's word on itself is read, too. A process that was stopped for a while,
// or gets little CPU, has yet to read what the server said meanwhile, and View doesn't tell. What a
// cluster's leader has and that server hasn't got yet, no echo tells. The error is ErrUntrusted with
// the cause.
func (w *Watcher) Sync(ctx context.Context) error {
	for range 3 {
		c := w.current()
		if c == nil {
			return fmt.Errorf("%w: %s", ErrUntrusted, w.View().Problem)
		}
		err := c.sync(ctx)
		if w.current() == c {
			if err != nil {
				return c.untrusted(err)
			}
			return nil
		}
	}
	return fmt.Errorf("%w: our configuration, our Chassis row or the server changed again and again", ErrUntrusted)
}

func (c *connections) sync(ctx context.Context) error {
	// Both at once: what each connection owes comes before its answer, and is looked at after both.
	both, bound := errgroup.WithContext(ctx)
	both.Go(func() error { return c.server.Sync(bound) })
	both.Go(func() error { return c.monitor.conn.Sync(bound) })
	if err := both.Wait(); err != nil {
		return err
	}
	shown := make(chan error, 1)
	select {
	case c.syncs <- shown:
	case <-c.monitor.conn.Done():
		return c.monitor.conn.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-shown:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
