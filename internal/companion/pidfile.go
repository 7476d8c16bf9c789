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
	// pid is what it names, 0 when there is no such file or it holds no process id. It is that
	// in the eyes of who wrote it, and another process's in ours where that is in a container.
	pid int
	// held: the process that wrote it lives, which it shows with a lock for as long as it
	// does, across the namespaces of containers too (lock_pidfile() of Open vSwitch's
	// lib/daemon-unix.c).
	held bool
	// holder is who holds it, in our eyes; 0 if that isn't to be seen.
	holder int
	// err is why it can't be told, fs.ErrNotExist for no such file.
	err error
}

// socket is where ovs-appctl would ask whoever wrote it, empty without a process id
// (unixctl_server_create() of Open vSwitch's lib/unixctl.c).
func (p pidfile) socket(name string) string {
	if p.pid <= 0 {
		return ""
	}
	return filepath.Join(filepath.Dir(p.path), fmt.Sprintf("%s.%d.ctl", name, p.pid))
}

// readPIDFiles reads the first pidfile of a program that there is.
func readPIDFiles(dirs []string, name string) pidfile {
	found := pidfile{err: fs.ErrNotExist}
	for _, dir := range dirs {
		p := readPIDFile(filepath.Join(dir, name+".pid"))
		if p.err == nil && (p.held || found.err != nil) {
			found = p
		}
		if p.err != nil && !errors.Is(p.err, fs.ErrNotExist) && errors.Is(found.err, fs.ErrNotExist) {
			found = p
		}
	}
	return found
}

func readPIDFile(path string) pidfile {
	p := pidfile{path: path}
	// What isn't a file, a FIFO for instance, must not keep us.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		p.err = err
		return p
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock); err != nil {
		p.err = &fs.PathError{Op: "lock", Path: path, Err: err}
		return p
	}
	if lock.Type != unix.F_UNLCK {
		p.held, p.holder = true, max(int(lock.Pid), 0)
	}
	b, err := io.ReadAll(io.LimitReader(f, pidMost))
	if err != nil {
		p.err = err
		return p
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && pid > 0 {
		p.pid = pid
	}
	return p
}
