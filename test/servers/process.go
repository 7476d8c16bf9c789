// Package servers starts the real servers that representord works with, for
// tests: ovsdb-server, ovs-vswitchd, ovn-northd and ovn-controller. Each has its
// files and sockets in a directory of its own, touches nothing of the machine's
// own Open vSwitch, and is ended by its process id when the test ends.
package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/representord/representord/test/confined"
)

// tailBytes is how much of a server's log is shown when its test failed.
const tailBytes = 8 << 10

// Process is a server that runs in the foreground as our child.
type Process struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{}
}

// Start runs a program until the test ends. Its name is for messages and for its
// log. argv[0] is looked for in $PATH and in the sbin directories; the test fails
// with the name of the Debian package if it isn't installed.
func Start(tb testing.TB, name string, argv ...string) *Process {
	tb.Helper()
	return startIn(tb, Dir(tb), name, argv...)
}

// startIn is Start with a directory for the log, which Open vSwitch and OVN take
// for all of their own.
func startIn(tb testing.TB, dir, name string, argv ...string) *Process {
	tb.Helper()
	return startConfined(tb, dir, name, nil, argv...)
}

// startConfined is startIn under a filter of system calls, none for nil.
func startConfined(tb testing.TB, dir, name string, filter confined.Filter, argv ...string) *Process {
	tb.Helper()
	path := program(tb, argv[0])
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		tb.Fatalf("log of %s: %v", name, err)
	}
	cmd := exec.Command(path, argv[1:]...)
	cmd.Dir = dir
	cmd.Env = environment(dir)
	cmd.Stdout, cmd.Stderr = log, log
	// A group of its own, so that ^C in a terminal is the test's to handle; and
	// death with the test, however that dies.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}

	p := &Process{name: name, cmd: cmd, log: log.Name(), done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel sends Pdeathsig when the thread that forked ends, so that thread
		// must live as long as the child.
		runtime.LockOSThread()
		defer close(p.done)
		var err error
		if filter == nil {
			defer runtime.UnlockOSThread()
		} else {
			err = filter.Confine() // and the thread, that stays under it, ends with the goroutine
		}
		if err == nil {
			err = cmd.Start()
		}
		_ = log.Close()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		tb.Fatalf("starting %s: %v", name, err)
	}
	tb.Cleanup(func() {
		p.Kill()
		if tb.Failed() {
			tb.Logf("end of the log of %s (%s):\n%s", name, p.cmd.ProcessState, p.tail())
		}
	})
	return p
}

// Pid is the process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitCode is the exit status of a process that is Done, -1 if a signal ended it.
func (p *Process) ExitCode() int { return p.cmd.ProcessState.ExitCode() }

// Signal sends a signal, nothing if the process has ended.
func (p *Process) Signal(sig syscall.Signal) {
	// os.Process knows whether its child was waited for, so the id can't be another's.
	_ = p.cmd.Process.Signal(sig)
}

// Kill ends the process as a crash would (SIGKILL) and waits until it is gone.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// Log is everything the process has written so far.
func (p *Process) Log() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	return string(b)
}

func (p *Process) tail() string {
	s := p.Log()
	if len(s) > tailBytes {
		s = "..." + s[len(s)-tailBytes:]
	}
	return s
}

// Dir makes a directory that is removed when the test ends. Its path is short,
// unlike that of testing.TB.TempDir: the path of a unix socket has 107 bytes at most.
func Dir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp(shortTemp(), "srv")
	if err != nil {
		tb.Fatalf("directory for a server: %v", err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("removing a server's directory: %v", err)
		}
	})
	return dir
}

func shortTemp() string {
	if dir := os.TempDir(); len(dir) <= 40 {
		return dir
	}
	return "/tmp"
}

// Until waits for a condition, for as long as patience lasts; then the test fails, saying
// what was waited for.
func Until(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		began := time.Now()
		if condition() {
			return
		}
		select {
		case <-time.After(max(2*time.Millisecond, Rest(began))):
		case <-deadline.C:
			tb.Fatalf("waited in vain until %s", what)
		}
	}
}

// Rest is how long to leave a machine alone after work that began then, before the same is done
// again: twice as long as that took, so that who looks for a change doesn't keep it from
// happening.
func Rest(began time.Time) time.Duration { return min(2*time.Since(began), 250*time.Millisecond) }

// environment points every directory that Open vSwitch and OVN have built in to dir.
func environment(dir string) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "OVS_") && !strings.HasPrefix(v, "OVN_") && !strings.HasPrefix(v, "OVSDB_") {
			env = append(env, v)
		}
	}
	for _, what := range []string{"RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR"} {
		env = append(env, "OVS_"+what+"="+dir, "OVN_"+what+"="+dir)
	}
	return env
}

// run executes a program to its end and returns what it wrote on standard output.
func run(dir string, argv ...string) (string, error) {
	path, err := find(argv[0])
	if err != nil {
		return "", err
	}
	var stdout, stderr strings.Builder
	cmd := exec.Command(path, argv[1:]...)
	cmd.Dir = dir
	cmd.Env = environment(dir)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}

// program finds a program or fails the test.
func program(tb testing.TB, name string) string {
	tb.Helper()
	path, err := find(name)
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	// Servers are in sbin, which isn't in every user's $PATH.
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: install the Debian package %s", err, debianPackage(name))
}

func debianPackage(program string) string {
	switch {
	case program == "ovn-northd" || program == "ovn-nbctl" || program == "ovn-sbctl":
		return "ovn-central"
	case strings.HasPrefix(program, "ovn-"):
		return "ovn-host"
	case strings.HasPrefix(program, "ov"):
		return "openvswitch-switch"
	case strings.HasPrefix(program, "prom"):
		return "prometheus"
	}
	return "that has " + program
}
