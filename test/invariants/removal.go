package invariants

import (
	"time"
)

// brakeWindow is the time in which removals are counted together. representord's is a
// minute of its own time, so that what is at the edge may be left out.
const brakeWindow = 55 * time.Second

// departure is that a port lost a row for the Southbound's sake.
type departure struct {
	lport string
	at    time.Time
	moved bool // for another one, in the same transaction
	row   Row
}

// removed is I2.
func (j *judge) removed(old known) {
	if j.leaked(old) {
		j.close(old)
		return
	}
	if j.another(old) {
		return
	}
	since, proved := j.proved(old)
	switch waited, graced := j.batch.Before.Sub(since), j.batch.Before.Sub(j.graceBegan(since, old)); {
	case !proved:
		why := ""
		if !j.replacedSince().IsZero() {
			why = " (what a Southbound says that has just become another database counts for nothing)"
		}
		j.violation("I2", old.Row, "removed without cause%s: %s asks %s; the netdev is of %q",
			why, old.home.LogicalPort, j.truth.asked(old.home.LogicalPort, j.batch), j.names(old.Name))
	case since.IsZero():
	case graced < j.truth.UnplugGrace && !j.retargeted(old) && !j.replaced(old):
		j.violation("I2", old.Row,
			"removed %v after its grace began, when its request went or the Southbound was accepted; nothing takes the function", graced)
	case waited < j.truth.Hold && j.batch.Before.Sub(old.since) >= j.truth.GrownUp:
		j.left = append(j.left, departure{lport: old.home.LogicalPort, at: j.batch.Before, moved: j.retargeted(old), row: old.Row})
	}
}

// close takes note of a leak that was closed.
func (j *judge) close(old known) {
	var kept []closed
	for _, c := range j.after.closed {
		if running(c.at, j.batch.Before, j.truth.LocalStalls) < following {
			kept = append(kept, c)
		}
	}
	kept = append(kept, closed{old, j.batch.Before})
	j.after.closed = kept
}

// leaked: the row's netdev may have been another one.
func (j *judge) leaked(old known) bool {
	for _, c := range j.truth.cards(j.batch) {
		if c.leaks(old) {
			return true
		}
	}
	return false
}

// another: the port has another row for the function. It moved, which inserted judges,
// or was one of two.
func (j *judge) another(old known) bool {
	for uuid, k := range j.after.rows {
		if uuid != old.UUID && k.home.LogicalPort == old.home.LogicalPort && k.home.Function == old.home.Function && k.Name != old.Name {
			return true
		}
	}
	return false
}

// retargeted: the port has a row for another function, in its place.
func (j *judge) retargeted(old known) bool {
	for uuid, k := range j.after.rows {
		if _, was := j.before.rows[uuid]; !was && k.home.LogicalPort == old.home.LogicalPort {
			return true
		}
	}
	return false
}

// replaced: another port got the function, or the name, in the same batch.
func (j *judge) replaced(old known) bool {
	for uuid, k := range j.after.rows {
		if _, was := j.before.rows[uuid]; !was && k.home.LogicalPort != old.home.LogicalPort &&
			(k.home.Function == old.home.Function || k.Name == old.Name) {
			return true
		}
	}
	return false
}

// replacedSince is when the Southbound became another database, zero if what it says
// counts by now.
func (j *judge) replacedSince() time.Time {
	for _, at := range j.truth.Replaced {
		if !at.After(j.batch.Before) && j.batch.Before.Sub(at) < j.truth.Hold {
			return at
		}
	}
	return time.Time{}
}

// proved reports whether some request that may have been current doesn't ask for the
// function that a row was made for, and since when representord can have known that,
// zero where the card may have shown it.
func (j *judge) proved(old known) (since time.Time, proved bool) {
	line := j.truth.Requests[old.home.LogicalPort]
	if at := j.replacedSince(); !at.IsZero() {
		line = line.until(at)
	}
	if len(line) == 0 {
		line = Timeline[Request]{{}} // it never asked, or nobody knows
	}
	for _, r := range line.possible(j.batch.After, j.batch.Before, j.truth.Stalls, j.truth.Lag) {
		for _, c := range j.truth.cards(j.batch) {
			if c.proves(r, old.answers()) || (r.Kind == Keeps || r.Kind == Invalid) && j.replaced(old) {
				return goneSince(line, j.batch.Before, old.answers().Request, j.truth), true
			}
		}
	}
	return time.Time{}, false
}

