package plug

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

const (
	// paceChanges is how many changes for one logical port are made in a retry.Window: a
	// port whose row somebody keeps changing gets its row put back at that rate.
	paceChanges = 10
	reopenDelay = time.Second
)

// admit leaves out the changes for ports that must wait. What only removes never waits, nor
// does what takes a name away for what failed before it: that gave one.
func (r *Reconciler) admit(now time.Time, changes []ovs.Change) []ovs.Change {
	return without(changes, func(c ovs.Change) bool {
		waits := slices.ContainsFunc(c.Plug, func(p ovs.Plug) bool { return !r.reopen.Due(now, p.Netdev).IsZero() })
		for _, p := range c.LogicalPorts {
			despite := parksOnly(c) && r.pace.Failures(p) > 0
			waits = waits || !despite && !r.pace.Due(now, p).IsZero()
		}
		return waits && (len(c.Plug)+len(c.Edit) > 0 || r.refusedOnLeft(c))
	})
}

// without leaves out some changes.
func without(changes []ovs.Change, some func(ovs.Change) bool) []ovs.Change {
	return slices.DeleteFunc(slices.Clone(changes), some)
}

// refusedOnLeft reports whether a row on a bridge that was ours could not be removed before. The
// lock of that bridge is taken for each try, which wakes us.
func (r *Reconciler) refusedOnLeft(c ovs.Change) bool {
	moved := slices.ContainsFunc(c.Unplug, func(u ovs.Unplug) bool { return u.Moved })
	return moved && slices.ContainsFunc(c.LogicalPorts, func(p string) bool { return r.pace.Failures(p) > 0 })
}

// parksOnly reports whether a change takes the names of rows away, and nothing else.
func parksOnly(c ovs.Change) bool {
	return len(c.Plug)+len(c.Unplug) == 0 && !slices.ContainsFunc(c.Edit, func(e ovs.Edit) bool {
		return !slices.Contains(e.Delete, ovs.KeyIfaceID)
	})
}

// apply commits what a plan wants, and reports whether anything was changed, and what was
// tried. The leaks come first, then what the datapath must let go of, for that still
// carries what a leak did. As long as that takes, the rest is left for the next plan. What
// goes with a leak that can't be closed waits for it.
func (r *Reconciler) apply(ctx context.Context, d plan.Decision) (applied bool, tried []ovs.Change, lettingGo bool) {
	leaks := 0
	for leaks < len(d.Changes) && plan.ClosesLeak(d.Changes[leaks]) {
		leaks++
	}
	done, tried := r.attempt(ctx, d.Changes[:leaks], d)
	applied, rest := len(done) > 0, d.Changes[leaks:]
	now := time.Now()
	r.reopen.Prune(now, nil)
	for _, name := range d.Reopen {
		r.reopen.Wait(name, now.Add(reopenDelay))
	}
	if !r.cfg.DryRun {
		rest = plan.WaitFor(unclosed(d.Changes[:leaks], done), rest)
		lettingGo = r.makeLetGo(ctx)
	}
	if !lettingGo {
		did, more := r.attempt(ctx, rest, d)
		applied, tried = applied || len(did) > 0, append(tried, more...)
	}
	return applied, tried, lettingGo
}

// unclosed are the rows of the leaks that are not among what was done.
func unclosed(leaks, done []ovs.Change) []ovs.Unplug {
	closed := map[string]bool{}
	for _, c := range done {
		closed[c.Unplug[0].Interface.UUID] = true
	}
	var rows []ovs.Unplug
	for _, c := range leaks {
		if u := c.Unplug[0]; !closed[u.Interface.UUID] {
			rows = append(rows, u)
		}
	}
	return rows
}

// attempt commits those changes whose time has come and whose netdevs the kernel confirms,
// and returns what was done, and what was tried.
func (r *Reconciler) attempt(ctx context.Context, changes []ovs.Change, d plan.Decision) (done, tried []ovs.Change) {
	tried = r.admit(time.Now(), changes)
	if r.cfg.DryRun || ctx.Err() != nil {
		return nil, tried
	}
	confirmed := r.confirm(ctx, r.upToDate(tried, func() bool { return r.answered(ctx) }), d.Gives)
	asked, now := r.stillAsked(confirmed), r.lastInput
	now.Index, now.Actual = r.cfg.Devices.Index(), r.cfg.Switch.View()
	stand := r.upToDate(plan.StillLeaks(now, asked), func() bool { return r.counts(r.syncing.used) })
	if len(stand) < len(confirmed) {
		r.Poke() // what has changed since it was planned is planned anew
	}
	if len(stand) == 0 {
		return nil, tried
	}
	done = r.commit(ctx, stand, d)
	r.recheck(ctx, done, d)
	return done, tried
}

