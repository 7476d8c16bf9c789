package ovn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/retry"
)

const (
	// catchUp is how long a server that is behind what we have seen may take to
	// get there before another is tried.
	catchUp = 500 * time.Millisecond
	// feedPause is how long one feed is kept at least when our Chassis row is
	// replaced again and again.
	feedPause = 200 * time.Millisecond
	// relayDoubt is how long a relay may still call itself connected after it lost
	// its source: 30 seconds (RELAY_MAX_RECONNECTION_MS in ovsdb/relay.c), and what
	// it takes to notice a source that hangs. A relay tells no index.
	relayDoubt = 45 * time.Second
	// In a flood of changes a snapshot is made every minPause at most, and no more
	// than a fifth of the time goes into them. The first change after a quiet time
	// is shown at once.
	minPause = 2 * time.Millisecond
)

// session is the time that one server is followed.
type session struct {
	south    *Southbound
	config   Config
	endpoint string
	server   *server
	feed     *feed
	fedAt    time.Time
	judged   *judged
	// since is when there was something to show, zero if there wasn't.
	since time.Time
}

func newSession(s *Southbound, c Config, endpoint string) *session {
	return &session{south: s, config: c, endpoint: endpoint}
}

// run follows the server until it fails, is no longer to be trusted, or the
// context ends, and says why. The session is then still to be closed.
func (x *session) run(ctx context.Context) error {
	if err := x.connect(ctx); err != nil {
		if dbconn.NeedsTLS(x.endpoint) {
			err = x.config.TLS.Explain(err)
		}
		return err
	}
	x.since = time.Now()
	clear(x.south.logged)
	x.south.log.Info("connected to the Southbound", "endpoint", x.endpoint, "chassis", x.config.Chassis)
	return x.follow(ctx)
}

// lasted tells whether the server was of use for some time.
func (x *session) lasted() bool { return !x.since.IsZero() && time.Since(x.since) > steady }

// connect goes as far as having a complete view to show.
func (x *session) connect(ctx context.Context) error {
	o, err := x.config.dialOptions(x.endpoint, x.south.log)
	if err != nil {
		return err
	}
	step, cancel := context.WithTimeout(ctx, x.config.establish())
	defer cancel()
	if x.server, err = dialServer(step, o); err != nil {
		return err
	}
	if err := x.awaitTrust(step); err != nil {
		return err
	}
	if err := x.awaitRelay(ctx); err != nil {
		return err
	}
	return x.feedAnew(ctx)
}

// awaitRelay waits until a relay can't be behind what we have seen from another
// server: what asks for a port there may have been taken back since. The first
// server that we ever see can't be behind.
func (x *session) awaitRelay(ctx context.Context) error {
	if st, _ := x.server.state(); st.Model != modelRelay || x.south.View().Identity == "" {
		return nil
	}
	wait := x.south.relayDoubt
	x.south.waiting(fmt.Sprintf("%s is a relay, which may be behind what was seen already: waiting %v until that can't be",
		x.endpoint, wait))
	over, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		select {
		case <-over.Done():
			return ctx.Err()
		case <-x.server.poke:
			if err := x.trusted(); err != nil {
				return err
			}
		case <-x.server.conn.Done():
			return x.server.conn.Err()
		}
	}
}

// awaitTrust gives a server that is merely behind a moment to catch up.
func (x *session) awaitTrust(ctx context.Context) error {
	patience, cancel := context.WithTimeout(ctx, catchUp)
	defer cancel()
	for {
		st, ok := x.server.state()
		if !ok {
			return errNoDatabase
		}
		problem := x.south.memory.distrust(st)
		if problem == "" {
			return nil
		}
		if !st.Connected {
			return errors.New(problem)
		}
		select {
		case <-x.server.poke:
		case <-patience.Done():
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return errors.New(problem)
		case <-x.server.conn.Done():
			return x.server.conn.Err()
		}
	}
}

