package ovn

import (
	"context"
	"fmt"
)

// Sync waits until View shows whatever the server that is followed had committed when Sync was
// called. A process that was stopped for a while, or gets little CPU, has yet to read what the server
// said meanwhile, and View doesn't tell. The error is ErrUntrusted with the cause.
func (s *Southbound) Sync(ctx context.Context) error {
	c := s.current()
	if c == nil {
		return fmt.Errorf("%w: %s", ErrUntrusted, s.View().Problem)
	}
	if err := c.monitor.conn.Sync(ctx); err != nil {
		return c.untrusted(err)
	}
	shown := make(chan struct{})
	select {
	case c.syncs <- shown:
	case <-c.monitor.conn.Done():
		return c.untrusted(c.monitor.conn.Err())
	case <-ctx.Done():
		return c.untrusted(context.Cause(ctx))
	}
	select {
	case <-shown:
		return nil
	case <-ctx.Done():
		return c.untrusted(context.Cause(ctx))
	}
}
