package plug

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/plug/plan"
)

// verifyWait bounds one question to the Southbound.
const verifyWait = 3 * time.Second

// ask asks the Southbound about what a plan is in doubt of, if there is anything and it
// may be asked now; nil if not. What it was asked about in this pass is asked again, so
// that there is one word about all.
func (r *Reconciler) ask(ctx context.Context, d plan.Decision, said *question) *question {
	v := r.cfg.Southbound.View()
	if len(d.Unconfirmed) == 0 || ctx.Err() != nil || !v.Complete || !v.Connected || !r.verify.due(time.Now(), v, d.Unconfirmed) {
		return nil
	}
	lports := slices.Clone(d.Unconfirmed)
	if said != nil {
		lports = slices.AppendSeq(lports, maps.Keys(said.verdict.Bindings))
	}
	slices.Sort(lports)
	lports = slices.Compact(lports)
	return r.put(ctx, question{lports: lports, saw: v}, verifyWait, func(ctx context.Context) (southbound.Verdict, error) {
		return r.cfg.Southbound.Verify(ctx, lports)
	})
}

// heard takes note of an answer, and gives the question back, nil if that failed.
func (r *Reconciler) heard(q *question) *question {
	if q.err == nil {
		return q
	}
	q.drop()
	r.verify.fail(q)
	r.cfg.Log.Warn("the Southbound does not confirm what changed; rows stay", "ports", len(q.lports), "error", q.err)
	return nil
}

// on gives what of an answer, if there is one, still counts beside a view: a port of which the view has
// said something else since it was asked about is as unknown as before.
func (q *question) on(v southbound.View) *southbound.Verdict {
	if q == nil || v.ChassisKnown != q.saw.ChassisKnown || v.Identity != q.saw.Identity {
		return nil
	}
	counts := q.verdict
	counts.Bindings = make(map[string]southbound.Binding, len(q.verdict.Bindings))
	for lport, b := range q.verdict.Bindings {
		was, wasThere := q.saw.Bindings[lport]
		is, isThere := v.Bindings[lport]
		if wasThere == isThere && sameWord(was, is) {
			counts.Bindings[lport] = b
		}
	}
	return &counts
}
