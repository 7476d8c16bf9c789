package dbconn

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// listenPrivately makes a socket for one connection, of our own process. The library
// dials by itself and takes no connection that is there already, and no abstract
// address, hence the file, which goes with the listener and is there for a moment
// only. One directory that can be written to is enough; a container with a read-only
// root file system has the first.
func listenPrivately() (*net.UnixListener, error) {
	name := "representord-" + rand.Text()
	var errs []error
	for _, dir := range []string{"/dev/shm", os.TempDir(), "/run"} {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(dir, name)})
		if err == nil {
			return l, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("no directory takes a socket: %w", errors.Join(errs...))
}

// acceptOurs waits for the connection of our own process and takes the address away.
// Whoever else connects is sent away.
func acceptOurs(l *net.UnixListener) (*net.UnixConn, error) {
	defer l.Close()
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if isOurs(c) {
			return c, nil
		}
		_ = c.Close()
	}
}

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
