package plug

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// linkWait bounds what one pass spends on setting links up. The kernel does that
// under a lock that drivers hold for as long as they work on a device (rtnl_lock),
// and a pass must soon be free for a leak.
const linkWait = time.Second

// links remembers how representors' links were, and how setting them up went. It is given the clock.
type links struct {
	grace time.Duration // how long a link that was taken down is left alone
	seen  *representor.Index
	were  map[uint32]linkHistory // by ifindex
	wake  time.Time              // when a link that is left alone is to be set up, zero for none
	pace  retry.Keyed[string]    // of tries that failed, by logical port
	stuck retry.Backoff          // of the step as a whole, when the kernel doesn't answer
}

// setLinksUp sets links up and remembers why one could not be. One that somebody took
// down is left alone for some seconds. Those that failed before come last: one device
// that keeps the kernel busy holds up no other. When the kernel doesn't answer, the rest
// waits too.
func (r *Reconciler) setLinksUp(ctx context.Context, ups []plan.LinkUp) {
	l := &r.links
	down := make(map[string]bool, len(ups))
	for _, u := range ups {
		down[u.LogicalPort] = true
	}
	l.pace.Only(func(lport string) bool { return down[lport] })
	l.wake = time.Time{}
	now := time.Now()
	if !l.stuck.Next(now).IsZero() {
		return
	}
	ups = r.leaveAlone(now, ups)
	slices.SortStableFunc(ups, func(a, b plan.LinkUp) int { return l.pace.Failures(a.LogicalPort) - l.pace.Failures(b.LogicalPort) })
	ctx, cancel := context.WithTimeout(ctx, linkWait)
	defer cancel()
	for _, u := range ups {
		if !l.pace.Due(time.Now(), u.LogicalPort).IsZero() {
			continue
		}
		err := r.cfg.Devices.LinkUp(ctx, u.IfIndex)
		if err == nil {
			r.linkSetUp(u)
		} else if failsAnew(&l.pace, u.LogicalPort, err) {
			r.cfg.Log.Warn("link can't be set up", "port", reason.Quote(u.LogicalPort), "netdev", u.Netdev, "error", err)
		}
		if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
			l.stuck.Fail(time.Now(), err)
			return
		}
		l.stuck = retry.Backoff{}
	}
}

// leaveAlone leaves out the links that are left down for now, and says which of them
// somebody took down.
func (r *Reconciler) leaveAlone(now time.Time, ups []plan.LinkUp) []plan.LinkUp {
	l := &r.links
	var out []plan.LinkUp
	for _, u := range ups {
		end := l.leftAlone(now, u.IfIndex)
		if end.IsZero() {
			out = append(out, u)
			continue
		}
		l.wake = retry.Earliest(l.wake, end)
		if h := l.were[u.IfIndex]; !h.raised && !h.told {
			h.told = true
			l.were[u.IfIndex] = h
			r.cfg.Log.Warn("the link of a plugged port was taken down; it is left alone, as for a rename, and then set up again",
				"port", reason.Quote(u.LogicalPort), "netdev", u.Netdev, "in", end.Sub(now).Round(time.Millisecond))
		}
	}
	return out
}

func (r *Reconciler) linkSetUp(u plan.LinkUp) {
	now, l := time.Now(), &r.links
	if h := l.were[u.IfIndex]; h.down.IsZero() {
		r.cfg.Log.Info("link set up", "port", reason.Quote(u.LogicalPort), "netdev", u.Netdev)
	} else {
		r.cfg.Log.Info("link set up again", "port", reason.Quote(u.LogicalPort), "netdev", u.Netdev,
			"after", now.Sub(h.down).Round(time.Millisecond))
	}
	l.were[u.IfIndex] = linkHistory{down: now, raised: true}
	l.pace.Forget(u.LogicalPort)
}

// failsAnew takes note that something failed for a port, and reports whether it didn't before, or for
// another reason.
func failsAnew(pace *retry.Keyed[string], lport string, err error) bool {
	old := pace.Failed(lport)
	pace.Fail(time.Now(), lport, err)
	return old == nil || old.Error() != err.Error()
}
