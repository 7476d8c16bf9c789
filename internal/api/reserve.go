package api

import (
	"net"
	"os"
	"sync"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sys/unix"
)

// maxOthers is how many of maxConnections may be those of users that aren't root. The rest is
// root's, who looks into what is wrong, whatever the members of control-group do.
const maxOthers = maxConnections - 8

// reserve keeps connections free for root and for the user that we are. It closes at once what
// is too much of others: a connection that waited would keep root waiting as well.
type reserve struct {
	net.Listener
	others *semaphore.Weighted
}

// Accept gives the next connection that may stay.
func (r *reserve) Accept() (net.Conn, error) {
	for {
		c, err := r.Listener.Accept()
		if err != nil || privileged(c) {
			return c, err
		}
		if r.others.TryAcquire(1) {
			return &othersConn{Conn: c, leave: sync.OnceFunc(func() { r.others.Release(1) })}, nil
		}
		_ = c.Close()
	}
}

// othersConn gives its place back when it is closed.
type othersConn struct {
	net.Conn
	leave func()
}

// Close closes it.
func (c *othersConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// privileged tells by SO_PEERCRED of unix(7) whether who connected is root, or the user we are.
func privileged(c net.Conn) bool {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return false
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return false
	}
	var peer *unix.Ucred
	var peerErr error
	err = raw.Control(func(fd uintptr) { peer, peerErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	return err == nil && peerErr == nil && (peer.Uid == 0 || uint64(peer.Uid) == uint64(os.Geteuid()))
}
