package invariants

import (
	"strings"
	"testing"
	"time"
)

const (
	mac     = "00:53:00:00:00:42"
	pf      = "platform/card0 c1pf0"
	otherPF = "platform/card0 c1pf1"
)

// at is so many seconds after some moment.
func at(seconds float64) time.Time {
	return time.Unix(1e9, 0).Add(time.Duration(seconds * float64(time.Second)))
}

func asks(vf int) Request { return Request{Kind: Asks, PFMAC: mac, VF: vf, MTU: 1500} }

// always begins a timeline with something that was always so.
func always[T any](v T) Timeline[T] { return Timeline[T]{{Value: v, Begun: at(-100), Seen: at(-100)}} }

// then adds what came to be so, and was seen a tenth of a second later.
func (l Timeline[T]) then(seconds float64, v T) Timeline[T] {
	return append(l[:len(l):len(l)], Moment[T]{Value: v, Begun: at(seconds), Seen: at(seconds + 0.1)})
}

func card() Card {
	return Card{
		PFs:   map[string]string{pf: mac, otherPF: "00:53:00:00:00:43"},
		VFs:   map[string]Netdev{pf + "vf0": {"n0", 10}, pf + "vf1": {"n1", 11}, pf + "vf2": {}, otherPF + "vf0": {"m0", 20}},
		Links: map[int]string{10: "n0", 11: "n1", 20: "m0"},
	}
}

func (c Card) with(f string, n Netdev) Card {
	c = c.Clone()
	if old := c.VFs[f]; old.IfIndex != 0 {
		delete(c.Links, old.IfIndex)
	}
	c.VFs[f] = n
	if n.IfIndex != 0 {
		c.Links[n.IfIndex] = n.Name
	}
	return c
}

// withLink has a netdev that is no VF's, of a devlink port or of none.
func (c Card) withLink(ifindex int, name string, claimed bool) Card {
	c = c.Clone()
	c.Links[ifindex] = name
	c.Claimed = map[int]bool{ifindex: claimed}
	return c
}

func (c Card) withMAC(pf, mac string) Card {
	c = c.Clone()
	c.PFs[pf] = mac
	return c
}

func truth() Truth {
	return Truth{
		Bridge: "br-int", Card: always(card()), Lag: time.Second, Grace: 2 * time.Second,
		Requests: map[string]Timeline[Request]{"a": always(asks(0)), "b": always(asks(1))},
	}
}

func (t Truth) asking(lport string, l Timeline[Request]) Truth {
	requests := map[string]Timeline[Request]{}
	for k, v := range t.Requests {
		requests[k] = v
	}
	requests[lport] = l
	t.Requests = requests
	return t
}

func (t Truth) having(l Timeline[Card]) Truth {
	t.Card = l
	return t
}

// row is representord's for a VF of the first PF.
func row(uuid, name, lport string, vf int) Row {
	f := pf + "vf" + string(rune('0'+vf))
	return Row{UUID: uuid, Name: name, Bridge: "br-int", IfIndex: 10 + vf, Ofport: 1, Marks: Marks{
		IfaceID: lport, MTU: 1500, LogicalPort: lport, Function: f, Request: asks(vf).text(),
	}}
}

func foreign(uuid, name, ifaceID string) Row {
	return Row{UUID: uuid, Name: name, Bridge: "br-int", Marks: Marks{IfaceID: ifaceID}}
}

// changed is a row that was changed by a function.
func changed(r Row, how func(*Row)) Row {
	how(&r)
	return r
}

func insert(r Row) Change { return Change{New: &r} }
func remove(r Row) Change { return Change{Old: &r} }
func edit(old, now Row) Change {
	return Change{Old: &old, New: &now}
}

func batch(seconds float64, cs ...Change) Batch {
	return Batch{After: at(seconds), Before: at(seconds), Changes: cs}
}

