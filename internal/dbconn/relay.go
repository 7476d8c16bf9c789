package dbconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/representord/representord/internal/retry"
)

// relay carries messages between the library and the server. The library believes
// whatever a server says: it takes messages of any size, and panics on some. So it
// is given those only that are bounded and have the shape it takes for granted.
type relay struct {
	endpoint string
	far      net.Conn          // the server
	private  *net.UnixListener // where the library connects
	// condemn ends the connection: what the server said is not to be passed on.
	condemn func(error)
	// giveUp ends the library's Connect, with the cause, when no more is read of the server. connected
	// is closed when Connect is over: the library must not see the end before, for it would wait for
	// goroutines that Connect is about to start (handlerShutdown in client.go).
	giveUp    func(error)
	connected chan struct{}

	sending sync.Mutex // one message at a time goes to the server

	mu      sync.Mutex
	near    *net.UnixConn // the library
	severed bool
	asked   map[string]*question // what isn't answered yet, by id, as JSON
	last    int                  // number of the last question of our own
	locks   map[string]bool      // those asked for, and whether they are ours
	tell    []func()             // called when that changes
}

// dialServer connects to the server itself, see canonical for the endpoint.
func dialServer(ctx context.Context, endpoint string, config *tls.Config) (net.Conn, error) {
	method, address, _ := strings.Cut(endpoint, ":")
	if method == "ssl" {
		d := tls.Dialer{Config: config}
		return d.DialContext(ctx, "tcp", address)
	}
	var d net.Dialer
	return d.DialContext(ctx, method, address)
}

func newRelay(endpoint string, far net.Conn, condemn, giveUp func(error)) (*relay, error) {
	p, err := listenPrivately()
	if err != nil {
		return nil, err
	}
	return &relay{
		endpoint: endpoint, far: far, private: p, condemn: condemn, giveUp: giveUp, connected: make(chan struct{}),
		asked: map[string]*question{}, locks: map[string]bool{},
	}, nil
}

// lastWords is how long the library may take to read what a server said right before it hung up.
const lastWords = 100 * time.Millisecond

// run carries messages until both sides are closed.
func (r *relay) run() {
	near, err := acceptOurs(r.private)
	r.mu.Lock()
	r.near = near
	severed := r.severed
	r.mu.Unlock()
	if err != nil || severed {
		r.close()
		return
	}
	var up sync.WaitGroup
	up.Go(func() {
		r.fromLibrary(near)
		// Without the library nobody reads what the server says, and without the server
		// the library, which writes with its locks held, must not get stuck.
		_ = r.far.Close()
		_, _ = io.Copy(io.Discard, near)
	})
	ended := r.fromServer(near)
	retry.Ended(r.connected, lastWords)
	r.giveUp(ended)
	<-r.connected
	r.mu.Lock()
	if !r.severed {
		// What Connect did is before what the library does at the end, for the race detector as well:
		// a write is what it goes by (ioSync in package syscall).
		_, _ = near.Write(nil)
		_ = near.CloseWrite() // what was passed on is still read
	}
	r.mu.Unlock()
	up.Wait()
	_ = near.Close()
}

// sever takes the server away from the library, which can go on to write and is to
// be closed then.
func (r *relay) sever() {
	r.mu.Lock()
	r.severed = true
	r.mu.Unlock()
	_ = r.private.Close()
	_ = r.far.Close() // crypto/tls doesn't wait for a write that is stuck
}

// close ends run, whatever it waits for.
func (r *relay) close() {
	r.sever()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.near != nil {
		_ = r.near.Close()
	}
}

// fromLibrary passes on what the library says, a message at a time.
func (r *relay) fromLibrary(near io.Reader) {
	f := newFramer(near, maxMessage)
	for {
		b, err := f.next()
		if err != nil {
			return
		}
		m, err := parse(b)
		if err != nil {
			r.condemn(fmt.Errorf("the OVSDB library said something odd: %w", err))
			return
		}
		if m.method != "" && !isNull(m.id) {
			r.mu.Lock()
			r.asked[string(m.id)] = &question{method: m.method}
			r.mu.Unlock()
		}
		if r.send(b) != nil {
			return
		}
	}
}

// send says one message to the server.
func (r *relay) send(b []byte) error {
	r.sending.Lock()
	defer r.sending.Unlock()
	_, err := r.far.Write(b)
	return err
}

// fromServer passes on what the server says, a message at a time, as long as it can
// be understood, and gives why no more is read.
func (r *relay) fromServer(near io.Writer) error {
	f := newFramer(r.far, maxMessage)
	for {
		b, err := f.next()
		if err != nil {
			r.condemnReading(err, f.begun(maxSaid+1))
			return err
		}
		pass, err := r.judge(b)
		if err != nil {
			r.condemnStranger(err, b)
			return err
		}
		if len(pass) == 0 {
			continue
		}
		if _, err := near.Write(pass); err != nil {
			return err
		}
	}
}

// condemnReading ends the connection where it is the server's fault that no more can be
// read, which had begun to say this. A connection that broke is noticed by the library.
func (r *relay) condemnReading(err error, said []byte) {
	switch {
	case errors.Is(err, ErrTooLargeMessage):
		r.condemn(fmt.Errorf("%s sent %w", r.endpoint, err))
	case errors.Is(err, errNotObject), errors.Is(err, errTooDeep):
		r.condemnStranger(err, said)
	}
}

// maxSaid bounds how much of what a server said is repeated, in bytes.
const maxSaid = 96

// condemnStranger ends the connection to a server that said what no OVSDB server says.
func (r *relay) condemnStranger(err error, said []byte) {
	if len(said) > maxSaid {
		said = append(said[:maxSaid:maxSaid], "..."...)
	}
	r.condemn(fmt.Errorf("the server at %s %w: it said %q (%w)", r.endpoint, ErrNotOVSDB, said, err))
}
