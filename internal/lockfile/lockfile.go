// Package lockfile lets one process at a time have something that a file stands for, by
// flock(2). The kernel gives a lock back however its process ends. Files and directories that
// others may write are refused: whoever can put a file there, or a link to another one, could keep
// us out for as long as they like, or have us write where they can't.
package lockfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// HeldError tells that another process has a lock.
type HeldError struct {
	// Path is that of the lock's file.
	Path string
	// Holder is who has it, as "pid 811", or "a process" where that isn't known.
	Holder string
}

// Error names the holder and the file.
func (e *HeldError) Error() string { return e.Holder + " holds " + e.Path }

// Lock is a lock that we have.
type Lock struct {
	file *os.File
}

// Take locks the file at a path, making it with mode 0600, and its directory with mode 0755, if
// they are missing. It doesn't wait: the error is a *HeldError while another process has the
// lock. Our pid is written into the file, for others to show.
func Take(path string) (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	for {
		l, err := try(path)
		if err != nil {
			return nil, err
		}
		// Between the two calls somebody may have removed the file: a lock on a file
		// that nobody finds excludes nobody.
		if !l.Intact() {
			l.Release()
			continue
		}
		if err := l.sign(); err != nil {
			l.Release()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		return l, nil
	}
}

// Path is where the file is.
func (l *Lock) Path() string { return l.file.Name() }

// Intact reports whether the file under the path is still the one that is locked.
func (l *Lock) Intact() bool {
	ours, err := l.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(l.Path())
	return err == nil && os.SameFile(ours, there)
}

// Release gives the lock back. The file stays: removing it could let two others
// lock two files of one name. A nil lock has nothing to give back.
func (l *Lock) Release() {
	if l == nil {
		return
	}
	// A forked process shares the open file until its exec; closing ours alone would leave the
	// lock there.
	_ = flock(l.file, unix.LOCK_UN)
	_ = l.file.Close()
}

// try locks a file, making it if it is missing.
func try(path string) (*Lock, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	err = flock(f, unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return &Lock{file: f}, nil
	}
	defer f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, &HeldError{Path: path, Holder: holder(f)}
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// sign writes our pid into the file.
func (l *Lock) sign() error {
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
