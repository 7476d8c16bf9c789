package plug

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
)

// A process that was stopped for a while, or gets little CPU, goes on with the view that it had read
// before, and nothing of it tells that. So a change that rests on what is asked is made only by what the
// Southbound has just said: of its ports when it was asked about them, see inquiry, or in answer to an
// echo, by which the view is up to date.

const (
	// syncAtOnce is how long a pass waits for an echo. A server that is well answers in milliseconds; when
	// one that isn't has answered, another pass follows.
	syncAtOnce = 100 * time.Millisecond
	// syncBound is how long an answer may take. The connection's end ends it, too.
	syncBound = time.Minute
	// syncSlow is more than a server that is well takes. Either it is slow, or the network stood still, and
	// what it said since lies behind the answer.
	syncSlow = time.Second
	// syncFresh is how old an answer may be that a change is made by. The kernel is asked about the
	// netdevs in that time, see confirmWait.
	syncFresh = 2 * time.Second
	// stallMost is for how long this process may have stood still since the question. What the server
	// said meanwhile may lie behind the answer, and is yet to be read.
	stallMost = 500 * time.Millisecond
)

// timing is when the Southbound was asked and has answered, and whether this process has run since.
type timing struct {
	asked, at time.Time
	pulse     *retry.Pulse
	end       context.CancelFunc // the answer counts no longer
}

// begin times a question that is asked now, until the context that it returns ends, and Wait waits for that.
func (r *Reconciler) begin(ctx context.Context) (context.Context, *timing) {
	ctx, end := context.WithCancel(ctx)
	t := &timing{asked: time.Now(), pulse: retry.NewPulse(), end: end}
	r.asking.Go(func() { t.pulse.Run(ctx) })
	return ctx, t
}

// recent reports whether an answer tells what the Southbound says now.
func (r *Reconciler) recent(t *timing) bool {
	now := time.Now()
	return t != nil && (now.Sub(t.asked) <= stallMost || now.Sub(t.at) <= syncFresh && r.stood(t.pulse, now) <= stallMost)
}

// Wait waits until nothing is under way that a pass left behind. Whoever calls Pass must end its context
// and call Wait when no other pass follows; Run does so itself.
func (r *Reconciler) Wait() {
	r.asking.Wait()
	r.syncing.underway, r.syncing.used = nil, nil
}

// Awaits reports whether changes of the last pass wait for the Southbound to answer. It must not be
// called beside Pass or Run.
func (r *Reconciler) Awaits() bool { return len(r.syncing.waiting) > 0 }

// syncing is how the view is brought up to date.
type syncing struct {
	underway *echo // nil for none
	used     *echo // the last one whose answer counted
	failed   *echo // the last one that failed, while its connection lasts
	slow     bool  // the last answer took its time
	backoff  retry.Backoff
	waiting  map[string]bool // ports whose changes waited for an answer in the last plan
	word     *timing         // of the verdict in the last plan, nil for none
}

// echo is a question on one connection. It may be under way beside passes.
type echo struct {
	*timing
	endpoint string     // which is to this server
	since    time.Time  // since then
	answer   chan error // takes one
	err      error
	late     atomic.Bool // no pass waits for it, so that one must be poked
}

// upToDate leaves out the changes that rest on what is asked, unless the Southbound has just said that. A
// view that doesn't count gives nothing to anybody.
func (r *Reconciler) upToDate(ctx context.Context, changes []ovs.Change) []ovs.Change {
	v := r.lastInput.Asked
	waits := func(c ovs.Change) bool { return r.restsOnRequests(c) && !r.isVerified(c) }
	if !v.Complete || !v.Connected || !slices.ContainsFunc(changes, waits) || r.answered(ctx) {
		return changes
	}
	return r.leaveOut(changes, waits)
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
	v := r.cfg.Southbound.View()
	if s.failed != nil && !s.failed.isOn(v) {
		s.failed, s.backoff = nil, retry.Backoff{} // another server may well answer
	}
	s.slow = s.slow && (s.underway == nil || s.underway.isOn(v))
	for range 2 {
		if s.underway == nil {
			if !s.backoff.Next(time.Now()).IsZero() {
				return false
			}
			s.underway = r.sync(ctx)
		}
		e := s.underway
		if !e.await(ctx) {
			return s.used != nil && s.used.late.Load() && r.counts(s.used)
		}
		s.underway = nil
		if counts, failed := r.heardEcho(e); counts || failed {
			return counts
		}
		e.end() // it is asked once more
	}
	r.Poke()
	return false
}

