// Package dbconn is one bounded connection to one OVSDB server, RFC 7047, through
// libovsdb. A connection is disposable: it never reconnects, it is dead within
// twice its probe interval when the server is, and it takes everything with it
// when it is closed. Whoever wants another dials again.
//
// The library's own reconnecting is not used: it can panic, lose tables, and it
// hides that rows were deleted meanwhile.
package dbconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/ovn-kubernetes/libovsdb/cache"
	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"
	"golang.org/x/sync/semaphore"

	"github.com/representord/representord/internal/retry"
)

// DefaultProbe is how often a server is probed unless Options say otherwise. It
// is the interval of OVS' and OVN's own clients.
const DefaultProbe = 5 * time.Second

// closeGrace bounds how long Close waits for the library, which gives up its
// goroutines in well under a millisecond.
const closeGrace = 5 * time.Second

// Options say where to connect and how.
type Options struct {
	// Endpoint is one server, see CheckEndpoint.
	Endpoint string
	// TLS is wanted for "ssl:" endpoints, see TLSFiles.Load.
	TLS *tls.Config
	// Probe is how often the server must answer an echo, and how long it may take
	// for it: 0 for DefaultProbe.
	Probe time.Duration
	// Log takes what is of no interest but to a developer; nil for none.
	Log *slog.Logger
}

// Conn is a connection to a server. Its methods may be called from several
// goroutines.
type Conn struct {
	client   client.Client
	relay    *relay
	cache    *cache.TableCache
	schema   ovsdb.DatabaseSchema
	endpoint string
	probe    time.Duration
	log      *slog.Logger

	// life ends, with a cause, when the connection is dead. Every call ends with it.
	life    context.Context //nolint:containedctx // it is the connection's life, not a call's
	condemn context.CancelCauseFunc
	// finished is closed when none of our goroutines is left, nor of the library's.
	finished chan struct{}
	owned    sync.WaitGroup

	window    *semaphore.Weighted
	abandoned atomic.Int64
	monitored atomic.Bool
}

// Dial connects to the server and compares the model with the schema of its
// database; a model may have no column that the database lacks. It gives up when
// the context ends, even if the server accepts the connection and never answers.
// The context has no say over the connection once Dial has returned.
func Dial(ctx context.Context, dbModel model.ClientDBModel, o Options) (*Conn, error) {
	endpoint, err := canonical(o.Endpoint)
	if err != nil {
		return nil, err
	}
	if NeedsTLS(o.Endpoint) && o.TLS == nil {
		return nil, fmt.Errorf("%s: TLS needs a private key, a certificate and a CA certificate, and none are configured", o.Endpoint)
	}
	if o.Probe <= 0 {
		o.Probe = DefaultProbe
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	life, condemn := context.WithCancelCause(context.Background())
	c := &Conn{
		endpoint: o.Endpoint, probe: o.Probe, log: o.Log,
		life: life, condemn: condemn, finished: make(chan struct{}),
	}
	c.window = semaphore.NewWeighted(int64(c.Window()))
	if err := c.connect(ctx, dbModel, endpoint, o.TLS); err != nil {
		condemn(err)
		if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			return nil, fmt.Errorf("%s did not answer in time: %w", o.Endpoint, context.Cause(ctx))
		}
		return nil, &dialError{endpoint: o.Endpoint, cause: err}
	}
	return c, nil
}

// connect dials the server, and has the library talk to it by way of the relay.
func (c *Conn) connect(ctx context.Context, dbModel model.ClientDBModel, endpoint string, config *tls.Config) error {
	server, err := dialServer(ctx, endpoint, config)
	if err != nil {
		return err
	}
	connecting, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	if c.relay, err = newRelay(c.endpoint, server, c.condemn, giveUp); err != nil {
		_ = server.Close()
		return err
	}
	logger := logr.New(&sink{log: c.log, condemn: c.condemn})
	private := url.URL{Scheme: "unix", Path: c.relay.private.Addr().String()}
	c.client, err = client.NewOVSDBClient(dbModel, client.WithEndpoint(private.String()), client.WithLogger(&logger))
	if err != nil {
		c.relay.close()
		return err
	}
	c.owned.Go(c.relay.run)
	c.owned.Go(func() { // the library tells of the end only to somebody who listens at that moment
		select {
		case <-c.client.DisconnectNotify():
			c.condemn(ErrPeerClosed)
		case <-c.life.Done():
		}
	})
	err = c.client.Connect(connecting)
	close(c.relay.connected)
	if err == nil {
		c.cache, c.schema = c.client.Cache(), c.client.Schema()
		if c.cache == nil || c.schema.Name == "" { // it died since
			err = ErrPeerClosed
		}
	}
	if err != nil {
		err = c.whyNot(ctx, context.Cause(connecting), err)
		c.condemn(err)
		c.finish()
		return err
	}
	c.owned.Go(c.keepAlive)
	go c.finish()
	return nil
}

