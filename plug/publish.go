package plug

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
)

// publish makes the report of a pass, and logs what changed since the last.
func (r *Reconciler) publish(ctx context.Context, d plan.Decision, planned []ovs.Change) Report {
	now := time.Now()
	due := dueChanges(d.Changes)
	r.pace.Prune(r.planned, func(lport string) bool { // what falls due since then is yet to be done
		_, wanted := due[lport]
		return wanted
	})
	r.total.Passes++
	rep := Report{
		At: now, Counters: r.total, Ports: make([]Port, len(d.Ports)), Holds: r.hold.holds(d), BuiltIn: d.BuiltIn,
		Planned: planned, Due: d.Changes,
	}
	seen := make(map[string]Port, len(d.Ports))
	for i := range rep.Ports {
		s := &rep.Ports[i]
		s.Status = d.Ports[i]
		r.overlay(now, s, due)
		old, known := r.last[s.LogicalPort]
		s.Since = now
		if known && old.State == s.State && reason.CodeOf(old.Reason) == reason.CodeOf(s.Reason) {
			s.Since = old.Since
		} else {
			r.logState(ctx, *s)
			r.events.add(Event{At: now, LogicalPort: s.LogicalPort, From: old.State, To: s.State, Netdev: s.Netdev, Reason: s.Reason})
		}
		seen[s.LogicalPort] = *s
	}
	for _, name := range slices.Sorted(maps.Keys(r.last)) {
		if _, still := seen[name]; !still {
			why := whyGone(name, planned)
			r.cfg.Log.Info("port gone", "port", reason.Quote(name), "why", why.Message)
			r.events.add(Event{At: now, LogicalPort: name, From: r.last[name].State, Netdev: r.last[name].Netdev, Reason: why})
		}
	}
	r.last = seen
	r.steps.standing(now, rep.Ports)
	old := r.report.Swap(&rep)
	r.logHolds(old.Holds, rep.Holds)
	r.logBuiltIn(old.BuiltIn, rep.BuiltIn)
	return rep
}

// whyGone says why a port is none of ours any more, after what was changed for it.
func whyGone(lport string, changed []ovs.Change) *reason.Reason {
	for _, c := range changed {
		for _, u := range c.Unplug {
			if u.Interface.LogicalPort() == lport {
				return reason.New(reason.CodeWithdrawn, "its row was removed: %s", c.Why)
			}
		}
	}
	return reason.New(reason.CodeWithdrawn, "nothing asks this chassis to plug it now")
}

// dueChanges has the ports for which something is still to be done, and whether
// that is the removal of a row.
func dueChanges(changes []ovs.Change) map[string]bool {
	due := map[string]bool{}
	for _, c := range changes {
		for _, p := range c.LogicalPorts {
			if !due[p] {
				due[p] = false
			}
		}
		for _, u := range c.Unplug {
			due[u.Interface.LogicalPort()] = true
		}
	}
	return due
}

