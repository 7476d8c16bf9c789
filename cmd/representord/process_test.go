package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/test/servers"
)

// process starts the program as a process of its own, with more environment. It
// sees the kernel's own card, of which these tests need to know nothing.
func process(t *testing.T, env []string, flags ...string) *servers.Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	argv := append([]string{"env"}, env...)
	return servers.Start(t, name, append(append(argv, self, asProgram), flags...)...)
}

// systemd is a socket as the service manager's, sd_notify(3).
type systemd struct {
	path string

	mu   sync.Mutex
	told []string
}

func newSystemd(t *testing.T) *systemd {
	t.Helper()
	s := &systemd{path: filepath.Join(servers.Dir(t), "notify")}
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 8192)
		for {
			n, err := l.Read(b)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.told = append(s.told, string(b[:n]))
			s.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return s
}

func (s *systemd) messages() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told)
}

func (s *systemd) await(t *testing.T, what string, is func([]string) bool) {
	t.Helper()
	servers.Until(t, fmt.Sprintf("systemd is told %s; it was told %q", what, s.messages()), func() bool { return is(s.messages()) })
}

func has(message string) func([]string) bool {
	return func(all []string) bool { return slices.Contains(all, message) }
}

func hasStatus(part string) func([]string) bool {
	return func(all []string) bool {
		return slices.ContainsFunc(all, func(m string) bool { return strings.HasPrefix(m, "STATUS=") && strings.Contains(m, part) })
	}
}

// exited waits until the process has ended, and gives its exit status.
func exited(t *testing.T, p *servers.Process) int {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(time.Minute):
		t.Fatal("the process doesn't end")
	}
	return p.ExitCode()
}

