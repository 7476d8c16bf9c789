package ovs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
)

// Options are what a Switch needs.
type Options struct {
	// Endpoint is the local ovsdb-server, "unix:/run/openvswitch/db.sock" as a rule.
	Endpoint string
	// TLS are the files that an "ssl:" endpoint needs; they are read for each
	// connection anew.
	TLS dbconn.TLSFiles
	// Probe is how often the server must answer, 0 for dbconn.DefaultProbe.
	Probe time.Duration
	// Log takes connections made and lost; nil for none.
	Log *slog.Logger
	// Notify is called after View has changed, from any goroutine. It must return at
	// once; nil for none.
	Notify func()
}

// dial are the options of a connection. The files for TLS are read for it.
func (o Options) dial() (d dbconn.Options, err error) {
	d = dbconn.Options{Endpoint: o.Endpoint, Probe: o.Probe, Log: o.Log}
	if dbconn.NeedsTLS(o.Endpoint) {
		d.TLS, err = o.TLS.Load()
	}
	return d, err
}

// How connections are made. The server is local: it costs little to ask often.
const (
	dialTimeout  = 10 * time.Second
	firstBackoff = 20 * time.Millisecond
	maxBackoff   = 2 * time.Second
)

// How snapshots are made. The first change after a quiet time is shown at once;
// in a flood there are 200 a second at most, and they take a fifth of the time.
const (
	minPause     = 5 * time.Millisecond
	tornPause    = 100 * time.Microsecond
	tornPatience = time.Second
)

// Switch follows the local Open_vSwitch database and changes it. Its methods may
// be called from several goroutines.
type Switch struct {
	options Options // with no field missing
	poke    retry.Poke

	view atomic.Pointer[View]

	// building is held while a snapshot is made, so that an older one can't replace
	// a newer one.
	building sync.Mutex
	shown    rows       // what view was made of; for building
	mu       sync.Mutex // for those below
	bridge   string
	conn     *dbconn.Conn // nil unless its cache is complete and it lives
	lock     lock         // that was asked for last
	counters Counters
}

// New makes a Switch. It does nothing before Run.
func New(o Options) *Switch {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Notify == nil {
		o.Notify = func() {}
	}
	s := &Switch{options: o, poke: retry.NewPoke()}
	s.view.Store(&View{Problem: "not connected to " + o.Endpoint + " yet"})
	return s
}

// View returns the present snapshot. It never blocks.
func (s *Switch) View() View { return *s.view.Load() }

// SetBridge names the integration bridge, empty for none. It never blocks; View
// follows in a moment.
func (s *Switch) SetBridge(name string) {
	s.mu.Lock()
	changed := s.bridge != name
	s.bridge = name
	s.mu.Unlock()
	if changed {
		s.poke.Wake()
	}
}

// Run keeps connected and View up to date until the context ends, and then returns
// nil. It never gives up. While there is no connection, View keeps what was there
// last and is not complete.
func (s *Switch) Run(ctx context.Context) error {
	pauses := retry.Growing{First: firstBackoff, Most: maxBackoff}
	var said retry.Said
	for ctx.Err() == nil {
		start := time.Now()
		err := s.connection(ctx)
		s.lost(nil, err)
		if time.Since(start) > dialTimeout+maxBackoff { // it was a connection, for a while
			pauses.Reset()
			said = retry.Said{}
		}
		if ctx.Err() == nil && !errors.Is(err, dbconn.ErrClosed) && said.IsNew(err.Error()) {
			s.options.Log.Warn("the local Open vSwitch database is not connected; retrying",
				"endpoint", s.options.Endpoint, "error", err)
		}
		retry.Sleep(ctx, pauses.Next())
	}
	return nil
}

