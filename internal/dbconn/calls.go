package dbconn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ovn-kubernetes/libovsdb/cache"
	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/retry"
)

// How many bytes may be under way to a server that hasn't answered yet. The
// library writes with its locks held and without a deadline: a write that a
// hanging server doesn't read would hold up everything, Close included. So no
// more is sent than the kernel takes at once. Linux takes 208 kB on a unix
// socket (net.core.wmem_default), and at least 45 kB on a TCP connection
// (tcp_init_buffer_space: twice ten segments).
const (
	windowUnix = 128 << 10
	windowTCP  = 32 << 10
)

// Window is the largest transaction that can be sent, in bytes of JSON.
func (c *Conn) Window() int {
	if strings.HasPrefix(c.endpoint, "unix:") {
		return windowUnix
	}
	return windowTCP
}

// Transact does the operations in one transaction. A nil error says that the
// server answered; whether it did anything is in the results, for
// ovsdb.CheckOperationResults. A transaction larger than Window is refused with
// ErrTooLarge. When the context ended or the connection died, it is not known
// what became of the transaction.
func (c *Conn) Transact(ctx context.Context, ops ...ovsdb.Operation) ([]ovsdb.OperationResult, error) {
	b, err := json.Marshal(ops)
	if err != nil {
		return nil, fmt.Errorf("transaction: %w", err)
	}
	if limit := c.Window(); len(b) > limit {
		return nil, fmt.Errorf("a transaction of %d bytes is more than the %d %w", len(b), limit, ErrTooLarge)
	}
	var results []ovsdb.OperationResult
	err = c.call(ctx, len(b), func(ctx context.Context) (err error) {
		results, err = c.client.Transact(ctx, ops...)
		return err
	})
	return results, err
}

// call makes a call that sends so many bytes, when the window has room for them.
func (c *Conn) call(ctx context.Context, size int, do func(context.Context) error) error {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	if err := c.window.Acquire(ctx, int64(size)); err != nil {
		return c.explain(ctx, err)
	}
	err := do(ctx)
	if err != nil && ctx.Err() != nil {
		// Nobody waits for the answer any more. The next probe that is answered says
		// that the request was read.
		c.abandoned.Add(int64(size))
	} else {
		c.window.Release(int64(size))
	}
	return c.explain(ctx, err)
}

// Sync waits for the answer to an echo. A server sends the updates that it owes before it reads
// the next request (ovsdb_jsonrpc_session_run in ovsdb/jsonrpc-server.c), and the library puts each
// into the cache before it reads on: whatever was committed when Sync was called is in the cache then.
func (c *Conn) Sync(ctx context.Context) error {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	return c.explain(ctx, c.client.Echo(ctx))
}

// NewMonitor makes a monitor request for Monitor.
func (c *Conn) NewMonitor(opts ...client.MonitorOption) *client.Monitor {
	m := c.client.NewMonitor(opts...)
	// With the library's default method an update that can't be applied is dropped
	// without a word.
	m.Method = ovsdb.ConditionalMonitorRPC
	return m
}

// answerGrace is how long the answer to a monitor is still awaited when its context has
// ended.
const answerGrace = 250 * time.Millisecond

// Monitor fills the cache with what the request asks for and keeps it up to date.
// When it returns, the cache is complete. It may be called once: a second monitor
// of a table would have its updates applied twice. A connection whose monitor
// failed is dead. When the context ends, an answer that is under way is still taken:
// the library reads the place where it puts the answer although it was told to give
// up, and does so while it may be writing there.
func (c *Conn) Monitor(ctx context.Context, m *client.Monitor) error {
	if c.monitored.Swap(true) {
		return errors.New("a connection can have one monitor only")
	}
	ctx, cancel := c.bound(ctx)
	defer cancel()
	patient, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	stop := context.AfterFunc(ctx, func() {
		retry.Sleep(patient, answerGrace)
		giveUp()
	})
	defer stop()
	if _, err := c.client.Monitor(patient, m); err != nil {
		err = c.explain(ctx, err)
		c.condemn(fmt.Errorf("the monitor failed: %w", err))
		return err
	}
	return nil
}

// OnChange has f called after the cache changed, or the state of the lock: often, on
// a goroutine of the library or the relay, with no word of what changed. It must return at once. What it should do
// is to wake somebody who looks at the cache. Call it before Monitor.
func (c *Conn) OnChange(f func()) {
	c.relay.mu.Lock()
	c.relay.tell = append(c.relay.tell, f)
	c.relay.mu.Unlock()
	c.cache.AddEventHandler(&cache.EventHandlerFuncs{
		AddFunc:    func(string, model.Model) { f() },
		UpdateFunc: func(string, model.Model, model.Model) { f() },
		DeleteFunc: func(string, model.Model) { f() },
	})
}

// Rows gives a table's rows as the cache has them, by uuid; M is the table's
// model, *T. The rows are shared: they must not be written to. The cache never
// does so either, it replaces a row that changed, so the same pointer is the same
// contents. Rows of another table read a moment later may be those of a later
// transaction.
func Rows[M model.Model](c *Conn, table string) map[string]M {
	t := c.cache.Table(table)
	if t == nil {
		return nil
	}
	shared := t.RowsShallow()
	rows := make(map[string]M, len(shared))
	for uuid, row := range shared {
		if m, ok := row.(M); ok {
			rows[uuid] = m
		}
	}
	return rows
}

// bound gives a call a context that also ends with the connection.
func (c *Conn) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.life, func() { cancel(c.Err()) })
	return ctx, func() { stop(); cancel(nil) }
}

// explain says why a call failed: the connection's death before anything else.
func (c *Conn) explain(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case c.life.Err() != nil:
		err = c.Err()
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.Is(err, client.ErrNotConnected):
		err = ErrPeerClosed
	}
	return fmt.Errorf("%s: %w", c.endpoint, err)
}