// commit commits, and returns what was not refused.
func (r *Reconciler) commit(ctx context.Context, changes []ovs.Change, d plan.Decision) (done []ovs.Change) {
	r.countRetries(changes)
	errs := r.cfg.Switch.Apply(ctx, changes)
	now := time.Now()
	for i, c := range changes {
		if errs[i] == nil || errors.Is(errs[i], ovs.ErrUncertain) {
			r.removed(now, c, d)
		}
		if errs[i] != nil {
			r.total.Failures++
			r.cfg.Log.Warn("change refused", "ports", reason.Names(c.LogicalPorts), "why", c.Why, "error", errs[i])
			for _, p := range c.LogicalPorts {
				r.pace.Fail(now, p, errs[i])
			}
			continue
		}
		done = append(done, c)
		r.total.Transactions++
		r.steps.committed(now, c)
		r.record(c, d)
		if plan.ClosesLeak(c) {
			continue // what else failed for the port, or is yet to be done, has its own pace
		}
		for _, p := range c.LogicalPorts {
			r.pace.Succeed(now, p, paceChanges)
		}
	}
	r.detachRenamed(ctx, done, d.Changes)
	return done
}

// countRetries counts the changes for ports of which the last change was refused.
func (r *Reconciler) countRetries(changes []ovs.Change) {
	for _, c := range changes {
		if slices.ContainsFunc(c.LogicalPorts, func(p string) bool { return r.pace.Failures(p) > 0 }) {
			r.total.Retries++
		}
	}
}

// record counts and logs what a change that was committed did.
func (r *Reconciler) record(c ovs.Change, d plan.Decision) {
	for _, u := range c.Unplug {
		if u.Leak {
			r.total.Leaks++
			r.cfg.Log.Warn("leak closed: the netdev is not the function's any more", "port", reason.Quote(u.Interface.Marker.LogicalPort),
				"netdev", u.Interface.Name, "function", u.Interface.Marker.Function, "why", c.Why)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(departing(r.lastInput.Index, c))) {
		if _, did := slices.BinarySearch(d.Retargets, p); did {
			r.total.Retargets++
			r.cfg.Log.Warn("retargeted: the request of a plugged port names another function now", "port", reason.Quote(p))
		}
	}
	for _, u := range c.Unplug {
		r.cfg.Log.Info("unplugged", "port", reason.Quote(u.Interface.LogicalPort()), "netdev", u.Interface.Name,
			"function", u.Interface.Marker.Function, "why", c.Why)
	}
	for _, p := range c.Plug {
		r.cfg.Log.Info("plugged", "port", reason.Quote(p.IfaceID), "netdev", p.Netdev, "function", p.Marker.Function, "why", c.Why)
	}
	for _, e := range c.Edit {
		r.cfg.Log.Info("row corrected", "netdev", e.Interface.Name, "set", len(e.Set), "deleted", len(e.Delete), "why", c.Why)
	}
}

// removed takes note of what follows of a change that was made, or may have been.
func (r *Reconciler) removed(now time.Time, c ovs.Change, d plan.Decision) {
	r.letGo.note(now, r.cfg.Devices.Index(), c, d.Changes)
	for p, moved := range departing(r.lastInput.Index, c) {
		_, did := slices.BinarySearch(d.Retargets, p)
		r.hold.departed(now, p, moved || did) // what it gets may come with a change of its own
	}
}

// departing are the ports that a change takes a row from for the Southbound's sake, and
// whether they get another one for another function in its place.
func departing(x *representor.Index, c ovs.Change) map[string]bool {
	lost := map[string]bool{}
	for _, u := range c.Unplug {
		lport, follows, moved := u.Interface.LogicalPort(), u.Moved, false
		function := plan.FunctionOf(x, u.Interface) // if the marks don't tell, it may be the plug's
		for _, p := range c.Plug {
			same := x.WithController(plan.MarkedFunction(p.Marker)) == function
			follows = follows && (p.IfaceID == lport || function.Kind != 0 && !same) || p.IfaceID == lport && same
			moved = moved || p.IfaceID == lport
		}
		if !u.Leak && !follows {
			lost[lport] = lost[lport] || moved
		}
	}
	return lost
}