// graceBegan is since when a removal has its grace: since the port was gone, but no sooner than its Southbound was accepted.
// A row that an operator edited may be a second one of another port to representord, which takes no grace.
func (j *judge) graceBegan(since time.Time, old known) time.Time {
	at := j.truth.Accepted
	if !at.After(since) || at.After(j.batch.After) || old.Marks != old.home || j.contested(old) {
		return since
	}
	return at
}

// contested: a port may ask for the place of a row, or the row's own port for another function. That takes no grace, and what is
// too large for a transaction is only removed at first, row by row, so that nothing takes the place in the same batch.
func (j *judge) contested(old known) bool {
	for lport := range j.truth.Requests {
		own := lport == old.home.LogicalPort
		for _, r := range j.truth.requests(lport, j.batch) {
			for _, c := range j.truth.cards(j.batch) {
				f := c.Find(r)
				if r.Kind == Asks && f != "" && (own != (f == old.home.Function) || !own && c.VFs[f].Name == old.Name) {
					return true
				}
			}
		}
	}
	return false
}

// until is the line without what began at a time or later.
func (l Timeline[T]) until(at time.Time) Timeline[T] {
	for i, m := range l {
		if !m.Begun.Before(at) {
			return l[:i]
		}
	}
	return l
}

// goneSince is since when, at the earliest, a port can have been seen not to ask for what a
// row's marker says. What stood for too short a time may never have been seen. It is
// zero for one that asks for it still, or never began to.
func goneSince(l Timeline[Request], now time.Time, text string, truth Truth) time.Time {
	var since time.Time
	for i := len(l) - 1; i >= 0; i-- {
		m := l[i]
		switch {
		case m.Begun.After(now):
		case m.Value.Kind == Nothing || m.Value.Kind == Asks && m.Value.text() != text:
			since = m.Begun
		case i+1 < len(l) && (l[i+1].Seen.IsZero() || running(m.Begun, l[i+1].Seen, truth.Stalls) < truth.Lag):
		case since.IsZero() && i+1 == len(l):
		default:
			return since
		}
	}
	return since
}

// proves: the request doesn't ask for the function that a row was made for. One that
// can't be understood names no other function, and proves nothing.
func (c Card) proves(r Request, m Marks) bool {
	switch r.Kind {
	case Nothing:
		return true
	case Keeps, Invalid:
		return false
	case Asks:
		f := c.Find(r)
		return r.text() != m.Request && f != m.Function || f != "" && f != m.Function
	}
	return false
}

// brake is I2 for many at once: more than half, and more than two, of the ports that lost
// their rows or got others in their place within a minute wait for the hold, each.
// representord may count one less than is counted here.
func (j *judge) brake() {
	if len(j.left) == 0 {
		return
	}
	var fresh []departure
	for _, d := range append(j.after.gone[:len(j.after.gone):len(j.after.gone)], j.left...) {
		if j.batch.Before.Sub(d.at) < brakeWindow && !j.startedSince(d.at) && (d.moved || !j.hasRow(d.lport)) {
			fresh = append(fresh, d)
		}
	}
	j.after.gone = fresh
	lost := map[string]bool{}
	of := 0
	for _, d := range fresh {
		lost[d.lport] = true
		if !j.hasRow(d.lport) {
			of++
		}
	}
	for _, k := range j.after.rows {
		if k.home.ours() && k.Bridge == j.truth.Bridge {
			of++
		}
	}
	if n := len(lost) - 1; n > 2 && 2*n > of {
		j.violation("I2", j.left[0].row, "one of %d ports, of %d, that lost their rows within a minute, without a hold", len(lost), of)
		j.after.gone = nil // told once
	}
}

func (j *judge) startedSince(at time.Time) bool {
	for _, s := range j.truth.Started {
		if !s.Before(at) && !s.After(j.batch.Before) {
			return true
		}
	}
	return false
}

func (j *judge) hasRow(lport string) bool {
	for _, k := range j.after.rows {
		if k.home.LogicalPort == lport && k.Bridge == j.truth.Bridge {
			return true
		}
	}
	return false
}
