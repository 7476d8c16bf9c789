package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// errLocked tells that another representord has the bridge.
var errLocked = errors.New("another representord has this bridge")

// lock is the right to change a bridge: flock(2) on a file named after it, held
// as long as the file is open. The kernel gives it back however the process ends.
type lock struct {
	path string
	file *os.File
}

// lockPath is the file of a bridge. Names from the database may hold anything.
func lockPath(runDir, bridge string) string {
	return filepath.Join(runDir, url.PathEscape(bridge)+".lock")
}

// acquire takes the lock of a bridge, making the directory and the file if they
// are missing. errLocked, with the holder's pid, if another process has it.
func acquire(runDir, bridge string) (*lock, error) {
	if err := os.MkdirAll(runDir, 0o755); err != nil {
		return nil, fmt.Errorf("run-dir: %w", err)
	}
	for {
		l, err := tryLock(lockPath(runDir, bridge))
		if err != nil {
			return nil, err
		}
		// Between the two calls somebody may have removed the file: a lock on a file
		// that nobody finds excludes nobody.
		if !l.intact() {
			l.release()
			continue
		}
		if err := l.sign(); err != nil {
			l.release()
			return nil, fmt.Errorf("lock %s: %w", l.path, err)
		}
		return l, nil
	}
}

// tryLock locks a file, making it if it is missing.
func tryLock(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	err = flock(f)
	if err == nil {
		return &lock{path: path, file: f}, nil
	}
	defer f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w: %s holds %s", errLocked, holder(f), path)
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

func flock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// sign writes our pid into the file, for others to show.
func (l *lock) sign() error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder says who signed a lock file, as far as that can be read.
func holder(f *os.File) string {
	b, err := io.ReadAll(io.LimitReader(f, 32))
	if pid, numErr := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && numErr == nil {
		return "pid " + strconv.Itoa(pid)
	}
	return "a process"
}

// intact reports whether the file under the path is still the one that is locked.
func (l *lock) intact() bool {
	ours, err := l.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(l.path)
	return err == nil && os.SameFile(ours, there)
}

// release gives the lock back. The file stays: removing it could let two others
// lock two files of one name. A nil lock has nothing to give back.
func (l *lock) release() {
	if l != nil {
		_ = l.file.Close()
	}
}