func TestJudge(t *testing.T) {
	a, b := row("1", "n0", "a", 0), row("2", "n1", "b", 1)
	gone := always(asks(0)).then(10, Request{})
	swapped := card().with(pf+"vf0", Netdev{"n1", 10}).with(pf+"vf1", Netdev{"n0", 11})
	for _, c := range []struct {
		name  string
		truth Truth
		had   []Row
		batch Batch
		want  string // part of the violation, "" for none
	}{
		// I1: new rows.
		{"a plug that is asked for", truth(), nil, batch(0, insert(a)), ""},
		{"a plug that was asked for a moment ago", truth().asking("a", gone), nil, batch(10.9, insert(a)), ""},
		{"a plug before it was asked for", truth().asking("a", always(Request{}).then(10, asks(0))), nil, batch(9.9, insert(a)), "I1"},
		{"a plug as it comes to be asked for", truth().asking("a", always(Request{}).then(10, asks(0))), nil, batch(10.01, insert(a)), ""},
		{"a plug that is not asked for any more", truth().asking("a", gone), nil, batch(11.2, insert(a)), "I1"},
		{"a plug that nobody ever asked for", truth(), nil, batch(0, insert(row("3", "n0", "x", 0))), "I1"},
		{"a plug of another VF than is asked for", truth(), nil, batch(0, insert(row("3", "n1", "a", 1))), "I1"},
		{"a plug under another function's name", truth(), nil, batch(0, insert(row("3", "n1", "a", 0))), "I1"},
		{"a plug for an invalid request", truth().asking("a", always(Request{Kind: Invalid})), nil, batch(0, insert(a)), "I1"},
		{"a plug for a port that migrates here", truth().asking("a", always(Request{Kind: Keeps})), nil, batch(0, insert(a)), "I1"},
		{"a plug of a function whose PF is ambiguous", truth().having(always(card().withMAC(otherPF, mac))), nil, batch(0, insert(a)), "I1"},
		{"a plug of a function that is not there", truth().asking("a", always(asks(7))), nil, batch(0, insert(row("3", "n7", "a", 7))), "I1"},
		{"a plug under the netdev's old name", truth().having(always(card()).then(10, card().with(pf+"vf0", Netdev{"new", 10}))), nil,
			batch(12, insert(a)), "I1"},
		{"a plug under the netdev's new name", truth().having(always(card()).then(10, card().with(pf+"vf0", Netdev{"new", 10}))), nil,
			batch(12, insert(row("1", "new", "a", 0))), ""},
		{"a plug with another MTU", truth(), nil, batch(0, insert(changed(a, func(r *Row) { r.MTU = 9000 }))), "I1"},
		{"a plug with another port's iface-id", truth(), nil, batch(0, insert(changed(a, func(r *Row) { r.IfaceID = "b" }))), "I1"},
		{"a plug on another bridge", truth(), nil, batch(0, insert(changed(a, func(r *Row) { r.Bridge = "br-ex" }))), "wrong bridge"},
		{"a second row for one function", truth().asking("x", always(asks(0))), []Row{a},
			batch(0, insert(row("3", "n0", "x", 0))), "beside a row"},
		{"a second row for one port", truth().asking("a", always(asks(0)).then(10, asks(1))), []Row{a},
			batch(11, insert(row("3", "n1", "a", 1))), "beside a row"},
		{"a plug beside a foreign row with its iface-id", truth(), []Row{foreign("9", "tap", "a")}, batch(0, insert(a)), "has the iface-id"},
		{"somebody else's new row", truth(), nil, batch(0, insert(foreign("9", "tap", "x"))), ""},

		// I2: rows that go.
		{"a needless unplug", truth(), []Row{a, b}, batch(0, remove(a)), "I2"},
		{"a row taken off the bridge and left", truth(), []Row{a}, batch(0, edit(a, changed(a, func(r *Row) { r.Bridge = "" }))), "I2"},
		{"an unplug of what is gone", truth().asking("a", gone), []Row{a}, batch(30, remove(a)), ""},
		{"an unplug before it is gone", truth().asking("a", gone), []Row{a}, batch(9.9, remove(a)), "I2"},
		{"an unplug of what is asked for again", truth().asking("a", gone.then(20, asks(0))), []Row{a}, batch(22, remove(a)), "I2"},
		{"an unplug of what is asked for again since a moment", truth().asking("a", gone.then(20, asks(0))), []Row{a},
			batch(20.9, remove(a)), ""},
		{"an unplug of what became invalid", truth().asking("a", always(Request{Kind: Invalid})), []Row{a}, batch(0, remove(a)), "I2"},
		{"an unplug of what became invalid for a port that asks",
			truth().asking("a", always(Request{Kind: Invalid})).asking("x", always(asks(0))), []Row{a},
			batch(0, remove(a), insert(row("3", "n0", "x", 0))), ""},
		{"an unplug because the name is an uplink's", truth().having(always(card().with(pf+"vf0", Netdev{}).withLink(3, "n0", true))), []Row{a},
			batch(0, remove(a)), ""},
		{"an unplug because the name is another netdev's",
			truth().having(always(card().with(pf+"vf0", Netdev{"new", 10}).withLink(4, "n0", false))), []Row{a}, batch(0, remove(a)), ""},
		{"an unplug of what is to be kept", truth().asking("a", always(Request{Kind: Keeps})), []Row{a}, batch(0, remove(a)), "I2"},
		{"an unplug because another VF is asked for", truth().asking("a", always(asks(2))), []Row{a}, batch(0, remove(a)), ""},
		{"an unplug because the PF's MAC is ambiguous", truth().having(always(card().withMAC(otherPF, mac))), []Row{a},
			batch(0, remove(a)), "I2"},
		{"an unplug because the PF's MAC is not known", truth().having(always(card().withMAC(pf, "00:00:00:00:00:00"))), []Row{a},
			batch(0, remove(a)), "I2"},
		{"an unplug because another PF has the MAC now", truth().having(always(card().withMAC(pf, "00:53:00:00:00:99").withMAC(otherPF, mac))),
			[]Row{a}, batch(0, remove(a)), ""},
		{"an unplug because the netdev is away", truth().having(always(card().with(pf+"vf0", Netdev{}))), []Row{a}, batch(0, remove(a)), "I2"},
		{"an unplug because the name is another function's",
			truth().having(always(card().with(pf+"vf0", Netdev{}).with(pf+"vf1", Netdev{"n0", 11}))), []Row{a}, batch(0, remove(a)), ""},
		{"an unplug because another netdev is open under the name",
			truth().having(always(card().with(pf+"vf0", Netdev{"n0", 30}).with(pf+"vf1", Netdev{"n1", 10}))), []Row{a}, batch(0, remove(a)), ""},
		{"an unplug because the netdev was made anew under its name", truth().having(always(card().with(pf+"vf0", Netdev{"n0", 30}))), []Row{a},
			batch(0, remove(a)), "I2"},
		{"a removal and return in one transaction", truth(), []Row{a},
			batch(0, remove(a), insert(changed(a, func(r *Row) { r.UUID = "3" }))), "I2"},
		{"an unplug for another port that asks for the same", truth().asking("x", always(asks(0))), []Row{a},
			batch(0, remove(a), insert(row("3", "n0", "x", 0))), "I2"},
		{"an unplug of what is only kept for a port that asks", truth().asking("a", always(Request{Kind: Keeps})).asking("x", always(asks(0))),
			[]Row{a}, batch(0, remove(a), insert(row("3", "n0", "x", 0))), ""},
		{"an operator removes it", deed(truth(), Deed{UUID: "1", Begun: at(5), Removed: true}), []Row{a}, batch(5, remove(a)), ""},
		{"it goes before the operator removes it", deed(truth(), Deed{UUID: "1", Begun: at(5), Removed: true}), []Row{a},
			batch(4, remove(a)), "I2"},
		{"a row for which another of the same port and function stands", truth(), []Row{a, row("3", "old", "a", 0)},
			batch(0, remove(row("3", "old", "a", 0))), ""},

		// Moves.
		{"a move to the new name", truth().having(always(card().with(pf+"vf0", Netdev{"new", 10}))), []Row{a},
			batch(0, remove(a), insert(row("3", "new", "a", 0))), ""},
		{"a move of what is only kept", truth().asking("a",
			always(Request{Kind: Keeps})).having(always(card().with(pf+"vf0", Netdev{"new", 10}))), []Row{a},
			batch(0, remove(a), insert(row("3", "new", "a", 0))), ""},
		{"a move to a name of another function", truth(), []Row{a}, batch(0, remove(a), insert(row("3", "n1", "a", 0))), "I1"},
		{"two that exchange names", truth().having(always(swapped)), []Row{a, b},
			batch(0, remove(a), remove(b), insert(row("3", "n1", "a", 0)), insert(row("4", "n0", "b", 1))), ""},
		{"two that exchange names, under the old ones", truth().having(always(swapped)), nil, batch(0, insert(a)), "I1"},

		// Edits.
		{"what ovs-vswitchd writes", truth(), []Row{a}, batch(0, edit(a, changed(a, func(r *Row) { r.Ofport, r.IfIndex = 7, 0 }))), ""},
		{"the MTU follows the request", truth().asking("a", always(asks(0)).then(10, Request{Kind: Asks, PFMAC: mac, MTU: 9000})), []Row{a},
			batch(11, edit(a, changed(a, func(r *Row) { r.MTU = 9000 }))), ""},
		{"the MTU changes and nobody asked", truth(), []Row{a}, batch(0, edit(a, changed(a, func(r *Row) { r.MTU = 9000 }))), "I1"},
		{"a row is edited into another port's", truth(), []Row{b},
			batch(0, edit(b, changed(b, func(r *Row) { r.IfaceID, r.LogicalPort = "a", "a" }))), "I1"},
		{"a row of an ambiguous PF follows the MTU", truth().asking("a",
			always(Request{Kind: Asks, PFMAC: mac, MTU: 9000})).having(always(card().withMAC(otherPF, mac))), []Row{a},
			batch(0, edit(a, changed(a, func(r *Row) { r.MTU = 9000 }))), ""},
		{"a row whose netdev has another name now follows the MTU",
			truth().asking("a", always(Request{Kind: Asks, PFMAC: mac, MTU: 9000})).having(always(card().with(pf+"vf0", Netdev{"new", 10}))),
			[]Row{a}, batch(0, edit(a, changed(a, func(r *Row) { r.MTU = 9000 }))), ""},
		{"a row whose netdev has another name now is edited into another function's",
			truth().asking("a", always(asks(1))).having(always(card().with(pf+"vf0", Netdev{"new", 10}))), []Row{a},
			batch(0, edit(a, changed(a, func(r *Row) { r.Function, r.Request = pf+"vf1", asks(1).text() }))), "I1"},
		{"an operator edits the iface-id", deed(truth(), Deed{UUID: "1", Begun: at(5), Field: FieldIfaceID, Value: "x"}), []Row{a},
			batch(5, edit(a, changed(a, func(r *Row) { r.IfaceID = "x" }))), ""},
		{"somebody edits the iface-id", truth(), []Row{a}, batch(5, edit(a, changed(a, func(r *Row) { r.IfaceID = "x" }))), "I1"},

		// What isn't ours.
		{"a foreign row removed", truth(), []Row{foreign("9", "tap", "x")}, batch(0, remove(foreign("9", "tap", "x"))), "I2"},
		{"a foreign row removed by its owner", deed(truth(), Deed{UUID: "9", Begun: at(0), Removed: true}), []Row{foreign("9", "tap", "x")},
			batch(0, remove(foreign("9", "tap", "x"))), ""},
		{"a foreign row marked", truth(), []Row{foreign("9", "n0", "a")},
			batch(0, edit(foreign("9", "n0", "a"), changed(foreign("9", "n0", "a"), func(r *Row) { r.LogicalPort = "a" }))), "I1"},
		{"a foreign row's MTU changed", truth(), []Row{foreign("9", "n0", "a")},
			batch(0, edit(foreign("9", "n0", "a"), changed(foreign("9", "n0", "a"), func(r *Row) { r.MTU = 1500 }))), "I1"},
		{"a foreign row opened", truth(), []Row{foreign("9", "n0", "a")},
			batch(0, edit(foreign("9", "n0", "a"), changed(foreign("9", "n0", "a"), func(r *Row) { r.Ofport = 5 }))), ""},
		{"a tunnel of ovn-controller's goes", truth(), []Row{{UUID: "8", Name: "ovn-x-0", Type: "geneve", Bridge: "br-int"}},
			batch(0, remove(Row{UUID: "8", Name: "ovn-x-0", Type: "geneve", Bridge: "br-int"})), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := having(c.had...)
			_, found := Judge(state, c.batch, c.truth)
			wantViolation(t, found, c.want)
		})
	}
}

