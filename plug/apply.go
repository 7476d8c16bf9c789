package plug

import (
	"context"
	"slices"
	"time"

	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// admit leaves out the changes for ports that must wait. What only removes never
// waits, and of a change that waits the leaks are closed at once.
func (r *Reconciler) admit(now time.Time, changes []ovs.Change) []ovs.Change {
	var out []ovs.Change
	for _, c := range changes {
		waits := false
		for _, p := range c.LogicalPorts {
			waits = waits || !r.pace.due(now, p).IsZero()
		}
		if !waits || len(c.Plug)+len(c.Edit) == 0 {
			out = append(out, c)
		} else if leaks, _ := onlyLeaks(c); len(leaks.Unplug) > 0 {
			out = append(out, leaks)
		}
	}
	return out
}

// apply commits, and reports whether anything was. Leaks don't fail with what was to
// be done together with them.
func (r *Reconciler) apply(ctx context.Context, changes []ovs.Change, d Decision) bool {
	if len(changes) == 0 {
		return false
	}
	refused := r.commit(ctx, changes, d)
	applied := len(refused) < len(changes)
	var leaks []ovs.Change
	for _, c := range refused {
		if l, all := onlyLeaks(c); len(l.Unplug) > 0 && !all {
			leaks = append(leaks, l)
		}
	}
	if len(leaks) > 0 {
		applied = len(r.commit(ctx, leaks, d)) < len(leaks) || applied
	}
	for _, p := range d.Reopen {
		r.pace.wait(time.Now().Add(reopenDelay), p)
	}
	return applied
}

// commit commits, and returns what was refused.
func (r *Reconciler) commit(ctx context.Context, changes []ovs.Change, d Decision) (refused []ovs.Change) {
	r.countRetries(changes)
	errs := r.cfg.Switch.Apply(ctx, changes)
	now := time.Now()
	var done []ovs.Change
	for i, c := range changes {
		if errs[i] != nil {
			refused = append(refused, c)
			r.total.Failures++
			r.cfg.Log.Warn("change refused", "ports", names(c.LogicalPorts), "why", c.Why, "error", errs[i])
			for _, p := range c.LogicalPorts {
				r.pace.fail(now, p, errs[i])
			}
			continue
		}
		done = append(done, c)
		r.total.Transactions++
		r.count(c, d)
		r.steps.committed(now, c)
		r.logChange(c)
		if _, all := onlyLeaks(c); all {
			continue // what else failed for the port, or is yet to be done, has its own pace
		}
		for _, p := range c.LogicalPorts {
			r.pace.succeed(now, p)
		}
	}
	r.detachRenamed(ctx, done)
	return refused
}

// countRetries counts the changes for ports of which the last change was refused.
func (r *Reconciler) countRetries(changes []ovs.Change) {
	for _, c := range changes {
		if slices.ContainsFunc(c.LogicalPorts, func(p string) bool { return r.pace.failures(p) > 0 }) {
			r.total.Retries++
		}
	}
}

// count adds what a change that was committed did to the counters.
func (r *Reconciler) count(c ovs.Change, d Decision) {
	for _, u := range c.Unplug {
		if u.Leak {
			r.total.Leaks++
			r.cfg.Log.Warn("leak closed: the netdev has become another function",
				"port", representor.Quote(u.Interface.Marker.LogicalPort), "netdev", u.Interface.Name, "function", u.Interface.Marker.Function)
		}
	}
	var lost []string // the ports that lose rows
	for _, u := range c.Unplug {
		lost = append(lost, lportOf(u.Interface))
	}
	for _, p := range d.Retargets {
		if slices.Contains(lost, p) {
			r.total.Retargets++
			r.cfg.Log.Warn("retargeted: the request of a plugged port names another function now", "port", representor.Quote(p))
		}
	}
}

func (r *Reconciler) logChange(c ovs.Change) {
	for _, u := range c.Unplug {
		r.cfg.Log.Info("unplugged", "port", representor.Quote(u.Interface.Marker.LogicalPort), "netdev", u.Interface.Name, "function", u.Interface.Marker.Function, "why", c.Why)
	}
	for _, p := range c.Plug {
		r.cfg.Log.Info("plugged", "port", representor.Quote(p.IfaceID), "netdev", p.Netdev, "function", p.Marker.Function, "why", c.Why)
	}
	for _, e := range c.Edit {
		r.cfg.Log.Info("corrected", "netdev", e.Interface.Name, "set", len(e.Set), "deleted", len(e.Delete), "why", c.Why)
	}
}
