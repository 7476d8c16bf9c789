package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/cardserial/register"
	"github.com/representord/representord/internal/lockfile"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
)

// settlePatience is how long --once looks on after its first pass while ports
// are on their way: until ovs-vswitchd has opened them, say. What goes has its grace beside.
const settlePatience = 5 * time.Second

// errNotPlugged tells that a port that is asked for isn't plugged.
var errNotPlugged = errors.New("not every port that is asked for is plugged")

// task is something that is done once and ends: --once and --cleanup.
type task struct {
	*agent.Agent
	out io.Writer
}

// run takes a step in the time that the task has: once it is known who we are, the bridge is locked, unless
// nothing is to be written, and the switch shows it.
func (t *task) run(ctx context.Context, timeout time.Duration, step func(context.Context) error) error {
	return t.Within(ctx, timeout, func(ctx context.Context) error {
		var l *lockfile.Lock
		err := t.Settle(ctx, func(bridge string) (err error) {
			if t.DryRun {
				return nil
			}
			if l, err = acquire(t.Config.RunDir, bridge); errors.Is(err, errLocked) {
				return fmt.Errorf("bridge %s: %w; stop it first, or only look with --dry-run", reason.Word(bridge), err)
			}
			return err
		})
		defer l.Release()
		if err != nil {
			return err
		}
		return step(ctx)
	})
}

// once makes one pass over fresh and whole snapshots, and prints what it did.
func (t *task) once(ctx context.Context) error {
	if err := t.Await(ctx, t.MissingCard, t.MissingSouthbound); err != nil {
		return err
	}
	if t.Config.RegisterCardSerial {
		if err := t.SerialsTold(ctx); err != nil {
			return err
		}
	}
	d := t.Registrar.Look(ctx)
	t.showSerials(d)
	t.showUnpublished(d)
	return t.show(t.passes(ctx))
}

// showUnpublished prints which cards that serve a host aren't found by it, and why,
// after a look that did or would do something.
func (t *task) showUnpublished(d register.Decision) {
	r := t.Registrar.Report()
	for _, c := range r.Cards {
		if !r.Off && c.HostFacing && c.Reason != nil && !slices.Contains(d.Added, c.Serial) {
			fmt.Fprintf(t.out, "card %s is not published\n    %s: %s\n", c.Handle, c.Reason.Code, c.Reason.Message)
		}
	}
}

// showSerials prints what became of the published serial numbers, if anything did.
func (t *task) showSerials(d register.Decision) {
	verb := map[bool][2]string{false: {"published", "withdrawn"}, true: {"would be published", "would be withdrawn"}}[t.DryRun]
	for _, s := range d.Added {
		fmt.Fprintf(t.out, "card serial number %s %s in external_ids:%s\n", reason.Word(s), verb[0], reason.Word(d.Key))
	}
	for _, s := range d.Removed {
		fmt.Fprintf(t.out, "card serial number %s %s\n", reason.Word(s), verb[1])
	}
}

// passes makes a pass, and more while that may still change something, for a
// while. It gives the last report with the changes of all.
func (t *task) passes(ctx context.Context) plug.Report {
	defer t.Reconciler.Wait()
	ctx, end := context.WithCancel(ctx)
	defer end()
	report := t.Reconciler.Pass(ctx)
	planned := report.Planned
	patience, cancel := context.WithTimeout(ctx, settlePatience+t.Config.UnplugGrace)
	defer cancel()
	for !t.DryRun && (onTheirWay(report.Ports) || t.Reconciler.Awaits()) && patience.Err() == nil {
		retry.Await(patience, t.Reconciler.Poked(), t.Reconciler.Due()) // what is due waits for nothing but its time
		if patience.Err() != nil {
			break
		}
		report = t.Reconciler.Pass(ctx)
		planned = append(planned, report.Planned...)
	}
	report.Planned = planned
	return report
}

// onTheirWay reports whether a port is about to be plugged, or to go, if all goes well.
func onTheirWay(ports []plug.Port) bool {
	passing := []reason.Code{
		reason.CodeAwaitingOfport, reason.CodeStaleInterface, reason.CodeUnplugGrace, reason.CodeTransactionPending, reason.CodeNetdevSettling,
	}
	return slices.ContainsFunc(ports, func(p plug.Port) bool {
		return (p.State == plan.Pending || p.State == plan.Held) && slices.Contains(passing, reason.CodeOf(p.Reason))
	})
}

// show prints a report; errNotPlugged if a port that is asked for isn't plugged, nor would be.
func (t *task) show(report plug.Report) error {
	t.showChanges(report)
	fmt.Fprintf(t.out, "ports: %s\n", countPorts(report.Ports))
	if slices.ContainsFunc(report.Holds, func(h plug.Holding) bool { return len(h.Ports) > 0 }) {
		fmt.Fprintf(t.out, "removals wait, and this run doesn't: representord without --once removes what is held after %s, or at once for: "+
			"representorctl release-hold\n", t.Config.MassUnplugHold)
	}
	var err error
	for _, p := range report.Ports {
		if p.Reason == nil {
			continue
		}
		// Some port is told of only because the built-in plug provider left a row for it.
		unasked := p.Request == "" && p.Reason.Code == reason.CodeBuiltInLeftOver
		if p.State != plan.Held && !unasked && (!t.DryRun || p.Reason.Code != reason.CodeTransactionPending) {
			err = errNotPlugged
		}
		fmt.Fprintf(t.out, "  %s %s\n    %s: %s\n", reason.Word(p.LogicalPort), p.State, p.Reason.Code, p.Reason.Message)
	}
	return err
}

func (t *task) showChanges(report plug.Report) {
	switch {
	case len(report.Planned) == 0:
		fmt.Fprintln(t.out, "nothing to change")
	case t.DryRun:
		fmt.Fprintln(t.out, "changes that would be made:")
	default:
		fmt.Fprintf(t.out, "changes: %d made, %d refused\n", report.Transactions, report.Failures)
	}
	api.WriteChanges(t.out, api.Changes(report.Planned))
}

// cleanup removes every row of ours from the bridge, withdraws the serial numbers that we published,
// and prints both. Neither the card nor the Southbound is needed.
func (t *task) cleanup(ctx context.Context) error {
	removed, err := t.Reconciler.Cleanup(ctx)
	title := "removed:"
	if t.DryRun {
		title = "would be removed:"
	}
	if len(removed) == 0 {
		title = "no port of ours on bridge " + reason.Word(t.Identity().Bridge)
	}
	fmt.Fprintln(t.out, title)
	api.WriteChanges(t.out, api.Changes(removed))
	withdrawn, serialErr := t.Registrar.Withdraw(ctx)
	if serialErr == nil {
		t.showSerials(withdrawn)
	}
	return errors.Join(err, serialErr)
}