func deed(t Truth, d Deed) Truth {
	t.Deeds = append(t.Deeds[:len(t.Deeds):len(t.Deeds)], d)
	return t
}

// having is a database with these rows since ever.
func having(rows ...Row) State {
	s := State{rows: map[string]known{}}
	for _, r := range rows {
		s.rows[r.UUID] = known{Row: r, home: r.Marks, since: at(-50)}
	}
	return s
}

func wantViolation(t *testing.T, found []Violation, want string) {
	t.Helper()
	if want == "" && len(found) > 0 {
		t.Errorf("violations %v, want none", found)
	}
	if want != "" && (len(found) != 1 || !strings.Contains(found[0].String(), want)) {
		t.Errorf("violations %v, want one with %q", found, want)
	}
}

func TestJudge_ARemovalAndReturnOfAValidRowIsFoundInItsFirstHalf(t *testing.T) {
	a := row("1", "n0", "a", 0)
	state, found := Judge(having(a), batch(1, remove(a)), truth())
	wantViolation(t, found, "I2")
	_, found = Judge(state, batch(2, insert(changed(a, func(r *Row) { r.UUID = "3" }))), truth())
	wantViolation(t, found, "")
}

// The marker is the only memory of the request that a row was made for. Where the
// card can tell the function it isn't needed.
func TestJudge_AMarkerThatNamesAnotherRequestCountsWhereTheCardCannotTell(t *testing.T) {
	edited := changed(row("1", "n0", "a", 0), func(r *Row) { r.Request = "x" })
	state := having(row("1", "n0", "a", 0))
	by := deed(truth(), Deed{UUID: "1", Begun: at(5), Field: FieldRequest, Value: "x"})
	state, _ = Judge(state, batch(5, edit(row("1", "n0", "a", 0), edited)), by)
	_, found := Judge(state, batch(6, remove(edited)), by)
	wantViolation(t, found, "I2")
	_, found = Judge(state, batch(6, remove(edited)), by.having(always(card().withMAC(otherPF, mac))))
	wantViolation(t, found, "")
}

