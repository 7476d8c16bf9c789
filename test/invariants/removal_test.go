package invariants

import (
	"fmt"
	"testing"
	"time"
)

// graced is a truth in which removals have a grace of 5 s and a hold of 20 s.
func graced() Truth {
	t := truth()
	t.UnplugGrace, t.Hold = 5*time.Second, 20*time.Second
	return t
}

func TestRemoval_ForTheSouthboundsSakeHasItsGrace(t *testing.T) {
	a := row("1", "n0", "a", 0)
	gone := always(asks(0)).then(10, Request{})
	for _, c := range []struct {
		name  string
		truth Truth
		batch Batch
		want  string
	}{
		{"at once", graced().asking("a", gone), batch(11, remove(a)), "after its grace began"},
		{"after the grace", graced().asking("a", gone), batch(15, remove(a)), ""},
		{"at once, for another that asks for the function", graced().asking("a", gone).asking("x", always(asks(0))),
			batch(11, remove(a), insert(row("3", "n0", "x", 0))), ""},
		{"at once, for its port's other function", graced().asking("a", always(asks(0)).then(10, asks(1))),
			batch(11, remove(a), insert(row("3", "n1", "a", 1))), ""},
		{"at once, for another function that isn't there", graced().asking("a", always(asks(0)).then(10, asks(2))), batch(11, remove(a)),
			"after its grace began"},
		{"gone, back and gone again", graced().asking("a", gone.then(13, asks(0)).then(16, Request{})), batch(17, remove(a)),
			"after its grace began"},
		{"gone, back too shortly to be seen, and gone", graced().asking("a", gone.then(13, asks(0)).then(13.2, Request{})),
			batch(15.5, remove(a)), ""},
		{"at once, because the netdev is another's",
			graced().asking("a", gone).having(always(card().with(pf+"vf0", Netdev{}).with(pf+"vf1", Netdev{"n0", 11}))), batch(11, remove(a)), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, found := Judge(having(a), c.batch, c.truth)
			wantViolation(t, found, c.want)
		})
	}
}

// What a Southbound said before it was accepted starts no grace, however long ago it said so.
func TestRemoval_HasItsGraceOnceTheSouthboundIsAccepted(t *testing.T) {
	a := row("1", "n0", "a", 0)
	gone := always(asks(0)).then(10, Request{})
	accepted := graced()
	accepted.Accepted = at(30)
	goes := accepted.asking("a", gone)
	for _, c := range []struct {
		name  string
		truth Truth
		batch Batch
		want  string
	}{
		{"at once, long after its request went", goes, batch(30.1, remove(a)), "after its grace began"},
		{"just before the grace is over", goes, batch(34.9, remove(a)), "after its grace began"},
		{"after the grace", goes, batch(35, remove(a)), ""},
		{"within the grace of a request that went since", accepted.asking("a", always(asks(0)).then(33, Request{})), batch(36, remove(a)),
			"after its grace began"},
		{"after the grace of a request that went since", accepted.asking("a", always(asks(0)).then(33, Request{})), batch(38, remove(a)), ""},
		{"before that, for which nobody knows of a hold", goes, batch(29, remove(a)), ""},
		{"at some time while the stream was interrupted", goes, Batch{After: at(29), Before: at(31), Changes: []Change{remove(a)}}, ""},
		{"at once, for another that asks for the function", goes.asking("x", always(asks(0))),
			batch(31, remove(a), insert(row("3", "n0", "x", 0))), ""},
		{"at once, before another that asks for the function has a row", goes.asking("x", always(asks(0))), batch(31, remove(a)), ""},
		{"at once, before its port has a row for its other function", accepted.asking("a", always(asks(0)).then(10, asks(1))),
			batch(31, remove(a)), ""},
		{"at once, as its port asks for a function that there isn't", accepted.asking("a", always(asks(0)).then(10, asks(7))),
			batch(31, remove(a)), "after its grace began"},
		{"at once, because the netdev is another's",
			goes.having(always(card().with(pf+"vf0", Netdev{}).with(pf+"vf1", Netdev{"n0", 11}))), batch(31, remove(a)), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, found := Judge(having(a), c.batch, c.truth)
			wantViolation(t, found, c.want)
		})
	}
}