// heardEcho takes note of an answer, and reports whether it counts, or is a failure to answer. A first one that
// took its time is neither.
func (r *Reconciler) heardEcho(e *echo) (counts, failed bool) {
	s := &r.syncing
	switch {
	case e.err == nil && r.counts(e):
		slow, before := e.at.Sub(e.asked) > syncSlow, s.slow
		if s.slow = slow; slow && !before {
			return false, false
		}
		if s.used != nil {
			s.used.end()
		}
		s.used, s.failed, s.backoff = e, nil, retry.Backoff{}
		return true, false
	case e.err != nil && e.isOn(r.cfg.Southbound.View()) && time.Since(e.at) <= syncFresh:
		s.failed = e
		s.backoff.Fail(time.Now(), e.err)
		r.cfg.Log.Warn("changes put off: the Southbound did not confirm what is asked", "error", e.err)
		return false, true
	}
	return false, false
}

// await waits for the answer for a moment, and reports whether it came. If not, it pokes later.
func (e *echo) await(ctx context.Context) (came bool) {
	if e.err, came = retry.Await(ctx, e.answer, syncAtOnce); !came {
		e.late.Store(true)
		select {
		case e.err = <-e.answer: // just now, and nobody was poked
		default:
			return false
		}
	}
	return true
}

// isOn reports whether a view is that of the connection on which the echo was asked for.
func (e *echo) isOn(v ovn.View) bool { return v.Endpoint == e.endpoint && v.Since.Equal(e.since) }

// counts reports whether the answer to an echo tells that the Southbound's view is up to date.
func (r *Reconciler) counts(e *echo) bool {
	return e.isOn(r.cfg.Southbound.View()) && r.recent(e.timing)
}

// stillFresh leaves out the changes that rest on what is asked if too much time has gone by since the
// Southbound said that, or this process was stopped right now.
func (r *Reconciler) stillFresh(changes []ovs.Change) []ovs.Change {
	v := r.lastInput.Asked
	if !v.Complete || !v.Connected {
		return changes
	}
	fresh := r.syncing.used != nil && r.counts(r.syncing.used)
	rest := r.leaveOut(changes, func(c ovs.Change) bool { return !fresh && r.restsOnRequests(c) && !r.isVerified(c) })
	if len(rest) < len(changes) {
		r.Poke()
	}
	return rest
}

// leaveOut leaves out the changes that wait for the Southbound, and takes note of their ports.
func (r *Reconciler) leaveOut(changes []ovs.Change, waits func(ovs.Change) bool) []ovs.Change {
	var rest []ovs.Change
	for _, c := range changes {
		if !waits(c) {
			rest = append(rest, c)
			continue
		}
		for _, p := range c.LogicalPorts {
			r.syncing.waiting[p] = true
		}
	}
	return rest
}

// sync asks. The question ends with ctx, which is that of all passes.
func (r *Reconciler) sync(ctx context.Context) *echo {
	v := r.cfg.Southbound.View()
	ctx, t := r.begin(ctx)
	e := &echo{timing: t, endpoint: v.Endpoint, since: v.Since, answer: make(chan error, 1)}
	r.asking.Go(func() {
		defer e.end()
		bounded, cancel := context.WithTimeout(ctx, syncBound)
		defer cancel()
		err := r.cfg.Southbound.Sync(bounded)
		e.at = time.Now()
		e.answer <- err
		if e.late.Load() {
			r.Poke()
		}
		retry.Sleep(ctx, syncFresh) // for so long it counts
	})
	return e
}

// overlayWait says of a port whose change waits for the Southbound why it waits, nil for another.
func (r *Reconciler) overlayWait(now time.Time, lport string) *reason.Reason {
	s := &r.syncing
	switch {
	case !s.waiting[lport]:
		return nil
	case s.backoff.Failed() == nil, s.underway != nil:
		return reason.New(reason.CodeTransactionPending, "the change waits for the Southbound to answer whether it is still asked for")
	}
	return reason.New(reason.CodeTransactionPending,
		"the change was put off: the Southbound did not confirm that it is still asked for: %s; it is asked again in %s",
		reason.Prose(s.backoff.Failed().Error()), max(s.backoff.Next(now).Sub(now), 0).Round(time.Millisecond))
}
