package confined_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/test/confined"
)

// under runs a function on a thread that is under a filter, and thrown away then.
func under(t *testing.T, f confined.Filter, do func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := f.Confine()
		if err == nil {
			do()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestFilter_RefusesTheSocketsThatItIsForAndNoOther(t *testing.T) {
	for name, tt := range map[string]struct {
		filter  func() (confined.Filter, error)
		refuses func(domain, protocol int) bool
	}{
		"netlink": {confined.Netlink, func(domain, _ int) bool { return domain == unix.AF_NETLINK }},
		"generic netlink": {confined.GenericNetlink,
			func(domain, protocol int) bool { return domain == unix.AF_NETLINK && protocol == unix.NETLINK_GENERIC }},
	} {
		t.Run(name, func(t *testing.T) {
			filter, err := tt.filter()
			if err != nil {
				t.Fatal(err)
			}
			under(t, filter, func() {
				for _, s := range []struct{ domain, kind, protocol int }{
					{unix.AF_UNIX, unix.SOCK_STREAM, 0}, {unix.AF_INET, unix.SOCK_STREAM, 0}, {unix.AF_INET, unix.SOCK_DGRAM, 0},
					{unix.AF_INET6, unix.SOCK_DGRAM, 0}, {unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_TCP},
					{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE}, {unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_GENERIC},
					{unix.AF_NETLINK, unix.SOCK_DGRAM, unix.NETLINK_GENERIC}, {unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_KOBJECT_UEVENT},
					{unix.AF_PACKET, unix.SOCK_RAW, 0},
				} {
					fd, err := unix.Socket(s.domain, s.kind, s.protocol)
					if err == nil {
						_ = unix.Close(fd)
					}
					if got := errors.Is(err, unix.EAFNOSUPPORT); got != tt.refuses(s.domain, s.protocol) {
						t.Errorf("socket(%d, %d, %d): %v", s.domain, s.kind, s.protocol, err)
					}
				}
			})
			// Nobody else is confined.
			fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_GENERIC)
			if err != nil {
				t.Fatal(err)
			}
			_ = unix.Close(fd)
		})
	}
}

func TestFilter_IsTheSameOutOfAFile(t *testing.T) {
	filter, err := confined.GenericNetlink()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "filter")
	if err := os.WriteFile(path, filter.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := confined.ReadFile(path)
	if err != nil || string(got.Bytes()) != string(filter.Bytes()) {
		t.Errorf("%v, %v", got, err)
	}
	for _, short := range []string{"", "1234567"} {
		if err := os.WriteFile(path, []byte(short), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := confined.ReadFile(path); err == nil {
			t.Errorf("%q is taken for a filter", short)
		}
	}
}
