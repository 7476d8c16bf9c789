//go:build vm

package e2e

import (
	"slices"
	"syscall"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/invariants"
)

func unplugging() []scenario {
	return []scenario{
		{"a deleted port is unplugged and no other is touched", unplugsADeletedPort},
		{"a port that Neutron unbinds is unplugged", unplugsAnUnboundPort},
		{"a port that moves to another chassis is unplugged", unplugsAMovedPort},
		{"a port that asks for another VF changes in one transaction", replacesInOneTransaction},
		{"a port that asks for a VF which isn't there loses the old one at once", dropsTheOldFunction},
		{"a request that becomes invalid keeps what is plugged, until it is valid for another function", keepsAnInvalidRequest},
		{"a name that becomes another function's is unplugged though the Southbound hangs", unplugsALeak},
	}
}

// twoPorts is a card with vm0 plugged on VF 0 and vm1 on VF 1.
func twoPorts(t *testing.T, d *dpu) (row, row) {
	t.Helper()
	d.changes(t, func() { sim(t, append(card(), vf0, vf1)...) })
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.neutronPort(t, request{lport: "vm1", pfMAC: pfMAC, vf: "1"})
	d.awaitPort(t, "vm0", plan.Plugged)
	d.awaitPort(t, "vm1", plan.Plugged)
	d.bound(t, "vm0")
	d.bound(t, "vm1")
	d.witness.Known()
	return d.row(t, "pf0vf0"), d.row(t, "pf0vf1")
}

func (d *dpu) awaitNoPort(t *testing.T, lport string) {
	t.Helper()
	d.await(t, "nothing is left of "+lport, func(ps []api.Port) bool {
		for _, p := range ps {
			if p.LogicalPort == lport {
				return false
			}
		}
		return true
	})
}

func (d *dpu) wantGone(t *testing.T, netdev string) {
	t.Helper()
	if r := d.row(t, netdev); r.uuid != "" {
		t.Errorf("%s is still there: %+v", netdev, r)
	}
}

func (d *dpu) wantUntouched(t *testing.T, netdev string, before row) {
	t.Helper()
	if now := d.row(t, netdev); now != before {
		t.Errorf("%s was touched: %+v, and was %+v", netdev, now, before)
	}
}

func unplugsADeletedPort(t *testing.T, d *dpu) {
	_, other := twoPorts(t, d)
	d.central.Nbctl(t, "lsp-del", "vm0")
	d.awaitNoPort(t, "vm0")
	d.wantGone(t, "pf0vf0")
	d.wantUntouched(t, "pf0vf1", other)
}

func unplugsAnUnboundPort(t *testing.T, d *dpu) {
	_, other := twoPorts(t, d)
	d.central.Nbctl(t, "clear", "Logical_Switch_Port", "vm0", "options")
	d.awaitNoPort(t, "vm0")
	d.wantGone(t, "pf0vf0")
	d.wantUntouched(t, "pf0vf1", other)
}

func unplugsAMovedPort(t *testing.T, d *dpu) {
	_, other := twoPorts(t, d)
	d.central.Sbctl(t, "chassis-add", "dpu2", "geneve", "127.0.0.2")
	defer d.central.Sbctl(t, "chassis-del", "dpu2")
	d.central.Nbctl(t, "set", "Logical_Switch_Port", "vm0", "options:requested-chassis=dpu2")
	d.awaitNoPort(t, "vm0")
	d.wantGone(t, "pf0vf0")
	d.wantUntouched(t, "pf0vf1", other)
}

func (d *dpu) transactions(t *testing.T) uint64 {
	t.Helper()
	return d.awaitStatus(t, "the daemon answers", func(api.Status) bool { return true }).Transactions
}

func replacesInOneTransaction(t *testing.T, d *dpu) {
	d.judged(t)
	d.changes(t, func() { sim(t, append(card(), vf0, vf1)...) })
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.awaitPort(t, "vm0", plan.Plugged)
	before := d.transactions(t)
	d.witness.Requests(map[string]invariants.Request{"vm0": request{pfMAC: pfMAC, vf: "1"}.asks()}, func() {
		d.central.Nbctl(t, "set", "Logical_Switch_Port", "vm0", `options:"vif-plug:representor:vf-num"="1"`)
	})
	d.await(t, "vm0 is plugged on VF 1", func(ps []api.Port) bool {
		return len(ps) == 1 && ps[0].State == plan.Plugged && ps[0].Netdev == "pf0vf1"
	})
	d.wantGone(t, "pf0vf0")
	if n := d.transactions(t) - before; n != 1 {
		t.Errorf("it took %d transactions, want 1", n)
	}
	if s := d.awaitStatus(t, "the daemon answers", func(api.Status) bool { return true }); s.Retargets == 0 {
		t.Error("the retarget was not counted")
	}
	d.bound(t, "vm0")
}

func dropsTheOldFunction(t *testing.T, d *dpu) {
	_, other := twoPorts(t, d)
	d.central.Nbctl(t, "set", "Logical_Switch_Port", "vm0", `options:"vif-plug:representor:vf-num"="9"`)
	d.awaitPort(t, "vm0", plan.Pending, reason.CodeFunctionNotFound)
	d.wantGone(t, "pf0vf0")
	d.wantUntouched(t, "pf0vf1", other)
}

func keepsAnInvalidRequest(t *testing.T, d *dpu) {
	before, other := twoPorts(t, d)
	sim(t, vf("card0", 12, 1, 2, "pf0vf2"))
	d.central.Nbctl(t, "set", "Logical_Switch_Port", "vm0", `options:"vif-plug:representor:vf-num"="0x0"`)
	d.await(t, "vm0 is said to be invalid", func(ps []api.Port) bool {
		return slices.ContainsFunc(ps, func(p api.Port) bool {
			return p.LogicalPort == "vm0" && p.Reason != nil && p.Reason.Code == reason.CodeInvalidOption
		})
	})
	d.quiet(t)
	d.wantUntouched(t, "pf0vf0", before)
	d.central.Nbctl(t, "set", "Logical_Switch_Port", "vm0", `options:"vif-plug:representor:vf-num"="2"`)
	d.awaitOn(t, "vm0", "pf0vf2")
	d.wantGone(t, "pf0vf0")
	d.wantUntouched(t, "pf0vf1", other)
}

func unplugsALeak(t *testing.T, d *dpu) {
	d.judged(t)
	_, other := twoPorts(t, d)
	d.central.SB.Signal(syscall.SIGSTOP)
	defer d.central.SB.Signal(syscall.SIGCONT)
	d.changes(t, func() {
		sim(t, "port del card0 10", "port add card0 17 flavour=pcivf controller=1 external=1 pf=0 vf=7 netdev=pf0vf0 peer=host7")
	})
	d.until(t, "the row pf0vf0 is gone", func() bool { return d.row(t, "pf0vf0").uuid == "" })
	d.wantUntouched(t, "pf0vf1", other)
	d.central.SB.Signal(syscall.SIGCONT)
	d.awaitPort(t, "vm0", plan.Pending, reason.CodeFunctionNotFound)
}
