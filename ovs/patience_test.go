package ovs

import (
	"syscall"
	"testing"
	"time"

	"github.com/representord/representord/test/servers"
)

// A pass that hangs looks dead to whoever watches over the daemon.
func TestApply_GivesUpOnAHangingServerWhateverTheProbe(t *testing.T) {
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
