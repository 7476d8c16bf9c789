package plug

import (
	"context"
	"slices"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/retry"
)

// A process that was stopped for a while, or gets little CPU, goes on with the view that it had read
// before, and nothing of it tells that. So a change that rests on what is asked is made only by what the
// Southbound has just said: of its ports when it was asked about them, see ask, or in answer to an echo,
// by which the view is up to date, see answered.

const (
	// answerFresh is how old an answer may be that a change is made by. The kernel is asked about the
	// netdevs in that time, see confirmWait.
	answerFresh = 2 * time.Second
	// stallMost is for how long this process may have stood still since the question. What the server
	// said meanwhile may lie behind the answer, and is yet to be read.
	stallMost = 500 * time.Millisecond
	// doubtPause is the least time between questions that got no answer, while each is
	// about ports that the one before wasn't about.
	doubtPause = time.Second
)

// question is one to the Southbound, and its answer: about ports, or for an echo only. It may be under way
// beside rounds and passes: what needs no answer, and a leak above all, waits for none.
type question struct {
	lports    []string           // what it is about, sorted; none for an echo
	saw       southbound.View    // when it was asked; of an echo only which connection that was
	asked, at time.Time          // when it was asked, and answered
	pulse     *retry.Pulse       // whether this process has run since
	end       context.CancelFunc // see drop
	answered  chan struct{}      // closed when what follows is there
	verdict   southbound.Verdict
	err       error
}

// put asks, for as long as bound at most. The question ends with ctx, and Wait waits for that.
func (r *Reconciler) put(ctx context.Context, q question, bound time.Duration,
	ask func(context.Context) (southbound.Verdict, error),
) *question {
	ctx, q.end = context.WithCancel(ctx)
	q.asked, q.pulse, q.answered = time.Now(), retry.NewPulse(), make(chan struct{})
	r.asking.Go(func() { q.pulse.Run(ctx) })
	r.asking.Go(func() {
		defer q.end()
		bounded, cancel := context.WithTimeout(ctx, bound)
		defer cancel()
		q.verdict, q.err = ask(bounded)
		q.at = time.Now()
		close(q.answered)
		if len(q.lports) == 0 && time.Since(q.asked) >= syncAtOnce { // an echo that no pass waits for any more
			r.Poke()
		}
		retry.Sleep(ctx, answerFresh) // for so long it counts
	})
	return &q
}

// await waits for the answer, for a while at most or until something else is to be looked at, and reports
// whether it came.
func (q *question) await(ctx context.Context, other <-chan struct{}, most time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	select {
	case <-other:
		return false
	case <-q.answered:
	case <-ctx.Done():
	}
	select {
	case <-q.answered: // perhaps just now, and nobody was poked
		return true
	default:
		return false
	}
}

// drop ends a question, if there is one: it is taken back, or its answer counts no longer. It waits until
// that is so.
func (q *question) drop() {
	if q != nil {
		q.end()
		<-q.answered
	}
}

// isOn reports whether a view is that of the connection on which the question was asked.
func (q *question) isOn(v southbound.View) bool {
	return v.Endpoint == q.saw.Endpoint && v.Since.Equal(q.saw.Since)
}

// took is how long the answer took.
func (q *question) took() time.Duration { return q.at.Sub(q.asked) }

// recent reports whether there is an answer that tells what the Southbound says now.
func (r *Reconciler) recent(q *question) bool {
	now := time.Now()
	return q != nil && (now.Sub(q.asked) <= stallMost || now.Sub(q.at) <= answerFresh && r.stood(q.pulse, now) <= stallMost)
}

// Wait waits until nothing is under way that a pass left behind. Whoever calls Pass must end its context
// and call Wait when no other pass follows; Run does so itself.
func (r *Reconciler) Wait() {
	r.asking.Wait()
	r.syncing.underway, r.syncing.used = nil, nil
}

// unanswered is the pace of questions to the Southbound that get no answer. They are
// asked ever less often, unless something is new: another connection, which may well
// answer, or another port, whose removal somebody waits for.
type unanswered struct {
	backoff retry.Backoff
	last    *question // nil for none
	ports   []string  // what it was about, or is known since, in order
}

// due reports whether these ports may be asked about now, or an echo be asked for.
func (u *unanswered) due(now time.Time, v southbound.View, ports []string) bool {
	if u.last != nil && !u.last.isOn(v) {
		*u = unanswered{}
	}
	isNew := func(port string) bool {
		_, found := slices.BinarySearch(u.ports, port)
		return !found
	}
	if u.last != nil && slices.ContainsFunc(ports, isNew) {
		u.ports = slices.Sorted(slices.Values(ports))
		u.backoff = retry.Backoff{}
		u.backoff.Wait(u.last.at.Add(doubtPause))
	}
	return u.backoff.Next(now).IsZero()
}

// fail takes note of a question that got no answer.
func (u *unanswered) fail(q *question) {
	u.backoff.Fail(time.Now(), q.err)
	u.last, u.ports = q, q.lports
}