// feedAnew gets a feed for our Chassis row as it is now, in place of the one
// there is.
func (x *session) feedAnew(ctx context.Context) error {
	if wait := feedPause - time.Since(x.fedAt); x.feed != nil && wait > 0 {
		retry.Sleep(ctx, wait)
	}
	step, cancel := context.WithTimeout(ctx, x.config.establish())
	defer cancel()
	o, err := x.config.dialOptions(x.endpoint, x.south.log)
	if err != nil {
		return err
	}
	f, err := x.dialSame(step, o)
	if err != nil {
		return err
	}
	old := x.feed
	x.feed, x.fedAt, x.judged = f, time.Now(), nil
	x.south.shape = f.shape
	x.south.setLive(&live{endpoint: x.endpoint, config: x.config, server: x.server, feed: f})
	if old != nil {
		old.conn.Close()
	}
	return nil
}

// dialSame gets a feed from the server that vouches for it. Behind a balancer that deals
// connections in turn a later try ends there.
func (x *session) dialSame(ctx context.Context, o dbconn.Options) (*feed, error) {
	const tries = 5
	for try := 1; ; try++ {
		f, err := dialFeed(ctx, x.south.shape, x.south.us(x.config), o)
		if err != nil {
			return nil, err
		}
		err = sameServer(ctx, x.server.conn, f.conn)
		if err == nil {
			return f, nil
		}
		f.conn.Close()
		if !errors.Is(err, errTwoServers) || try == tries {
			return nil, err
		}
	}
}

// follow shows what the feed has until the session is over.
func (x *session) follow(ctx context.Context) error {
	if err := x.look(ctx); err != nil {
		return err
	}
	rest := retry.Rest{Least: minPause}
	var over <-chan time.Time                 // nil unless resting
	var changed <-chan struct{} = x.feed.poke // nil while resting
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-x.server.conn.Done():
			return x.server.conn.Err()
		case <-x.feed.conn.Done():
			return x.feed.conn.Err()
		case <-x.server.poke:
			if err := x.trusted(); err != nil {
				return err
			}
		case <-over:
			changed = x.feed.poke
		case <-changed:
			began := time.Now()
			if err := x.look(ctx); err != nil {
				return err
			}
			changed = nil
			over = retry.After(rest.Length(time.Since(began)))
		}
	}
}

// trusted looks at what the server says of itself.
func (x *session) trusted() error {
	st, ok := x.server.state()
	if !ok {
		return errNoDatabase
	}
	if problem := x.south.memory.distrust(st); problem != "" {
		return errors.New(problem)
	}
	return nil
}

// look shows the feed's contents. When our Chassis row is another than the one
// that the feed asks about, the old contents are shown as incomplete until the
// new feed's are there.
func (x *session) look(ctx context.Context) error {
	for !x.show() {
		x.south.log.Info("our Chassis row was replaced; re-reading the Southbound", "chassis", x.config.Chassis)
		if err := x.feedAnew(ctx); err != nil {
			return err
		}
	}
	return nil
}

// show makes the view of what the feed has, and reports whether the feed is for
// our present Chassis row.
func (x *session) show() bool {
	st, _ := x.server.state()
	row := x.feed.global()
	m := x.feed.me
	m.UUID = ""
	cmsOptions, hidden := "", false
	if c := x.feed.chassisRow(); c != nil {
		m.Registered = c.Hostname
		x.south.register(c.Hostname)
		m.UUID, cmsOptions = c.UUID, cardserial.OptionsOf(c.OtherConfig, c.ExternalIDs)
		hidden = cardserial.HiddenFromOldNeutron(c.OtherConfig, c.ExternalIDs)
	}
	x.judged = x.feed.bindings(m, x.judged)
	x.south.remember(x.judged)
	present := m.UUID == x.feed.me.UUID
	x.south.publish(func(v *View) {
		*v = View{
			Complete:     present && row != "",
			Connected:    true,
			Since:        v.Since,
			Endpoint:     x.endpoint,
			Chassis:      m.Chassis,
			ChassisKnown: m.UUID != "",
			CMSOptions:   cmsOptions,
			Identity:     x.south.memory.identity(st.Cluster, row),
			Names:        Names{Cluster: st.Cluster, Global: row},
			Bindings:     x.judged.bindings,

			HiddenFromOldNeutron: hidden,
		}
		switch {
		case row == "":
			v.Problem = "SB_Global has no row: ovn-northd has not written to this database yet"
		case !present:
			v.Problem = "our Chassis row was replaced: reading the Southbound anew"
		}
	})
	return present
}

func (x *session) close() {
	x.south.setLive(nil)
	if x.feed != nil {
		x.feed.conn.Close()
	}
	if x.server != nil {
		x.server.conn.Close()
	}
}
