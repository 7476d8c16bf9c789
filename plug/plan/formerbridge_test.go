package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func leftInput(rows ...ovs.Interface) Input {
	return Input{
		Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: testcard.Index(testcard.OneVF(),
			testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}),
		Actual: plantest.BridgeWith(rows...), Left: map[string]bool{"br-old": true},
	}
}

func TestMoveHere_ARowOnTheBridgeThatWasMovesInOneTransaction(t *testing.T) {
	d := planWith(leftInput(plantest.Behind("a", "pf0vf0", 0, 0, 10)))
	if len(d.Changes) != 1 || len(d.Changes[0].Unplug) != 1 || !d.Changes[0].Unplug[0].Moved || len(d.Changes[0].Plug) != 1 ||
		statusOf(t, d, "a").State != Pending {
		t.Errorf("planned %v: %+v", did(d), d.Changes)
	}
}

func TestMoveHere_WhatIsNotForExactlyThisRequestStaysAndIsNamedWithTheCommand(t *testing.T) {
	edit := func(f func(*ovs.Interface)) ovs.Interface {
		r := plantest.Behind("a", "pf0vf0", 0, 0, 10)
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
			in.Asked = plantest.Trusted(plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1))
			d := planWith(in)
			for _, c := range d.Changes {
				if len(c.Unplug) > 0 {
					t.Errorf("planned %v", did(d))
				}
			}
			s := statusOf(t, d, "a")
			if s.State != Conflict || !strings.Contains(s.Reason.Message, "ovs-vsctl") && reason.CodeOf(s.Reason) != reason.CodeBuiltInProvider {
				t.Errorf("%+v", s)
			}
		})
	}
}

// Its netdev may have been renamed since, or be renamed before it moves.
func TestMoveHere_ARowThatHasAnOlderNameMovesWithItsFunction(t *testing.T) {
	in := leftInput(plantest.Behind("a", "pf0vf0", 0, 0, 10))
	in.Index = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10})
	d := planWith(in)
	if diff := cmp.Diff([]string{"-pf0vf0 +ens1=a"}, did(d)); diff != "" || !d.Changes[0].Unplug[0].Moved {
		t.Errorf("planned (-want +got):\n%s", diff)
	}
	// it is plugged here already
	in.Actual = plantest.BridgeWith(plantest.Behind("a", "pf0vf0", 0, 0, 10), plantest.OurRow("a", "ens1", 0, 0, 0))
	if diff := cmp.Diff([]string{"-pf0vf0"}, did(planWith(in))); diff != "" {
		t.Errorf("planned (-want +got):\n%s", diff)
	}
}

