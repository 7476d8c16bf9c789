package southbound

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
)

const (
	// catchUp is how long a server may stay behind what we have seen before another is tried.
	catchUp = 500 * time.Millisecond
	// monitorPause is how long a monitor is kept at least when our Chassis row is replaced again and again.
	monitorPause = 200 * time.Millisecond
	// relayDoubt is how long a relay, which tells no index, may still call itself connected after it lost its source: 30 seconds
	// (RELAY_MAX_RECONNECTION_MS in ovsdb/relay.c), and what it takes to notice a source that hangs.
	relayDoubt = 45 * time.Second
	// In a flood of changes a snapshot is made every minPause at most, and no more than a fifth of the time goes into them. The
	// first change after a quiet time is shown at once.
	minPause = 2 * time.Millisecond
)

// session is the time that one server is followed.
type session struct {
	south *Watcher
	connections
	// monitored is since when the monitor is there.
	monitored time.Time
	cache     *bindingCache
	// since is when there was something to show, zero if there wasn't.
	since time.Time
}

// run follows the server until it fails, can't be trusted any more, or the context ends, and says why. The session is still to be
// closed then.
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

// connect goes as far as having a complete view to show.
func (x *session) connect(ctx context.Context) error {
	o, err := x.config.DialOptions(x.endpoint, x.south.log)
	if err != nil {
		return err
	}
	step, cancel := context.WithTimeout(ctx, x.config.Patience())
	defer cancel()
	if x.server, err = ovn.DialServer(step, ovn.Database, o); err != nil {
		return err
	}
	if err := x.awaitTrust(step); err != nil {
		return err
	}
	if err := x.awaitRelay(ctx); err != nil {
		return err
	}
	return x.renewMonitor(ctx)
}

// awaitRelay waits until a relay can't be behind what we have seen from another server, where a request may have been taken back.
// The first server that we ever see can't be behind.
func (x *session) awaitRelay(ctx context.Context) error {
	if st := x.server.State(); st == nil || st.Model != ovn.ModelRelay || x.south.View().Identity == "" {
		return nil
	}
	wait := x.south.relayDoubt
	problem := fmt.Sprintf("%s is a relay, which may be behind what was seen already: waiting %v until that can't be", x.endpoint, wait)
	x.south.log.Info("waiting for the Southbound", "problem", problem)
	x.south.publish(func(v *View) { v.Problem = problem })
	for over := retry.After(wait); ; {
		news, err := x.awaitNews(ctx, over)
		if news { // it counts, also when the time is over since
			err = x.checkState()
		}
		if err != nil || !news {
			return err
		}
	}
}

// awaitTrust gives a server that is merely behind a moment to catch up.
func (x *session) awaitTrust(ctx context.Context) error {
	for over := retry.After(catchUp); ; {
		rejected := x.checkState()
		if st := x.server.State(); rejected == nil || st == nil || !st.Connected {
			return rejected
		}
		if news, err := x.awaitNews(ctx, over); err != nil {
			return err
		} else if !news {
			return rejected
		}
	}
}

// awaitNews waits until the server says something else of itself, which it reports, or the time is over.
func (x *session) awaitNews(ctx context.Context, over <-chan time.Time) (bool, error) {
	select {
	case <-x.server.Changed():
		return true, nil
	case <-over:
		return false, nil
	case <-x.server.Done():
		return false, x.server.Err()
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// checkState rejects a server by what it last said of itself.
func (x *session) checkState() error {
	st := x.server.State()
	if st == nil {
		return ovn.ErrNoDatabase
	}
	return x.south.history.reject(st)
}

// renewMonitor gets a monitor for our Chassis row as it is now, in place of the one
// there is.
func (x *session) renewMonitor(ctx context.Context) error {
	if wait := monitorPause - time.Since(x.monitored); x.monitor != nil && wait > 0 {
		retry.Sleep(ctx, wait)
	}
	step, cancel := context.WithTimeout(ctx, x.config.Patience())
	defer cancel()
	m, err := x.dialMonitor(step)
	if err != nil {
		return err
	}
	old := x.monitor
	x.monitor, x.monitored, x.cache = m, time.Now(), nil
	c := x.connections
	x.south.setCurrent(&c)
	if old != nil {
		old.conn.Close()
	}
	return nil
}

// dialMonitor gets a monitor for the Chassis row that is there then. Behind a balancer that deals connections in turn a later
// try ends at the server that vouches for it.
func (x *session) dialMonitor(ctx context.Context) (*monitor, error) {
	sc, err := ovn.ReadSchema(ctx, x.server)
	if err != nil {
		return nil, err
	}
	const tries = 5
	for try := 1; ; try++ {
		m, err := x.tryMonitor(ctx, sc)
		if again := errors.Is(err, ovn.ErrTwoServers) || errors.Is(err, errReplaced); !again || try == tries {
			return m, err
		}
	}
}

var errReplaced = errors.New("is replaced all the time: do two hosts have that system-id?")

// tryMonitor connects and waits for the first, complete contents.
func (x *session) tryMonitor(ctx context.Context, sc ovn.Schema) (_ *monitor, err error) {
	conn, err := x.dial(ctx, sc, x.south.log)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			conn.Close()
		}
	}()
	us := x.south.self(x.config)
	found, err := ovn.Select(ctx, conn, chassisNamed(us.Chassis))
	if err != nil {
		return nil, err
	}
	us.UUID = uuidOf(found[0])
	m := &monitor{conn: conn, poke: retry.NewPoke(), schema: sc, self: us}
	conn.OnChange(m.poke.Wake)
	if err := conn.Monitor(ctx, m.request(m.concerned())); err != nil {
		return nil, err
	}
	if m.chassis().UUID != us.UUID {
		return nil, fmt.Errorf("the row of chassis %s %w", reason.Quote(us.Chassis), errReplaced)
	}
	return m, nil
}

