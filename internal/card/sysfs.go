package card

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxFile bounds what is read of a file in sysfs, in bytes; a smart_nic file has a
// few lines.
const maxFile = 4096

// netdevRef names a netdev as sysfs does, and says which one is meant. The zero value
// is none.
type netdevRef struct {
	name    string
	ifindex uint32
}

// ofNetdev reads something below a netdev's directory in sysfs. The netdev's name may be
// another one's by now, so before and after sysfs must say that it is this one.
func ofNetdev[T any](sysfs string, netdev netdevRef, read func(dir string) (T, error)) (T, error) {
	var none T
	if !filepath.IsLocal(netdev.name) || strings.ContainsRune(netdev.name, filepath.Separator) {
		return none, fmt.Errorf("the netdev is called %q, which is no file name", netdev.name)
	}
	dir := filepath.Join(sysfs, "class", "net", netdev.name)
	before := isNetdev(dir, netdev.ifindex)
	value, err := read(dir)
	if err := errors.Join(before, err, isNetdev(dir, netdev.ifindex)); err != nil {
		return none, err
	}
	return value, nil
}

// isNetdev checks that a netdev's directory is that of an ifindex.
func isNetdev(dir string, ifindex uint32) error {
	path := filepath.Join(dir, "ifindex")
	text, err := readFile(path)
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(string(text)); got != strconv.FormatUint(uint64(ifindex), 10) {
		return fmt.Errorf("%s has %.20q, not %d: the netdev was just renamed", path, got, ifindex)
	}
	return nil
}

// readFile reads what is of use of a small file.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}