func TestJudge_AMarkerMovesAsTheOperatorLeftIt(t *testing.T) {
	a := row("1", "n0", "a", 0)
	edited := changed(a, func(r *Row) { r.Request = "" })
	by := deed(truth().asking("a", always(Request{Kind: Keeps})), Deed{UUID: "1", Begun: at(5), Field: FieldRequest})
	by = by.having(always(card()).then(6, card().with(pf+"vf0", Netdev{"new", 10})))
	state, _ := Judge(having(a), batch(5, edit(a, edited)), by)
	to := changed(row("3", "new", "a", 0), func(r *Row) { r.Request = "" })
	_, found := Judge(state, batch(7, remove(edited), insert(to)), by)
	wantViolation(t, found, "")
	to.Request = "x"
	_, found = Judge(state, batch(7, remove(edited), insert(to)), by)
	wantViolation(t, found, "I1")
}

// What an operator wrote doesn't make a row another one, and its return is no wrong.
func TestJudge_WhatAnOperatorWroteIsPutBack(t *testing.T) {
	a := row("1", "n0", "a", 0)
	edited := changed(a, func(r *Row) { r.IfaceID = "x" })
	by := deed(truth(), Deed{UUID: "1", Begun: at(5), Field: FieldIfaceID, Value: "x"})
	state, found := Judge(having(a), batch(5.1, edit(a, edited)), by)
	wantViolation(t, found, "")
	_, found = Judge(state, batch(5.2, remove(edited)), by)
	wantViolation(t, found, "I2")
	state, found = Judge(state, batch(5.2, edit(edited, a)), by)
	wantViolation(t, found, "")
	_, found = Judge(state, batch(6, edit(a, changed(a, func(r *Row) { r.IfaceID = "b" }))), by)
	wantViolation(t, found, "I1")
}

