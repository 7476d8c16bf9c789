package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/lockfile"
	"github.com/representord/representord/internal/reason"
)

// ErrInUse tells that another process answers on the socket.
var ErrInUse = errors.New("another process answers on it")

// probeTimeout bounds the question whether somebody answers on a socket.
const probeTimeout = time.Second

// Listen opens the control socket with mode 0660, for the user that we are; Grant lets a
// group use it. The directory is made with mode 0755 if it is missing, and refused if others
// may write there, for they could put a socket of theirs in the place of ours. A socket
// that a process left behind is replaced, but only if nobody answers on it: the
// error is ErrInUse otherwise.
func Listen(ctx context.Context, path string) (_ net.Listener, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("control socket %s: %w", path, err)
		}
	}()
	// Until there is a new socket in place of a dead one, another process must not do the same.
	lock, err := lockfile.Take(lockPath(path))
	if held, ok := errors.AsType[*lockfile.HeldError](err); ok {
		return nil, fmt.Errorf("%w, or is about to: %w", ErrInUse, held)
	}
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	if err := removeStale(ctx, path); err != nil {
		return nil, err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	// Nobody but the owner can connect before this, whatever the umask leaves:
	// connecting needs write permission, which no usual umask gives to others.
	if err := os.Chmod(path, 0o660); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// Grant gives a socket that Listen opened to a group, whose members may connect then.
func Grant(path, group string) error {
	g, err := user.LookupGroup(group)
	if _, unknown := errors.AsType[user.UnknownGroupError](err); unknown {
		return fmt.Errorf("there is no group %s; groupadd --system makes one, or change the setting", reason.Quote(group))
	}
	if err != nil {
		return fmt.Errorf("group %s: %w", reason.Quote(group), err)
	}
	gid, err := strconv.Atoi(g.Gid)
	if err != nil {
		return fmt.Errorf("group %s: gid %s: %w", reason.Quote(group), reason.Quote(g.Gid), err)
	}
	// Where the group is our own the socket is the group's already. A sandbox may forbid chown(2)
	// even where it would change nothing.
	var now unix.Stat_t
	if unix.Lstat(path, &now) == nil && uint64(now.Gid) == uint64(gid) {
		return nil
	}
	if err := os.Chown(path, -1, gid); err != nil {
		return fmt.Errorf("giving it to group %s: %w (the unit as it is shipped allows no chown: add Group=%s to it, and what it makes "+
			"belongs to that group)", reason.Quote(group), err, group)
	}
	return nil
}

// lockPath is the lock file beside a socket. A bridge's, which ends with ".lock", has no such name.
func lockPath(socket string) string { return socket + "-lock" }

func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("there is a file under that name which is not a socket; it is left alone")
	}
	dialer := net.Dialer{Timeout: probeTimeout}
	c, err := dialer.DialContext(ctx, "unix", path)
	if err == nil {
		_ = c.Close()
		return ErrInUse
	}
	// Only a refusal says that no process has it: EAGAIN, say, is a process with a full backlog.
	if !errors.Is(err, unix.ECONNREFUSED) {
		return fmt.Errorf("can't tell whether somebody answers on it: %w", err)
	}
	return os.Remove(path)
}