// follow shows what the monitor has until the session is over.
func (x *session) follow(ctx context.Context) error {
	if err := x.look(ctx); err != nil {
		return err
	}
	rest := retry.Rest{Least: minPause}
	var over <-chan time.Time                    // nil unless resting
	var changed <-chan struct{} = x.monitor.poke // nil while resting
	for {
		var asked chan<- error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-x.server.Done():
			return x.server.Err()
		case <-x.monitor.conn.Done():
			return x.monitor.conn.Err()
		case <-x.server.Changed():
			if err := x.checkState(); err != nil {
				return err
			}
			continue
		case <-over:
			changed = x.monitor.poke
			continue
		case asked = <-x.syncs:
		case <-changed:
		}
		began, err := time.Now(), x.checkState()
		if err == nil {
			err = x.look(ctx)
		}
		if asked != nil {
			asked <- err
		}
		if err != nil {
			return err
		}
		changed, over = nil, retry.After(rest.Length(time.Since(began)))
	}
}

// look shows what the monitor has, if that is not what was shown last: the library makes a change a little before it tells of it.
// When our Chassis row is another than the monitor asks about, the contents are shown as incomplete until a new monitor's are there.
func (x *session) look(ctx context.Context) error {
	for {
		has := x.monitor.contents()
		if x.cache != nil && has.same(x.cache) {
			return nil
		}
		names := ovn.Names{Global: has.global}
		if st := x.server.State(); st != nil {
			names.Cluster = deref(st.Cluster)
		}
		us := x.south.self(x.config)
		if has.chassis.UUID != "" {
			us.UUID, us.Registered = has.chassis.UUID, has.chassis.Hostname
		}
		x.cache = classifyAll(has.ports, us, x.cache)
		x.cache.chassis, x.cache.global = has.chassis, has.global
		x.south.remember(x.cache)
		present := us.UUID == x.monitor.self.UUID
		x.south.publish(func(v *View) {
			*v = View{
				Complete:             present && names.Global != "",
				Connected:            true,
				Since:                v.Since,
				Endpoint:             x.endpoint,
				Chassis:              us.Chassis,
				ChassisKnown:         us.UUID != "",
				CMSOptions:           has.chassis.CMSOptions(),
				HiddenFromOldNeutron: has.chassis.HiddenFromOldNeutron(),
				Identity:             x.south.history.identity(names),
				Names:                names,
				Bindings:             x.cache.bindings,
			}
			switch {
			case names.Global == "":
				v.Problem = "SB_Global has no row: ovn-northd has not written to this database yet"
			case !present:
				v.Problem = "our Chassis row was replaced: reading the Southbound anew"
			}
		})
		if present {
			return nil
		}
		x.south.log.Info("our Chassis row was replaced; re-reading the Southbound", "chassis", x.config.Chassis)
		if err := x.renewMonitor(ctx); err != nil {
			return err
		}
	}
}

func (x *session) close() {
	x.south.setCurrent(nil)
	if x.monitor != nil {
		x.monitor.conn.Close()
	}
	if x.server != nil {
		x.server.Close()
	}
}
