package plug

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

// scenario is what happens to a Reconciler that has plugged some ports, and what must hold meanwhile.
type scenario struct {
	name string
	// ports is how many there are, p0 and on, each for the VF of its number; four where it is zero.
	ports int
	// hold and grace are as in Config. Where there is no grace, that of the whole table counts.
	hold, grace time.Duration
	steps       func(*history)
}

// noGrace is that of Config for removals that don't wait.
const noGrace time.Duration = -1

// play has each of these happen, on a clock of its own. Those that name no grace have this one.
func play(t *testing.T, grace time.Duration, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s.steps(begin(t, cmp.Or(s.ports, 4), func(cfg *Config) {
					cfg.MassUnplugHold, cfg.Grace = s.hold, cmp.Or(s.grace, grace)
				}))
			})
		})
	}
}

// history is what happens around a Reconciler, step by step. The Reconciler is told of each step and does what it can at once,
// but for what happens unseen.
type history struct {
	t      *testing.T
	c      *cloud
	edit   func(*Config)
	r      *Reconciler
	stop   func()
	unread bool                     // what happens is told to nobody, see unseen
	first  map[string]ovs.Interface // the rows at the beginning
	seen   []Holding                // what an operator has seen held
}

// begin has as many ports plugged.
func begin(t *testing.T, ports int, edit func(*Config)) *history {
	t.Helper()
	h := &history{t: t, c: manyPorts(ports), edit: edit}
	h.start()
	h.first = h.c.rows()
	return h
}

func (h *history) start() {
	h.t.Helper()
	h.r = h.c.reconciler(h.edit)
	h.stop = run(h.t, h.r)
	synctest.Wait()
}

// restarts is that the daemon does.
func (h *history) restarts() {
	h.t.Helper()
	h.stop()
	h.start()
}

// happens is a change that the Reconciler is told of.
func (h *history) happens(change func()) {
	h.c.with(change)
	h.tell()
}

func (h *history) tell() {
	if !h.unread {
		h.r.Poke()
		synctest.Wait()
	}
}

// unseen is what the next pass is the first to see, whatever that is made for.
func (h *history) unseen(steps func()) {
	h.unread = true
	steps()
	h.unread = false
}

// passes lets time pass.
func (h *history) passes(d time.Duration) { elapse(d) }

// asks: the Southbound is there, and asks for the first n ports, and for others.
func (h *history) asks(n int, others ...southbound.Binding) {
	h.c.show(h.c.view.Identity, n, others...)
	h.tell()
}

// becomes: there is another Southbound, which asks for the first n ports.
func (h *history) becomes(identity string, n int) {
	h.c.show(identity, n)
	h.tell()
}

// goesAway and isBack are the connection to the Southbound.
func (h *history) goesAway() { h.happens(func() { h.c.view.Connected = false }) }
func (h *history) isBack()   { h.happens(func() { h.c.view.Connected = true }) }

// fallsSilent and answers: the Southbound's server answers no question, though the connection lasts. Nobody is told.
func (h *history) fallsSilent() { h.c.with(func() { h.c.silent = true }) }
func (h *history) answers()     { h.c.with(func() { h.c.silent = false }) }

// refuses: the local database refuses every change for these ports; accepts: it does no longer. Nobody is told.
func (h *history) refuses(err error, lports ...string) {
	h.c.with(func() {
		for _, lport := range lports {
			h.c.refuse[lport] = err
		}
	})
}
func (h *history) accepts() { h.c.with(func() { clear(h.c.refuse) }) }

// looks: an operator looks at what is held.
func (h *history) looks() { h.seen = h.r.Report().Holds }

// releases: an operator looks at what is held, and releases that. It must be holds for these reasons.
func (h *history) releases(codes ...reason.Code) {
	h.t.Helper()
	h.looks()
	h.releasesWhatWasSeen(codes...)
}

// releasesWhatWasSeen: an operator releases what the last look has shown.
func (h *history) releasesWhatWasSeen(codes ...reason.Code) {
	h.t.Helper()
	released, _ := h.r.ReleaseHold(h.seen)
	var got []reason.Code
	for _, hold := range released {
		got = append(got, hold.Code)
	}
	if !slices.Equal(got, codes) {
		h.t.Errorf("released: %+v, want holds for %q", released, codes)
	}
	synctest.Wait()
}

// rows: there are as many on the bridge.
func (h *history) rows(want int) {
	h.t.Helper()
	if n := len(h.c.rows()); n != want {
		h.t.Errorf("%d rows, want %d; held: %+v", n, want, h.r.Report().Holds)
	}
}

// has: a netdev's row is for a logical port.
func (h *history) has(netdev, lport string) {
	h.t.Helper()
	if row := h.c.rows()[netdev]; row.IfaceID != lport {
		h.t.Errorf("the row of %s is for %q, want %q; held: %+v", netdev, row.IfaceID, lport, h.r.Report().Holds)
	}
}

// rowsAnswer: the rows are those of the beginning, and answer this Southbound.
func (h *history) rowsAnswer(identity string) {
	h.t.Helper()
	want := map[string]ovs.Interface{}
	for name, row := range h.first {
		want[name] = plantest.Answering(row, "SB_Global "+identity)
	}
	if got := h.c.rows(); !maps.Equal(got, want) {
		h.t.Errorf("rows:\n%+v\nwant:\n%+v", got, want)
	}
}

// committed: as many changes were, since the beginning.
func (h *history) committed(want int) {
	h.t.Helper()
	var n int
	h.c.with(func() { n = h.c.applied })
	if n != want {
		h.t.Errorf("%d changes in all, want %d", n, want)
	}
}

// is: a port's state is this one, for this reason.
func (h *history) is(lport string, state plan.State, code reason.Code) {
	h.t.Helper()
	if s := find(h.t, h.r.Report(), lport); s.State != state || reason.CodeOf(s.Reason) != code {
		h.t.Errorf("%+v, want %s for %q", s, state, code)
	}
}

// holds: what is reported as held are these ports, for this reason.
func (h *history) holds(code reason.Code, lports ...string) {
	h.t.Helper()
	identity := ""
	if code == reason.CodeSouthboundReplaced {
		identity = h.c.view.Identity
	}
	held := h.r.Report().Holds
	if len(held) != 1 || held[0].Code != code || held[0].Identity != identity || !slices.Equal(held[0].Ports, lports) {
		h.t.Errorf("held: %+v, want %q, for %s of %q", held, lports, code, identity)
	}
}

// holdEnds: what is held may go after this time.
func (h *history) holdEnds(in time.Duration) {
	h.t.Helper()
	if held := h.r.Report().Holds; len(held) != 1 || time.Until(held[0].Until) != in {
		h.t.Errorf("at %v this is held, and should be for %v: %+v", time.Now(), in, held)
	}
}

// holdsNothing: nothing is reported as held.
func (h *history) holdsNothing() {
	h.t.Helper()
	if held := h.r.Report().Holds; len(held) != 0 {
		h.t.Errorf("held: %+v, want nothing", held)
	}
}

// holdsNothingFor: nothing is reported as held for this reason.
func (h *history) holdsNothingFor(code reason.Code) {
	h.t.Helper()
	if held := h.r.Report().Holds; slices.ContainsFunc(held, func(hold Holding) bool { return hold.Code == code }) {
		h.t.Errorf("held: %+v, want nothing for %s", held, code)
	}
}

// portsFrom are the ports from one number on, below another, in the order of a report.
func portsFrom(first, end int) []string {
	var lports []string
	for n := first; n < end; n++ {
		lports = append(lports, fmt.Sprintf("p%d", n))
	}
	slices.Sort(lports)
	return lports
}