// It may be one of two rows of the port that its marker names now.
func TestRemoval_OfARowThatAnOperatorEditedIsJudgedByItsRequestAlone(t *testing.T) {
	a := row("1", "n0", "a", 0)
	edited := changed(a, func(r *Row) { r.LogicalPort = "b" })
	by := deed(graced().asking("a", always(asks(0)).then(10, Request{})), Deed{UUID: "1", Begun: at(20), Field: FieldLogicalPort, Value: "b"})
	by.Accepted = at(30)
	state, found := Judge(having(a), batch(20, edit(a, edited)), by)
	wantViolation(t, found, "")
	_, found = Judge(state, batch(31, remove(edited)), by)
	wantViolation(t, found, "")
}

func TestRemoval_NothingGoesOnTheWordOfASouthboundThatHasJustBecomeAnother(t *testing.T) {
	a, b := row("1", "n0", "a", 0), row("2", "n1", "b", 1)
	// The backup that is put back at 10 knew x on a's function, and nothing of a and b.
	replaced := graced().asking("a", always(asks(0)).then(10, Request{})).asking("b", always(asks(1)).then(10, Request{})).
		asking("x", always(Request{}).then(10, asks(0)))
	replaced.Replaced = []time.Time{at(10)}
	evicted := []Change{remove(a), insert(row("3", "n0", "x", 0))}
	for _, c := range []struct {
		name  string
		truth Truth
		batch Batch
		want  string
	}{
		{"a removal in the hold", replaced, batch(20, remove(b)), "another database"},
		{"a removal after the hold", replaced, batch(31, remove(b)), ""},
		{"an eviction in the hold", replaced, batch(12, evicted...), "another database"},
		{"an eviction after the hold", replaced, batch(31, evicted...), ""},
		{"a leak in the hold", replaced.having(always(card().with(pf+"vf1", Netdev{}).with(pf+"vf2", Netdev{"n1", 12}))),
			batch(12, remove(b)), ""},
		{"a removal that was proved before, after its grace", replaced.asking("b", always(asks(1)).then(4, Request{})),
			batch(10.5, remove(b)), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, found := Judge(having(a, b), c.batch, c.truth)
			wantViolation(t, found, c.want)
		})
	}
}

// many are rows for VFs of a card that has many, all of which ask for nothing from 10 on,
// and the truth of it.
func many(n int) ([]Row, Truth) {
	t := graced()
	c := card()
	var rows []Row
	for i := range n {
		lport, f := fmt.Sprintf("p%d", i), fmt.Sprintf("%svf%d", pf, 100+i)
		c.VFs[f] = Netdev{fmt.Sprintf("r%d", i), 100 + i}
		c.Links[100+i] = fmt.Sprintf("r%d", i)
		rows = append(rows, Row{UUID: lport, Name: fmt.Sprintf("r%d", i), Bridge: "br-int", IfIndex: 100 + i, Ofport: 1, Marks: Marks{
			IfaceID: lport, MTU: 1500, LogicalPort: lport, Function: f, Request: asks(100 + i).text(),
		}})
		t.Requests[lport] = always(asks(100+i)).then(10, Request{})
	}
	return rows, t.having(always(c))
}

