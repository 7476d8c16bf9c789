package invariants

import (
	"testing"
	"time"
)

func TestOpened_ANetdevOfAnotherIsOpenForShortOnly(t *testing.T) {
	a := row("1", "n0", "a", 0)
	away := card().with(pf+"vf0", Netdev{})
	for _, c := range []struct {
		name   string
		row    Row
		card   Card
		vports map[int]bool
		want   string // of the violation after Grace
		late   string // and after Unclaimed
	}{
		{"its own", a, card(), map[int]bool{10: true}, "", ""},
		{"its own under another name", a, card().with(pf+"vf0", Netdev{"new", 10}), map[int]bool{10: true}, "", ""},
		{"another function's", changed(a, func(r *Row) { r.IfIndex = 11 }), away, nil, "vf1", "vf1"},
		{"another function's in the datapath alone", changed(a, func(r *Row) { r.IfIndex, r.Ofport = 0, -1 }),
			away.with(pf+"vf1", Netdev{"n0", 11}), map[int]bool{11: true}, "vf1", "vf1"},
		{"another function's that isn't open", changed(a, func(r *Row) { r.IfIndex, r.Ofport = 0, -1 }), away.with(pf+"vf1", Netdev{"n0", 11}),
			map[int]bool{}, "", ""},
		{"an uplink's", changed(a, func(r *Row) { r.IfIndex = 3 }), away.withLink(3, "n0", true), nil, "no function's", "no function's"},
		{"that of no devlink port", changed(a, func(r *Row) { r.IfIndex = 4 }), away.withLink(4, "n0", false), nil, "", "no devlink port claims"},
		{"one that is no more", changed(a, func(r *Row) { r.IfIndex = 99 }), away, nil, "", ""},
		{"another function's, under a row that carries nobody's name",
			changed(a, func(r *Row) { r.IfIndex, r.Parked = 11, true }), away, nil, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			truth := truth().having(always(c.card))
			truth.Unclaimed = 10 * time.Second
			var o Opened
			state := having(c.row)
			wantViolation(t, o.Look(state, c.vports, truth, at(0)), "")
			wantViolation(t, o.Look(state, c.vports, truth, at(1.9)), "")
			found := o.Look(state, c.vports, truth, at(2.1))
			wantViolation(t, found, c.want)
			found = append(found, o.Look(state, c.vports, truth, at(10.1))...)
			wantViolation(t, found, c.late)
			if (c.late != "") != (o.Count == 1 && o.Open() == 1 && o.Longest > 10*time.Second) {
				t.Errorf("%d, longest %v", o.Count, o.Longest)
			}
		})
	}
}

func TestOpened_ANetdevThatTheDatapathKeepsIsOpenThoughItsRowIsGone(t *testing.T) {
	a := changed(row("1", "n0", "a", 0), func(r *Row) { r.IfIndex = 11 })
	truth := truth().having(always(card().with(pf+"vf0", Netdev{}).with(pf+"vf1", Netdev{"n0", 11})))
	var o Opened
	wantViolation(t, o.Look(having(a), map[int]bool{11: true}, truth, at(0)), "")
	wantViolation(t, o.Look(having(), map[int]bool{11: true}, truth, at(1)), "")
	wantViolation(t, o.Look(having(), map[int]bool{11: true}, truth, at(2.5)), "vf1")
	wantViolation(t, o.Look(having(), map[int]bool{}, truth, at(3)), "")
	if o.Open() != 0 || o.Longest != 3*time.Second || !o.Closed.Equal(at(3)) {
		t.Errorf("%d open, longest %v, closed %v", o.Open(), o.Longest, o.Closed)
	}
}

func TestOpened_TheRightRowTakesOverWhatWasOpenUnderAWrongOne(t *testing.T) {
	a := changed(row("1", "n0", "a", 0), func(r *Row) { r.IfIndex = 11 })
	b := changed(row("2", "n0", "b", 1), func(r *Row) { r.IfIndex = 0 })
	truth := truth().having(always(card().with(pf+"vf0", Netdev{}).with(pf+"vf1", Netdev{"n0", 11})))
	var o Opened
	o.Look(having(a), map[int]bool{11: true}, truth, at(0))
	o.Look(having(b), map[int]bool{11: true}, truth, at(1))
	if o.Open() != 1 {
		t.Error("closed before ovs-vswitchd has the netdev under the right row")
	}
	b.IfIndex = 11
	o.Look(having(b), map[int]bool{11: true}, truth, at(1.5))
	if o.Open() != 0 || o.Longest != 1500*time.Millisecond {
		t.Errorf("%d open, longest %v", o.Open(), o.Longest)
	}
}

