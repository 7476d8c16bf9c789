package plug

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
)

// A process that was stopped for a while, or gets little CPU, goes on with the view that it had read
// before, and nothing of it tells that. So a port gets something that it hasn't had only when the
// Southbound's view has just been brought up to date.

const (
	// syncAtOnce is how long a pass waits for that. A server that is well answers in milliseconds; when
	// one that isn't has answered, another pass follows.
	syncAtOnce = 100 * time.Millisecond
	// syncSlow is more than a server that is well takes. Either the server is slow then, or we were
	// stopped while it answered, and have yet to read what it said since.
	syncSlow = time.Second
	// syncBound is how long an answer may take. The connection's end ends it, too.
	syncBound = time.Minute
	// syncFresh is how old an answer may be that a pass uses.
	syncFresh = 3 * time.Second
)

// syncing is how the view is brought up to date, on one connection.
type syncing struct {
	endpoint string    // which is to this server
	since    time.Time // since then
	underway *echo     // nil for none
	slow     bool      // the last answer took its time
	good     time.Time // when the last answer came that could be used
	backoff  retry.Backoff
	waiting  map[string]bool // ports whose changes waited for an answer in the last plan
}

// echo is a question that is under way, beside passes if it takes long.
type echo struct {
	answer chan synced // takes one
	late   atomic.Bool // no pass waits for it, so that one must be poked
}

// synced is the answer, when it came, and how long it took.
type synced struct {
	err  error
	at   time.Time
	took time.Duration
}

// given leaves out the changes that give ports something new, unless the Southbound's view was just
// brought up to date.
func (r *Reconciler) given(ctx context.Context, changes []ovs.Change) []ovs.Change {
	if !slices.ContainsFunc(changes, r.givesByRequest) || r.upToDate(ctx) {
		return changes
	}
	var rest []ovs.Change
	for _, c := range changes {
		if !r.givesByRequest(c) {
			rest = append(rest, c)
			continue
		}
		for _, p := range c.LogicalPorts {
			r.syncing.waiting[p] = true
		}
	}
	return rest
}

// givesByRequest reports whether a change gives a port a function that the port has no row for: a row
// that follows its function to another netdev gives nothing, nor do marks and names that are put back.
func (r *Reconciler) givesByRequest(c ovs.Change) bool {
	x := r.lastInput.Index
	return slices.ContainsFunc(c.Plug, func(p ovs.Plug) bool {
		function := x.WithController(plan.MarkedFunction(p.Marker))
		return !slices.ContainsFunc(c.Unplug, func(u ovs.Unplug) bool {
			return u.Interface.LogicalPort() == p.IfaceID && plan.FunctionOf(x, u.Interface) == function
		})
	})
}

// upToDate reports whether the Southbound's view was just brought up to date; otherwise it sees to that,
// and a pass follows. A view that doesn't count gives nothing to anybody.
func (r *Reconciler) upToDate(ctx context.Context) bool {
	s, v := &r.syncing, r.cfg.Southbound.View()
	if !v.Complete || !v.Connected {
		return true
	}
	if v.Endpoint != s.endpoint || !v.Since.Equal(s.since) { // what was asked of another is over
		*s = syncing{endpoint: v.Endpoint, since: v.Since, waiting: s.waiting}
	}
	for range 2 {
		if s.underway == nil {
			if !s.backoff.Next(time.Now()).IsZero() {
				return false
			}
			s.underway = r.sync(ctx)
		}
		a, came := s.underway.await(ctx)
		if !came {
			return time.Since(s.good) <= syncFresh
		}
		s.underway = nil
		switch slow := a.took > syncSlow; {
		case time.Since(a.at) > syncFresh: // nobody needed it when it came
		case a.err != nil:
			s.backoff.Fail(time.Now(), a.err)
			r.cfg.Log.Warn("changes put off: the Southbound did not confirm what is asked", "error", a.err)
			return false
		case slow && !s.slow:
			s.slow = true // it is asked once more
		default:
			s.slow, s.good, s.backoff = slow, a.at, retry.Backoff{}
			return true
		}
	}
	r.Poke()
	return false
}

// await waits for the answer for a moment, and reports whether it came. If not, it pokes later.
func (e *echo) await(ctx context.Context) (a synced, came bool) {
	if a, came = retry.Await(ctx, e.answer, syncAtOnce); came {
		return a, true
	}
	e.late.Store(true)
	select {
	case a = <-e.answer: // just now, and nobody was poked
		return a, true
	default:
		return a, false
	}
}

// stillFresh leaves out the changes that give ports something new if too much time went by since the
// Southbound was asked: to ask the kernel may take long, and so may a stop right now.
func (r *Reconciler) stillFresh(changes []ovs.Change) []ovs.Change {
	v := r.cfg.Southbound.View()
	if !v.Complete || !v.Connected || time.Since(r.syncing.good) <= syncFresh+confirmWait {
		return changes
	}
	rest := slices.DeleteFunc(slices.Clone(changes), r.givesByRequest)
	if len(rest) < len(changes) {
		r.Poke()
	}
	return rest
}

// sync asks. The question ends with ctx, which is that of all passes, and Wait waits for its end.
func (r *Reconciler) sync(ctx context.Context) *echo {
	ctx, cancel := context.WithTimeout(ctx, syncBound)
	s := &echo{answer: make(chan synced, 1)}
	r.echoes.Go(func() {
		defer cancel()
		asked := time.Now()
		err := r.cfg.Southbound.Sync(ctx)
		s.answer <- synced{err, time.Now(), time.Since(asked)}
		if s.late.Load() {
			r.Poke()
		}
	})
	return s
}

// Wait waits until nothing is under way that a pass left behind. Whoever calls Pass must end its context
// and call Wait when no other pass follows; Run does so itself.
func (r *Reconciler) Wait() { r.echoes.Wait() }

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
