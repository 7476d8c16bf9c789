package lockfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
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
	stat, err := inspect(dir)
	if err != nil {
		return err
	}
	mode := stat.Mode & 0o777
	switch {
	case stat.Uid != 0 && uint64(stat.Uid) != uint64(os.Geteuid()):
		return fmt.Errorf("directory %s belongs to uid %d, who could take our lock away: chown root it, or use another directory",
			dir.Name(), stat.Uid)
	case mode&unix.S_IWOTH != 0, mode&unix.S_IWGRP != 0 && stat.Gid != 0:
		return fmt.Errorf("directory %s has mode %#o: others may write there, and could keep us from our lock: "+
			"chmod go-w it, or use another directory", dir.Name(), mode)
	}
	return nil
}

// checkFile refuses what we didn't make ourselves.
func checkFile(f *os.File) error {
	stat, err := inspect(f)
	if err != nil {
		return err
	}
	switch {
	case stat.Mode&unix.S_IFMT != unix.S_IFREG:
		return fmt.Errorf("lock file %s is no regular file: remove it", f.Name())
	case uint64(stat.Uid) != uint64(os.Geteuid()):
		return fmt.Errorf("lock file %s belongs to uid %d, and we are uid %d: remove it", f.Name(), stat.Uid, os.Geteuid())
	case stat.Nlink > 1:
		return fmt.Errorf("lock file %s has %d names, so it is another file as well: remove it", f.Name(), stat.Nlink)
	}
	return nil
}

func inspect(f *os.File) (unix.Stat_t, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &stat); err != nil {
		return stat, fmt.Errorf("lock: %w", &os.PathError{Op: "stat", Path: f.Name(), Err: err})
	}
	return stat, nil
}
