// Package southbound follows what OVN's Southbound asks of this chassis, and asks it again before anything is removed. It never writes.
package southbound

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/retry"
)

// Options are what a Watcher needs.
type Options struct {
	// Log takes connections made and lost; nil for none.
	Log *slog.Logger
	// Notify is called after View has changed, on Run's goroutine. It must return at once; nil for none.
	Notify func()
	// Restored is how long a cluster's leader must stay behind what was seen of the cluster for that to be taken for one that was
	// restored from older files, and so for another database; 0 for 2 minutes.
	Restored time.Duration
}

// Watcher follows what OVN's Southbound asks of one chassis. It reads, and
// never writes. Its methods may be called from several goroutines.
type Watcher struct {
	log     *slog.Logger
	notify  func()
	history *history
	// inquiries are the pace of Inquire.
	inquiries *inquiries

	view atomic.Pointer[View]
	// classifiedFor is whom the view's bindings were classified for; Run's own.
	classifiedFor Config
	// logged is the last problem of each server that was logged; Run's own.
	logged map[string]string
	// relayDoubt is a constant but for tests.
	relayDoubt time.Duration

	mu     sync.Mutex // for those below
	config *Config    // nil before Configure
	// restart ends what is done for a config that is no longer so.
	restart context.CancelFunc
	// connections are nil while no server is followed.
	connections *connections
	// rows are the uuids of the rows that ports had when they were last in a view. They are a help, not a truth: a row may
	// be gone, or never have been in this database.
	rows map[string]string
	// registered is the hostname that our Chassis row had when it was last seen.
	registered string
}

// connections are what a session has, and what Verify may ask: both are to the same server.
type connections struct {
	endpoint string
	config   Config
	server   *ovn.Server
	monitor  *monitor
	// syncs has View show what the monitor has; what is sent, which takes one, is told when that is so.
	syncs chan chan error
}

