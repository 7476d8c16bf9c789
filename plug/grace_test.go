package plug

import (
	"testing"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

func TestGrace_IsTheTimeThatARowStaysOnceItsPortIsGoneForASouthboundThatCounts(t *testing.T) {
	// What is deleted after a hold, and made again at once, is no less deleted and made again for what the Southbound said before it
	// counted. Within the hold something happens by which it comes to count, and this many rows are there a moment later.
	counts := func(want int, happens func(*history)) func(*history) {
		return func(h *history) {
			h.passes(brakeWindow)
			h.becomes("sb2", 3)
			h.passes(58 * time.Second)
			happens(h)
			h.passes(4 * time.Second)
			h.rows(want)
			h.asks(want)
			h.passes(time.Minute)
			h.rows(want)
			h.asks(2)
			h.passes(4 * time.Second)
			h.rows(want)
			h.passes(2 * time.Minute)
			h.rows(2)
		}
	}
	play(t, 0, []scenario{
		// An operator who deletes a port, or hands its function on, is told how long it takes.
		{name: "is 5 s, if nobody says otherwise", steps: func(h *history) {
			h.asks(3)
			h.passes(5*time.Second - time.Millisecond)
			h.is("p3", plan.Held, reason.CodeUnplugGrace)
			h.rows(4)
			h.passes(time.Millisecond)
			h.rows(3)
		}},
		{name: "is none for a function that is handed on", steps: func(h *history) {
			h.asks(3, plantest.Asks("new", 0, 3))
			h.has("pf0vf3", "new")
		}},
		// A restored or recomputed Southbound loses a port for a moment.
		{name: "keeps the row of a port that is made anew within it", ports: 1, steps: func(h *history) {
			for range 10 {
				h.asks(0)
				h.passes(3 * time.Second)
				h.asks(1)
				h.passes(3 * time.Second)
			}
			h.rowsAnswer("sb1")
			h.committed(1)
		}},
		{name: "does not run out while the Southbound is away", grace: 5 * time.Second, steps: waitsWhileAway("sb1", 3)},
		// A port goes and comes back while the Southbound answers for nothing. When it goes again that is a new time.
		{name: "begins anew for a port that came back while another is in doubt", steps: func(h *history) {
			h.asks(3)
			h.passes(time.Second)
			h.fallsSilent()
			h.asks(2, plantest.Asks("p3", 0, 3)) // p3 is back, and p2 in doubt
			h.passes(time.Minute)
			h.answers()
			h.asks(3)
			h.passes(time.Second)
			h.has("pf0vf3", "p3")
		}},
		{name: "begins when another Southbound is accepted", hold: time.Minute, grace: 5 * time.Second, steps: counts(4, func(*history) {})},
		{name: "begins when the first Southbound is back", hold: time.Minute, grace: 5 * time.Second,
			steps: counts(4, func(h *history) { h.becomes("sb1", 3) })},
		{name: "is over for what an operator has released", hold: time.Minute, grace: 5 * time.Second,
			steps: counts(3, func(h *history) { h.releases(reason.CodeSouthboundReplaced) })},
		// A daemon that started while another Southbound was there has heard nothing of the one that its rows name.
		{name: "begins when the Southbound that rows name is back", grace: 5 * time.Second, steps: func(h *history) {
			h.passes(brakeWindow)
			h.unseen(func() { h.becomes("sb2", 4) })
			h.restarts()
			h.asks(3)
			h.passes(time.Minute)
			h.becomes("sb1", 3)
			h.passes(4 * time.Second)
			h.rows(4)
			h.passes(2 * time.Second)
			h.rows(3)
		}},
	})
}
