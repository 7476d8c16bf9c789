package plug

import (
	"context"
	"slices"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
)

const (
	// syncAtOnce is how long a pass waits for an echo. A server that is well answers in milliseconds; when
	// one that isn't has answered, another pass follows.
	syncAtOnce = 100 * time.Millisecond
	// syncBound is how long an answer may take. The connection's end ends it, too.
	syncBound = time.Minute
	// syncSlow is more than a server that is well takes. Either it is slow, or the network stood still, and
	// what it said since lies behind the answer.
	syncSlow = time.Second
)

// Awaits reports whether changes of the last pass wait for the Southbound to answer. It must not be
// called beside Pass or Run.
func (r *Reconciler) Awaits() bool { return len(r.syncing.waiting) > 0 }

// syncing is how the view is brought up to date, by echoes.
type syncing struct {
	underway   *question // nil for none
	used       *question // the last one whose answer counted
	slow       bool      // the last answer took its time
	unanswered unanswered
	waiting    map[string]bool // ports whose changes waited for an answer in the last plan
	word       *question       // whose verdict the last plan was made by, nil for none
}

// upToDate leaves out the changes that rest on what is asked, unless the Southbound has just said that, or the
// view is up to date, and takes note of their ports. A view that doesn't count gives nothing to anybody.
func (r *Reconciler) upToDate(changes []ovs.Change, isCurrent func() bool) []ovs.Change {
	v := r.lastInput.Asked
	waits := func(c ovs.Change) bool { return r.restsOnRequests(c) && !r.isVerified(c) }
	if !v.Complete || !v.Connected || !slices.ContainsFunc(changes, waits) || isCurrent() {
		return changes
	}
	return without(changes, func(c ovs.Change) bool {
		if !waits(c) {
			return false
		}
		for _, p := range c.LogicalPorts {
			r.syncing.waiting[p] = true
		}
		return true
	})
}

// restsOnRequests reports whether a change gives a port what it hasn't had, a name included, or takes
// something from one because nothing asks for that. A row that follows its function to another netdev
// does neither, nor does a leak that is closed.
func (r *Reconciler) restsOnRequests(c ovs.Change) bool {
	if plan.ClosesLeak(c) {
		return false
	}
	x := r.lastInput.Index
	follows := func(u ovs.Unplug, p ovs.Plug) bool {
		return u.Interface.IfaceID == p.IfaceID && u.Interface.LogicalPort() == p.IfaceID &&
			plan.FunctionOf(x, u.Interface) == x.WithController(plan.MarkedFunction(p.Marker))
	}
	return slices.ContainsFunc(c.Plug, func(p ovs.Plug) bool {
		return !slices.ContainsFunc(c.Unplug, func(u ovs.Unplug) bool { return follows(u, p) })
	}) || slices.ContainsFunc(c.Unplug, func(u ovs.Unplug) bool {
		return !u.Leak && !slices.ContainsFunc(c.Plug, func(p ovs.Plug) bool { return follows(u, p) })
	}) || slices.ContainsFunc(c.Edit, func(e ovs.Edit) bool { return e.Set[ovs.KeyIfaceID] != "" })
}

// isVerified reports whether a plan made a change by what the Southbound said when it was asked about the
// change's ports, and that is recent.
func (r *Reconciler) isVerified(c ovs.Change) bool {
	v := r.lastInput.Verdict
	return v != nil && v.Identity == r.lastInput.Asked.Identity && r.recent(r.syncing.word) &&
		!slices.ContainsFunc(portsOf(c), func(p string) bool { _, said := v.Bindings[p]; return !said })
}

// answered reports whether an echo was just answered; otherwise it sees to that, and a pass follows. A
// server that takes its time has many changes made by one answer.
func (r *Reconciler) answered(ctx context.Context) bool {
	s := &r.syncing
	for range 2 {
		v := r.cfg.Southbound.View()
		s.slow = s.slow && (s.underway == nil || s.underway.isOn(v))
		if s.underway == nil {
			if !s.unanswered.due(time.Now(), v, nil) {
				return false
			}
			q := question{saw: southbound.View{Endpoint: v.Endpoint, Since: v.Since}}
			s.underway = r.put(ctx, q, syncBound, func(ctx context.Context) (southbound.Verdict, error) {
				return southbound.Verdict{}, r.cfg.Southbound.Sync(ctx)
			})
		}
		q := s.underway
		if !q.await(ctx, nil, syncAtOnce) {
			return r.counts(s.used) && s.used.took() >= syncAtOnce
		}
		s.underway = nil
		if counts, failed := r.heardEcho(q); counts || failed {
			return counts
		}
		q.drop() // it is asked once more
	}
	r.Poke()
	return false
}

// heardEcho takes note of an answer, and reports whether it counts, or is a failure to answer. A first one that
// took its time is neither.
func (r *Reconciler) heardEcho(q *question) (counts, failed bool) {
	s := &r.syncing
	switch {
	case q.err == nil && r.counts(q):
		before := s.slow
		if s.slow = q.took() > syncSlow; s.slow && !before {
			return false, false
		}
		s.used.drop()
		s.used, s.unanswered = q, unanswered{}
		return true, false
	case q.err != nil && q.isOn(r.cfg.Southbound.View()) && time.Since(q.at) <= answerFresh:
		s.unanswered.fail(q)
		r.cfg.Log.Warn("changes put off: the Southbound did not confirm what is asked", "error", q.err)
		return false, true
	}
	return false, false
}

// counts reports whether there is an answer to an echo that tells that the Southbound's view is up to date.
func (r *Reconciler) counts(q *question) bool {
	return r.recent(q) && q.isOn(r.cfg.Southbound.View())
}

// overlayWait says of a port whose change waits for the Southbound why it waits, nil for another.
func (r *Reconciler) overlayWait(now time.Time, lport string) *reason.Reason {
	s := &r.syncing
	switch {
	case !s.waiting[lport]:
		return nil
	case s.unanswered.backoff.Failed() == nil, s.underway != nil:
		return reason.New(reason.CodeTransactionPending, "the change waits for the Southbound to answer whether it is still asked for")
	}
	return reason.New(reason.CodeTransactionPending,
		"the change was put off: the Southbound did not confirm that it is still asked for: %s; it is asked again in %s",
		reason.Prose(s.unanswered.backoff.Failed().Error()), max(s.unanswered.backoff.Next(now).Sub(now), 0).Round(time.Millisecond))
}
