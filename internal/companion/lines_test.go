package companion

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// queue is a socket of ovs-vswitchd's that takes nobody in, and has room for so many more
// than one.
func (p *place) queue(more int) (path string, listener *os.File) {
	p.t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	listener = os.NewFile(uintptr(fd), "listener")
	p.t.Cleanup(func() { _ = listener.Close() })
	path = filepath.Join(p.dir, "ovs-vswitchd.ctl")
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		p.t.Fatal(err)
	}
	if err := unix.Listen(fd, more); err != nil {
		p.t.Fatal(err)
	}
	return path, listener
}

// answerOne takes in who waits longest, and tells the version.
func (p *place) answerOne(listener *os.File) {
	p.t.Helper()
	taken, _, err := unix.Accept(int(listener.Fd()))
	if err != nil {
		p.t.Fatal(err)
	}
	f := os.NewFile(uintptr(taken), "taken")
	defer f.Close()
	var question any
	if err := json.NewDecoder(f).Decode(&question); err != nil {
		p.t.Fatal(err)
	}
	if err := json.NewEncoder(f).Encode(map[string]any{"id": 0, "error": nil, "result": versionText}); err != nil {
		p.t.Fatal(err)
	}
}

// Somebody with ovs-appctl wants to be in that queue as well.
func TestLines_WhoLooksAgainAndAgainAtAProgramThatHangsTakesOnePlaceInItsQueue(t *testing.T) {
	p := newPlace(t)
	path, listener := p.queue(2)
	l := lines{}
	defer l.retain(nil)
	for range 6 {
		if got := p.search().look(t.Context(), short, l); got.State != Silent || got.PID != os.Getpid() {
			t.Fatalf("%+v", got)
		}
	}
	operator, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("somebody else: %v", err)
	}
	_ = operator.Close()
	p.answerOne(listener)
	if got := p.search().look(t.Context(), long, l); got.State != Answers {
		t.Errorf("it goes on: %+v", got)
	}
}

// What was asked of the one before is no question to the one that has its socket's place.
func TestLines_AProgramThatIsStartedAnewIsAskedAnew(t *testing.T) {
	p := newPlace(t)
	path, _ := p.queue(2)
	l := lines{}
	defer l.retain(nil)
	if got := p.search().look(t.Context(), short, l); got.State != Silent {
		t.Fatalf("%+v", got)
	}
	// The old one still hangs, as one does that a signal has stopped.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	p.listens(filepath.Base(path), versionText)
	if got := p.search().look(t.Context(), long, l); got.State != Answers {
		t.Errorf("beside the old one: %+v", got)
	}
}

func TestLines_AProgramThatWasKilledWhileItWasWaitedForIsGone(t *testing.T) {
	p := newPlace(t)
	_, listener := p.queue(2)
	l := lines{}
	defer l.retain(nil)
	if got := p.search().look(t.Context(), short, l); got.State != Silent {
		t.Fatalf("%+v", got)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if got := p.search().look(t.Context(), long, l); got.State != Gone {
		t.Errorf("%+v", got)
	}
}
