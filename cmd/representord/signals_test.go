package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/test/servers"
)

func TestProcess_TheDaemonDoesNotEndWhenItsTerminalHangsUp(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	p := process(t, nil, h.flags()...)
	c := api.NewClient(h.socket())
	before := await(t, c, "the daemon is active", func(s api.Status) bool { return s.Role == api.Active && s.Passes > 0 })
	p.Signal(syscall.SIGHUP)
	answersAfterAPass(t, c, before)
	p.Signal(syscall.SIGTERM)
	if status := exited(t, p); status != exitOK {
		t.Errorf("exit status %d after SIGHUP and SIGTERM, want %d\n%s", status, exitOK, p.Log())
	}
}

// Whoever reads the log may end before the daemon does: a journal that is restarted, a pager.
func TestProcess_TheDaemonDoesNotEndWhenNobodyReadsItsLog(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, append([]string{asProgram}, h.flags()...)...)
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // no harm when it has ended
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	c := api.NewClient(h.socket())
	before := await(t, c, "the daemon is active", func(s api.Status) bool { return s.Role == api.Active && s.Passes > 0 })
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := c.SetLogLevel(t.Context(), "debug"); err != nil { // which is logged
			t.Fatalf("the daemon doesn't answer: %v", err)
		}
	}
	answersAfterAPass(t, c, before)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("after SIGTERM: %v, want exit status %d", err, exitOK)
	}
}

// answersAfterAPass wants the same process to make another pass and to say so.
func answersAfterAPass(t *testing.T, c *api.Client, before api.Status) {
	t.Helper()
	servers.Until(t, "the same daemon makes another pass", func() bool {
		if _, err := c.Reconcile(t.Context()); err != nil {
			return false
		}
		s, err := c.Status(t.Context())
		return err == nil && s.PID == before.PID && s.Passes > before.Passes
	})
}
