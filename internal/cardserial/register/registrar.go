package register

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

const (
	defaultAudit = time.Minute
	// paceEdits is how many edits are made in a retry.Window: a tool that overwrites the
	// options gets our entry put back so often at once, and then about every other second.
	paceEdits = 5
	// lostAfter is how long a card must be away until its entry goes: longer than a
	// host takes to reboot, or a device to reload its firmware.
	lostAfter = 5 * time.Minute
)

// Switch is the local database. *ovs.Switch is one.
type Switch interface {
	View() ovs.View
	EditRoot(ctx context.Context, e ovs.RootEdit) error
}

// Devices are the cards.
type Devices interface {
	Index() *representor.Index
}

// Config is what a Registrar works with.
type Config struct {
	Switch  Switch
	Devices Devices
	// Chassis is who we are, as external_ids say; empty while that isn't known.
	Chassis func(externalIDs map[string]string) string
	Log     *slog.Logger
	// Audit is the longest time between two looks, 0 for 60 s.
	Audit time.Duration
	// Off: nothing is written, and what was written stays.
	Off bool
	// DryRun plans, tells the log, and writes nothing.
	DryRun bool
}

// Registrar keeps the serial numbers published. It is level-triggered: Poke says that
// something may have changed, and a look sees to everything.
type Registrar struct {
	cfg     Config
	trigger retry.Poke

	// failed is why the last edit failed, nil if it did not.
	failed atomic.Pointer[string]

	// What follows is the running look's own.
	pace   retry.Backoff
	absent map[string]time.Time // since when, of what we wrote
	told   map[string]string    // the last problem of each card that was logged
	would  retry.Said           // the last plan of a dry run that was logged
}

// NewRegistrar returns a Registrar that has done nothing yet.
func NewRegistrar(cfg Config) *Registrar {
	cfg.Audit = cmp.Or(cfg.Audit, defaultAudit)
	return &Registrar{cfg: cfg, trigger: retry.NewPoke(), absent: map[string]time.Time{}, told: map[string]string{}}
}

// Poke asks for a look. It never blocks.
func (r *Registrar) Poke() {
	r.trigger.Wake()
}

// Run looks until the context is done, and returns nil then. What is published stays.
// It may be called again when it has returned.
func (r *Registrar) Run(ctx context.Context) error {
	retry.Loop(ctx, r.trigger, func() time.Duration {
		r.Look(ctx)
		return r.wait(time.Now())
	})
	return nil
}

// wait is how long to sleep without a poke.
func (r *Registrar) wait(now time.Time) time.Duration {
	d := r.cfg.Audit
	if due := r.pace.Next(now); !due.IsZero() {
		d = min(d, due.Sub(now))
	}
	for _, since := range r.absent {
		if until := since.Add(lostAfter).Sub(now); until > 0 {
			d = min(d, until)
		}
	}
	return max(d, time.Millisecond)
}

// Look compares what is published with the cards, and puts it right. It gives what
// was done, or with DryRun what would be. It must not run beside Run.
func (r *Registrar) Look(ctx context.Context) Decision {
	v, x := r.cfg.Switch.View(), r.cfg.Devices.Index()
	now := time.Now()
	if r.cfg.Off || !v.Complete {
		clear(r.absent)
		return Decision{}
	}
	in, cards := r.input(v, x)
	r.tell(cards)
	whole, _ := x.Complete()
	in.Lost = r.lost(now, in.absent(), whole && in.Chassis != "")
	d := Plan(in)
	if d.Nothing() {
		r.failed.Store(nil)
		return d
	}
	if r.cfg.DryRun {
		if r.would.IsNew(fmt.Sprint(d.Set, d.Delete)) {
			r.cfg.Log.Info("would publish the cards' serial numbers", "key", d.Key, "set", d.Set, "delete", d.Delete)
		}
		return d
	}
	if !r.pace.Next(now).IsZero() {
		return Decision{}
	}
	if err := r.edit(ctx, v.ExternalIDs, d, "the cards' serial numbers"); err != nil {
		return Decision{}
	}
	return d
}

// input is what there is to decide on, with the cards that it is from.
func (r *Registrar) input(v ovs.View, x *representor.Index) (Input, []Card) {
	cards := cardsOf(x)
	numbers, all := known(cards)
	whole, _ := x.Complete()
	return Input{ExternalIDs: v.ExternalIDs, Chassis: r.cfg.Chassis(v.ExternalIDs), Known: numbers, Whole: whole && all}, cards
}

// Withdraw takes back what we published. It gives what was done, or with DryRun what
// would be. It must not run beside Run.
func (r *Registrar) Withdraw(ctx context.Context) (Decision, error) {
	v := r.cfg.Switch.View()
	d := Withdraw(v.ExternalIDs, r.cfg.Chassis(v.ExternalIDs))
	if d.Nothing() || r.cfg.DryRun {
		return d, nil
	}
	return d, r.edit(ctx, v.ExternalIDs, d, "cleanup")
}

// edit writes a decision.
func (r *Registrar) edit(ctx context.Context, planned map[string]string, d Decision, why string) error {
	err := r.cfg.Switch.EditRoot(ctx, ovs.RootEdit{Planned: planned, Set: d.Set, Delete: d.Delete, Why: why})
	now := time.Now()
	if err != nil {
		r.pace.Fail(now, err)
		r.failed.Store(new(err.Error()))
		if errors.Is(err, ovs.ErrChanged) {
			r.cfg.Log.Debug("external_ids changed meanwhile; looking again", "error", err)
			return err
		}
		r.cfg.Log.Warn("the cards' serial numbers can't be published; trying again", "key", d.Key, "error", err)
		return err
	}
	r.pace.Succeed(now, paceEdits)
	r.failed.Store(nil)
	r.cfg.Log.Info("published serial numbers corrected", "key", d.Key, "added", d.Added, "removed", d.Removed, "why", why)
	return nil
}

// lost notes since when numbers that we wrote are absent, and gives those of them that no card has
// had for long. Only a card that was read as a whole shows that.
func (r *Registrar) lost(now time.Time, absent []string, whole bool) []string {
	maps.DeleteFunc(r.absent, func(s string, _ time.Time) bool { return !whole || !slices.Contains(absent, s) })
	if !whole {
		return nil
	}
	for _, s := range absent {
		if _, known := r.absent[s]; !known {
			r.absent[s] = now
		}
	}
	return slices.DeleteFunc(absent, func(s string) bool { return now.Sub(r.absent[s]) < lostAfter })
}

// tell logs why cards can't be published, once for as long as it is so.
func (r *Registrar) tell(cards []Card) {
	told := map[string]string{}
	for _, c := range cards {
		if c.Reason == nil || !c.HostFacing || c.Reason.Code == CodeWaiting {
			continue
		}
		h := c.Handle.String()
		told[h] = c.Reason.Message
		if r.told[h] == told[h] {
			continue
		}
		if c.Reason.Code == reason.CodeSerialUnknown {
			r.cfg.Log.Warn("a card's serial number is not known, so no hypervisor finds it", "device", h, "why", c.Reason.Message)
		} else {
			r.cfg.Log.Error("a card's serial number is not published", "device", h, "why", c.Reason.Message)
		}
	}
	r.told = told
}
