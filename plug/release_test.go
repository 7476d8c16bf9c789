package plug

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

func TestReleaseHold_IsForWhatIsHeldThenAndNothingElse(t *testing.T) {
	// The Southbound has become another one, and is away when its hold is released. It is back as this one then.
	whenBack := func(identity string, asks, want int) func(*history) {
		return func(h *history) {
			h.becomes("sb2", 1)
			h.holds(reason.CodeSouthboundReplaced, "p1", "p2", "p3")
			h.unseen(h.goesAway)
			h.releases(reason.CodeSouthboundReplaced)
			h.passes(time.Minute)
			h.becomes(identity, asks)
			h.passes(time.Minute)
			h.rows(want)
		}
	}
	play(t, noGrace, []scenario{
		{name: "with nothing held releases nothing, and then what is held", steps: func(h *history) {
			h.releases()
			h.asks(0)
			h.rows(4)
			h.holds(reason.CodeMassUnplug, portsFrom(0, 4)...)
			h.releases(reason.CodeMassUnplug)
			h.rows(0)
			h.holdsNothing()
		}},
		{name: "of another Southbound ends the hold of a single row", ports: 1, hold: 2 * time.Minute, steps: func(h *history) {
			h.becomes("sb2", 0)
			h.passes(time.Minute)
			h.is("p0", plan.Held, reason.CodeSouthboundReplaced)
			h.releases(reason.CodeSouthboundReplaced)
			h.rows(0)
		}},
		{name: "while the Southbound is away releases nothing", hold: time.Hour, steps: func(h *history) {
			h.asks(0)
			h.passes(time.Second)
			h.goesAway()
			h.passes(time.Second)
			h.releases() // nothing is held on the word of a Southbound that is away
			h.isBack()
			h.passes(5 * time.Second)
			h.rows(4)
		}},
		{name: "that could not be used is no permission for another Southbound", hold: 2 * time.Hour, steps: func(h *history) {
			h.asks(0)
			h.passes(10 * time.Second)
			h.fallsSilent()
			h.releases(reason.CodeMassUnplug)
			h.passes(10 * time.Minute)
			h.answers()
			h.becomes("sb2", 0)
			h.passes(time.Minute)
			h.rows(4)
		}},
		{name: "that could not be used is no permission for what comes later", hold: 2 * time.Minute, steps: func(h *history) {
			h.asks(1) // p1 to p3 are held
			h.unseen(h.goesAway)
			h.releases(reason.CodeMassUnplug)
			h.passes(time.Hour)
			h.asks(0) // the Southbound is back, and p0 is gone from it as well
			h.has("pf0vf0", "p0")
		}},
		{name: "that could not be used at once is for the ports that were held", ports: 5, hold: 2 * time.Hour, steps: func(h *history) {
			h.asks(2) // p2 to p4 are held
			h.unseen(h.goesAway)
			h.releases(reason.CodeMassUnplug)
			h.passes(time.Minute)
			h.asks(2) // the Southbound is back and says the same
			h.rows(2)
		}},
		{name: "is over for a port that is asked for again", hold: 2 * time.Hour, steps: func(h *history) {
			h.asks(0)
			h.refuses(errors.New("disk full"), portsFrom(0, 4)...)
			h.releases(reason.CodeMassUnplug)
			h.passes(time.Second)
			h.asks(4)
			h.accepts()
			h.asks(0)
			h.passes(time.Minute)
			h.rows(4)
		}},
		{name: "of another Southbound is for that one", hold: 2 * time.Hour, steps: whenBack("sb2", 1, 1)},
		{name: "of another Southbound is for the ports that it held", hold: 2 * time.Hour, steps: whenBack("sb2", 0, 4)},
		{name: "of another Southbound is not for a third one", hold: 2 * time.Hour, steps: whenBack("sb3", 1, 4)},
		{name: "of another Southbound is not for the first one", hold: 2 * time.Hour, steps: whenBack("sb1", 1, 4)},
		{name: "of a Southbound that is not there any more releases nothing", grace: 5 * time.Second, steps: func(h *history) {
			h.passes(brakeWindow)
			h.becomes("sb2", 1)
			h.passes(time.Minute)
			h.unseen(func() { h.becomes("sb1", 1) })
			h.releases(reason.CodeSouthboundReplaced) // the next pass is the first to see that it has ended
			h.passes(time.Minute)
			h.rows(4)
		}},
		{name: "leaves the ports that it does not name their grace", grace: 5 * time.Second, steps: func(h *history) {
			h.passes(brakeWindow)
			h.becomes("sb2", 3)
			h.looks()
			h.asks(2)
			h.passes(20 * time.Second)
			h.releasesWhatWasSeen(reason.CodeSouthboundReplaced)
			h.passes(4 * time.Second)
			h.rows(3)
			h.passes(2 * time.Second)
			h.rows(2)
		}},
		{name: "while the Southbound is away is for good", steps: func(h *history) {
			h.becomes("sb2", 0)
			h.goesAway()
			h.passes(time.Second)
			h.releases(reason.CodeSouthboundReplaced)
			h.passes(10 * time.Second)
			h.isBack()
			h.holdsNothingFor(reason.CodeSouthboundReplaced)
		}},
	})
}

