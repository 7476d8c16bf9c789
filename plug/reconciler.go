package plug

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

const (
	defaultAudit = 60 * time.Second
	defaultHold  = 2 * time.Minute
	defaultGrace = 5 * time.Second
	// defaultLinkGrace is enough for the commands of a rename, typed or in a script.
	defaultLinkGrace = 5 * time.Second
	// absentGrace is how long a function must have been away before its row is parked, and
	// how long nobody may have claimed the netdev that a row has before that counts.
	absentGrace = 5 * time.Second
	// startPatience is how long rows are left as they are at the start while the card isn't
	// known. systemd waits a little longer for us.
	startPatience = 2 * time.Second
	// rounds bounds how often one pass plans, but for what it does while the Southbound
	// is asked: what is applied is looked at again.
	rounds = 4
)

// Config is what a Reconciler works with.
type Config struct {
	Southbound Southbound
	Switch     Switch
	Devices    Devices
	// Detach removes each of these netdevs from the kernel's datapath, in their order, if the
	// datapath knows it under another name than its present one, or in any case when it is
	// forced. It tells of each whether it did; an error is about the first that it tells
	// nothing of. nil leaves netdevs that ovs-vswitchd has lost track of to ovs-vswitchd. It
	// returns soon after ctx ends, with its error, even if the kernel doesn't answer.
	Detach func(ctx context.Context, netdevs []Stray) (gone []bool, err error)
	// SetHWAddr gives a function the MAC address of its logical port; nil for none. It returns
	// soon after ctx ends, with its error, even if the kernel doesn't answer.
	// errors.ErrUnsupported tells that the driver can't.
	SetHWAddr func(ctx context.Context, r representor.Representor, mac representor.MAC) error
	Settings  plan.Settings
	Log       *slog.Logger
	// Audit is the longest time between two passes, 0 for 60 s.
	Audit time.Duration
	// MassUnplugHold is how long suspicious removals wait, 0 for 2 minutes.
	MassUnplugHold time.Duration
	// Grace is how long a row stays after the Southbound confirmed that its request is gone,
	// while nothing else asks for its function; 0 for 5 seconds, negative for none.
	Grace time.Duration
	// LinkGrace is how long a link that somebody took down is left alone before it is set
	// up again, 0 for 5 seconds, negative for no time. A netdev that is new has its link set
	// up at once.
	LinkGrace time.Duration
	// DryRun plans and reports but writes nothing, no link state either.
	DryRun bool
	// Took is told how long each step took, by the monotonic clock: from a Reconciler's
	// own goroutine, so it must return at once. nil for nobody.
	Took func(Step, time.Duration)
}

// Reconciler keeps the bridge as plan.Plan wants it. It is level-triggered: Poke says
// that something may have changed, and a pass looks at everything.
type Reconciler struct {
	cfg     Config
	trigger retry.Poke
	report  atomic.Pointer[Report]
	release atomic.Pointer[[]Holding] // holds that end with the next plan
	events  ring
	left    atomic.Pointer[map[string]bool] // see Left

	// poked is when the first poke came that no pass has answered yet.
	poked atomic.Pointer[time.Time]

	ready chan struct{}

	// What follows is owned by the running pass.
	hold      holder
	absent    lasting    // rows whose function is away, by uuid
	unclaimed lasting    // netdevs in our rows that no devlink port claims
	began     time.Time  // of the first pass
	compared  bool       // ready is closed
	planned   time.Time  // of the last plan
	lastInput plan.Input // what the last plan was made from
	verify    unanswered
	syncing   syncing
	asking    sync.WaitGroup                              // questions to the Southbound, and the pulses of their answers
	stood     func(*retry.Pulse, time.Time) time.Duration // (*retry.Pulse).Stood
	pace      retry.Keyed[string]
	attempts  map[string]*attempts // at having a netdev opened, by row
	letGo     letGo
	reopen    retry.Keyed[string] // rows of such names are made again later
	links     links
	addresses addresses
	steps     steps
	last      map[string]Port
	ours      map[string]bool // uuids of the rows that bear our marks
	total     Counters
}

// NewReconciler returns a Reconciler that has made no pass yet.
func NewReconciler(cfg Config) *Reconciler {
	cfg.Audit = cmp.Or(cfg.Audit, defaultAudit)
	cfg.MassUnplugHold = cmp.Or(cfg.MassUnplugHold, defaultHold)
	cfg.Grace = cmp.Or(cfg.Grace, defaultGrace)
	cfg.LinkGrace = cmp.Or(cfg.LinkGrace, defaultLinkGrace)
	if cfg.DryRun {
		cfg.Grace = -1 // nothing is awaited of a plan that nobody carries out
	}
	if cfg.Took == nil {
		cfg.Took = func(Step, time.Duration) {}
	}
	r := &Reconciler{
		cfg:       cfg,
		trigger:   retry.NewPoke(),
		ready:     make(chan struct{}),
		hold:      newHolder(cfg.MassUnplugHold, max(cfg.Grace, 0)),
		stood:     (*retry.Pulse).Stood,
		attempts:  map[string]*attempts{},
		letGo:     letGo{netdevs: map[uint32]openNetdev{}, rows: map[string]removedRow{}},
		links:     links{grace: max(cfg.LinkGrace, 0), were: map[uint32]linkHistory{}},
		addresses: addresses{done: map[string]plan.Address{}},
		steps:     steps{took: cfg.Took, ports: map[string]*progress{}},
		last:      map[string]Port{},
	}
	r.report.Store(&Report{})
	return r
}

