package plug

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/representord/representord/ovs"
)

const (
	defaultAudit = 60 * time.Second
	defaultHold  = 2 * time.Minute
	// verifyWait bounds one question to the Southbound. Leaks never wait for it.
	verifyWait = 3 * time.Second
	// rounds bounds how often one pass plans: what is applied is looked at again.
	rounds = 4
)

// Config is what a Reconciler works with.
type Config struct {
	Southbound Southbound
	Switch     Switch
	Devices    Devices
	// Detach removes a netdev from the kernel's datapath if the datapath knows it
	// under another name than its present one, or in any case when it is forced, and
	// reports whether it did. nil leaves netdevs that ovs-vswitchd has lost track of to
	// ovs-vswitchd. It returns soon after ctx ends, with its error, even if the kernel
	// doesn't answer.
	Detach   func(ctx context.Context, ifindex uint32, name string, force bool) (bool, error)
	Settings Settings
	Log      *slog.Logger
	// Audit is the longest time between two passes, 0 for 60 s.
	Audit time.Duration
	// MassUnplugHold is how long suspicious removals wait, 0 for 2 minutes.
	MassUnplugHold time.Duration
	// Grace is how long a row stays after the Southbound confirmed that its request is gone and
	// nothing else asks for its function: 0 for 5 s, negative for none.
	Grace time.Duration
	// DryRun plans and reports but writes nothing, no link state either.
	DryRun bool
	// Took is told how long each step took, by the monotonic clock: from a Reconciler's
	// own goroutine, so it must return at once. nil for nobody.
	Took func(Step, time.Duration)
}

// Reconciler keeps the bridge as Plan wants it. It is level-triggered: Poke says
// that something may have changed, and a pass looks at everything.
type Reconciler struct {
	cfg     Config
	trigger chan struct{}
	report  atomic.Pointer[Report]
	release atomic.Pointer[[]Holding] // holds that end with the next plan
	events  ring

	// poked is when the first poke came that no pass has answered yet.
	poked atomic.Pointer[time.Time]

	ready     chan struct{}
	readyOnce sync.Once

	// What follows is owned by the running pass.
	hold     holder
	verify   questions
	pace     pace
	attempts map[string]*attempts // at having a netdev opened, by row
	links    links
	steps    steps
	last     map[string]Status
	ours     map[string]bool // uuids of the rows that bear our marks
	total    Report          // counters only
}

// NewReconciler returns a Reconciler that has made no pass yet.
func NewReconciler(cfg Config) *Reconciler {
	if cfg.Audit == 0 {
		cfg.Audit = defaultAudit
	}
	if cfg.MassUnplugHold == 0 {
		cfg.MassUnplugHold = defaultHold
	}
	r := &Reconciler{
		cfg:     cfg,
		trigger: make(chan struct{}, 1),
		ready:   make(chan struct{}),
		hold:    holder{wait: cfg.MassUnplugHold},
		last:    map[string]Status{},
		steps:   newSteps(cfg.Took),
	}
	r.report.Store(&Report{})
	return r
}

// Poke asks for a pass. It never blocks; pokes during a pass make one more pass.
func (r *Reconciler) Poke() {
	now := time.Now()
	r.poked.CompareAndSwap(nil, &now)
	select {
	case r.trigger <- struct{}{}:
	default:
	}
}

// ReleaseHold lets removals that wait go ahead with the next pass: of the holds that somebody
// has seen those that still are, and of their ports those that are held now. It returns what it
// released. What came to be held since is not released.
func (r *Reconciler) ReleaseHold(seen []Holding) []Holding {
	held := stillHeld(seen, r.Report().Holds)
	if len(held) == 0 {
		return nil
	}
	r.cfg.Log.Warn("holds released: the removals that wait go ahead", "holds", len(held))
	r.release.Store(&held)
	r.Poke()
	return held
}

// stillHeld gives what is both in seen and in now, in the order of now.
func stillHeld(seen, now []Holding) []Holding {
	var both []Holding
	for _, h := range now {
		i := slices.IndexFunc(seen, func(s Holding) bool { return s.Code == h.Code && s.Identity == h.Identity })
		if i < 0 {
			continue
		}
		were := make(map[string]bool, len(seen[i].Ports))
		for _, lport := range seen[i].Ports {
			were[lport] = true
		}
		var ports []string
		for _, lport := range h.Ports {
			if were[lport] {
				ports = append(ports, lport)
			}
		}
		if len(ports) > 0 || len(h.Ports) == 0 {
			h.Ports = ports
			both = append(both, h)
		}
	}
	return both
}

// Report returns what the last pass saw and did.
func (r *Reconciler) Report() Report { return *r.report.Load() }

// Ready is closed when a pass has compared what is on the bridge with the whole
// card: rows whose netdev has become another function are gone from then on, and
// ovs-vswitchd may start. The Southbound isn't needed for that.
func (r *Reconciler) Ready() <-chan struct{} { return r.ready }

