package ovs

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/representord/representord/test/servers"
)

// A pass that hangs looks dead to whoever watches over the daemon.
func TestApplyGivesUpOnAHangingServerWhateverTheProbe(t *testing.T) {
	t.Parallel()
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	s := startWith(t, Options{Endpoint: d.Endpoint, Probe: time.Minute, Log: logTo(t)})
	d.Signal(syscall.SIGSTOP)
	defer d.Signal(syscall.SIGCONT)
	began := time.Now()
	errs := s.Apply(t.Context(), []Change{plugging(plugOf("pf0vf3", "lport-a"))})
	took := time.Since(began)
	t.Logf("Apply took %v: %v", took, errs[0])
	if errs[0] == nil || took > applyPatience+5*time.Second {
		t.Errorf("with a probe interval of a minute Apply took %v: %v; want an error within %v", took, errs[0], applyPatience)
	}
}

// Whoever decided by a view without it would take the change for one that was never made.
func TestNoViewIsCompleteBeforeItShowsWhatBecameOfAnUncertainChange(t *testing.T) {
	t.Parallel()
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	s := startWith(t, Options{Endpoint: d.Endpoint, Probe: time.Minute, Log: logTo(t)})
	if err := s.Apply(t.Context(), []Change{plugging(plugOf("pf0vf1", "b"))})[0]; err != nil {
		t.Fatal(err)
	}
	for round := range 5 {
		name := "pf0vf1" + string(rune('0'+round))
		d.Signal(syscall.SIGSTOP)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := s.Apply(ctx, []Change{plugging(plugOf(name, name))})[0]
		cancel()
		if !errors.Is(err, ErrUncertain) {
			t.Errorf("given up while the server hangs: %v, want %v", err, ErrUncertain)
		}
		if s.View().Complete {
			t.Error("the view is complete while nobody knows whether the change was made")
		}
		d.Signal(syscall.SIGCONT)
		servers.Until(t, "the view is complete again", func() bool { return s.View().Complete })
		_, there := s.View().Interfaces[name]
		servers.Until(t, "another change is made", func() bool {
			return s.Apply(t.Context(), []Change{plugging(plugOf(name+"x", name+"x"))})[0] == nil
		})
		if _, later := s.View().Interfaces[name]; later != there {
			t.Errorf("the first complete view shows the change: %v; a later one: %v", there, later)
		}
	}
}
