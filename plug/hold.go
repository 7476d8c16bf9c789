package plug

import (
	"maps"
	"slices"
	"time"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// brakeWindow is the time whose removals and moves are looked at together: a loop that
// deletes ports one after the other is as suspicious as one that deletes all at once.
const brakeWindow = time.Minute

// holder remembers, between passes, what removals wait for. It is a pure state
// machine: the clock and the views are given to it.
type holder struct {
	wait  time.Duration // how long suspicious removals wait
	grace time.Duration // how long every removal waits, 0 for none

	accepted string    // identity of the Southbound that removals may rely on, "" for none yet
	seen     string    // another identity, not accepted yet
	accepts  time.Time // when seen is accepted
	looked   time.Time // when the views were looked at last
	away     bool      // the Southbound, then

	// leaving are the logical ports that should go or move. What has waited long enough may
	// go in any number; one that has not keeps all the others, if together they are most of
	// what we have. What an operator released counts as having waited.
	leaving lasting
	// graces are since when the accepted Southbound wants them gone: what another one says starts no grace.
	graces   lasting
	massHeld []string // what stayed for its number alone in the last pass
	// lately are the logical ports whose rows went or moved within brakeWindow, without
	// having waited as long as a suspicious removal does.
	lately map[string]departure
	// plugged are the logical ports that have a row. Those that had one when we started are
	// as old as the window at least.
	plugged lasting
	// names are what rows of ours said of the Southbound they answer, those that went as well,
	// until one is accepted.
	names map[string]bool
	// rows are those of ours, by uuid, that were there when the switch was looked at last, and lost the
	// functions that no row is for, with the port, because one went for another
	// reason than what the Southbound says: a leak was closed, or somebody deleted it.
	rows map[string]placed
	lost map[representor.Function]string
	// went are the ports whose rows go for the Southbound's sake, since then.
	went map[string]bool
}

// placed is what a row is for: its function as it was known last, for the card may not tell for a while
// what a row is for that has lost its function's mark.
type placed struct {
	lport    string
	function representor.Function
}

func newHolder(wait, grace time.Duration) holder {
	return holder{
		wait: wait, grace: grace, leaving: lasting{}, graces: lasting{}, lately: map[string]departure{}, names: map[string]bool{},
		lost: map[representor.Function]string{}, went: map[string]bool{},
	}
}

// departure is that a port lost its row.
type departure struct {
	at    time.Time
	moved bool // for another one, in the same transaction
}

// release ends holds that were reported, if they are still the same: the Southbound
// that waited is accepted, and the ports that were held have waited long enough. What
// else comes to wait isn't released, not even as long as these can't go; nor is anything if the
// Southbound has become another one since.
func (h *holder) release(now time.Time, held []Holding) {
	h.skip(now)
	present := func(hold Holding) bool { return hold.Identity == h.seen }
	if h.seen != "" && !slices.ContainsFunc(held, present) {
		return
	}
	for _, hold := range held {
		if hold.Identity != "" {
			if !present(hold) {
				continue
			}
			h.accepts = now
		}
		for _, lport := range hold.Ports {
			past := now.Add(-max(h.wait, h.grace))
			h.leaving[lport], h.graces[lport] = past, past
		}
	}
}

// before gives the Hold for a pass that sees the Southbound, the card and the switch so.
func (h *holder) before(now time.Time, v southbound.View, x *representor.Index, a ovs.View) plan.Hold {
	h.skip(now)
	h.away = !v.Complete || !v.Connected
	h.accept(now, v, a)
	h.look(now, x, a)
	hold := plan.Hold{
		Lost: maps.Clone(h.lost), All: h.seen != "", Waited: h.leaving.lasted(now, h.wait),
		Grace: h.grace > 0, Graced: h.graces.lasted(now, h.grace),
		Lately: make(map[string]bool, len(h.lately)), Young: map[string]bool{},
	}
	for lport := range h.lately {
		hold.Lately[lport] = true
	}
	for lport, since := range h.plugged {
		if now.Sub(since) < brakeWindow {
			hold.Young[lport] = true
		}
	}
	return hold
}

// skip leaves the time out for which the Southbound was away. What waits, waits for it to
// say otherwise, which it can't meanwhile: whoever takes it down to mend it has his time
// afterwards.
func (h *holder) skip(now time.Time) {
	if h.away {
		h.accepts = h.accepts.Add(now.Sub(h.looked))
		h.leaving.shift(now.Sub(h.looked))
		h.graces.shift(now.Sub(h.looked))
	}
	h.looked = now
}

// accept looks at which Southbound this is. The first one seen is accepted, unless rows of
// ours answer another one: then it was replaced while nobody looked.
func (h *holder) accept(now time.Time, v southbound.View, a ovs.View) {
	h.noteNames(a)
	identity := ""
	if v.Complete && v.Connected && (h.accepted != "" || a.Complete) {
		identity = v.Identity
	}
	switch {
	case identity == "":
	case identity == h.accepted, h.accepted == "" && !h.answersAnother(v.Names):
		h.accepted = identity
		if h.seen != "" { // what that one wanted gone, this one hasn't said
			h.seen = ""
			clear(h.leaving)
			clear(h.graces)
		}
	case identity != h.seen:
		h.seen, h.accepts = identity, now.Add(h.wait)
		clear(h.graces)
	}
	if h.seen != "" && !now.Before(h.accepts) {
		h.accepted, h.seen = h.seen, ""
	}
}

// noteNames takes note of the Southbound that rows of ours say they answer. A row may leak, and
// so go before the Southbound can be asked. Rows of older versions don't say which.
func (h *holder) noteNames(a ovs.View) {
	if h.accepted != "" {
		clear(h.names)
		return
	}
	for _, r := range a.Interfaces {
		if a.IsOurs(r) && r.Southbound != "" {
			h.names[r.Southbound] = true
		}
	}
}

// answersAnother reports whether a row of ours says, or said, that it answers another
// Southbound.
func (h *holder) answersAnother(present ovn.Names) bool {
	for name := range h.names {
		if !present.IsIn(name) {
			return true
		}
	}
	return false
}

// look takes note of which ports have rows, and drops departures that are over: too long
// ago, or of a port that has a row again.
func (h *holder) look(now time.Time, x *representor.Index, a ovs.View) {
	if !a.Complete {
		return
	}
	rows := map[string]placed{}
	for _, r := range a.Interfaces {
		if !a.IsOurs(r) {
			continue
		}
		f := plan.FunctionOf(x, r)
		if f.Kind == 0 {
			f = h.rows[r.UUID].function
		}
		rows[r.UUID] = placed{r.LogicalPort(), f}
	}
	h.findLost(x, rows)
	there := slices.Collect(maps.Values(h.lost))
	for _, r := range rows {
		there = append(there, r.lport)
	}
	since := now
	if h.plugged == nil {
		since = now.Add(-brakeWindow)
	}
	h.plugged = h.plugged.noted(since, there)
	for lport, d := range h.lately {
		if _, has := h.plugged[lport]; now.Sub(d.at) >= brakeWindow || !d.moved && has {
			delete(h.lately, lport)
		}
	}
}

// departed takes note that a port lost its row because the Southbound says so.
func (h *holder) departed(now time.Time, lport string, moved bool) {
	h.went[lport] = true
	if since, waits := h.leaving[lport]; waits && now.Sub(since) >= h.wait {
		return
	}
	if now.Sub(h.plugged[lport]) < brakeWindow {
		return
	}
	h.lately[lport] = departure{at: now, moved: moved}
}

// after takes note of what a plan had to hold that was made while the Southbound is there.
// Of a port that is still in doubt nothing is new, and of what is held only a plan knows
// that was sure.
func (h *holder) after(now time.Time, d plan.Decision, sure bool) {
	h.leaving = h.leaving.noted(now, d.Removing, d.Unconfirmed...)
	if h.seen == "" {
		h.graces = h.graces.noted(now, d.Removing, d.Unconfirmed...)
	}
	if sure {
		h.massHeld = d.MassHeld
	}
}

// massUntil is when what is held for its number may go.
func (h *holder) massUntil() time.Time {
	var last time.Time
	for _, lport := range h.massHeld {
		if end := h.leaving[lport].Add(h.wait); end.After(last) {
			last = end
		}
	}
	return last
}

// holds says what waits, and until when, after a pass that ended in this decision.
func (h *holder) holds(d plan.Decision) []Holding {
	var out []Holding
	if h.seen != "" {
		out = append(out, Holding{Code: reason.CodeSouthboundReplaced, Identity: h.seen, Until: h.accepts, Ports: d.SouthboundHeld})
	}
	if len(d.MassHeld) > 0 {
		out = append(out, Holding{Code: reason.CodeMassUnplug, Until: h.massUntil(), Ports: d.MassHeld})
	}
	return out
}

// next is when something that waits may go, zero if nothing does, or not before the
// Southbound is back.
func (h *holder) next(now time.Time) time.Time {
	if h.away {
		return time.Time{}
	}
	first := h.graces.next(now, h.grace)
	if end := h.massUntil(); now.Before(end) {
		first = retry.Earliest(first, end)
		for _, d := range h.lately { // fewer are most of what there is then
			first = retry.Earliest(first, d.at.Add(brakeWindow))
		}
	}
	if h.seen != "" && now.Before(h.accepts) {
		first = retry.Earliest(first, h.accepts)
	}
	return first
}

// ReleaseHold lets removals that wait go ahead with the next pass, and returns the holds
// that end so: of those that the caller has seen what is held still, for the same reason
// and by the same Southbound, however long it is until they can go. What else is held stays
// so. A release is no permission for whatever comes later, nor for what came while the caller
// looked.
func (r *Reconciler) ReleaseHold(seen []Holding) (released, held []Holding) {
	released, held = partHolds(seen, r.Report().Holds)
	if len(released) == 0 {
		return nil, held
	}
	r.cfg.Log.Warn("holds released: the removals that wait go ahead", "holds", len(released))
	r.release.Store(&released)
	r.Poke()
	return released, held
}

// partHolds parts what is held now into what is among seen and the rest, both in the order of
// now.
func partHolds(seen, now []Holding) (among, rest []Holding) {
	for _, h := range now {
		were := map[string]bool{}
		i := slices.IndexFunc(seen, func(s Holding) bool { return s.Code == h.Code && s.Identity == h.Identity })
		if i >= 0 {
			for _, lport := range seen[i].Ports {
				were[lport] = true
			}
		}
		var old, others []string
		for _, lport := range h.Ports {
			if were[lport] {
				old = append(old, lport)
			} else {
				others = append(others, lport)
			}
		}
		if len(old) > 0 || i >= 0 && len(h.Ports) == 0 {
			among = append(among, Holding{Code: h.Code, Identity: h.Identity, Until: h.Until, Ports: old})
		}
		if len(others) > 0 || i < 0 && len(h.Ports) == 0 {
			rest = append(rest, Holding{Code: h.Code, Identity: h.Identity, Until: h.Until, Ports: others})
		}
	}
	return among, rest
}
