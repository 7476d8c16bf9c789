package pci

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// device is the path of something of a PCI function.
func device(a Address, name string) string { return "bus/pci/devices/" + a.String() + "/" + name }

// sysfs is the directory that sysfs is, or looks like it.
type sysfs string

func (s sysfs) path(name string) string { return filepath.Join(string(s), name) }

// list gives the names in a directory, sorted.
func (s sysfs) list(name string) ([]string, error) {
	entries, err := os.ReadDir(s.path(name))
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

// link gives the last part of what a link leads to.
func (s sysfs) link(name string) (string, bool) {
	target, err := os.Readlink(s.path(name))
	if err != nil {
		return "", false
	}
	return filepath.Base(target), true
}

// text reads a file of one line, "" for none. Drivers answer with errors for what they don't know.
func (s sysfs) text(name string) string {
	b, _ := os.ReadFile(s.path(name))
	return strings.TrimSpace(string(b))
}

// number reads a file that has a number. Base 0 is for those with 0x before them.
func (s sysfs) number(name string, base int) (int64, bool) {
	n, err := strconv.ParseInt(s.text(name), base, 33)
	return n, err == nil
}

// exists tells whether a file or directory is there.
func (s sysfs) exists(name string) bool {
	_, err := os.Stat(s.path(name))
	return !errors.Is(err, fs.ErrNotExist)
}
