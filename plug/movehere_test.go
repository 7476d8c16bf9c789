package plug

import (
	"strings"
	"testing"

	"github.com/representord/representord/ovn"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// behind is a row of ours on the bridge that was.
func behind(lport, name string, pf, vf int, ifindex uint32) ovs.Interface {
	r := ourRow(lport, name, pf, vf, ifindex)
	r.Bridge = "br-old"
	return r
}

func leftInput(rows ...ovs.Interface) Input {
	return Input{
		Asked: trusted(asks("a", 0, 0)), Index: indexOf(oneVF(), netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}),
		Actual: bridgeWith(rows...), Left: map[string]bool{"br-old": true},
	}
}

func TestMoveHere_ARowOnTheBridgeThatWasMovesInOneTransaction(t *testing.T) {
	d := planWith(leftInput(behind("a", "pf0vf0", 0, 0, 10)))
	if len(d.Changes) != 1 || len(d.Changes[0].Unplug) != 1 || !d.Changes[0].Unplug[0].Moved || len(d.Changes[0].Plug) != 1 || statusOf(t, d, "a").State != Pending {
		t.Errorf("planned %v: %+v", did(d), d.Changes)
	}
}

func TestMoveHere_WhatIsNotForExactlyThisRequestStaysAndIsNamedWithTheCommand(t *testing.T) {
	edit := func(f func(*ovs.Interface)) ovs.Interface {
		r := behind("a", "pf0vf0", 0, 0, 10)
		f(&r)
		return r
	}
	for name, in := range map[string]Input{
		"another port's":           leftInput(behind("b", "pf0vf0", 0, 0, 10)),
		"another function's":       leftInput(behind("a", "pf0vf0", 0, 1, 10)),
		"not ours":                 leftInput(edit(func(r *ovs.Interface) { r.Marked, r.Marker = false, ovs.Marker{} })),
		"the built-in provider's":  leftInput(edit(func(r *ovs.Interface) { r.OVNPlugged = "representor" })),
		"a bond's":                 leftInput(edit(func(r *ovs.Interface) { r.PortName, r.PortInterfaces = "bond0", 2 })),
		"on a bridge that's kept":  leftInput(edit(func(r *ovs.Interface) { r.Bridge = "br-other" })),
		"one that has lost a mark": leftInput(edit(func(r *ovs.Interface) { r.Marker.Function = "" })),
	} {
		t.Run(name, func(t *testing.T) {
			in.Asked = trusted(asks("a", 0, 0), asks("b", 0, 1))
			d := planWith(in)
			for _, c := range d.Changes {
				if len(c.Unplug) > 0 {
					t.Errorf("planned %v", did(d))
				}
			}
			s := statusOf(t, d, "a")
			if s.State != Conflict || !strings.Contains(s.Reason.Message, "ovs-vsctl") && codeOf(s.Reason) != representor.CodeBuiltInProvider {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestMoveHere_ARowThatNothingAsksForIsNamedWithTheCommand(t *testing.T) {
	d := planWith(leftInput(behind("z", "pf0vf1", 0, 1, 11)))
	s := statusOf(t, d, "z")
	if s.State != Conflict || codeOf(s.Reason) != representor.CodeForeignName || !strings.Contains(s.Reason.Message, "ovs-vsctl del-port pf0vf1") {
		t.Errorf("%+v", s)
	}
	for _, c := range d.Changes {
		if len(c.Unplug) > 0 {
			t.Errorf("planned %v", did(d))
		}
	}
}

func TestMoveHere_NothingMovesWhileTheSouthboundCannotBeTrusted(t *testing.T) {
	for name, edit := range map[string]func(*ovn.View){
		"not connected": func(v *ovn.View) { v.Connected = false }, "no Chassis row": func(v *ovn.View) { v.ChassisKnown = false },
	} {
		in := leftInput(behind("a", "pf0vf0", 0, 0, 10))
		edit(&in.Asked)
		if d := planWith(in); len(d.Changes) != 0 {
			t.Errorf("%s: planned %v", name, did(d))
		}
	}
}

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
	d.local.SetBridge("br-ex")
	d.await(t, "the switch follows", func(v ovs.View) bool { return v.Bridge == "br-ex" && v.BridgeUUID != "" })
	d.r.Left([]string{"br-int"})
	held := ovs.Change{LogicalPorts: []string{"x"}, Plug: []ovs.Plug{{Netdev: "x0", IfaceID: "x", Marker: ovs.Marker{LogicalPort: "x", Function: "f", Request: "r"}}}}
	d.await(t, "the other one has the lock", func(ovs.View) bool {
		d.r.Pass(t.Context()) // gives up the connection that has the first bridge's lock
		return other.View().Complete && other.Apply(t.Context(), []ovs.Change{held})[0] == nil
	})
	d.await(t, "it is tried, and refused", func(ovs.View) bool {
		s := find(t, d.r.Pass(t.Context()), "a")
		return codeOf(s.Reason) == representor.CodeTransactionFailed && strings.Contains(s.Reason.Message, "another representord writes to this bridge")
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
