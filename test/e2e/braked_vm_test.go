//go:build vm

package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
)

// braking is that a Southbound that goes wrong takes few machines off their network.
func braking() []scenario {
	return []scenario{
		{"16 ports deleted one after the other are held after half of them", holdsALoop},
		{"a backup of the Southbound put back without ovn-northd moves not one row of 20 while the hold lasts", holdsForABackup},
	}
}

func holdsALoop(t *testing.T, d *dpu) {
	const ports = 16
	defer d.deletesMany(t)
	manyPorts(t, d, ports)
	d.restartDaemon(t, "--mass-unplug-hold=1h") // to which they aren't new
	o := d.openings(t)
	for _, lport := range d.logicalPorts(t) {
		d.central.Nbctl(t, "--wait=sb", "lsp-del", lport)
		d.await(t, lport+" goes, or is held", func(ps []api.Port) bool {
			for _, p := range ps {
				if p.LogicalPort == lport {
					return p.Reason != nil && p.Reason.Code == reason.CodeMassUnplug
				}
			}
			return true
		})
	}
	d.quiet(t)
	o.look()
	left := len(o.ours())
	t.Logf("%d of %d rows are left", left, ports)
	if left < ports/2 {
		t.Errorf("%d of %d rows went without a hold, want half of them at most", ports-left, ports)
	}
	d.releaseHold(t)
	d.await(t, "all ports are gone", func(ps []api.Port) bool { return len(ps) == 0 })
}

// holdsForABackup: VFs are used again. What the backup says of them was true last night,
// and is another tenant's today.
func holdsForABackup(t *testing.T, d *dpu) {
	const ports, again = 20, 9
	d.restartDaemon(t, "--mass-unplug-hold=1s")
	defer d.deletesMany(t)
	manyPorts(t, d, ports)
	backup := d.central.SB.Backup(t, "OVN_Southbound")
	for i := range again {
		d.central.Nbctl(t, "lsp-del", fmt.Sprintf("vm%03d", i))
		d.neutronPort(t, request{lport: fmt.Sprintf("new%03d", i), pfMAC: pfMAC, vf: strconv.Itoa(i)})
	}
	d.await(t, "the new machines run", func(ps []api.Port) bool { return plugged(ps) == ports && len(ps) == ports })
	d.restartDaemon(t, "--mass-unplug-hold=1h")
	d.awaitStatus(t, "all are plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == ports })
	o := d.openings(t)
	before := o.snapshot()

	d.central.Northd.Signal(syscall.SIGSTOP)
	defer d.central.Northd.Signal(syscall.SIGCONT)
	d.central.SB.RestoreInPlace(t, "OVN_Southbound", backup)
	d.awaitStatus(t, "the Southbound's word waits, or has been taken", func(s api.Status) bool {
		o.look()
		return len(o.moved(before)) > 0 ||
			slices.ContainsFunc(s.Holds, func(h plug.Holding) bool { return h.Code == reason.CodeSouthboundReplaced })
	})
	for range 5 {
		d.quiet(t)
	}
	o.look()
	moved := o.moved(before)
	t.Logf("%d of %d machines lost their rows, or got others': %q", len(moved), ports, moved)
	if len(moved) > 0 {
		t.Errorf("rows of %q moved while the hold lasts", moved)
	}
	d.central.Northd.Signal(syscall.SIGCONT)
	d.central.Nbctl(t, "--wait=sb", "sync")
	d.releaseHold(t)
	d.await(t, "all that run are plugged, and nothing else", func(ps []api.Port) bool { return plugged(ps) == ports && len(ps) == ports })
	o.look()
	if len(moved) == 0 && len(o.moved(before)) > 0 {
		t.Errorf("rows of %q moved after the hold, though ovn-northd had put all right", o.moved(before))
	}
}

func plugged(ps []api.Port) (n int) {
	for _, p := range ps {
		if p.State == plan.Plugged {
			n++
		}
	}
	return n
}

// releaseHold lets go what is held now.
func (d *dpu) releaseHold(t *testing.T) {
	t.Helper()
	status, err := d.client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.client.ReleaseHold(t.Context(), status.Holds); err != nil {
		t.Error(err)
	}
}