func TestBrake_MostPortsWaitForTheHoldHoweverTheyGo(t *testing.T) {
	for _, c := range []struct {
		name     string
		of, goes int
		from     float64 // when the first goes
		each     float64 // seconds between two
		started  []time.Time
		want     bool
	}{
		{"a few of many", 16, 8, 16, 0.1, nil, false},
		{"most, one after the other", 16, 11, 16, 0.1, nil, true},
		{"most, in more than a minute", 16, 11, 16, 7, nil, false},
		{"most, after the hold", 16, 16, 30, 0.1, nil, false},
		{"two of two", 2, 2, 16, 0.1, nil, false},
		{"most, with a restart between", 16, 11, 16, 0.1, []time.Time{at(16.55)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, truth := many(c.of)
			truth.Started = c.started
			state := having(rows...)
			var all, found []Violation
			for i := range c.goes {
				state, found = Judge(state, batch(c.from+float64(i)*c.each, remove(rows[i])), truth)
				all = append(all, found...)
			}
			want := ""
			if c.want {
				want = "without a hold"
			}
			wantViolation(t, all, want)
		})
	}
}

// What waits for its number waits since its request went, though that was before the Southbound was accepted.
func TestBrake_MostPortsThatWaitedForTheSouthboundToBeAcceptedHaveWaited(t *testing.T) {
	rows, truth := many(16)
	truth.Accepted = at(30)
	state := having(rows...)
	for i, r := range rows {
		var found []Violation
		state, found = Judge(state, batch(35+float64(i)*0.1, remove(r)), truth)
		wantViolation(t, found, "")
	}
}

func TestBrake_MostPortsThatChangePlacesWaitForTheHold(t *testing.T) {
	rows, truth := many(8)
	var cs []Change
	for i, r := range rows {
		next := rows[(i+1)%len(rows)]
		truth.Requests[r.LogicalPort] = always(asks(100+i)).then(10, asks(100+(i+1)%len(rows)))
		cs = append(cs, remove(r), insert(changed(next,
			func(n *Row) { n.UUID, n.IfaceID, n.LogicalPort = "new"+r.UUID, r.IfaceID, r.LogicalPort })))
	}
	_, found := Judge(having(rows...), batch(11, cs...), truth)
	wantViolation(t, found, "without a hold")
	_, found = Judge(having(rows...), batch(31, cs...), truth)
	wantViolation(t, found, "")
}

func TestParking_ARowIsParkedOnlyWhileItsFunctionIsAway(t *testing.T) {
	a := row("1", "n0", "a", 0)
	parked := changed(a, func(r *Row) { r.Parked, r.Ofport, r.IfIndex = true, -1, 0 })
	away := truth().having(always(card().with(pf+"vf0", Netdev{})))
	back := truth().having(always(card().with(pf+"vf0", Netdev{})).then(10, card()))
	another := truth().having(always(card().with(pf+"vf0", Netdev{}).with(pf+"vf1", Netdev{"n0", 11})))
	for _, c := range []struct {
		name  string
		truth Truth
		had   Row
		batch Batch
		want  string
	}{
		{"parked while its function is away", away, a, batch(0, edit(a, parked)), ""},
		{"parked while its function is there", truth(), a, batch(0, edit(a, parked)), "I2"},
		{"named again when it is back", back, parked, batch(10.5, edit(parked, a)), ""},
		{"named again before it is back", back, parked, batch(9, edit(parked, a)), "I1"},
		{"named again while the netdev is another's", another, parked, batch(0, edit(parked, a)), "I1"},
		{"given another's name", back, parked, batch(11, edit(parked, changed(a, func(r *Row) { r.IfaceID = "b" }))), "I1"},
		{"removed as its request is gone", away.asking("a", always(Request{})), parked, batch(0, remove(parked)), ""},
		{"removed without cause", away, parked, batch(0, remove(parked)), "I2"},
		{"an operator names it", deed(away, Deed{UUID: "1", Begun: at(5), Field: FieldIfaceID, Value: "x"}), parked,
			batch(5, edit(parked, changed(a, func(r *Row) { r.IfaceID = "x" }))), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, found := Judge(having(c.had), c.batch, c.truth)
			wantViolation(t, found, c.want)
		})
	}
	wantViolation(t, Overdue(having(parked), another, at(100)), "")
	wantViolation(t, Overdue(having(a), another, at(100)), "another function's")
}