// connection makes one connection and serves it until its end, which is the error.
func (s *Switch) connection(ctx context.Context) error {
	m, err := clientModel()
	if err != nil {
		return fmt.Errorf("model of the %s database: %w", database, err)
	}
	starting, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	o, err := s.options.dial()
	if err != nil {
		return err
	}
	c, err := dbconn.Dial(starting, m, o)
	if err != nil {
		if o.TLS != nil {
			err = s.options.TLS.Explain(err)
		}
		return err
	}
	defer c.Close()
	c.OnChange(s.poke.Wake)
	if err := c.Monitor(starting, monitorOf(c)); err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	cancel()
	s.mu.Lock()
	s.conn = c
	s.counters.Connections++
	s.mu.Unlock()
	s.options.Log.Info("connected to the local Open vSwitch database", "endpoint", s.options.Endpoint)
	return s.follow(ctx, c)
}

// follow makes a snapshot whenever something has changed.
func (s *Switch) follow(ctx context.Context, c *dbconn.Conn) error {
	rest := retry.Rest{Least: minPause}
	for {
		start := time.Now()
		s.refresh(ctx, c)
		s.options.Notify()
		if !s.View().Complete {
			s.poke.Wake() // to look again
		}
		select {
		case <-ctx.Done():
		case <-c.Done():
		case <-retry.After(rest.Length(time.Since(start))):
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.Done():
			return c.Err()
		case <-s.poke:
		}
	}
}

// lost marks the view when there is no connection any more: the given one, if that is still the
// present one, or whichever there was for nil.
func (s *Switch) lost(c *dbconn.Conn, err error) {
	s.building.Lock() // until the view is marked: nobody goes on before that, nor marks the next connection's
	s.mu.Lock()
	if c != nil && s.conn != c {
		s.mu.Unlock()
		s.building.Unlock()
		return
	}
	s.conn = nil
	bridge := s.bridge
	s.mu.Unlock()

	old := s.View()
	v := old
	v.Complete = false
	if old.Complete || !errors.Is(err, dbconn.ErrClosed) { // which is our own doing, and said already
		v.Problem = reason.Prose(err.Error())
	}
	if v.Bridge != bridge {
		v.Bridge, v.BridgeUUID, v.DatapathType = bridge, "", ""
	}
	s.show(v)
	s.shown = rows{}
	s.building.Unlock()
	if old.Complete || old.Problem != v.Problem || old.Bridge != v.Bridge {
		s.options.Notify()
	}
}

// refresh makes a snapshot of a connection's cache and shows it. The client applies
// a transaction of the server's to one table after the other, in microseconds, so
// the tables may have to be read again until they fit together. If they never do,
// the snapshot is shown and not to be acted on.
func (s *Switch) refresh(ctx context.Context, c *dbconn.Conn) {
	s.building.Lock()
	defer s.building.Unlock()
	deadline := time.Now().Add(tornPatience)
	for {
		r := readTables(c)
		s.mu.Lock()
		bridge, live := s.bridge, s.conn == c && c.Err() == nil
		s.mu.Unlock()
		if !live {
			return
		}
		if old := s.view.Load(); old.Complete && old.Bridge == bridge && r.same(s.shown) {
			return
		}
		v, err := buildView(r, bridge)
		if err == nil {
			s.show(v)
			s.shown = r
			return
		}
		if time.Now().After(deadline) {
			v.Complete = false
			v.Problem = "the local Open vSwitch database can't be read as a whole: " + err.Error()
			s.show(v)
			return
		}
		if retry.Ended(c.Done(), tornPause) || ctx.Err() != nil {
			return
		}
	}
}

// show makes a snapshot the present one, with building held.
func (s *Switch) show(v View) {
	if old := s.view.Load(); old.Complete == v.Complete {
		v.Since = old.Since
	} else {
		v.Since = time.Now()
	}
	s.view.Store(&v)
}

func readTables(c *dbconn.Conn) rows {
	return rows{
		root:       dbconn.Rows[*rootRow](c, tableRoot),
		bridges:    dbconn.Rows[*bridgeRow](c, tableBridge),
		ports:      dbconn.Rows[*portRow](c, tablePort),
		interfaces: dbconn.Rows[*interfaceRow](c, tableInterface),
		ssl:        dbconn.Rows[*sslRow](c, tableSSL),
	}
}
