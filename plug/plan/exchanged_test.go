package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

func TestExchanged_ARowForAnotherFunctionThanItsRequestMeansMakesRoomForThePortThatAsksForThat(t *testing.T) {
	first, second := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}, testcard.Netdev{PF: 1, VF: 0, Name: "pf1vf0", IfIndex: 20}
	away := second
	away.IfIndex = 0
	a, b := plantest.Asks("a", 0, 0), plantest.Asks("b", 1, 0) // by the MACs of before
	rowA, rowB := plantest.OurRow("a", "pf0vf0", 0, 0, 10), plantest.OurRow("b", "pf1vf0", 1, 0, 20)
	for _, tt := range []struct {
		name string
		devs []testcard.Netdev
		rows []ovs.Interface
		asks []southbound.Binding
		want []string
	}{
		{"what it means isn't there", []testcard.Netdev{first}, []ovs.Interface{rowA}, []southbound.Binding{a, b}, []string{"-pf0vf0 +pf0vf0=b"}},
		{"what it means has no netdev", []testcard.Netdev{first, away}, []ovs.Interface{rowA}, []southbound.Binding{a, b},
			[]string{"-pf0vf0 +pf0vf0=b"}},
		{"each has what the other one means", []testcard.Netdev{first, second}, []ovs.Interface{rowA, rowB}, []southbound.Binding{a, b},
			[]string{"-pf0vf0 -pf1vf0 +pf1vf0=a +pf0vf0=b"}},
		{"nobody asks for what it has", []testcard.Netdev{first}, []ovs.Interface{rowA}, []southbound.Binding{a}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Asked: plantest.Trusted(tt.asks...), Index: representor.NewIndex(testcard.Exchanged(tt.devs...), representor.Settings{}),
				Actual: plantest.BridgeWith(tt.rows...)}
			d := planWith(in, tt.asks...)
			if diff := cmp.Diff(tt.want, did(d)); diff != "" {
				t.Errorf("changes (-want +got):\n%s\n%+v", diff, d.Ports)
			}
			if s := statusOf(t, d, "a"); s.State == Plugged {
				t.Errorf("a: %+v", s)
			}
		})
	}
}

func TestExchanged_WhatMakesRoomCountsForTheBrake(t *testing.T) {
	var devs []testcard.Netdev
	var bs []southbound.Binding
	var rows []ovs.Interface
	for vf := range 4 {
		name := []string{"n0", "n1", "n2", "n3"}[vf]
		devs = append(devs, testcard.Netdev{PF: 0, VF: vf, Name: name, IfIndex: uint32(10 + vf)})
		bs = append(bs, plantest.Asks("a"+name, 0, vf), plantest.Asks("b"+name, 1, vf))
		rows = append(rows, plantest.OurRow("a"+name, name, 0, vf, uint32(10+vf)))
	}
	in := Input{Asked: plantest.Trusted(bs...), Index: representor.NewIndex(testcard.Exchanged(devs...), representor.Settings{}),
		Actual: plantest.BridgeWith(rows...)}
	if d := planWith(in, bs...); len(d.Changes) != 0 || len(d.MassHeld) != 4 {
		t.Errorf("did %q, held %q", did(d), d.MassHeld)
	}
}

