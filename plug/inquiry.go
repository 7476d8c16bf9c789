package plug

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/plug/plan"
)

// verifyWait bounds one question to the Southbound.
const verifyWait = 3 * time.Second

// inquiry is a question to the Southbound that is under way. It belongs to a pass, which
// goes on meanwhile: what needs no answer, and a leak above all, waits for none.
type inquiry struct {
	*timing
	lports []string
	saw    ovn.View // when it was asked
	answer chan answer
	cancel context.CancelFunc
}

type answer struct {
	verdict ovn.Verdict
	err     error
	at      time.Time
}

// ask asks the Southbound about what a plan is in doubt of, if there is anything and it
// may be asked now; nil if not. What it was asked about in this pass is asked again, so
// that there is one word about all.
func (r *Reconciler) ask(ctx context.Context, d plan.Decision, said word) *inquiry {
	v := r.cfg.Southbound.View()
	if len(d.Unconfirmed) == 0 || ctx.Err() != nil || !v.Complete || !v.Connected || !r.verify.due(time.Now(), v, d.Unconfirmed) {
		return nil
	}
	lports := slices.Clone(d.Unconfirmed)
	if said.verdict != nil {
		lports = slices.AppendSeq(lports, maps.Keys(said.verdict.Bindings))
	}
	slices.Sort(lports)
	lports = slices.Compact(lports)
	ctx, t := r.begin(ctx)
	ctx, cancel := context.WithTimeout(ctx, verifyWait)
	q := &inquiry{timing: t, lports: lports, saw: v, answer: make(chan answer, 1), cancel: cancel}
	go func() {
		v, err := r.cfg.Southbound.Verify(ctx, lports)
		q.answer <- answer{v, err, time.Now()}
	}()
	return q
}

// await waits for the answer, or for something else that is to be looked at or is due, and
// reports whether the question is over.
func (q *inquiry) await(ctx context.Context, other <-chan struct{}, due time.Duration) (answer, bool) {
	ctx, cancel := context.WithTimeout(ctx, due)
	defer cancel()
	select {
	case a := <-q.answer:
		q.cancel()
		q.at = a.at
		return a, true
	case <-other:
		return answer{}, false
	case <-ctx.Done():
		return answer{}, false
	}
}

// takeBack takes a question back, if there is one, and waits until it is over.
func (q *inquiry) takeBack() {
	if q != nil {
		q.cancel()
		<-q.answer
		q.end()
	}
}

// heard takes note of an answer, and gives the word in it, which is none if it failed.
func (r *Reconciler) heard(q *inquiry, a answer) word {
	if a.err != nil {
		q.end()
		r.verify.fail(time.Now(), q.lports, a.err)
		r.cfg.Log.Warn("the Southbound does not confirm what changed; rows stay", "ports", len(q.lports), "error", a.err)
		return word{}
	}
	return word{timing: q.timing, verdict: &a.verdict, saw: q.saw}
}

// word is what the Southbound answered in the running pass.
type word struct {
	*timing // nil without verdict
	verdict *ovn.Verdict
	saw     ovn.View // what it was asked on
}

// forget ends what the word takes.
func (w word) forget() {
	if w.timing != nil {
		w.end()
	}
}

// on gives what of the word still counts beside a view: a port of which the view has said
// something else since it was asked about is as unknown as before.
func (w word) on(v ovn.View) *ovn.Verdict {
	if w.verdict == nil || v.ChassisKnown != w.saw.ChassisKnown || v.Identity != w.saw.Identity {
		return nil
	}
	counts := *w.verdict
	counts.Bindings = make(map[string]ovn.Binding, len(w.verdict.Bindings))
	for lport, b := range w.verdict.Bindings {
		was, wasThere := w.saw.Bindings[lport]
		is, isThere := v.Bindings[lport]
		if wasThere == isThere && sameWord(was, is) {
			counts.Bindings[lport] = b
		}
	}
	return &counts
}

// sameWord reports whether two bindings of one port ask for the same.
func sameWord(a, b ovn.Binding) bool {
	return a.Disposition == b.Disposition && a.Additional == b.Additional && a.Request.Query == b.Request.Query &&
		(a.Request.Invalid == nil) == (b.Request.Invalid == nil)
}