// overlay adds to a status what only the reconciler knows: failures and waits.
func (r *Reconciler) overlay(now time.Time, s *Port, due map[string]bool) {
	if err := r.links.pace.Failed(s.LogicalPort); err != nil {
		s.Warnings = append(s.Warnings, reason.Reason{
			Code: reason.CodeLinkUpFailed,
			Message: fmt.Sprintf("the link of %s can't be set up: %s; the function has no network until it is: ip link set %s up",
				reason.Quote(s.Netdev), reason.Prose(err.Error()), reason.Shell(s.Netdev)),
		})
	}
	r.overlayAddress(s)
	if s.State != plan.Pending || reason.CodeOf(s.Reason) != reason.CodeTransactionPending {
		r.overlayRefusal(now, s, due)
		return
	}
	next := r.pace.Due(now, s.LogicalPort)
	var unconfirmed unconfirmedError
	err, waits := r.pace.Failed(s.LogicalPort), r.overlayWait(now, s.LogicalPort)
	switch {
	case waits != nil && (err == nil || errors.As(err, &unconfirmed)):
		s.Reason = waits
	case errors.As(err, &unconfirmed):
		s.Reason = reason.New(reason.CodeTransactionPending, "the change was put off: %s; it is planned anew in %s",
			reason.Prose(err.Error()), max(next.Sub(now), 0).Round(time.Millisecond))
	case err != nil:
		s.Reason = reason.New(reason.CodeTransactionFailed, "the local database refused the change: %s; it is tried again in %s",
			reason.Prose(err.Error()), max(next.Sub(now), 0).Round(time.Millisecond))
	case !next.IsZero():
		s.Reason = reason.New(reason.CodeTransactionPending, "its row was changed too often just now; the next change waits %s",
			next.Sub(now).Round(time.Millisecond))
	case r.cfg.DryRun:
		s.Reason = reason.New(reason.CodeTransactionPending, "the change would be made, but this is a dry run")
	}
}

// overlayRefusal says of a port that isn't on its way anyhow that what was to be
// done about its rows was refused.
func (r *Reconciler) overlayRefusal(now time.Time, s *Port, due map[string]bool) {
	removes, wanted := due[s.LogicalPort]
	err := r.pace.Failed(s.LogicalPort)
	if !wanted || err == nil {
		return
	}
	again := max(r.pace.Due(now, s.LogicalPort).Sub(now), 0).Round(time.Millisecond)
	if removes && (s.State == plan.Held || s.State == plan.Pending) {
		s.Reason = reason.New(reason.CodeTransactionFailed,
			"the local database refused to remove its row, which is there still: %s; it is tried again in %s; it is to go, for: %s",
			reason.Prose(err.Error()), again, s.Reason.Message)
		return
	}
	s.Warnings = append(s.Warnings, *reason.New(reason.CodeTransactionFailed,
		"the local database refused a change: %s; it is tried again in %s", reason.Prose(err.Error()), again))
}

func (r *Reconciler) logState(ctx context.Context, s Port) {
	level, why := slog.LevelInfo, ""
	if s.Reason != nil {
		why = s.Reason.Message
	}
	switch {
	case s.State == plan.Held && reason.CodeOf(s.Reason) == reason.CodeSouthboundUntrusted:
		// The Southbound is away, which is said once, and not of each port.
	case s.State == plan.Invalid, s.State == plan.Conflict, s.State == plan.Held:
		level = slog.LevelWarn
	}
	r.cfg.Log.Log(ctx, level, "port state", "state", s.State, "port", reason.Quote(s.LogicalPort), "netdev", s.Netdev, "code",
		reason.CodeOf(s.Reason), "why", why)
}

// logHolds says that removals wait, for how many ports, and that they no longer do.
func (r *Reconciler) logHolds(before, now []Holding) {
	ports := func(all []Holding, code reason.Code) int {
		for _, h := range all {
			if h.Code == code {
				return len(h.Ports)
			}
		}
		return -1
	}
	for _, h := range now {
		if ports(before, h.Code) != len(h.Ports) {
			r.cfg.Log.Warn("HELD: removals wait; to let them go ahead at once: representorctl release-hold",
				"code", h.Code, "until", h.Until.Format(time.RFC3339), "count", len(h.Ports), "ports", reason.Names(h.Ports))
		}
	}
	for _, h := range before {
		if ports(now, h.Code) < 0 {
			r.cfg.Log.Warn("hold ended", "code", h.Code)
		}
	}
}

// logBuiltIn says that somebody runs the built-in plug provider beside us.
func (r *Reconciler) logBuiltIn(before, now []string) {
	if len(now) > 0 && !slices.Equal(before, now) {
		r.cfg.Log.Warn("a plug provider built into ovn-controller works on this bridge; its rows are left alone; run only one of the two",
			"count", len(now), "netdevs", reason.Names(now))
	}
}
