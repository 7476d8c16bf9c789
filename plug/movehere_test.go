package plug

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
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
	if len(d.Changes) != 1 || len(d.Changes[0].Unplug) != 1 || !d.Changes[0].Unplug[0].Moved || len(d.Changes[0].Plug) != 1 ||
		statusOf(t, d, "a").State != Pending {
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
			if s.State != Conflict || !strings.Contains(s.Reason.Message, "ovs-vsctl") && codeOf(s.Reason) != reason.CodeBuiltInProvider {
				t.Errorf("%+v", s)
			}
		})
	}
}

// Its netdev may have been renamed since, or be renamed before it moves.
func TestMoveHere_ARowThatHasAnOlderNameMovesWithItsFunction(t *testing.T) {
	in := leftInput(behind("a", "pf0vf0", 0, 0, 10))
	in.Index = indexOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10})
	d := planWith(in)
	if diff := cmp.Diff([]string{"-pf0vf0 +ens1=a"}, did(d)); diff != "" || !d.Changes[0].Unplug[0].Moved {
		t.Errorf("planned (-want +got):\n%s", diff)
	}
	in.Actual = bridgeWith(behind("a", "pf0vf0", 0, 0, 10), ourRow("a", "ens1", 0, 0, 0)) // it is plugged here already
	if diff := cmp.Diff([]string{"-pf0vf0"}, did(planWith(in))); diff != "" {
		t.Errorf("planned (-want +got):\n%s", diff)
	}
}

// ovn-controller leaves its flows on the bridge that was, and ovs-vswitchd forwards by them.
func TestMoveHere_ARowThatCarriesAnotherFunctionGoesAtOnce(t *testing.T) {
	mine := netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}
	for name, tt := range map[string]struct {
		row  ovs.Interface
		devs []netdev
	}{
		"its name is another function's": {behind("a", "pf0vf0", 0, 0, 0), []netdev{mine, {pf: 0, vf: 1, name: "pf0vf0", ifindex: 11}}},
		"another function's netdev is open under it": {
			behind("a", "ens1", 0, 0, 11), []netdev{mine, {pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}}},
		"its own function is away": {behind("a", "pf0vf0", 0, 0, 0), []netdev{{pf: 0, vf: 1, name: "pf0vf0", ifindex: 11}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := leftInput(tt.row)
			in.Index, in.Asked.Connected = indexOf(tt.devs...), false
			d := planWith(in)
			if len(d.Changes) != 1 || len(d.Changes[0].Unplug) != 1 || !d.Changes[0].Unplug[0].Leak ||
				!d.Changes[0].Unplug[0].Moved || len(d.Leaks) != 1 {
				t.Errorf("planned %v: %+v", did(d), d.Changes)
			}
			in.Left = nil // somebody else's bridge
			if d := planWith(in); len(d.Changes) != 0 {
				t.Errorf("on a bridge that isn't ours, planned %v", did(d))
			}
		})
	}
}