// Left names the bridges that were ours and that nobody else keeps: whoever calls it has
// their locks until it is called without them. Rows of ours there move to the present one,
// and go where they leak.
func (r *Reconciler) Left(bridges []string) {
	left := make(map[string]bool, len(bridges))
	for _, b := range bridges {
		left[b] = true
	}
	r.left.Store(&left)
	r.Poke()
}

// Poke asks for a pass. It never blocks; pokes during a pass make one more pass.
func (r *Reconciler) Poke() {
	now := time.Now()
	r.poked.CompareAndSwap(nil, &now)
	r.trigger.Wake()
}

// Poked has an element when a pass is asked for: for who makes passes without Run.
func (r *Reconciler) Poked() <-chan struct{} { return r.trigger }

// Report returns what the last pass saw and did.
func (r *Reconciler) Report() Report { return *r.report.Load() }

// Ready is closed when a pass has compared what is on the bridge with the card: from then
// on rows that leak are gone, each other row is open, or its function's, or parked, and
// ovs-vswitchd may start. A card that can't be read as a whole is given startPatience to be.
// The Southbound isn't needed.
func (r *Reconciler) Ready() <-chan struct{} { return r.ready }

// Run makes passes until the context is done, and returns nil then.
func (r *Reconciler) Run(ctx context.Context) error {
	defer r.Wait()
	r.poked.Store(nil) // by then nobody was to answer
	retry.Loop(ctx, r.trigger, func() time.Duration {
		r.Pass(ctx)
		return r.Due()
	})
	return nil
}

// Due is how long after the last pass the next is due without a poke. It must not be
// called beside Pass or Run. What fell due since the last plan was made is due at once.
func (r *Reconciler) Due() time.Duration {
	then := r.planned
	next := retry.Earliest(
		r.patienceEnds(then), r.pace.Next(then), r.hold.next(then), r.nextNudge(),
		r.links.pace.Next(then), r.links.stuck.Next(then), r.links.wake, r.addresses.pace.Next(then),
		r.verify.backoff.Next(then), r.syncing.unanswered.backoff.Next(then),
		r.absent.next(then, absentGrace), r.unclaimed.next(then, absentGrace), r.letGo.next(), r.reopen.Next(then),
	)
	if next.IsZero() {
		return r.cfg.Audit
	}
	return min(r.cfg.Audit, max(time.Until(next), time.Millisecond))
}

// Pass makes one pass: it reads the snapshots, plans, applies, and looks again
// until nothing more can be done now. What needs the Southbound's word is asked of it,
// and planned on the snapshots as they are when the answer is there; until then the pass
// does what needs no answer, as soon as it is due. It must not run beside Run.
func (r *Reconciler) Pass(ctx context.Context) Report {
	began := time.Now()
	p := pass{since: r.pokedSince(began), left: rounds}
	for more := true; more && (ctx.Err() == nil || p.left == rounds); {
		more = r.round(ctx, &p)
	}
	p.asking.drop()
	p.said.drop()
	if p.left == 0 && len(p.last.Unconfirmed) > 0 {
		r.Poke() // there is more to ask about than this pass could
	}
	if p.last.Exhaustive && (len(p.last.Leaks) == 0 || r.cfg.DryRun) && !r.compared {
		r.compared = true
		close(r.ready)
	}
	rep := r.publish(ctx, p.last, p.planned)
	r.steps.took(StepPass, time.Since(began))
	return rep
}

// pass is what a pass knows from one round to the next.
type pass struct {
	since   time.Time // what the views show first they have shown since then
	left    int       // rounds that may still be made while nothing is asked
	last    plan.Decision
	planned []ovs.Change
	said    *question // whose answer the plans are made with, nil for none
	asking  *question // the one under way, nil for none
}

