package servers

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// FillDisk lets no file of the server grow beyond the size that the database has
// now, as on a disk that is full: its writes fail from here on, FreeDisk ends that.
func (d *OVSDB) FillDisk(tb testing.TB) {
	tb.Helper()
	info, err := os.Stat(d.File())
	if err != nil {
		tb.Fatal(err)
	}
	d.limitFiles(tb, uint64(info.Size()))
}

// FreeDisk makes room again after FillDisk.
func (d *OVSDB) FreeDisk(tb testing.TB) {
	tb.Helper()
	d.limitFiles(tb, unix.RLIM_INFINITY)
}

func (d *OVSDB) limitFiles(tb testing.TB, size uint64) {
	tb.Helper()
	var now unix.Rlimit
	if err := unix.Prlimit(d.Pid(), unix.RLIMIT_FSIZE, nil, &now); err != nil {
		tb.Fatalf("file size limit of %s: %v", d.Name, err)
	}
	now.Cur = min(size, now.Max)
	if err := unix.Prlimit(d.Pid(), unix.RLIMIT_FSIZE, &now, nil); err != nil {
		tb.Fatalf("file size limit of %s: %v", d.Name, err)
	}
}