// Run makes passes until the context is done, and returns nil then.
func (r *Reconciler) Run(ctx context.Context) error {
	r.poked.Store(nil) // by then nobody was to answer
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.trigger:
		case <-timer.C:
		}
		r.Pass(ctx)
		timer.Reset(r.Due())
	}
}

// Due is how long after the last pass the next is due without a poke. It must not be
// called beside Pass or Run.
func (r *Reconciler) Due() time.Duration {
	now, d := time.Now(), r.cfg.Audit
	for _, t := range []time.Time{r.pace.next(now), r.hold.next(now), r.nextNudge(), r.links.next(now), r.verify.next(now)} {
		if !t.IsZero() {
			d = min(d, max(t.Sub(now), time.Millisecond))
		}
	}
	return d
}

// Pass makes one pass: it reads the snapshots, plans, applies, and looks again
// until nothing more can be done now. It must not run beside Run.
func (r *Reconciler) Pass(ctx context.Context) Report {
	began := time.Now()
	since := began
	if poked := r.poked.Swap(nil); poked != nil {
		since = *poked
	}
	var planned []ovs.Change
	var d Decision
	for round := range rounds {
		// A leak can't wait for an answer from the network, unless it stays all the same.
		d = r.plan(ctx, since, round == 0 && !r.cfg.DryRun)
		since = time.Now() // of what was not there a moment ago
		changes := r.admit(time.Now(), d.Changes)
		planned = append(planned, changes...)
		if r.cfg.DryRun || ctx.Err() != nil {
			break
		}
		applied := r.apply(ctx, changes, d)
		r.setLinksUp(ctx, d.LinkUps)
		r.nudge(ctx, d.Nudges)
		if !applied && (round > 0 || len(d.Leaks) == 0) {
			break
		}
	}
	if d.Compared && (len(d.Leaks) == 0 || r.cfg.DryRun) {
		r.readyOnce.Do(func() { close(r.ready) })
	}
	rep := r.publish(ctx, d, planned)
	r.steps.took(StepPass, time.Since(began))
	return rep
}

// plan plans, and plans again with the Southbound's word where that is needed. With
// leaksFirst the Southbound isn't asked while there is a leak to be closed. What the
// views show first they have shown since then, at the earliest.
func (r *Reconciler) plan(ctx context.Context, since time.Time, leaksFirst bool) Decision {
	in := Input{
		Asked: r.cfg.Southbound.View(), Index: r.cfg.Devices.Index(), Actual: r.cfg.Switch.View(),
		Settings: r.cfg.Settings,
	}
	in.Taken = r.noteTaken(in.Actual)
	r.steps.seen(since, in.Asked, in.Actual)
	if held := r.release.Swap(nil); held != nil {
		r.hold.release(time.Now(), *held)
	}
	in.Hold = r.hold.before(time.Now(), in.Asked, in.Actual)
	d := Plan(in)
	sure := len(d.Doubts) == 0 && in.Asked.Complete && in.Asked.Connected
	ask := len(d.Doubts) > 0 && in.Asked.Complete && in.Asked.Connected && r.verify.due(time.Now(), in.Asked, d.Doubts)
	if ask && (len(d.Leaks) == 0 || !leaksFirst) {
		bounded, cancel := context.WithTimeout(ctx, verifyWait)
		verdict, err := r.cfg.Southbound.Verify(bounded, d.Doubts)
		cancel()
		if err != nil {
			r.verify.fail(time.Now(), d.Doubts, err)
			r.cfg.Log.Warn("the Southbound does not confirm what changed; rows stay", "ports", len(d.Doubts), "error", err)
		} else {
			in.Verdict = &verdict
			d = Plan(in)
			sure = len(d.Doubts) == 0
		}
	}
	if sure {
		r.verify.answered()
		r.hold.after(time.Now(), d)
	}
	return d
}

// Cleanup removes every row of ours from the bridge. It returns what was
// committed, or with DryRun what would be, and an error for the rest. It must not
// run beside Run.
func (r *Reconciler) Cleanup(ctx context.Context) ([]ovs.Change, error) {
	p := newPlanner(Input{Index: r.cfg.Devices.Index(), Actual: r.cfg.Switch.View()})
	if !p.in.Actual.Complete {
		return nil, fmt.Errorf("the local database can't be read: %s", p.in.Actual.Problem)
	}
	for _, q := range p.sorted {
		p.dropAll(q, "cleanup")
	}
	changes := join(p.parts)
	if r.cfg.DryRun {
		return changes, nil
	}
	errs := r.cfg.Switch.Apply(ctx, changes)
	var done []ovs.Change
	for i, c := range changes {
		if errs[i] == nil {
			done = append(done, c)
		}
	}
	return done, errors.Join(errs...)
}