// round plans, applies and asks, once, and reports whether there is more to do now.
func (r *Reconciler) round(ctx context.Context, p *pass) bool {
	in := r.input(p.since, p.said)
	p.last = plan.Plan(in)
	r.learn(in, p.last)
	p.since = time.Now() // of what was not there a moment ago
	applied, tried, lettingGo := r.apply(ctx, p.last)
	p.planned = append(p.planned, tried...)
	if lettingGo {
		return true
	}
	if p.asking == nil && p.left > 0 {
		p.left--
		p.asking = r.ask(ctx, p.last, p.said)
	}
	if applied && (p.left > 0 || p.asking != nil) {
		return true // what takes the kernel its time comes last
	}
	if !r.cfg.DryRun {
		r.setLinksUp(ctx, p.last.LinkUps)
		r.setAddresses(ctx, p.last)
		r.nudge(ctx, p.last.Nudges)
	}
	if p.asking == nil {
		return false
	}
	if p.asking.await(ctx, r.trigger, r.Due()) && ctx.Err() == nil { // that we end is no answer
		p.said.drop()
		p.said, p.asking = r.heard(p.asking), nil
	} else {
		p.since = r.pokedSince(p.since)
	}
	if r.cfg.DryRun {
		p.planned = nil
	}
	return true
}

// pokedSince is when the first poke came that no plan has answered yet, or now.
func (r *Reconciler) pokedSince(now time.Time) time.Time {
	if poked := r.poked.Swap(nil); poked != nil {
		return *poked
	}
	return now
}

// input is what the next plan is made from, and moves on what is remembered from plan to plan: it is taken once for
// each. What the views show first they have shown since then, at the earliest.
func (r *Reconciler) input(since time.Time, said *question) plan.Input {
	in := plan.Input{
		Asked: r.cfg.Southbound.View(), Index: r.cfg.Devices.Index(), Actual: r.cfg.Switch.View(),
		Settings: r.cfg.Settings,
	}
	r.steps.seen(since, in.Asked, in.Actual)
	now := time.Now()
	r.planned, r.syncing.waiting, r.syncing.word = now, map[string]bool{}, said
	r.links.observe(now, in.Index)
	if held := r.release.Swap(nil); held != nil {
		r.hold.release(now, *held)
	}
	in.Hold = r.hold.before(now, in.Asked, in.Index, in.Actual)
	in.TakenByProvider = r.noteTaken(in.Actual)
	in.Verdict, in.Starting = said.on(in.Asked), r.starting(now, in.Index)
	in.Absent, in.Unclaimed = r.absent.lasted(now, absentGrace), r.unclaimed.lasted(now, absentGrace)
	if left := r.left.Load(); left != nil {
		in.Left = *left
	}
	r.lastInput = in
	return in
}

// learn takes note, for the next plan, of what this one found in its input.
func (r *Reconciler) learn(in plan.Input, d plan.Decision) {
	now := r.planned
	if in.Actual.Complete {
		r.absent = r.absent.noted(now, d.Absent, d.Unseen...)
		if current, _ := in.Index.LinksCurrent(); current {
			r.unclaimed = r.unclaimed.noted(now, d.Unclaimed)
		}
	}
	there := in.Asked.Complete && in.Asked.Connected
	sure := there && len(d.Unconfirmed) == 0
	if sure {
		r.verify = unanswered{}
	}
	if there {
		r.hold.after(now, d, sure || in.Verdict != nil)
	}
}

// noteTaken remembers which rows are ours, and gives those that were and now bear
// the built-in provider's mark too.
func (r *Reconciler) noteTaken(v ovs.View) map[string]bool {
	if !v.Complete {
		return nil
	}
	ours, taken := map[string]bool{}, map[string]bool{}
	for _, i := range v.Interfaces {
		switch {
		case !i.Marked:
		case i.OVNPlugged == "":
			ours[i.UUID] = true
		case r.ours[i.UUID]:
			ours[i.UUID], taken[i.UUID] = true, true
		}
	}
	r.ours = ours
	return taken
}

// starting reports whether ovs-vswitchd may be waiting for us, and the card is known, or
// has had its time to be.
func (r *Reconciler) starting(now time.Time, x *representor.Index) bool {
	if r.began.IsZero() {
		r.began = now
	}
	whole, _ := x.Complete()
	return !r.compared && !r.cfg.DryRun && (whole || now.Sub(r.began) >= startPatience)
}

// patienceEnds is when rows are compared with what is known of the card, whatever that
// is; zero if that was done, or nobody waits for it.
func (r *Reconciler) patienceEnds(now time.Time) time.Time {
	end := r.began.Add(startPatience)
	if r.compared || r.cfg.DryRun || r.began.IsZero() || !now.Before(end) {
		return time.Time{}
	}
	return end
}

// Cleanup removes every row of ours from the bridge. It returns what was
// committed, or with DryRun what would be, and an error for the rest. It must not
// run beside Run.
func (r *Reconciler) Cleanup(ctx context.Context) ([]ovs.Change, error) {
	view := r.cfg.Switch.View()
	if !view.Complete {
		return nil, fmt.Errorf("the local database can't be read: %s", view.Problem)
	}
	changes := plan.RemoveAll(r.cfg.Devices.Index(), view)
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
