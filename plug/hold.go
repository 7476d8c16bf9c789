package plug

import (
	"time"

	"github.com/representord/representord/ovn"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// holder remembers, between passes, what removals wait for. It is a pure state
// machine: the clock and the views are given to it.
type holder struct {
	wait time.Duration // how long removals wait

	accepted string    // identity of the Southbound that removals may rely on, "" for none yet
	seen     string    // another identity, not accepted yet
	accepts  time.Time // when seen is accepted

	// since is when the removal of a logical port began to wait, for those that should
	// go. What has waited long enough may go in any number; one that has not keeps all
	// the others, if together they are most of what we have.
	// What an operator released counts as having waited.
	since    map[string]time.Time
	massHeld []string // what stayed for its number alone in the last pass
}

// release ends holds that were reported, if they are still the same: the Southbound
// that waited is accepted, and the ports that were held have waited long enough. What
// else comes to wait isn't released, not even as long as these can't go.
func (h *holder) release(now time.Time, held []Holding) {
	if h.since == nil {
		h.since = map[string]time.Time{}
	}
	for _, hold := range held {
		if hold.Identity != "" && hold.Identity == h.seen {
			h.accepts = now
		}
		for _, lport := range hold.Ports {
			h.since[lport] = now.Add(-h.wait)
		}
	}
}

// before gives the Hold for a pass that sees the Southbound and the switch so. The
// first Southbound seen is accepted, unless rows of ours answer another one: then it
// was replaced while nobody looked.
func (h *holder) before(now time.Time, v ovn.View, a ovs.View) Hold {
	identity := ""
	if v.Complete && v.Connected && (h.accepted != "" || a.Complete) {
		identity = v.Identity
	}
	switch {
	case identity == "":
	case identity == h.accepted:
		h.seen = ""
	case h.accepted == "" && !answersAnother(a, v.Names):
		h.accepted, h.seen = identity, ""
	case identity != h.seen:
		h.seen, h.accepts = identity, now.Add(h.wait)
	}
	if h.seen != "" && !now.Before(h.accepts) {
		h.accepted, h.seen = h.seen, ""
	}
	waited := map[string]bool{}
	for lport, since := range h.since {
		waited[lport] = now.Sub(since) >= h.wait
	}
	return Hold{All: h.seen != "", Waited: waited}
}

// answersAnother reports whether a row of ours says that it answers another Southbound.
// Rows of older versions don't say which.
func answersAnother(a ovs.View, present ovn.Names) bool {
	for _, r := range a.Interfaces {
		if oursOn(a, r) && r.Southbound != "" && !present.IsIn(r.Southbound) {
			return true
		}
	}
	return false
}

// after takes note of what a pass had to hold. It isn't told of a pass that could
// not learn which rows should go.
func (h *holder) after(now time.Time, d Decision) {
	since := make(map[string]time.Time, len(d.Leaving))
	for _, lport := range d.Leaving {
		if t, waits := h.since[lport]; waits {
			since[lport] = t
		} else {
			since[lport] = now
		}
	}
	h.since, h.massHeld = since, d.MassHeld
}

// massUntil is when what is held for its number may go.
func (h *holder) massUntil() time.Time {
	var last time.Time
	for _, lport := range h.massHeld {
		if end := h.since[lport].Add(h.wait); end.After(last) {
			last = end
		}
	}
	return last
}

// holds says what waits, and until when, after a pass that ended in this decision.
func (h *holder) holds(d Decision) []Holding {
	var out []Holding
	if h.seen != "" {
		out = append(out, Holding{Code: representor.CodeSouthboundReplaced, Identity: h.seen, Until: h.accepts, Ports: d.SouthboundHeld})
	}
	if len(d.MassHeld) > 0 {
		out = append(out, Holding{Code: representor.CodeMassUnplug, Until: h.massUntil(), Ports: d.MassHeld})
	}
	return out
}

// next is when a hold ends, zero without one that is yet to end.
func (h *holder) next(now time.Time) time.Time {
	end := h.massUntil()
	if h.seen != "" {
		end = h.accepts
	}
	if now.Before(end) {
		return end
	}
	return time.Time{}
}