func TestJudge_WhileNothingCanBeLearnedWhatWasTrueCounts(t *testing.T) {
	a := row("1", "n0", "a", 0)
	stalled := truth().asking("a", always(asks(0)).then(10, Request{}))
	stalled.Stalls = []Span{{From: at(5), To: at(60)}}
	_, found := Judge(State{}, batch(60.9, insert(a)), stalled)
	wantViolation(t, found, "")
	_, found = Judge(State{}, batch(61.2, insert(a)), stalled)
	wantViolation(t, found, "I1")
}

func TestJudge_WhatTheSouthboundDoesNotHaveYetMayBeUnknown(t *testing.T) {
	a := row("1", "n0", "a", 0)
	unseen := truth().asking("a", append(always(asks(0)), Moment[Request]{Begun: at(10)}))
	_, found := Judge(State{}, batch(100, insert(a)), unseen)
	wantViolation(t, found, "")
}

// After the stream was interrupted nobody knows when between the two it happened.
func TestJudge_AnInterruptedStreamIsJudgedByTheWholeTime(t *testing.T) {
	a := row("1", "n0", "a", 0)
	line := always(Request{}).then(10, asks(0)).then(20, Request{})
	between := Batch{After: at(5), Before: at(40), Changes: []Change{insert(a)}}
	_, found := Judge(State{}, between, truth().asking("a", line))
	wantViolation(t, found, "")
	between.After = at(30)
	_, found = Judge(State{}, between, truth().asking("a", line))
	wantViolation(t, found, "I1")
}

