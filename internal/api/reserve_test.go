package api

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// asNobody runs f on a thread of its own that has the user id 65534; the thread ends with it.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked, so that the thread isn't used again
		// Of this thread alone, other than syscall.Setresuid.
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, 65534, 65534, 65534); errno != 0 {
			t.Errorf("setresuid: %v", errno)
			return
		}
		f()
	}()
	<-done
}

func TestReserve_RootIsAnsweredWhateverOthersHoldOpen(t *testing.T) {
	path := socketPath(t)
	stop := serveOn(t, path, facts)
	defer stop()
	if err := errors.Join(os.Chmod(filepath.Dir(filepath.Dir(path)), 0o755), os.Chmod(path, 0o666)); err != nil {
		t.Fatal(err)
	}
	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	asNobody(t, func() {
		for range 2 * maxConnections { // silent, as long as they may be
			c, err := net.Dial("unix", path)
			if err != nil {
				t.Error(err)
				return
			}
			open = append(open, c)
		}
	})
	began := time.Now()
	if _, err := NewClient(path).Status(t.Context()); err != nil || time.Since(began) > readTimeout/2 {
		t.Errorf("root's question took %v: %v", time.Since(began), err)
	}
	// Who is sent away is told so, and not that the daemon doesn't run.
	u := unreachableBy(syscall.ECONNRESET)
	if !u.Closed || u.Hangs || unreachableBy(syscall.ECONNREFUSED).Closed {
		t.Errorf("%+v", u)
	}
}
