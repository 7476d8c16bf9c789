package plug

import (
	"errors"
	"strings"
	"testing"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

// A real server takes the row from one bridge and makes it on the other at once, and only
// while nobody else has the lock of either.
func TestMoveHere_OnARealServerNeedsBothLocks(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "pf0vf0", nil)
	d.r.Pass(t.Context())
	if r := d.local.View().Interfaces["pf0vf0"]; r.Bridge != "br-int" {
		t.Fatalf("the row is %+v", r)
	}
	before := d.local.View().Interfaces["pf0vf0"]

	// Somebody else keeps the bridge that is left, with a row there.
	other := ovs.New(ovs.Options{Endpoint: d.Endpoint})
	other.SetBridge("br-int")
	stop := runSwitch(t, other)
	held := ovs.Change{LogicalPorts: []string{"x"},
		Plug: []ovs.Plug{{Netdev: "x0", IfaceID: "x", Marker: ovs.Marker{LogicalPort: "x", Function: "f", Request: "r"}}}}
	d.await(t, "the other one is the next that gets the lock", func(ovs.View) bool {
		return other.View().Complete && errors.Is(other.Apply(t.Context(), []ovs.Change{held})[0], ovs.ErrLocked)
	})
	d.local.SetBridge("br-ex")
	d.await(t, "the switch follows", func(v ovs.View) bool { return v.Bridge == "br-ex" && v.BridgeUUID != "" })
	d.r.Left([]string{"br-int"})
	d.await(t, "the other one has the lock", func(ovs.View) bool {
		d.r.Pass(t.Context()) // gives up the connection that has the first bridge's lock
		return other.View().Complete && other.Apply(t.Context(), []ovs.Change{held})[0] == nil
	})
	d.await(t, "it is tried, and refused", func(ovs.View) bool {
		s := find(t, d.r.Pass(t.Context()), "a")
		return reason.CodeOf(s.Reason) == reason.CodeTransactionFailed &&
			strings.Contains(s.Reason.Message, "another representord writes to this bridge")
	})
	if r := d.local.View().Interfaces["pf0vf0"]; r != before {
		t.Fatalf("the row is %+v, and was %+v", r, before)
	}
	stop()
	d.await(t, "the row has moved", func(v ovs.View) bool {
		d.r.Pass(t.Context())
		return v.Interfaces["pf0vf0"].Bridge == "br-ex"
	})
	v := d.local.View()
	if r := v.Interfaces["pf0vf0"]; r.IfaceID != "a" || r.Marker != before.Marker || v.Interfaces["x0"].Bridge != "br-int" {
		t.Errorf("the row is %+v; x0 is %+v", r, v.Interfaces["x0"])
	}
}

// What leaks on the bridge that was is removed there, with its lock.
func TestMoveHere_OnARealServerALeakOnTheBridgeThatWasIsClosed(t *testing.T) {
	t.Parallel()
	for name, bridge := range map[string]string{"the present one is there": "br-ex", "the present one is yet to be made": "br-new"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, "pf0vf0", nil)
			d.r.Pass(t.Context())
			d.local.SetBridge(bridge)
			d.await(t, "the switch follows", func(v ovs.View) bool { return v.Bridge == bridge && (v.BridgeUUID != "") == (bridge == "br-ex") })
			d.cloud.with(func() { d.cloud.index = testcard.Index(testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 11}) })
			d.r.Pass(t.Context())
			if r := d.local.View().Interfaces["pf0vf0"]; r.Bridge != "br-int" {
				t.Fatalf("a bridge of which we have no lock: the row is %+v", r)
			}
			d.r.Left([]string{"br-int"})
			d.await(t, "the row is gone", func(v ovs.View) bool {
				d.r.Pass(t.Context()) // the first one gives up the connection that has the first bridge's lock
				_, there := v.Interfaces["pf0vf0"]
				return !there
			})
			if n := d.r.Report().Leaks; n != 1 {
				t.Errorf("%d leaks are counted", n)
			}
		})
	}
}

// Each try takes the lock of that bridge, and so wakes the next pass.
func TestMoveHere_ALeakThatTheDatabaseRefusesIsTriedAtItsPace(t *testing.T) {
	c := newCloud(testcard.Index(testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 11}))
	c.actual = plantest.BridgeWith(plantest.Behind("z", "pf0vf0", 0, 0, 0))
	c.refuse["z"] = errors.New("I/O error")
	r := c.reconciler(nil)
	r.Left([]string{"br-old"})
	for range 10 {
		r.Pass(t.Context())
	}
	if n := r.Report().Failures; n != 1 {
		t.Errorf("refused %d times", n)
	}
}
