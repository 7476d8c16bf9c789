package companion

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// pidMost bounds what is read of a pidfile, in bytes.
const pidMost = 32

// pidfile is what a pidfile tells.
type pidfile struct {
	path string
	// socket is where ovs-appctl would ask whoever wrote it (unixctl_server_create() of Open vSwitch's
	// lib/unixctl.c), empty without a process id. That is the one in the eyes of who wrote it, and
	// another process's in ours where that is in a container.
	socket string
	// held: the process that wrote it lives, which it shows with a lock for as long as it
	// does, across the namespaces of containers too (lock_pidfile() of Open vSwitch's
	// lib/daemon-unix.c).
	held bool
	// holder is who holds it, in our eyes; 0 if that isn't to be seen.
	holder int
	// err is why it can't be told, fs.ErrNotExist for no such file.
	err error
}

// readPIDFiles reads the first pidfile of a program that there is.
func readPIDFiles(dirs []string, name string) pidfile {
	found := pidfile{err: fs.ErrNotExist}
	for _, dir := range dirs {
		p := pidfile{path: filepath.Join(dir, name+".pid")}
		p.err = p.read()
		if p.err == nil && (p.held || found.err != nil) {
			found = p
		}
		if p.err != nil && !errors.Is(p.err, fs.ErrNotExist) && errors.Is(found.err, fs.ErrNotExist) {
			found = p
		}
	}
	return found
}

func (p *pidfile) read() error {
	// What isn't a file, a FIFO for instance, must not keep us.
	f, err := os.OpenFile(p.path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock); err != nil {
		return &fs.PathError{Op: "lock", Path: p.path, Err: err}
	}
	if lock.Type != unix.F_UNLCK {
		p.held, p.holder = true, max(int(lock.Pid), 0)
	}
	b, err := io.ReadAll(io.LimitReader(f, pidMost))
	if pid, none := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && none == nil && pid > 0 {
		p.socket = fmt.Sprintf("%s.%d.ctl", strings.TrimSuffix(p.path, ".pid"), pid)
	}
	return err
}
