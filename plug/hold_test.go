package plug

import (
	"errors"
	"testing"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

func TestHold_KeepsRowsForItsTime(t *testing.T) {
	isReported := func(identity string, code reason.Code) func(*history) {
		return func(h *history) {
			h.holdsNothing()
			h.becomes(identity, 0)
			h.holds(code, portsFrom(0, 4)...)
			h.holdEnds(2 * time.Minute)
			h.passes(2*time.Minute + time.Second)
			h.holdsNothing()
			h.rows(0)
		}
	}
	// What has not waited keeps what has: 21 ports of 40 go, and the others when those have waited for so long.
	startsOver := func(at time.Duration) func(*history) {
		return func(h *history) {
			h.asks(19)
			h.passes(at)
			h.rows(40)
			h.asks(0)
			h.passes(2*time.Minute - time.Second)
			h.rows(40)
			h.holds(reason.CodeMassUnplug, portsFrom(0, 40)...)
			h.passes(2 * time.Second)
			h.rows(0)
		}
	}
	play(t, noGrace, []scenario{
		{name: "of most ports is reported until it ends", hold: 2 * time.Minute, steps: isReported("sb1", reason.CodeMassUnplug)},
		{name: "of another Southbound is reported until it ends", hold: 2 * time.Minute, steps: isReported("sb2", reason.CodeSouthboundReplaced)},
		{name: "of most ports that go at once lasts until they have waited", hold: 2 * time.Minute, steps: func(h *history) {
			h.asks(0)
			h.passes(119 * time.Second)
			h.is("p0", plan.Held, reason.CodeMassUnplug)
			h.rows(4)
			h.passes(2 * time.Second)
			h.rows(0)
		}},
		{name: "of another Southbound keeps a single row until that is accepted", ports: 1, hold: 2 * time.Minute, steps: func(h *history) {
			h.becomes("sb2", 0)
			h.passes(time.Minute)
			h.is("p0", plan.Held, reason.CodeSouthboundReplaced)
			h.rows(1)
			h.passes(2 * time.Minute)
			h.rows(0)
		}},
		{name: "is over for what is asked for again within it", steps: func(h *history) {
			h.becomes("sb2", 0)
			h.passes(time.Minute)
			h.asks(4)
			h.is("p0", plan.Plugged, "")
			h.passes(5 * time.Minute)
			h.rowsAnswer("sb2")
			h.committed(4 + 4) // the plugs, and an edit of each row when the other Southbound was accepted
		}},
		{name: "starts over for what has not waited, after a minute", ports: 40, hold: 2 * time.Minute, steps: startsOver(time.Minute)},
		{name: "starts over for what has not waited, after 119 s", ports: 40, hold: 2 * time.Minute, steps: startsOver(119 * time.Second)},
		{name: "starts over for what has not waited, just before its end", ports: 40, hold: 2 * time.Minute,
			steps: startsOver(2*time.Minute - time.Nanosecond)},
		{name: "does not start over for what has waited when its removal is refused", hold: 2 * time.Minute, steps: func(h *history) {
			h.refuses(errors.New("disk full"), portsFrom(0, 4)...)
			h.asks(0)
			h.passes(2*time.Minute + time.Second)
			h.accepts()
			h.passes(31 * time.Second)
			h.rows(0)
		}},
		// A Southbound that comes and goes tells nothing while it is away, which is no reason to forget for how long ports have been held.
		{name: "ends though the Southbound comes and goes", hold: 2 * time.Minute, steps: func(h *history) {
			h.asks(0)
			h.passes(90 * time.Second)
			h.rows(4)
			h.goesAway()
			h.passes(time.Second)
			h.isBack()
			h.passes(41 * time.Second)
			h.rows(0)
		}},
		{name: "of another Southbound does not run out while that is away", steps: waitsWhileAway("sb2", 0)},
		{name: "of most ports does not run out while the Southbound is away", steps: waitsWhileAway("sb1", 0)},
		{name: "of most ports begins when the Southbound counts", hold: time.Minute, steps: func(h *history) {
			h.passes(brakeWindow)
			h.becomes("sb2", 0)
			h.passes(58 * time.Second)
			h.becomes("sb1", 0)
			h.passes(50 * time.Second)
			h.rows(4)
			h.passes(12 * time.Second)
			h.rows(0)
		}},
	})
}

// waitsWhileAway: the time for which the Southbound is away doesn't count for what waits, in a hold or in its grace. Whoever sees a
// hold takes the Southbound down to mend it. What comes back has its time to be filled, as if it had not been away.
func waitsWhileAway(identity string, left int) func(*history) {
	return func(h *history) {
		h.passes(brakeWindow)
		h.becomes(identity, left)
		h.passes(time.Second)
		h.goesAway()
		h.passes(10 * time.Minute)
		h.isBack()
		h.passes(time.Second)
		h.rows(4) // two seconds of a Southbound after it asked for fewer
		h.passes(3 * time.Minute)
		h.rows(left)
	}
}
