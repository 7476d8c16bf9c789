package chaos

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// proxy stands between representord and a database, all on unix sockets, and is
// the network that fails.
type proxy struct {
	endpoint string
	listener net.Listener
	running  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	// servers get the connections in turn.
	servers []string
	next    int
	// flow is closed while bytes may pass; what the server says passes late.
	flow chan struct{}
	late time.Duration
	// stranger is what somebody else says who has the server's address, "" for nobody.
	stranger string
	closed   chan struct{}
}

// newProxy listens on a socket for servers that are endpoints "unix:PATH", separated by
// commas.
func newProxy(ctx context.Context, socket, servers string) (*proxy, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	p := &proxy{
		endpoint: "unix:" + socket, listener: l, servers: strings.Split(servers, ","),
		conns: map[net.Conn]bool{}, flow: make(chan struct{}), closed: make(chan struct{}),
	}
	close(p.flow)
	p.running.Go(p.accept)
	return p, nil
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(client) })
	}
}

// turn is where the next connection goes, or what a stranger says on it.
func (p *proxy) turn() (server, stranger string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	server = strings.TrimPrefix(p.servers[p.next%len(p.servers)], "unix:")
	p.next++
	return server, p.stranger
}

// serve carries bytes until either end has had enough. A server that isn't there
// is a connection that ends at once.
func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	p.mu.Lock()
	p.conns[client] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, client)
		p.mu.Unlock()
	}()
	address, stranger := p.turn()
	if stranger != "" {
		_, _ = io.WriteString(client, stranger)
		_, _ = io.CopyN(io.Discard, client, 1) // it has been read by somebody who asks for something
		return
	}
	server, err := (&net.Dialer{}).DialContext(context.Background(), "unix", address)
	if err != nil {
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	both.Go(func() { p.carry(server, client, false) })
	both.Go(func() { p.carry(client, server, true) })
	both.Wait()
}

// parcel is what was read, and when it is to arrive.
type parcel struct {
	bytes []byte
	due   time.Time
}

// carry takes what one end says to the other, answers as late as is set.
func (p *proxy) carry(to, from net.Conn, answers bool) {
	parcels := make(chan parcel, 256)
	var writing sync.WaitGroup
	writing.Go(func() {
		defer func() {
			_ = to.Close()
			_ = from.Close()
			dropped := 0
			for range parcels { // nobody wants the rest
				dropped++
			}
		}()
		for next := range parcels {
			if !p.wait(next.due) {
				return
			}
			if _, err := to.Write(next.bytes); err != nil {
				return
			}
		}
	})
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			parcels <- parcel{append([]byte(nil), buffer[:n]...), p.arrival(answers)}
		}
		if err != nil {
			break
		}
	}
	close(parcels)
	writing.Wait()
}

// arrival is when something that is said now arrives.
func (p *proxy) arrival(answer bool) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !answer || p.late == 0 {
		return time.Time{}
	}
	return time.Now().Add(p.late)
}

// wait waits until something may pass, and reports whether it ever may.
func (p *proxy) wait(due time.Time) bool {
	if until := time.Until(due); !due.IsZero() && until > 0 {
		select {
		case <-time.After(until):
		case <-p.closed:
			return false
		}
	}
	p.mu.Lock()
	flow := p.flow
	p.mu.Unlock()
	<-flow
	return true
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

// stall lets nothing pass, and ends nothing.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flow = make(chan struct{})
}

// slow lets what the server says arrive so much later.
func (p *proxy) slow(by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late = by
}

// answers has somebody else answer at the server's address, "" ends that.
func (p *proxy) answers(stranger string) {
	p.mu.Lock()
	p.stranger = stranger
	p.mu.Unlock()
	p.cut()
}

// resume undoes stall and slow: what was held back arrives.
func (p *proxy) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late = 0
	select {
	case <-p.flow:
	default:
		close(p.flow)
	}
}

// close ends everything and waits for it.
func (p *proxy) close() error {
	err := p.listener.Close()
	close(p.closed)
	p.resume()
	p.cut()
	p.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
