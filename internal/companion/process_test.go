package companion

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// state writes a process's state as proc_pid_stat(5) has it.
func (p *place) state(pid int, state byte) {
	p.t.Helper()
	p.write(filepath.Join(p.proc, fmt.Sprint(pid), "stat"), fmt.Sprintf("%d (ovs-vswitchd) %c 1 2 3", pid, state))
}

// silentPeer is what is seen of a companion that says nothing, in whose eyes and ours its
// process has these ids.
func (p *place) silentPeer(inItsEyes, inOurs int) *evidence {
	return &evidence{
		search: p.search(), patience: short, asked: []answer{{socket: "/x.ctl", pid: inOurs, silent: true}},
		pidfile: pidfile{path: "/x.pid", socket: fmt.Sprintf("/x.%d.ctl", inItsEyes), held: true},
	}
}

func TestProcess_TellsWhatKeepsASilentCompanion(t *testing.T) {
	for state, tt := range map[byte]struct {
		stopped bool
		says    string
	}{
		'T': {true, "a signal has stopped its process, 812"},
		't': {false, "a debugger holds its process, 812"},
		'D': {false, "its process, 812, waits for something in the kernel"},
		'S': {false, "no answer within"},
	} {
		p := newPlace(t)
		p.state(812, state)
		got := p.silentPeer(812, 812).judge()
		if got.State != Silent || got.Stopped != tt.stopped || !strings.Contains(got.Why, tt.says) {
			t.Errorf("%c: %+v", state, got)
		}
	}
}

// In a container it has another id than here, where that is somebody else's.
func TestProcess_APidfilesNumberIsNotTakenForOneOfOurs(t *testing.T) {
	p := newPlace(t)
	p.state(7, 'T')
	if got := p.silentPeer(7, 0).judge(); got.State != Silent || got.PID != 0 || got.Stopped {
		t.Errorf("%+v", got)
	}
	p.pidfile("7\n", true)
	if got := p.search().Look(t.Context(), short); got.State != Unknown || got.PID != 0 {
		t.Errorf("%+v", got)
	}
}

// Nor does ps(1) come back.
func TestProcess_ThatHangsInTheKernelKeepsNobody(t *testing.T) {
	p := newPlace(t)
	p.wholeProc()
	p.process(812)
	p.state(812, 'D')
	cmdline := filepath.Join(p.proc, "812/cmdline")
	if err := errors.Join(os.Remove(cmdline), unix.Mkfifo(cmdline, 0o600)); err != nil {
		t.Fatal(err)
	}
	seen := make(chan Sight, 1)
	go func() { seen <- p.search().Look(t.Context(), short) }()
	select {
	case got := <-seen:
		if got.State != Unknown || got.PID != 812 {
			t.Errorf("%+v", got)
		}
	case <-time.After(long):
		t.Error("its command line is waited for")
		f, err := os.OpenFile(cmdline, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		<-seen
	}
}

// It may be that of another database's.
func TestProcess_ThatHangsInTheKernelDoesNotProveThatTheOneThatWasKilledLives(t *testing.T) {
	p := newPlace(t)
	p.wholeProc()
	p.process(812)
	p.state(812, 'D')
	p.pidfile("7\n", false)
	if got := p.search().Look(t.Context(), short); got.State != Gone {
		t.Errorf("%+v", got)
	}
}

// Each that is killed leaves its socket behind, and one may do so again and again.
func TestProcess_TheSocketsOfThoseThatWereKilledHideNobody(t *testing.T) {
	p := newPlace(t)
	for i := range 3 * mostCandidates {
		name := fmt.Sprintf("ovs-vswitchd.%d.ctl", 1000+i)
		p.refuses(name)
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(filepath.Join(p.dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	p.listens("ovs-vswitchd.9.ctl", versionText)
	if got := p.search().Look(t.Context(), long); got.State != Answers {
		t.Errorf("%+v", got)
	}
}

func TestAnswer_AVersionIsBounded(t *testing.T) {
	p := newPlace(t)
	p.listens("ovs-vswitchd.ctl", "ovs-vswitchd "+strings.Repeat("x", answerMost/2))
	if got := p.search().Look(t.Context(), long); got.State != Answers || len(got.Version) > 200 {
		t.Errorf("%s, with a version of %d bytes", got.State, len(got.Version))
	}
}

func TestAnswer_WithoutEndIsNone(t *testing.T) {
	p := newPlace(t)
	p.listens("ovs-vswitchd.ctl", "ovs-vswitchd "+strings.Repeat("x", 2*answerMost))
	if got := p.search().Look(t.Context(), long); got.State != Unknown || len(got.Why) > 300 {
		t.Errorf("%+v", got)
	}
}