// dial makes one more connection to the server, for rows of the Southbound.
func (c *connections) dial(ctx context.Context, sc ovn.Schema, log *slog.Logger) (*dbconn.Conn, error) {
	o, err := c.config.DialOptions(c.endpoint, log)
	if err != nil {
		return nil, err
	}
	conn, err := sc.Dial(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := c.server.SameProcess(ctx, conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// New makes a Watcher. It does nothing before Run.
func New(o Options) *Watcher {
	w := &Watcher{log: o.Log, notify: o.Notify, history: newHistory(), inquiries: newInquiries(),
		relayDoubt: relayDoubt, logged: map[string]string{}, rows: map[string]string{}}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	if w.notify == nil {
		w.notify = func() {}
	}
	if o.Restored > 0 {
		w.history.restoredAfter = o.Restored
	}
	w.view.Store(&View{Since: time.Now(), Problem: "not started yet"})
	return w
}

// View returns the present snapshot. It never blocks.
func (w *Watcher) View() View { return *w.view.Load() }

// Configure says who we are and where the Southbound is. It never blocks; Run follows. A connection to a server that stays among
// the remotes is kept if nothing else changed.
func (w *Watcher) Configure(c Config) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.config != nil && slices.Equal(c.Remotes, w.config.Remotes) && c.sameBut(*w.config) {
		return
	}
	keep := w.connections != nil && c.sameBut(*w.config) && slices.Contains(c.Remotes, w.connections.endpoint)
	c.Remotes = slices.Clone(c.Remotes) // which are the caller's
	w.config = &c
	if keep {
		return
	}
	w.connections = nil // their bindings are classified for the old identity
	if w.restart != nil {
		w.restart()
	}
}

const (
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 15 * time.Second
	// steady is how long a connection must last for the next failure to count as the first.
	steady = 10 * time.Second
)

// Run follows the Southbound until the context ends, and returns nil then. It
// tries for ever: nothing that a server does or fails to do ends it.
func (w *Watcher) Run(ctx context.Context) error {
	pauses := retry.Growing{First: firstBackoff, Most: maxBackoff, Spread: true}
	for ctx.Err() == nil {
		c, current, cancel := w.begin(ctx)
		if problem := missing(c); problem != "" {
			if c != nil { // otherwise whoever reads the local database says why
				w.logOnce("", problem)
			}
			w.offline("", problem)
			<-current.Done()
		} else if w.round(current, *c) {
			pauses.Reset()
		}
		if current.Err() != nil {
			pauses.Reset() // it isn't the server's doing
		}
		retry.Sleep(current, pauses.Next())
		cancel()
	}
	w.offline("", "stopped")
	return nil
}

// begin gives the present config, and a context that ends when it is no longer so.
func (w *Watcher) begin(ctx context.Context) (*Config, context.Context, context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, w.restart = context.WithCancel(ctx)
	return w.config, ctx, w.restart
}

// round tries every remote once, in random order: all servers are as good, and all chassis would be too many for the first one. It
// reports whether a connection lasted.
func (w *Watcher) round(ctx context.Context, c Config) bool {
	w.reclassifyFor(c)
	remotes := slices.Clone(c.Remotes)
	rand.Shuffle(len(remotes), func(i, j int) { remotes[i], remotes[j] = remotes[j], remotes[i] })
	var problems []string
	lasted := false
	for i, endpoint := range remotes {
		if i > 0 {
			retry.Sleep(ctx, rand.N(firstBackoff))
		}
		w.trying(endpoint)
		x := &session{south: w, connections: connections{endpoint: endpoint, config: c, syncs: make(chan chan error)}}
		problem := ovn.Problem(endpoint, x.run(ctx))
		if ctx.Err() != nil {
			problem = "the configuration changed"
		} else {
			w.logOnce(endpoint, problem)
		}
		problems = append(problems, problem)
		// First of all, lest anybody relies on it while the connections are closed.
		w.offline(endpoint, strings.Join(problems, "; "))
		x.close()
		lasted = lasted || !x.since.IsZero() && time.Since(x.since) > steady
		if ctx.Err() != nil {
			break
		}
	}
	return lasted
}

// reclassifyFor drops bindings that were classified for another identity.
func (w *Watcher) reclassifyFor(c Config) {
	same := c.sameIdentity(w.classifiedFor)
	if c.Chassis != w.classifiedFor.Chassis {
		w.mu.Lock()
		w.registered = ""
		w.mu.Unlock()
	}
	w.classifiedFor = c
	w.publish(func(v *View) {
		v.Chassis = c.Chassis
		if !same {
			v.Complete, v.ChassisKnown, v.Bindings = false, false, nil
		}
	})
}

func (w *Watcher) trying(endpoint string) {
	w.publish(func(v *View) {
		v.Endpoint = endpoint
		if v.Problem == "" || v.Problem == "not started yet" || v.Problem == notTold {
			v.Problem = "connecting to " + endpoint
		}
	})
}

// logOnce logs a server's problem unless it was the last thing logged of it.
func (w *Watcher) logOnce(endpoint, problem string) {
	if w.logged[endpoint] == problem {
		return
	}
	if len(w.logged) > 100 {
		clear(w.logged)
	}
	w.logged[endpoint] = problem
	w.log.Warn("not connected to the Southbound; retrying", "endpoint", endpoint, "problem", problem)
}

// offline keeps what was seen last, and says that it can't be relied on.
func (w *Watcher) offline(endpoint, problem string) {
	w.publish(func(v *View) { v.Connected, v.Endpoint, v.Problem = false, endpoint, problem })
}

// publish makes the next snapshot. Only Run's goroutine calls it.
func (w *Watcher) publish(change func(*View)) {
	old := w.view.Load()
	next := *old
	change(&next)
	if next.Connected != old.Connected {
		next.Since = time.Now()
	}
	w.view.Store(&next)
	w.notify()
}

// setCurrent lets Verify ask a server, nil none, unless it is for a config that is
// no longer so.
func (w *Watcher) setCurrent(c *connections) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c == nil || c.config.sameBut(*w.config) {
		w.connections = c
	}
}

func (w *Watcher) current() *connections {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.connections
}

// remember notes what of a view is of use when it is gone: the rows of ports, and the hostname in our Chassis row. Ports that
// are in the view no more are forgotten when they have become much more than those that are.
func (w *Watcher) remember(c *bindingCache) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rows) > 2*len(c.rows)+1024 {
		w.rows = make(map[string]string, len(c.rows))
	}
	for uuid, r := range c.rows {
		w.rows[r.binding.LogicalPort] = uuid
	}
	w.registered = c.self.Registered
}

// portRow is a port and the row that it had when it was last seen.
type portRow struct{ port, uuid string }

// knownRows parts ports into those whose row was seen and others.
func (w *Watcher) knownRows(ports []string) (known []portRow, unknown []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, port := range ports {
		if uuid, ok := w.rows[port]; ok {
			known = append(known, portRow{port, uuid})
		} else {
			unknown = append(unknown, port)
		}
	}
	return known, unknown
}

// self is the chassis of a config, with the hostname that its row had last.
func (w *Watcher) self(c Config) self {
	w.mu.Lock()
	defer w.mu.Unlock()
	return self{Chassis: c.Chassis, Hostname: c.Hostname, Registered: w.registered}
}
