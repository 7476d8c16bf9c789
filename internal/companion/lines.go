package companion

import (
	"context"
	"net"
	"os"
	"slices"
	"sync"
)

// lines are the connections on which an answer is still awaited, by socket. A program that
// hangs takes none from the queue of its socket: whoever connects anew each time fills that, and
// keeps others out of it, such as somebody with ovs-appctl. The zero lines has none yet.
type lines struct {
	mu   sync.Mutex
	open map[string]*line
}

// line is a connection to a socket, and that as it was when the connection was made.
type line struct {
	net.Conn
	socket string
	file   os.FileInfo
}

// dial makes one.
func dial(ctx context.Context, socket string) (*line, error) {
	file, err := os.Stat(socket)
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	return &line{conn, socket, file}, nil
}

// take gives the one to a socket, nil if there is none or the socket is another program's by
// now.
func (l *lines) take(socket string) *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept, ok := l.open[socket]
	if !ok {
		return nil
	}
	delete(l.open, socket)
	if file, err := os.Stat(socket); err == nil && os.SameFile(file, kept.file) {
		return kept
	}
	_ = kept.Close()
	return nil
}

// keep keeps one for the next look.
func (l *lines) keep(one *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		l.open = map[string]*line{}
	}
	l.open[one.socket] = one
}

// retain closes all but those to these sockets.
func (l *lines) retain(sockets []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for socket, kept := range l.open {
		if !slices.Contains(sockets, socket) {
			_ = kept.Close()
			delete(l.open, socket)
		}
	}
}