// The release comes to a pass that has accepted the first Southbound again.
func TestReleaseHold_OfASouthboundThatIsNotThereAnyMoreCountsForNoPort(t *testing.T) {
	h := newHolder(time.Minute, time.Second)
	h.accepted = "sb1"
	h.release(time.Now(), []Holding{{Code: reason.CodeSouthboundReplaced, Identity: "sb2", Ports: []string{"p1", "p2", "p3"}}})
	if len(h.leaving)+len(h.graces) > 0 {
		t.Errorf("of another Southbound's hold these are released: %v, without a grace: %v", h.leaving, h.graces)
	}
}

func TestReleaseHold_IsForWhatWasSeenAndIsStillHeld(t *testing.T) {
	mass := func(ports ...string) Holding { return Holding{Code: reason.CodeMassUnplug, Ports: ports} }
	replaced := func(identity string, ports ...string) Holding {
		return Holding{Code: reason.CodeSouthboundReplaced, Identity: identity, Ports: ports}
	}
	for name, tt := range map[string]struct{ seen, now, released, held []Holding }{
		"nothing was seen":         {nil, []Holding{mass("a", "b")}, nil, []Holding{mass("a", "b")}},
		"nothing is held any more": {[]Holding{mass("a")}, nil, nil, nil},
		"the same":                 {[]Holding{mass("a", "b")}, []Holding{mass("a", "b")}, []Holding{mass("a", "b")}, nil},
		"a port came":              {[]Holding{mass("a", "b")}, []Holding{mass("a", "b", "c")}, []Holding{mass("a", "b")}, []Holding{mass("c")}},
		"a port went":              {[]Holding{mass("a", "b")}, []Holding{mass("b")}, []Holding{mass("b")}, nil},
		"all are others":           {[]Holding{mass("a", "b")}, []Holding{mass("c")}, nil, []Holding{mass("c")}},
		"another Southbound":       {[]Holding{replaced("1", "a")}, []Holding{replaced("2", "a")}, nil, []Holding{replaced("2", "a")}},
		"another hold":             {[]Holding{mass("a")}, []Holding{replaced("1", "a")}, nil, []Holding{replaced("1", "a")}},
		"a Southbound that holds no port": {
			[]Holding{replaced("1")}, []Holding{replaced("1")}, []Holding{replaced("1")}, nil,
		},
		"another Southbound that holds no port": {[]Holding{replaced("1")}, []Holding{replaced("2")}, nil, []Holding{replaced("2")}},
		"in another order":                      {[]Holding{mass("b", "a")}, []Holding{mass("a", "b")}, []Holding{mass("a", "b")}, nil},
		"one of two": {
			[]Holding{mass("a", "b")}, []Holding{mass("a", "b", "new"), replaced("2", "c")},
			[]Holding{mass("a", "b")}, []Holding{mass("new"), replaced("2", "c")},
		},
	} {
		released, held := partHolds(tt.seen, tt.now)
		if diff := cmp.Diff([][]Holding{tt.released, tt.held}, [][]Holding{released, held}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