func TestOpened_TheTimeInWhichRepresentordCanDoNothingIsNotCounted(t *testing.T) {
	a := changed(row("1", "n0", "a", 0), func(r *Row) { r.IfIndex = 11 })
	stalled := truth().having(always(card().with(pf+"vf0", Netdev{})))
	stalled.LocalStalls = []Span{{From: at(0), To: at(30)}}
	var o Opened
	wantViolation(t, o.Look(having(a), nil, stalled, at(0)), "")
	wantViolation(t, o.Look(having(a), nil, stalled, at(31)), "")
	o.Look(having(), nil, stalled, at(31.5))
	if o.Longest != 31500*time.Millisecond || o.Acting != 1500*time.Millisecond {
		t.Errorf("longest %v, of representord's time %v", o.Longest, o.Acting)
	}
}

func TestOpened_ANetdevStaysUnderTheRowThatItCameUnderWhateverItsName(t *testing.T) {
	a := changed(row("1", "n0", "a", 0), func(r *Row) { r.IfIndex, r.Ofport = 0, 0 })
	b := changed(row("2", "n1", "b", 1), func(r *Row) { r.IfIndex, r.Ofport = 0, 0 })
	renamed := truth().having(always(card()).then(1, card().with(pf+"vf0", Netdev{}).with(pf+"vf1", Netdev{"n0", 11})))
	var o Opened
	o.Look(having(a, b), map[int]bool{11: true}, renamed, at(0))
	o.Look(having(a, b), map[int]bool{11: true}, renamed, at(2))
	if o.Count != 0 {
		t.Error("b's netdev, which came under b's row, counts as open under a's since it has that name")
	}
	o.Look(having(a, b), map[int]bool{}, renamed, at(3))
	o.Look(having(a, b), map[int]bool{11: true}, renamed, at(4))
	if o.Open() != 1 {
		t.Error("b's netdev came under a's row, and doesn't count")
	}
}

func TestOpened_APortThatOVSVSwitchdHasEndedForwardsForNoRowThoughTheDatapathKeepsIt(t *testing.T) {
	// ovs-vswitchd had vf1's netdev open under n1 until it was renamed to n0. It ended that
	// port, and could not take the netdev out of the datapath.
	n0 := changed(row("1", "n0", "a", 0), func(r *Row) { r.IfIndex, r.Ofport = 0, 0 })
	n1 := row("2", "n1", "b", 1)
	truth := truth().having(always(card().with(pf+"vf0", Netdev{}).with(pf+"vf1", Netdev{"n0", 11})))
	failed := changed(n0, func(r *Row) { r.Ofport = -1 })
	for _, c := range []struct {
		name    string
		says    Row
		settled bool // the datapath was looked at, and had let go, after it was said
		want    string
	}{
		{"it failed to open what has the name by then", changed(n1, func(r *Row) { r.IfIndex, r.Ofport = 0, -1 }), false, ""},
		{"it opened what has the name by then", changed(n1, func(r *Row) { r.IfIndex, r.Parked = 10, true }), false, ""},
		{"and what is in the datapath came later", changed(n1, func(r *Row) { r.IfIndex, r.Ofport = 0, -1 }), true, "vf1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o Opened
			o.Look(having(n0, n1), nil, truth, at(0))
			o.Look(having(n0, c.says), nil, truth, at(0.1))
			if c.settled {
				o.Settle(map[int]bool{})
			}
			found := o.Look(having(failed, c.says), map[int]bool{11: true}, truth, at(0.2))
			found = append(found, o.Look(having(failed, c.says), map[int]bool{11: true}, truth, at(3))...)
			wantViolation(t, found, c.want)
		})
	}
}

func TestOpened_AWrongNetdevWhosePortOVSVSwitchdHasEndedIsOpenNoLonger(t *testing.T) {
	a := changed(row("1", "n0", "a", 0), func(r *Row) { r.IfIndex = 11 })
	truth := truth().having(always(card().with(pf+"vf0", Netdev{}).with(pf+"vf1", Netdev{"n9", 11})))
	var o Opened
	wantViolation(t, o.Look(having(a), map[int]bool{11: true}, truth, at(0)), "")
	said := changed(a, func(r *Row) { r.IfIndex, r.Ofport = 0, -1 })
	wantViolation(t, o.Look(having(said), map[int]bool{11: true}, truth, at(1)), "")
	wantViolation(t, o.Look(having(), map[int]bool{11: true}, truth, at(5)), "")
	if o.Open() != 0 || o.Count != 1 || o.Longest != time.Second {
		t.Errorf("%d open, %d in all, longest %v", o.Open(), o.Count, o.Longest)
	}
}