// The row is for another function than its request means, and nobody else asks for that.
func TestExchanged_WhatIsKeptIsLookedAfter(t *testing.T) {
	vf := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}
	renamed, down := vf, vf
	renamed.Name, down.Down = "ens1", true
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	parked, unopened := row, row
	parked.IfaceID, parked.Parked, parked.Ofport, parked.IfIndex = "", "a", -1, 0
	unopened.Ofport, unopened.IfIndex = -1, 0
	for name, tt := range map[string]struct {
		dev  testcard.Netdev
		row  ovs.Interface
		want []string
	}{
		"it was away, and is back":     {vf, parked, []string{"~pf0vf0", "nudge pf0vf0"}},
		"its netdev has another name":  {renamed, row, []string{"-pf0vf0 +ens1=a"}},
		"its link is down":             {down, row, []string{"up pf0vf0"}},
		"ovs-vswitchd didn't open it":  {vf, unopened, []string{"nudge pf0vf0"}},
		"nothing is to be done for it": {vf, row, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := plantest.Asks("a", 0, 0)
			in := Input{Asked: plantest.Trusted(a), Index: representor.NewIndex(testcard.Exchanged(tt.dev), representor.Settings{}),
				Actual: plantest.BridgeWith(tt.row)}
			d := planWith(in, a)
			got := did(d)
			for _, l := range d.LinkUps {
				got = append(got, "up "+l.Netdev)
			}
			for _, n := range d.Nudges {
				got = append(got, "nudge "+n.Interface.Name)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("did %q, want %q: %+v", got, tt.want, d.Ports)
			}
			if s := statusOf(t, d, "a"); s.State != Held && len(d.Changes) == 0 || s.State == Plugged {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestExchanged_ARequestInOtherWordsIsNotCalledTheSame(t *testing.T) {
	var bs []southbound.Binding
	var rows []ovs.Interface
	var devs []testcard.Netdev
	for vf := range 4 {
		lport := fmt.Sprint("a", vf)
		for pf := range 2 {
			devs = append(devs, testcard.Netdev{PF: pf, VF: vf, Name: fmt.Sprintf("pf%dvf%d", pf, vf), IfIndex: uint32(10 + 10*pf + vf)})
		}
		bs, rows = append(bs, plantest.Asks(lport, 1, vf)), append(rows, plantest.OurRow(lport, fmt.Sprint("pf0vf", vf), 0, vf, uint32(10+vf)))
	}
	in := Input{Asked: plantest.Trusted(bs...), Index: testcard.Index(devs...), Actual: plantest.BridgeWith(rows...)}
	for _, s := range planWith(in, bs...).Ports {
		if s.State != Held || reason.CodeOf(s.Reason) != reason.CodeMassUnplug || strings.Contains(s.Reason.Message, "same request") {
			t.Errorf("%+v", s)
		}
	}
}

// Whoever reads the status would else look for the port where it isn't.
func TestExchanged_TheStatusNamesTheFunctionThatIsPluggedThoughTheRowHasLostItsRequest(t *testing.T) {
	a := plantest.Asks("a", 0, 0) // means pf1vf0 now, which isn't there
	for request, says := range map[string]string{testcard.VFQuery(0, 0).String(): "the same request means", "": "its request means"} {
		row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
		row.Marker.Request = request
		in := Input{Asked: plantest.Trusted(a), Actual: plantest.BridgeWith(row),
			Index: representor.NewIndex(testcard.Exchanged(testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}), representor.Settings{})}
		s := statusOf(t, Plan(in), "a")
		if s.Reason == nil || !strings.Contains(s.Reason.Message, says) || s.Function != row.Marker.Function || s.Netdev != "pf0vf0" {
			t.Errorf("made for %q: %+v: %v", request, s, s.Reason)
		}
	}
}

func TestExchanged_WhatIsNotThereIsNobodys(t *testing.T) {
	a, b := plantest.Asks("a", 0, 5), plantest.Asks("b", 0, 5)
	x := testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "n0", IfIndex: 10}, testcard.Netdev{PF: 0, VF: 1, Name: "n1", IfIndex: 11})
	in := Input{Asked: plantest.Trusted(a, b), Index: x, Actual: plantest.BridgeWith(plantest.OurRow("a", "n0", 0, 0, 10),
		plantest.OurRow("b", "n1", 0, 1, 11))}
	d := planWith(in, a, b)
	for _, lport := range []string{"a", "b"} {
		if s := statusOf(t, d, lport); s.State != Pending || reason.CodeOf(s.Reason) != reason.CodeFunctionNotFound {
			t.Errorf("%+v", s)
		}
	}
}

// A driver fails to tell of a port, and the function's netdev says whose it is.
func TestUnlisted_ARowStaysForARequestThatMeansItsFunctionInOtherWords(t *testing.T) {
	ask := plantest.Asks("a", 0, 0)
	for name, is := range map[string]southbound.Binding{
		"the controller": onController(ask, 1), "the card's serial number": onCard(ask, "MT1"),
	} {
		for n, known := range []bool{true, false, true, false} {
			t.Run(fmt.Sprintf("%s, our Chassis row is there: %v, the PF is listed: %v", name, known, n < 2), func(t *testing.T) {
				card := testcard.ShortOf("c1pf0vf0")
				if n >= 2 {
					card.Ports = card.Ports[1:] // the PF's port is behind the end of the list, too
				}
				card.Serials = map[devlink.Handle]representor.Serial{testcard.Handle(): {Number: "MT1"}}
				in := Input{Asked: plantest.Trusted(is), Index: representor.NewIndex(card, representor.Settings{}),
					Actual: plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10))}
				in.Asked.ChassisKnown = known
				if !known {
					is = plantest.Classified(is, southbound.Kept)
				}
				if d := planWith(in, is); slices.ContainsFunc(d.Changes, func(c ovs.Change) bool { return len(c.Unplug) > 0 }) {
					t.Errorf("our Chassis row is known: %v: did %q", known, did(d))
				}
			})
		}
	}
}

func TestUnlisted_OfTwoRowsOfOnePortTheOneThatIsMeantStays(t *testing.T) {
	other := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
	card := testcard.WithNetdev(testcard.Of(other), 10, representor.Link{Name: "pf0vf0", PortName: "c1pf0vf0", Parent: testcard.Handle()})
	rows := []ovs.Interface{plantest.OurRow("a", "pf0vf0", 0, 0, 10), plantest.OurRow("a", "pf0vf1", 0, 1, 11)}
	rows[1].Marker.Request = testcard.VFQuery(0, 0).String()
	for name, bs := range map[string][]southbound.Binding{"-pf0vf1": {plantest.Asks("a", 0, 0)},
		"-pf0vf1 +pf0vf1=b": {plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1)}} {
		t.Run(name, func(t *testing.T) {
			in := Input{Asked: plantest.Trusted(bs...), Index: representor.NewIndex(card, representor.Settings{}),
				Actual: plantest.BridgeWith(rows...)}
			if d := planWith(in, bs...); !slices.Equal(did(d), []string{name}) {
				t.Errorf("did %q\n%+v", did(d), d.Ports)
			}
		})
	}
}
