//go:build vm

package e2e

import (
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

func trusting() []scenario {
	return []scenario{
		{"without ovn-controller's Chassis row nothing is unplugged and nothing new is plugged", holdsWithoutChassis},
		{"without ovn-controller's Chassis row a renamed netdev is followed", followsARenameWithoutChassis},
		{"ovn-controller killed changes nothing", outlivesController},
		{"the Southbound killed and back changes nothing, and what was asked meanwhile is done", outlivesSouthbound},
		{"most ports going at once wait for the hold, and go then", holdsMassRemovals},
	}
}

func holdsWithoutChassis(t *testing.T, d *dpu) {
	d.judged(t)
	a, b := twoPorts(t, d)
	servers.StopController(t, d.local, d.controller)
	d.awaitPort(t, "vm0", plan.Held, reason.CodeChassisMissing)
	d.awaitPort(t, "vm1", plan.Held, reason.CodeChassisMissing)
	d.changes(t, func() {
		sim(t, "port add card0 12 flavour=pcivf controller=1 external=1 pf=0 vf=2 netdev=pf0vf2 peer=host2")
	})
	d.neutronPort(t, request{lport: "vm2", pfMAC: pfMAC, vf: "2"})
	d.quiet(t)
	d.wantGone(t, "pf0vf2")
	d.wantKept(t, "pf0vf0", a)
	d.wantKept(t, "pf0vf1", b)
	d.controller = servers.Controller(d.top, d.local, d.central.SB.Endpoint)
	d.awaitPort(t, "vm2", plan.Plugged)
	d.awaitPort(t, "vm0", plan.Plugged)
	d.bound(t, "vm0")
	d.wantKept(t, "pf0vf0", a)
	d.wantKept(t, "pf0vf1", b)
}

// wantKept compares everything but the marks of ovn-controller, which takes them
// off a row when it goes, and puts them back.
func (d *dpu) wantKept(t *testing.T, netdev string, before row) {
	t.Helper()
	now := d.row(t, netdev)
	now.others = before.others
	if now != before {
		t.Errorf("%s is another row now: %+v, and was %+v", netdev, now, before)
	}
}

func followsARenameWithoutChassis(t *testing.T, d *dpu) {
	d.judged(t)
	_, b := twoPorts(t, d)
	servers.StopController(t, d.local, d.controller)
	d.awaitPort(t, "vm0", plan.Held, reason.CodeChassisMissing)
	d.changes(t, func() { rename(t, [2]string{"pf0vf0", "ens1f0c1vf0"}) })
	d.until(t, "the row follows the netdev to its new name", func() bool { return d.row(t, "ens1f0c1vf0").ifaceID == "vm0" })
	d.wantGone(t, "pf0vf0")
	d.wantKept(t, "pf0vf1", b)
	d.controller = servers.Controller(d.top, d.local, d.central.SB.Endpoint)
	d.awaitPort(t, "vm0", plan.Plugged)
	d.bound(t, "vm0")
}

func outlivesController(t *testing.T, d *dpu) {
	d.judged(t)
	a, b := twoPorts(t, d)
	before := d.transactions(t)
	kill(d.controller)
	d.quiet(t)
	d.wantUntouched(t, "pf0vf0", a)
	d.wantUntouched(t, "pf0vf1", b)
	d.controller = servers.Controller(d.top, d.local, d.central.SB.Endpoint)
	d.quiet(t)
	d.wantKept(t, "pf0vf0", a)
	if n := d.transactions(t) - before; n != 0 {
		t.Errorf("%d local transactions, want none", n)
	}
}

func outlivesSouthbound(t *testing.T, d *dpu) {
	d.judged(t)
	a, b := twoPorts(t, d)
	before := d.transactions(t)
	d.central.SB.Kill()
	s := d.awaitStatus(t, "the status says that the Southbound is gone", func(s api.Status) bool { return !s.Southbound.Connected })
	if s.Southbound.Problem == "" || s.Southbound.Since.IsZero() {
		t.Errorf("it doesn't say why, or since when: %+v", s.Southbound)
	}
	d.changes(t, func() {
		sim(t, "port add card0 12 flavour=pcivf controller=1 external=1 pf=0 vf=2 netdev=pf0vf2 peer=host2")
	})
	d.neutronPort(t, request{lport: "vm2", pfMAC: pfMAC, vf: "2"})
	d.quiet(t)
	d.wantUntouched(t, "pf0vf0", a)
	d.wantUntouched(t, "pf0vf1", b)
	d.central.SB.Restart()
	d.awaitPort(t, "vm2", plan.Plugged)
	if n := d.transactions(t) - before; n != 1 {
		t.Errorf("%d local transactions, want 1, for the new port", n)
	}
	d.bound(t, "vm2")
	d.wantKept(t, "pf0vf0", a)
	d.wantKept(t, "pf0vf1", b)
}

func holdsMassRemovals(t *testing.T, d *dpu) {
	d.restartDaemon(t, "--mass-unplug-hold=20s") // for an emulated machine to see what is held, and more
	defer d.restartDaemon(t)
	sim(t, append(card(), vf0, vf1,
		"port add card0 12 flavour=pcivf controller=1 external=1 pf=0 vf=2 netdev=pf0vf2 peer=host2",
		"port add card0 13 flavour=pcivf controller=1 external=1 pf=0 vf=3 netdev=pf0vf3 peer=host3")...)
	vms := []string{"vm0", "vm1", "vm2", "vm3"}
	for i, vm := range vms {
		d.neutronPort(t, request{lport: vm, pfMAC: pfMAC, vf: string(rune('0' + i))})
	}
	for _, vm := range vms {
		d.awaitPort(t, vm, plan.Plugged)
	}
	d.central.Nbctl(t, "lsp-del", "vm0", "--", "lsp-del", "vm1", "--", "lsp-del", "vm2")
	d.awaitPort(t, "vm2", plan.Held, reason.CodeMassUnplug)
	if r := d.row(t, "pf0vf0"); r.ifaceID != "vm0" {
		t.Errorf("a held row is gone: %+v", r)
	}
	d.awaitNoPort(t, "vm0")
	d.awaitNoPort(t, "vm2")
	d.wantGone(t, "pf0vf2")
	if r := d.row(t, "pf0vf3"); r.ifaceID != "vm3" {
		t.Errorf("the port that stays lost its row: %+v", r)
	}
}