func TestSystemd_IsToldWithoutAnySouthbound(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.markedRow(t, "br-int", "pf0vf0", "vm0")
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-remote=unix:"+filepath.Join(h.dir, "nobody"))
	s := newSystemd(t)
	p := process(t, []string{"NOTIFY_SOCKET=" + s.path, "WATCHDOG_USEC=1200000"}, h.flags()...)
	s.await(t, "READY", has("READY=1"))
	s.await(t, "how it goes", hasStatus("southbound not connected"))
	s.await(t, "five times that the daemon is alive", func(all []string) bool {
		n := 0
		for _, m := range all {
			if m == "WATCHDOG=1" {
				n++
			}
		}
		return n >= 5
	})

	start := time.Now()
	p.Signal(syscall.SIGTERM)
	if status := exited(t, p); status != exitOK {
		t.Errorf("exit status %d after SIGTERM, want %d\n%s", status, exitOK, p.Log())
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	s.await(t, "that the daemon stops", has("STOPPING=1"))
	if got := h.ports(t, "br-int"); !slices.Equal(got, []string{"pf0vf0"}) {
		t.Errorf("after SIGTERM br-int has %v, want the port to stay", got)
	}
}

func TestWatchdog_ALocalDatabaseThatHangsIsNoReasonForIt(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s := newSystemd(t)
	process(t, []string{"NOTIFY_SOCKET=" + s.path, "WATCHDOG_USEC=1200000"}, h.flags()...)
	s.await(t, "READY", has("READY=1"))
	h.Signal(syscall.SIGSTOP)
	defer h.Signal(syscall.SIGCONT)
	before := len(s.messages())
	s.await(t, "that the daemon is alive", func(all []string) bool { return slices.Contains(all[before:], "WATCHDOG=1") })
}

// The watchdog's SIGABRT and a panic end a Go program alike. systemd must start the
// daemon again after both, and leave it alone after a wrong configuration.
func TestExit_ACrashIsNotTakenForAWrongConfiguration(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../../systemd/representord.service")
	if err != nil {
		t.Fatal(err)
	}
	final := fmt.Sprintf("\nRestartPreventExitStatus=%d\n", exitUsage)
	if !strings.Contains(string(unit), final) {
		t.Errorf("the unit lacks %q", final)
	}
	h := newHost(t)
	s := newSystemd(t)
	p := process(t, []string{"NOTIFY_SOCKET=" + s.path}, h.flags()...)
	s.await(t, "READY", has("READY=1"))
	p.Signal(syscall.SIGABRT)
	if status := exited(t, p); status == exitUsage || status == exitOK {
		t.Errorf("exit status %d after SIGABRT", status)
	}
}

func TestStandby_ASecondDaemonTakesOverWhenTheFirstIsKilled(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	first := process(t, nil, h.flags()...)
	c := api.NewClient(h.socket())
	await(t, c, "the first is active", func(s api.Status) bool { return s.Role == api.Active })

	s := newSystemd(t)
	socket := filepath.Join(h.dir, "second.sock")
	second := process(t, []string{"NOTIFY_SOCKET=" + s.path}, h.flags("--control-socket="+socket)...)
	c2 := api.NewClient(socket)
	status := await(t, c2, "the second stands by", func(s api.Status) bool { return s.Role == api.Standby })
	if pid := fmt.Sprintf("pid %d ", first.Pid()); !strings.Contains(status.RoleReason, pid) || status.Passes != 0 {
		t.Errorf("why: %q after %d passes, want %q and none", status.RoleReason, status.Passes, pid)
	}
	s.await(t, "READY, for the first one looks after the bridge", has("READY=1"))
	s.await(t, "that it stands by", hasStatus("standing by: "))
	servers.Until(t, "the log says so", func() bool { return strings.Contains(second.Log(), "standing by") })

	first.Kill()
	await(t, c2, "the second is active", func(s api.Status) bool { return s.Role == api.Active && s.Passes > 0 })
}

func TestStandby_TheControlSocketIsTakenOverToo(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	first := process(t, nil, h.flags()...)
	c := api.NewClient(h.socket())
	await(t, c, "the first answers", func(s api.Status) bool { return s.PID == first.Pid() })
	second := process(t, nil, h.flags()...)
	servers.Until(t, "the second says that the socket is taken",
		func() bool { return strings.Contains(second.Log(), "another process answers on it") })
	await(t, c, "the first still answers", func(s api.Status) bool { return s.PID == first.Pid() })
	first.Kill()
	await(t, c, "the second answers", func(s api.Status) bool { return s.PID == second.Pid() && s.Role == api.Active })
}

func TestExit_StatusesAndMessagesOfTheProcess(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	for _, c := range []struct {
		flags  []string
		status int
		says   string
	}{
		{[]string{"--version"}, exitOK, "representord devel"},
		{[]string{"--log-format=xml"}, exitUsage, `representord: log-format: "xml" must be text or json`},
		{h.flags("--cleanup"), exitOK, "no port of ours on bridge br-int"},
		{h.flags("--once", "--timeout=1s"), exitError, "representord: after 1s still waiting: the "},
	} {
		p := process(t, nil, c.flags...)
		if status := exited(t, p); status != c.status || !strings.Contains(p.Log(), c.says) {
			t.Errorf("%v: exit status %d, want %d and %q:\n%s", c.flags, status, c.status, c.says, p.Log())
		}
	}
}

func TestUsage_TheEnvironmentIsReadToo(t *testing.T) {
	t.Parallel()
	p := process(t, []string{"REPRESENTORD_LOG_LEVEL=loud"})
	if status := exited(t, p); status != exitUsage || !strings.Contains(p.Log(), "REPRESENTORD_LOG_LEVEL") {
		t.Errorf("exit status %d:\n%s", status, p.Log())
	}
}

func TestLog_CanBeJSON(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	p := process(t, nil, h.flags("--log-format=json")...)
	servers.Until(t, "the bridge is kept", func() bool {
		return strings.Contains(p.Log(), `"level":"INFO","msg":"keeping the bridge","bridge":"br-int"}`)
	})
}
