// Package ovn reads what OVN's Southbound asks of this chassis. It never writes.
package ovn

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
	"github.com/representord/representord/internal/retry"
)

// Options are what a Southbound needs.
type Options struct {
	// Log takes connections made and lost; nil for none.
	Log *slog.Logger
	// Notify is called after View has changed, on Run's goroutine. It must return at once; nil for none.
	Notify func()
	// Restored is how long a cluster's leader must stay behind what was seen of the cluster for that to be taken for one that was
	// restored from older files, and so for another database; 0 for 2 minutes.
	Restored time.Duration
}

// Southbound follows what OVN's Southbound asks of one chassis. It reads, and
// never writes. Its methods may be called from several goroutines.
type Southbound struct {
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
	server   *Server
	monitor  *monitor
	// syncs has View show what the monitor has; what is sent, which takes one, is told when that is so.
	syncs chan chan error
}

// dial makes one more connection to the server, for rows of the Southbound.
func (c *connections) dial(ctx context.Context, sc Schema, log *slog.Logger) (*dbconn.Conn, error) {
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

// New makes a Southbound. It does nothing before Run.
func New(o Options) *Southbound {
	s := &Southbound{log: o.Log, notify: o.Notify, history: newHistory(), inquiries: newInquiries(),
		relayDoubt: relayDoubt, logged: map[string]string{}, rows: map[string]string{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.notify == nil {
		s.notify = func() {}
	}
	if o.Restored > 0 {
		s.history.restoredAfter = o.Restored
	}
	s.view.Store(&View{Since: time.Now(), Problem: "not started yet"})
	return s
}

// View returns the present snapshot. It never blocks.
func (s *Southbound) View() View { return *s.view.Load() }

// Configure says who we are and where the Southbound is. It never blocks; Run follows. A connection to a server that stays among
// the remotes is kept if nothing else changed.
func (s *Southbound) Configure(c Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.config != nil && slices.Equal(c.Remotes, s.config.Remotes) && c.sameBut(*s.config) {
		return
	}
	keep := s.connections != nil && c.sameBut(*s.config) && slices.Contains(c.Remotes, s.connections.endpoint)
	c.Remotes = slices.Clone(c.Remotes) // which are the caller's
	s.config = &c
	if keep {
		return
	}
	s.connections = nil // their bindings are classified for the old identity
	if s.restart != nil {
		s.restart()
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
func (s *Southbound) Run(ctx context.Context) error {
	pauses := retry.Growing{First: firstBackoff, Most: maxBackoff, Spread: true}
	for ctx.Err() == nil {
		c, current, cancel := s.begin(ctx)
		if problem := missing(c); problem != "" {
			if c != nil { // otherwise whoever reads the local database says why
				s.logOnce("", problem)
			}
			s.offline("", problem)
			<-current.Done()
		} else if s.round(current, *c) {
			pauses.Reset()
		}
		if current.Err() != nil {
			pauses.Reset() // it isn't the server's doing
		}
		retry.Sleep(current, pauses.Next())
		cancel()
	}
	s.offline("", "stopped")
	return nil
}

// begin gives the present config, and a context that ends when it is no longer so.
func (s *Southbound) begin(ctx context.Context) (*Config, context.Context, context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, s.restart = context.WithCancel(ctx)
	return s.config, ctx, s.restart
}

// round tries every remote once, in random order: all servers are as good, and all chassis would be too many for the first one. It
// reports whether a connection lasted.
func (s *Southbound) round(ctx context.Context, c Config) bool {
	s.reclassifyFor(c)
	remotes := slices.Clone(c.Remotes)
	rand.Shuffle(len(remotes), func(i, j int) { remotes[i], remotes[j] = remotes[j], remotes[i] })
	var problems []string
	lasted := false
	for i, endpoint := range remotes {
		if i > 0 {
			retry.Sleep(ctx, rand.N(firstBackoff))
		}
		s.trying(endpoint)
		x := &session{south: s, connections: connections{endpoint: endpoint, config: c, syncs: make(chan chan error)}}
		problem := Problem(endpoint, x.run(ctx))
		if ctx.Err() != nil {
			problem = "the configuration changed"
		} else {
			s.logOnce(endpoint, problem)
		}
		problems = append(problems, problem)
		// First of all, lest anybody relies on it while the connections are closed.
		s.offline(endpoint, strings.Join(problems, "; "))
		x.close()
		lasted = lasted || !x.since.IsZero() && time.Since(x.since) > steady
		if ctx.Err() != nil {
			break
		}
	}
	return lasted
}

// reclassifyFor drops bindings that were classified for another identity.
func (s *Southbound) reclassifyFor(c Config) {
	same := c.sameIdentity(s.classifiedFor)
	if c.Chassis != s.classifiedFor.Chassis {
		s.mu.Lock()
		s.registered = ""
		s.mu.Unlock()
	}
	s.classifiedFor = c
	s.publish(func(v *View) {
		v.Chassis = c.Chassis
		if !same {
			v.Complete, v.ChassisKnown, v.Bindings = false, false, nil
		}
	})
}

func (s *Southbound) trying(endpoint string) {
	s.publish(func(v *View) {
		v.Endpoint = endpoint
		if v.Problem == "" || v.Problem == "not started yet" || v.Problem == notTold {
			v.Problem = "connecting to " + endpoint
		}
	})
}

// logOnce logs a server's problem unless it was the last thing logged of it.
func (s *Southbound) logOnce(endpoint, problem string) {
	if s.logged[endpoint] == problem {
		return
	}
	if len(s.logged) > 100 {
		clear(s.logged)
	}
	s.logged[endpoint] = problem
	s.log.Warn("not connected to the Southbound; retrying", "endpoint", endpoint, "problem", problem)
}

// offline keeps what was seen last, and says that it can't be relied on.
func (s *Southbound) offline(endpoint, problem string) {
	s.publish(func(v *View) { v.Connected, v.Endpoint, v.Problem = false, endpoint, problem })
}

// publish makes the next snapshot. Only Run's goroutine calls it.
func (s *Southbound) publish(change func(*View)) {
	old := s.view.Load()
	next := *old
	change(&next)
	if next.Connected != old.Connected {
		next.Since = time.Now()
	}
	s.view.Store(&next)
	s.notify()
}

// setCurrent lets Verify ask a server, nil none, unless it is for a config that is
// no longer so.
func (s *Southbound) setCurrent(c *connections) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c == nil || c.config.sameBut(*s.config) {
		s.connections = c
	}
}

func (s *Southbound) current() *connections {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// remember notes what of a view is of use when it is gone: the rows of ports, and the hostname in our Chassis row. Ports that
// are in the view no more are forgotten when they have become much more than those that are.
func (s *Southbound) remember(c *bindingCache) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rows) > 2*len(c.rows)+1024 {
		s.rows = make(map[string]string, len(c.rows))
	}
	for uuid, r := range c.rows {
		s.rows[r.binding.LogicalPort] = uuid
	}
	s.registered = c.self.Registered
}

// portRow is a port and the row that it had when it was last seen.
type portRow struct{ port, uuid string }

// knownRows parts ports into those whose row was seen and others.
func (s *Southbound) knownRows(ports []string) (known []portRow, unknown []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, port := range ports {
		if uuid, ok := s.rows[port]; ok {
			known = append(known, portRow{port, uuid})
		} else {
			unknown = append(unknown, port)
		}
	}
	return known, unknown
}

// self is the chassis of a config, with the hostname that its row had last.
func (s *Southbound) self(c Config) self {
	s.mu.Lock()
	defer s.mu.Unlock()
	return self{Chassis: c.Chassis, Hostname: c.Hostname, Registered: s.registered}
}