func TestLeak_ThatStandsIsFound(t *testing.T) {
	a := row("1", "n0", "a", 0)
	leaking := truth().having(always(card()).then(10, card().with(pf+"vf0", Netdev{}).with(pf+"vf1", Netdev{"n0", 11})))
	wantViolation(t, Overdue(having(a), leaking, at(11)), "")
	wantViolation(t, Overdue(having(a), leaking, at(12.2)), "another function's")
	leaking.LocalStalls = []Span{{From: at(11)}}
	wantViolation(t, Overdue(having(a), leaking, at(100)), "")
	wantViolation(t, Overdue(having(a), truth(), at(100)), "")
	ended := leaking.having(leaking.Card.then(11.5, card()))
	wantViolation(t, Overdue(having(a), ended, at(100)), "")
}

func TestLeak_IsOneOnlyWhileSomebodyCanKnowWhatTheRowIsFor(t *testing.T) {
	a := row("1", "n0", "a", 0)
	a.Function = ""
	edited := having(a)
	k := edited.rows["1"]
	k.home.Function = pf + "vf0"
	edited.rows["1"] = k
	unknown := asks(0)
	unknown.PFMAC = "00:53:00:00:00:99"
	swapped := card().with(pf+"vf0", Netdev{}).with(pf+"vf1", Netdev{"n0", 11})
	leaking := truth().having(always(card()).then(10, swapped))
	wantViolation(t, Overdue(edited, leaking.asking("a", always(asks(0))), at(100)), "another function's")
	wantViolation(t, Overdue(edited, leaking.asking("a", always(unknown)), at(100)), "")
	k.Request = unknown.text()
	edited.rows["1"] = k
	wantViolation(t, Overdue(edited, leaking.asking("a", always(unknown)), at(100)), "another function's")
	wantViolation(t, Overdue(edited, leaking.asking("a", always(Request{})), at(100)), "")
}

func TestJudge_ARowStandsBesideAnotherOnlyIfNobodyCanKnowThatTheyAreForOneFunction(t *testing.T) {
	b := row("2", "old", "b", 0)
	wiped := having(b)
	k := wiped.rows["2"]
	k.Function = ""
	wiped.rows["2"] = k
	_, found := Judge(having(b), batch(0, insert(row("1", "n0", "a", 0))), truth())
	wantViolation(t, found, "plugged beside a row")
	_, found = Judge(wiped, batch(0, insert(row("1", "n0", "a", 0))), truth().asking("b", always(Request{})))
	wantViolation(t, found, "")
}

// What has just ceased to be true may be believed for a moment, however quiet it is.
func TestForget_KeepsWhatMayStillBeBelieved(t *testing.T) {
	a := row("1", "n0", "a", 0)
	full := truth().asking("a", always(asks(0)).then(10, Request{}))
	full.Card = full.Card.then(10, card().with(pf+"vf0", Netdev{"new", 10})).then(20, card())
	full.Stalls = []Span{{From: at(1), To: at(2)}}
	full = deed(full, Deed{UUID: "1", Begun: at(5), Removed: true})
	soon := full.Forget(at(10.9))
	if len(soon.Requests["a"]) != 2 || len(soon.Card) != 3 || len(soon.Stalls) != 0 || len(soon.Deeds) != 1 {
		t.Errorf("a moment later %+v is left", soon)
	}
	_, found := Judge(State{}, batch(10.95, insert(a)), soon)
	wantViolation(t, found, "")
	late := full.Forget(at(40))
	if len(late.Requests["a"]) != 1 || len(late.Card) != 1 {
		t.Errorf("later %+v is left", late)
	}
	_, found = Judge(State{}, batch(40, insert(a)), late)
	wantViolation(t, found, "I1")
	full.Stalls = []Span{{From: at(10.5)}}
	if stalled := full.Forget(at(40)); len(stalled.Requests["a"]) != 2 || len(stalled.Stalls) != 1 {
		t.Errorf("in a stall %+v is left", stalled)
	}
}

func TestStalls_TheirTimeIsCountedOnce(t *testing.T) {
	stalls := []Span{{From: at(4), To: at(6)}, {From: at(1), To: at(5)}, {From: at(20)}, {From: at(-3), To: at(-2)}}
	if d := running(at(0), at(10), stalls); d != 5*time.Second {
		t.Errorf("%v ran, want 5s", d)
	}
	if d := running(at(15), at(30), stalls); d != 5*time.Second {
		t.Errorf("%v ran, want 5s", d)
	}
}
