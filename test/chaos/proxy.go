package chaos

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
)

// proxy stands between representord and a database, both on unix sockets, and is
// the network that fails.
type proxy struct {
	endpoint string
	listener net.Listener
	server   string
	running  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	// flow is closed while bytes may pass.
	flow chan struct{}
}

// newProxy listens on a socket for a server that is an endpoint "unix:PATH".
func newProxy(ctx context.Context, socket, server string) (*proxy, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	p := &proxy{
		endpoint: "unix:" + socket, listener: l, server: strings.TrimPrefix(server, "unix:"),
		conns: map[net.Conn]bool{}, flow: make(chan struct{}),
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

// serve carries bytes until either end has had enough. A server that isn't there
// is a connection that ends at once.
func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := (&net.Dialer{}).DialContext(context.Background(), "unix", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns[client] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, client)
		p.mu.Unlock()
	}()
	var both sync.WaitGroup
	carry := func(to, from net.Conn) {
		_, _ = io.Copy(gated{to, p}, from)
		_ = to.Close()
		_ = from.Close()
	}
	both.Go(func() { carry(server, client) })
	both.Go(func() { carry(client, server) })
	both.Wait()
}

// gated holds bytes back while nothing may pass.
type gated struct {
	net.Conn
	p *proxy
}

func (g gated) Write(b []byte) (int, error) {
	g.p.mu.Lock()
	flow := g.p.flow
	g.p.mu.Unlock()
	<-flow
	return g.Conn.Write(b)
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

// resume undoes stall: what was held back arrives.
func (p *proxy) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.flow:
	default:
		close(p.flow)
	}
}

// close ends everything and waits for it.
func (p *proxy) close() error {
	err := p.listener.Close()
	p.resume()
	p.cut()
	p.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
