package plan

import (
	"testing"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

// northd takes requested_chassis off every row when the Chassis row goes.
func withoutChassis(b southbound.Binding) southbound.Binding {
	b.Disposition, b.Why = southbound.Kept, "requested_chassis is empty, but the option requested-chassis names us"
	return b
}

func TestStatus_ARequestThatPendsIsToldOfWhileOurChassisRowIsAway(t *testing.T) {
	waits, wrong := withoutChassis(plantest.Asks("waits", 0, 7)), withoutChassis(plantest.Invalid("wrong"))
	migrates := withoutChassis(plantest.Asks("migrates", 0, 8))
	migrates.Additional = true
	v := plantest.Trusted(waits, wrong, migrates)
	v.ChassisKnown = false
	d := Plan(Input{Index: testcard.Index(testcard.OneVF()), Actual: plantest.BridgeWith(), Asked: v})
	if len(d.Ports) != 2 || len(d.Changes) != 0 {
		t.Fatalf("%+v", d)
	}
	if p := d.Ports[0]; p.LogicalPort != "waits" || p.State != Pending ||
		reason.CodeOf(p.Reason) != reason.CodeChassisMissing || p.Request == "" {
		t.Errorf("%+v", p)
	}
	if p := d.Ports[1]; p.LogicalPort != "wrong" || p.State != Invalid {
		t.Errorf("%+v", p)
	}
}
