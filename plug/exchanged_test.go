package plug

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// exchanged is a card whose two PFs have each other's MAC: what was asked for by the first PF's
// is a function of the second one now.
func exchanged(devs ...netdev) representor.Card {
	card := cardOf(devs...)
	one, two := pfMAC(1), pfMAC(0)
	card.Ports[0].Function, card.Ports[1].Function = &devlink.Function{HWAddr: one[:]}, &devlink.Function{HWAddr: two[:]}
	return card
}

func TestExchanged_ARowForAnotherFunctionThanItsRequestMeansMakesRoomForThePortThatAsksForThat(t *testing.T) {
	first, second := netdev{pf: 0, vf: 0, name: "pf0vf0", ifindex: 10}, netdev{pf: 1, vf: 0, name: "pf1vf0", ifindex: 20}
	away := second
	away.ifindex = 0
	a, b := asks("a", 0, 0), asks("b", 1, 0) // by the MACs of before
	rowA, rowB := ourRow("a", "pf0vf0", 0, 0, 10), ourRow("b", "pf1vf0", 1, 0, 20)
	for _, tt := range []struct {
		name string
		devs []netdev
		rows []ovs.Interface
		asks []ovn.Binding
		want []string
	}{
		{"what it means isn't there", []netdev{first}, []ovs.Interface{rowA}, []ovn.Binding{a, b}, []string{"-pf0vf0 +pf0vf0=b"}},
		{"what it means has no netdev", []netdev{first, away}, []ovs.Interface{rowA}, []ovn.Binding{a, b}, []string{"-pf0vf0 +pf0vf0=b"}},
		{"each has what the other one means", []netdev{first, second}, []ovs.Interface{rowA, rowB}, []ovn.Binding{a, b},
			[]string{"-pf0vf0 -pf1vf0 +pf1vf0=a +pf0vf0=b"}},
		{"nobody asks for what it has", []netdev{first}, []ovs.Interface{rowA}, []ovn.Binding{a}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Asked: trusted(tt.asks...), Index: representor.NewIndex(exchanged(tt.devs...), representor.Settings{}),
				Actual: bridgeWith(tt.rows...)}
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
	var devs []netdev
	var bs []ovn.Binding
	var rows []ovs.Interface
	for vf := range 4 {
		name := []string{"n0", "n1", "n2", "n3"}[vf]
		devs = append(devs, netdev{pf: 0, vf: vf, name: name, ifindex: uint32(10 + vf)})
		bs = append(bs, asks("a"+name, 0, vf), asks("b"+name, 1, vf))
		rows = append(rows, ourRow("a"+name, name, 0, vf, uint32(10+vf)))
	}
	in := Input{Asked: trusted(bs...), Index: representor.NewIndex(exchanged(devs...), representor.Settings{}), Actual: bridgeWith(rows...)}
	if d := planWith(in, bs...); len(d.Changes) != 0 || len(d.MassHeld) != 4 {
		t.Errorf("did %q, held %q", did(d), d.MassHeld)
	}
}

// The row is for another function than its request means, and nobody else asks for that.
func TestExchanged_WhatIsKeptIsLookedAfter(t *testing.T) {
	vf := netdev{pf: 0, vf: 0, name: "pf0vf0", ifindex: 10}
	renamed, down := vf, vf
	renamed.name, down.down = "ens1", true
	row := ourRow("a", "pf0vf0", 0, 0, 10)
	parked, unopened := row, row
	parked.IfaceID, parked.Parked, parked.Ofport, parked.IfIndex = "", "a", -1, 0
	unopened.Ofport, unopened.IfIndex = -1, 0
	for name, tt := range map[string]struct {
		dev  netdev
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
			a := asks("a", 0, 0)
			in := Input{Asked: trusted(a), Index: representor.NewIndex(exchanged(tt.dev), representor.Settings{}), Actual: bridgeWith(tt.row)}
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
	var bs []ovn.Binding
	var rows []ovs.Interface
	var devs []netdev
	for vf := range 4 {
		lport := fmt.Sprint("a", vf)
		for pf := range 2 {
			devs = append(devs, netdev{pf: pf, vf: vf, name: fmt.Sprintf("pf%dvf%d", pf, vf), ifindex: uint32(10 + 10*pf + vf)})
		}
		bs, rows = append(bs, asks(lport, 1, vf)), append(rows, ourRow(lport, fmt.Sprint("pf0vf", vf), 0, vf, uint32(10+vf)))
	}
	in := Input{Asked: trusted(bs...), Index: indexOf(devs...), Actual: bridgeWith(rows...)}
	for _, s := range planWith(in, bs...).Ports {
		if s.State != Held || codeOf(s.Reason) != reason.CodeMassUnplug || strings.Contains(s.Reason.Message, "same request") {
			t.Errorf("%+v", s)
		}
	}
}

// Whoever reads the status would else look for the port where it isn't.
func TestExchanged_TheStatusNamesTheFunctionThatIsPluggedThoughTheRowHasLostItsRequest(t *testing.T) {
	a := asks("a", 0, 0) // means pf1vf0 now, which isn't there
	for request, says := range map[string]string{vfQuery(0, 0).String(): "the same request means", "": "its request means"} {
		row := ourRow("a", "pf0vf0", 0, 0, 10)
		row.Marker.Request = request
		in := Input{Asked: trusted(a), Actual: bridgeWith(row),
			Index: representor.NewIndex(exchanged(netdev{pf: 0, vf: 0, name: "pf0vf0", ifindex: 10}), representor.Settings{})}
		s := statusOf(t, Plan(in), "a")
		if s.Reason == nil || !strings.Contains(s.Reason.Message, says) || s.Function != row.Marker.Function || s.Netdev != "pf0vf0" {
			t.Errorf("made for %q: %+v: %v", request, s, s.Reason)
		}
	}
}

func TestExchanged_WhatIsNotThereIsNobodys(t *testing.T) {
	a, b := asks("a", 0, 5), asks("b", 0, 5)
	x := indexOf(netdev{pf: 0, vf: 0, name: "n0", ifindex: 10}, netdev{pf: 0, vf: 1, name: "n1", ifindex: 11})
	in := Input{Asked: trusted(a, b), Index: x, Actual: bridgeWith(ourRow("a", "n0", 0, 0, 10), ourRow("b", "n1", 0, 1, 11))}
	d := planWith(in, a, b)
	for _, lport := range []string{"a", "b"} {
		if s := statusOf(t, d, lport); s.State != Pending || codeOf(s.Reason) != reason.CodeFunctionNotFound {
			t.Errorf("%+v", s)
		}
	}
}

// The MACs are dealt back between the plan and the commit.
func TestExchanged_NothingMovesThatIsMeantAsBeforeWhenItComesToTheCommit(t *testing.T) {
	devs := []netdev{{pf: 0, vf: 0, name: "pf0vf0", ifindex: 10}, {pf: 1, vf: 0, name: "pf1vf0", ifindex: 20}}
	for _, bs := range [][]ovn.Binding{{asks("a", 0, 0)}, {asks("a", 0, 0), asks("b", 1, 0)}} {
		c := newCloud(representor.NewIndex(exchanged(devs...), representor.Settings{}), bs...)
		c.actual = bridgeWith([]ovs.Interface{ourRow("a", "pf0vf0", 0, 0, 10), ourRow("b", "pf1vf0", 1, 0, 20)}[:len(bs)]...)
		d := &changingDevices{devices: devices{c}, meanwhile: func() { c.index = indexOf(devs...) }}
		c.reconciler(func(cfg *Config) { cfg.Devices = d }).Pass(t.Context())
		if c.applied != 0 {
			t.Errorf("%d ports: %d changes, rows %v", len(bs), c.applied, c.rows())
		}
		c.index = representor.NewIndex(exchanged(devs...), representor.Settings{})
		c.reconciler(nil).Pass(t.Context())
		if row := c.rows()["pf1vf0"]; row.IfaceID != "a" {
			t.Errorf("%d ports, when it lasts: rows %v", len(bs), c.rows())
		}
	}
}

// A driver fails to tell of a port, and the function's netdev says whose it is.
func TestUnlisted_ARowStaysForARequestThatMeansItsFunctionInOtherWords(t *testing.T) {
	ask := asks("a", 0, 0)
	for name, is := range map[string]ovn.Binding{"the controller": onController(ask, 1), "the card's serial number": onCard(ask, "MT1")} {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, our Chassis row is there: %v", name, known), func(t *testing.T) {
				card := shortOf("c1pf0vf0")
				card.Serials = map[devlink.Handle]representor.Serial{handle(): {Number: "MT1"}}
				in := Input{Asked: trusted(is), Index: representor.NewIndex(card, representor.Settings{}),
					Actual: bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10))}
				in.Asked.ChassisKnown = known
				if !known {
					is = fated(is, ovn.Kept)
				}
				if d := planWith(in, is); slices.ContainsFunc(d.Changes, func(c ovs.Change) bool { return len(c.Unplug) > 0 }) {
					t.Errorf("our Chassis row is known: %v: did %q", known, did(d))
				}
			})
		}
	}
}

func TestUnlisted_OfTwoRowsOfOnePortTheOneThatIsMeantStays(t *testing.T) {
	other := netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}
	card := withNetdev(cardOf(other), 10, representor.Link{Name: "pf0vf0", PortName: "c1pf0vf0", Parent: handle()})
	rows := []ovs.Interface{ourRow("a", "pf0vf0", 0, 0, 10), ourRow("a", "pf0vf1", 0, 1, 11)}
	rows[1].Marker.Request = vfQuery(0, 0).String()
	for name, bs := range map[string][]ovn.Binding{"-pf0vf1": {asks("a", 0, 0)}, "-pf0vf1 +pf0vf1=b": {asks("a", 0, 0), asks("b", 0, 1)}} {
		t.Run(name, func(t *testing.T) {
			in := Input{Asked: trusted(bs...), Index: representor.NewIndex(card, representor.Settings{}), Actual: bridgeWith(rows...)}
			if d := planWith(in, bs...); !slices.Equal(did(d), []string{name}) {
				t.Errorf("did %q\n%+v", did(d), d.Ports)
			}
		})
	}
}
