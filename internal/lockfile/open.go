package lockfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	groupWrites = 0o020
	othersWrite = 0o002
	rootID      = 0
)

// open opens the file at a path, in its directory as that was when it was looked at, and
// changes nothing in it.
func open(path string) (*os.File, error) {
	dir, err := os.OpenFile(filepath.Dir(path), os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	defer dir.Close()
	if err := checkDirectory(dir); err != nil {
		return nil, err
	}
	// Without O_NONBLOCK a FIFO or a device might keep us.
	const flags = unix.O_RDWR | unix.O_CREAT | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	fd, err := unix.Openat(int(dir.Fd()), filepath.Base(path), flags, 0o600)
	if errors.Is(err, unix.ELOOP) {
		return nil, fmt.Errorf("lock file %s is a symbolic link, and is not followed: remove it", path)
	}
	if err != nil {
		return nil, fmt.Errorf("lock: %w", &os.PathError{Op: "open", Path: path, Err: err})
	}
	f := os.NewFile(uintptr(fd), path)
	if err := checkFile(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// checkDirectory refuses one in which others may make, remove or rename files. A sticky bit is
// no help: the file could have been there, and locked, before we came.
func checkDirectory(dir *os.File) error {
	info, owner, err := inspect(dir)
	if err != nil {
		return err
	}
	mode := info.Mode().Perm()
	switch {
	case owner.Uid != rootID && uint64(owner.Uid) != uint64(os.Geteuid()):
		return fmt.Errorf("directory %s belongs to uid %d, who could take our lock away: chown root it, or use another directory",
			dir.Name(), owner.Uid)
	case mode&othersWrite != 0, mode&groupWrites != 0 && owner.Gid != rootID:
		return fmt.Errorf("directory %s has mode %#o: others may write there, and could keep us from our lock: "+
			"chmod go-w it, or use another directory", dir.Name(), mode)
	}
	return nil
}

// checkFile refuses what we didn't make ourselves.
func checkFile(f *os.File) error {
	info, owner, err := inspect(f)
	if err != nil {
		return err
	}
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("lock file %s is no regular file: remove it", f.Name())
	case uint64(owner.Uid) != uint64(os.Geteuid()):
		return fmt.Errorf("lock file %s belongs to uid %d, and we are uid %d: remove it", f.Name(), owner.Uid, os.Geteuid())
	case owner.Nlink > 1:
		return fmt.Errorf("lock file %s has %d names, so it is another file as well: remove it", f.Name(), owner.Nlink)
	}
	return nil
}

func inspect(f *os.File) (os.FileInfo, *syscall.Stat_t, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("lock: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, nil, fmt.Errorf("lock: %s: nothing is known of its owner", f.Name())
	}
	return info, stat, nil
}
