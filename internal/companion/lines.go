package companion

import (
	"context"
	"net"
	"os"
	"slices"
)

// lines are the connections on which an answer is still awaited, by socket. A program that
// hangs takes none from the queue of its socket: whoever connects anew each time fills that, and
// keeps others out of it, such as somebody with ovs-appctl.
type lines map[string]*line

// line is a connection to a socket, and that as it was when the connection was made.
type line struct {
	*net.UnixConn
	file os.FileInfo
}

// dial makes one.
func dial(ctx context.Context, socket string) (*line, error) {
	file, err := os.Stat(socket)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err() // DialUnix would connect first
	}
	conn, err := new(net.Dialer).DialUnix(ctx, "unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return &line{conn, file}, nil
}

// take gives the one to a socket, nil if there is none or the socket is another program's by
// now.
func (l lines) take(socket string) *line {
	kept, ok := l[socket]
	if !ok {
		return nil
	}
	delete(l, socket)
	if file, err := os.Stat(socket); err == nil && os.SameFile(file, kept.file) {
		return kept
	}
	_ = kept.Close()
	return nil
}

// retain closes all but those to these sockets.
func (l lines) retain(sockets []string) {
	for socket, kept := range l {
		if !slices.Contains(sockets, socket) {
			_ = kept.Close()
			delete(l, socket)
		}
	}
}