// ovn-controller leaves its flows on the bridge that was, and ovs-vswitchd forwards by them.
func TestMoveHere_ARowThatCarriesAnotherFunctionGoesAtOnce(t *testing.T) {
	mine := testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}
	for name, tt := range map[string]struct {
		row  ovs.Interface
		devs []testcard.Netdev
	}{
		"its name is another function's": {plantest.Behind("a", "pf0vf0", 0, 0, 0),
			[]testcard.Netdev{mine, {PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 11}}},
		"another function's netdev is open under it": {
			plantest.Behind("a", "ens1", 0, 0, 11), []testcard.Netdev{mine, {PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}}},
		"its own function is away": {plantest.Behind("a", "pf0vf0", 0, 0, 0), []testcard.Netdev{{PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 11}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := leftInput(tt.row)
			in.Index, in.Asked.Connected = testcard.Index(tt.devs...), false
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

// A port's row is on a former bridge, and the port is gone. Another one gets the function, whose netdev
// may have another name by now.
func TestMoveHere_ARowOfAnotherPortForTheSameFunctionGoesWhenTheSouthboundWasAskedAboutBoth(t *testing.T) {
	for _, name := range []string{"pf0vf0", "ens1"} {
		t.Run(name, func(t *testing.T) {
			in := leftInput(plantest.Behind("z", "pf0vf0", 0, 0, 10))
			in.Index = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: name, IfIndex: 10})
			if d := Plan(in); len(d.Changes) != 0 || !slices.Equal(d.Unconfirmed, []string{"a", "z"}) || statusOf(t, d, "a").State != Pending {
				t.Errorf("nobody was asked, planned %v, doubts %v", did(d), d.Unconfirmed)
			}
			d := planWith(in)
			if diff := cmp.Diff([]string{"-pf0vf0 +" + name + "=a"}, did(d)); diff != "" || !d.Changes[0].Unplug[0].Moved {
				t.Errorf("planned (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"-pf0vf0 +" + name + "=z"}, did(planWith(in, plantest.Asks("z", 0, 0)))); diff != "" {
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
	in := leftInput(plantest.Behind("z", "pf0vf0", 0, 0, 10))
	z := plantest.Asks("z", 0, 0)
	z.Request.Query.CardSerial = "MT1" // which this card doesn't tell
	in.Asked = plantest.Trusted(plantest.Asks("a", 0, 0), z)
	if d := planWith(in, plantest.Asks("a", 0, 0), z); len(d.Changes) != 0 || statusOf(t, d, "a").State != Pending {
		t.Errorf("planned %v, %+v", did(d), statusOf(t, d, "a"))
	}
}

func TestMoveHere_ALeakThatCannotBeClosedIsTold(t *testing.T) {
	in := leftInput(plantest.Behind("z", "pf0vf0", 0, 0, 0))
	in.Index = testcard.Index(testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 11})
	if s := statusOf(t, planWith(in), "z"); s.State != Held || !strings.Contains(s.Reason.Message, "br-old") {
		t.Errorf("%+v", s)
	}
}

func TestMoveHere_NoPortIsPluggedBesideARowForTheSameFunction(t *testing.T) {
	in := leftInput(plantest.Behind("a", "pf0vf0", 0, 0, 10), plantest.OurRow("b", "old", 0, 0, 0))
	in.Asked = plantest.Trusted(plantest.Asks("a", 0, 0), plantest.Classified(plantest.Asks("b", 0, 0), southbound.Kept))
	if diff := cmp.Diff([]string{"-pf0vf0 -old +pf0vf0=a"}, did(planWith(in, plantest.Asks("a", 0, 0),
		plantest.Classified(plantest.Asks("b", 0, 0), southbound.Kept)))); diff != "" {
		t.Errorf("planned (-want +got):\n%s", diff)
	}
	in.Hold.All = true
	if d := planWith(in, plantest.Asks("a", 0, 0), plantest.Classified(plantest.Asks("b", 0, 0), southbound.Kept)); len(d.Changes) != 0 {
		t.Errorf("under a hold, planned %v", did(d))
	}
}

// After a restart the rows are all that tells which Southbound was before.
func TestMoveHere_UnderAHoldTheRowGoesOnToNameTheSouthboundThatItAnswers(t *testing.T) {
	row := plantest.Behind("a", "pf0vf0", 0, 0, 10)
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
	in := leftInput(plantest.Behind("a", "pf0vf0", 0, 0, 10))
	in.Asked = plantest.Trusted(plantest.Asks("a", 0, 1))
	d := planWith(in)
	s := statusOf(t, d, "a")
	if diff := cmp.Diff([]string{"+pf0vf1=a"}, did(d)); diff != "" || len(s.Warnings) != 1 ||
		!strings.Contains(s.Warnings[0].Message, "ovs-vsctl del-port pf0vf0") {
		t.Errorf("%+v; planned (-want +got):\n%s", s, diff)
	}
}

func TestMoveHere_ARowThatNothingAsksForIsNamedWithTheCommand(t *testing.T) {
	d := planWith(leftInput(plantest.Behind("z", "pf0vf1", 0, 1, 11)))
	s := statusOf(t, d, "z")
	if s.State != Conflict || reason.CodeOf(s.Reason) != reason.CodeForeignName ||
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
	for name, edit := range map[string]func(*southbound.View){
		"not connected": func(v *southbound.View) { v.Connected = false }, "no Chassis row": func(v *southbound.View) { v.ChassisKnown = false },
	} {
		in := leftInput(plantest.Behind("a", "pf0vf0", 0, 0, 10))
		edit(&in.Asked)
		if d := planWith(in); len(d.Changes) != 0 {
			t.Errorf("%s: planned %v", name, did(d))
		}
	}
}

// A control plane that is ill gives all functions to other ports.
func TestMoveHere_WhatMakesRoomForOthersAllAtOnceIsHeld(t *testing.T) {
	const n = 4
	var rows []ovs.Interface
	var devs []testcard.Netdev
	var bs []southbound.Binding
	waited := map[string]bool{}
	for vf := range n {
		name := fmt.Sprintf("pf0vf%d", vf)
		rows = append(rows, plantest.Behind(fmt.Sprintf("z%d", vf), name, 0, vf, uint32(10+vf)))
		devs = append(devs, testcard.Netdev{PF: 0, VF: vf, Name: name, IfIndex: uint32(10 + vf)})
		bs = append(bs, plantest.Asks(fmt.Sprintf("a%d", vf), 0, vf))
		waited[fmt.Sprintf("z%d", vf)] = true
	}
	in := leftInput(rows...)
	in.Asked, in.Index = plantest.Trusted(bs...), testcard.Index(devs...)
	if d := planWith(in, bs...); len(d.Changes) != 0 || len(d.MassHeld) != n ||
		reason.CodeOf(statusOf(t, d, "a0").Reason) != reason.CodeMassUnplug {
		t.Errorf("planned %v; held %v", did(d), d.MassHeld)
	}
	in.Hold.Waited = waited
	if d := planWith(in, bs...); len(d.Changes) != n {
		t.Errorf("they have waited; planned %v", did(d))
	}
}