// whyNot says why there is no connection: the library knows only that it was told to give up.
// The relay, which tells it to, has ended of the cause, nil if it goes on.
func (c *Conn) whyNot(ctx context.Context, ended, err error) error {
	if dead := c.Err(); errors.Is(dead, ErrTooLargeMessage) || errors.Is(dead, ErrNotOVSDB) {
		return dead
	}
	cutShort := ctx.Err() == nil && strings.Contains(err.Error(), context.Canceled.Error()) // which it doesn't always wrap
	if ended == nil || !cutShort {
		return err
	}
	return brokenBy(ended)
}

// Done is closed when the connection is dead: closed by either side, silent for
// longer than a probe may take, or told something that can't be read or that the cache
// can't hold.
func (c *Conn) Done() <-chan struct{} { return c.life.Done() }

// Err says why the connection is dead, nil while it isn't: ErrClosed, ErrPeerClosed,
// ErrSilent, ErrDesync, ErrTooLargeMessage or ErrNotOVSDB.
func (c *Conn) Err() error { return context.Cause(c.life) }

// Schema is the server's schema of the database, as of Dial. A server drops its
// clients when it converts a database to another schema.
func (c *Conn) Schema() ovsdb.DatabaseSchema { return c.schema }

// Cache holds the rows that Monitor asked for. It stays readable, and stale, after
// the connection's death.
func (c *Conn) Cache() *cache.TableCache { return c.cache }

// Close ends the connection and every call on it, and waits until nothing of it
// is left running. It may be called more than once.
func (c *Conn) Close() {
	c.condemn(ErrClosed)
	if !retry.Ended(c.finished, closeGrace) {
		c.log.Error("a database connection could not be closed", "endpoint", c.endpoint)
	}
}

// keepAlive probes the server until the connection is dead.
func (c *Conn) keepAlive() {
	for next := c.probe; retry.Sleep(c.life, next); {
		began := time.Now()
		c.probeOnce()
		next = max(c.probe-time.Since(began), 0)
	}
}

// probeOnce asks for one echo. A server handles what a client sends in order, so
// an answer also says that it has read everything sent before.
func (c *Conn) probeOnce() {
	patience, cancel := context.WithTimeoutCause(c.life, c.probe, fmt.Errorf("%w within %v", ErrSilent, c.probe))
	defer cancel()
	// Echo isn't given this context: a write that is stuck doesn't end with it.
	stop := context.AfterFunc(patience, func() { c.condemn(context.Cause(patience)) })
	defer stop()
	before := c.abandoned.Load()
	if err := c.client.Echo(c.life); err != nil {
		c.condemn(brokenBy(err)) // no effect when the time was up before
		return
	}
	c.abandoned.Add(-before)
	c.window.Release(before)
}

// finish waits for the connection's death and takes down what is left of it.
func (c *Conn) finish() {
	defer close(c.finished)
	<-c.life.Done()
	c.relay.sever() // first: a write that is stuck ends with it
	c.client.Close()
	c.relay.close()
	// The library forgets its endpoint when its goroutines have ended.
	for c.client.CurrentEndpoint() != "" {
		retry.Pause(200 * time.Microsecond)
	}
	c.owned.Wait()
}

// brokenBy turns the ways of saying that a connection is gone into one.
func brokenBy(err error) error {
	if errors.Is(err, client.ErrNotConnected) || errors.Is(err, io.EOF) {
		return ErrPeerClosed
	}
	return fmt.Errorf("%w: %w", ErrPeerClosed, err)
}
