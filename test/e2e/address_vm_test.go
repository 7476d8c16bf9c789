//go:build vm

package e2e

import (
	"strings"
	"testing"

	"github.com/representord/representord/plug/plan"
)

// addressing is whose MAC address a function has.
func addressing() []scenario {
	return []scenario{
		{"program-hw-addr gives a plugged VF its logical port's MAC address, and without it nobody does", programsAddresses},
	}
}

func programsAddresses(t *testing.T, d *dpu) {
	d.judged(t)
	const mac = "02:00:00:00:00:10"
	has := func() bool {
		return strings.Contains(run(t, "devlink", "port", "show", "platform/card0/10"), "hw_addr "+mac)
	}
	d.changes(t, func() { sim(t, append(card(), vf0)...) })
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0", mac: mac + " 10.0.0.10"})
	d.awaitPort(t, "vm0", plan.Plugged)
	d.quiet(t)
	if has() {
		t.Error("the VF got the address though nobody asked for that")
	}
	d.restartDaemon(t, "--program-hw-addr")
	defer d.restartDaemon(t)
	d.until(t, "the VF has its port's address", has)
	if p := d.awaitPort(t, "vm0", plan.Plugged); len(p.Warnings) != 0 {
		t.Errorf("%+v", p.Warnings)
	}
	before := d.row(t, "pf0vf0")
	d.quiet(t)
	d.wantUntouched(t, "pf0vf0", before)
}