// A port's row was left behind, and the port is gone. Another one gets the function, whose netdev
// may have another name by now.
func TestMoveHere_ARowOfAnotherPortForTheSameFunctionGoesWhenTheSouthboundWasAskedAboutBoth(t *testing.T) {
	for _, name := range []string{"pf0vf0", "ens1"} {
		t.Run(name, func(t *testing.T) {
			in := leftInput(behind("z", "pf0vf0", 0, 0, 10))
			in.Index = indexOf(netdev{pf: 0, vf: 0, name: name, ifindex: 10})
			if d := Plan(in); len(d.Changes) != 0 || !slices.Equal(d.Doubts, []string{"a", "z"}) || statusOf(t, d, "a").State != Pending {
				t.Errorf("nobody was asked, planned %v, doubts %v", did(d), d.Doubts)
			}
			d := planWith(in)
			if diff := cmp.Diff([]string{"-pf0vf0 +" + name + "=a"}, did(d)); diff != "" || !d.Changes[0].Unplug[0].Moved {
				t.Errorf("planned (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"-pf0vf0 +" + name + "=z"}, did(planWith(in, asks("z", 0, 0)))); diff != "" {
				t.Errorf("its port asks for it as well, and has it: planned (-want +got):\n%s", diff)
			}
			in.Hold.All = true
			if d := planWith(in); len(d.Changes) != 0 || !slices.Contains(d.SouthboundHeld, "z") {
				t.Errorf("under a hold, planned %v, held %v", did(d), d.SouthboundHeld)
			}
		})
	}
}

func TestMoveHere_ARowOfAPortThatMayAskForItsFunctionStays(t *testing.T) {
	in := leftInput(behind("z", "pf0vf0", 0, 0, 10))
	z := asks("z", 0, 0)
	z.Request.Query.CardSerial = "MT1" // which this card doesn't tell
	in.Asked = trusted(asks("a", 0, 0), z)
	if d := planWith(in, asks("a", 0, 0), z); len(d.Changes) != 0 || statusOf(t, d, "a").State != Pending {
		t.Errorf("planned %v, %+v", did(d), statusOf(t, d, "a"))
	}
}

func TestMoveHere_ALeakThatCannotBeClosedIsTold(t *testing.T) {
	in := leftInput(behind("z", "pf0vf0", 0, 0, 0))
	in.Index = indexOf(netdev{pf: 0, vf: 1, name: "pf0vf0", ifindex: 11})
	if s := statusOf(t, planWith(in), "z"); s.State != Held || !strings.Contains(s.Reason.Message, "br-old") {
		t.Errorf("%+v", s)
	}
}

func TestMoveHere_NoPortIsPluggedBesideARowForTheSameFunction(t *testing.T) {
	in := leftInput(behind("a", "pf0vf0", 0, 0, 10), ourRow("b", "old", 0, 0, 0))
	in.Asked = trusted(asks("a", 0, 0), fated(asks("b", 0, 0), ovn.Kept))
	if diff := cmp.Diff([]string{"-pf0vf0 -old +pf0vf0=a"}, did(planWith(in, asks("a", 0, 0), fated(asks("b", 0, 0), ovn.Kept)))); diff != "" {
		t.Errorf("planned (-want +got):\n%s", diff)
	}
	in.Hold.All = true
	if d := planWith(in, asks("a", 0, 0), fated(asks("b", 0, 0), ovn.Kept)); len(d.Changes) != 0 {
		t.Errorf("under a hold, planned %v", did(d))
	}
}

// After a restart the rows are all that tells which Southbound was before.
func TestMoveHere_UnderAHoldTheRowGoesOnToNameTheSouthboundThatItAnswers(t *testing.T) {
	row := behind("a", "pf0vf0", 0, 0, 10)
	row.Southbound = "SB_Global sb0"
	in := leftInput(row)
	in.Hold.All = true
	d := planWith(in)
	if len(d.Changes) != 1 || len(d.Changes[0].Plug) != 1 || d.Changes[0].Plug[0].Southbound != "SB_Global sb0" {
		t.Errorf("planned %v: %+v", did(d), d.Changes)
	}
	in.Hold.All = false
	if d := planWith(in); len(d.Changes) != 1 || d.Changes[0].Plug[0].Southbound != "SB_Global sb1" {
		t.Errorf("accepted, planned %v: %+v", did(d), d.Changes)
	}
}

func TestMoveHere_ARowForWhatItsPortAsksForNoMoreIsAWarningWithTheCommand(t *testing.T) {
	in := leftInput(behind("a", "pf0vf0", 0, 0, 10))
	in.Asked = trusted(asks("a", 0, 1))
	d := planWith(in)
	s := statusOf(t, d, "a")
	if diff := cmp.Diff([]string{"+pf0vf1=a"}, did(d)); diff != "" || len(s.Warnings) != 1 ||
		!strings.Contains(s.Warnings[0].Message, "ovs-vsctl del-port pf0vf0") {
		t.Errorf("%+v; planned (-want +got):\n%s", s, diff)
	}
}

func TestMoveHere_ARowThatNothingAsksForIsNamedWithTheCommand(t *testing.T) {
	d := planWith(leftInput(behind("z", "pf0vf1", 0, 1, 11)))
	s := statusOf(t, d, "z")
	if s.State != Conflict || codeOf(s.Reason) != reason.CodeForeignName ||
		!strings.Contains(s.Reason.Message, "ovs-vsctl del-port pf0vf1") {
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
		return codeOf(s.Reason) == reason.CodeTransactionFailed &&
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
			d.cloud.with(func() { d.cloud.index = indexOf(netdev{pf: 0, vf: 1, name: "pf0vf0", ifindex: 11}) })
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

// A control plane that is ill gives all functions to other ports.
func TestMoveHere_WhatMakesRoomForOthersAllAtOnceIsHeld(t *testing.T) {
	const n = 4
	var rows []ovs.Interface
	var devs []netdev
	var bs []ovn.Binding
	waited := map[string]bool{}
	for vf := range n {
		name := fmt.Sprintf("pf0vf%d", vf)
		rows = append(rows, behind(fmt.Sprintf("z%d", vf), name, 0, vf, uint32(10+vf)))
		devs = append(devs, netdev{pf: 0, vf: vf, name: name, ifindex: uint32(10 + vf)})
		bs = append(bs, asks(fmt.Sprintf("a%d", vf), 0, vf))
		waited[fmt.Sprintf("z%d", vf)] = true
	}
	in := leftInput(rows...)
	in.Asked, in.Index = trusted(bs...), indexOf(devs...)
	if d := planWith(in, bs...); len(d.Changes) != 0 || len(d.MassHeld) != n ||
		codeOf(statusOf(t, d, "a0").Reason) != reason.CodeMassUnplug {
		t.Errorf("planned %v; held %v", did(d), d.MassHeld)
	}
	in.Hold.Waited = waited
	if d := planWith(in, bs...); len(d.Changes) != n {
		t.Errorf("they have waited; planned %v", did(d))
	}
}

// Each try takes the lock of that bridge, and so wakes the next pass.
func TestMoveHere_ALeakThatTheDatabaseRefusesIsTriedAtItsPace(t *testing.T) {
	c := newCloud(indexOf(netdev{pf: 0, vf: 1, name: "pf0vf0", ifindex: 11}))
	c.actual = bridgeWith(behind("z", "pf0vf0", 0, 0, 0))
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
