package dbconn

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
)

// privateDirs are where the socket between the library and the relay may be. It is
// there for a moment only. One directory that can be written to is enough; a
// container with a read-only root file system has the first.
func privateDirs() []string { return []string{"/dev/shm", os.TempDir(), "/run"} }

// private is a socket that takes one connection, of our own process. The library
// dials by itself and takes no connection that is there already, and no abstract
// address, hence the file.
type private struct{ listener *net.UnixListener }

func listenPrivately() (*private, error) {
	name := "representord-" + rand.Text()
	var errs []error
	for _, dir := range privateDirs() {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(dir, name)})
		if err == nil {
			return &private{listener: l}, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("no directory takes a socket: %w", errors.Join(errs...))
}

// endpoint is the address for the library.
func (p *private) endpoint() string {
	u := url.URL{Scheme: "unix", Path: p.listener.Addr().String()}
	return u.String()
}

// accept waits for the connection of our own process and takes the address away.
// Whoever else connects is sent away.
func (p *private) accept() (*net.UnixConn, error) {
	defer p.close()
	for {
		c, err := p.listener.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if isOurs(c) {
			return c, nil
		}
		_ = c.Close()
	}
}

// close ends accept; the file goes with the listener.
func (p *private) close() { _ = p.listener.Close() }

// isOurs tells whether our own process is at the other end.
func isOurs(c *net.UnixConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	ours := false
	err = raw.Control(func(fd uintptr) {
		cred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		ours = err == nil && int(cred.Pid) == os.Getpid()
	})
	return err == nil && ours
}
