package plug

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
)

// How often ovs-vswitchd is asked again to open a netdev, and how often in vain before
// a netdev without an OpenFlow port is taken out of the datapath.
const (
	nudgeFirst = time.Second
	nudgeMost  = time.Minute
	nudgeVain  = 2
)

// attempts is what was done so far about one Nudge.
type attempts struct {
	plan.Nudge
	made   int
	vain   int // of these one after the other, at a netdev without an OpenFlow port
	pauses retry.Growing
	due    time.Time
	// owed: its netdev was taken out of the datapath, and ovs-vswitchd, which may not
	// know, has yet to be asked to look.
	owed bool
}

func newAttempts(n plan.Nudge) *attempts {
	return &attempts{Nudge: n, pauses: retry.Growing{First: nudgeFirst, Most: nudgeMost}}
}

// nudge makes ovs-vswitchd try again. It tries to open a netdev only when
// something in its database changes: after a rename, for one, it fails while its
// datapath still has the netdev under the old name, and would leave it at that
// (bridge_run() and iface_create() of vswitchd/bridge.c). So the netdev is taken out
// of the datapath if it is there under an older name, for ovs-vswitchd may have seen
// a rename before us and forgotten the ifindex, and a key of the row is changed: at
// once the first time, then at growing intervals. A netdev that was away is left to
// ovs-vswitchd at first, which hears of its return as we do and opens it by itself:
// whoever is faster, the row isn't written for nothing. The same goes for a row that
// is still said to be open for the netdev before.
//
// A netdev that is renamed in the instant it is added ends up in the datapath and
// without an OpenFlow port, and ovs-vswitchd calls that a success (update_port() of
// ofproto/ofproto.c ignores a netdev that it can't open). It then keeps what it has,
// however often it is asked, until the netdev is gone from the datapath. Nothing can
// run over it, for the datapath's packets find their way by that port.
func (r *Reconciler) nudge(ctx context.Context, nudges []plan.Nudge) {
	view := r.cfg.Switch.View()
	due := r.dueAttempts(time.Now(), view, r.owing(nudges))
	if len(due) == 0 {
		return
	}
	var strays []Stray
	for _, a := range due {
		if a.Interface.Ofport < 0 && a.IfIndex != 0 && !openUnder(view, a.IfIndex, a.Interface.UUID) {
			strays = append(strays, Stray{a.IfIndex, a.Interface.Name, a.vain > nudgeVain})
		}
	}
	gone := r.detach(ctx, strays).gone
	changes := make([]ovs.Change, len(due))
	for i, a := range due {
		a.owed = a.owed || gone[a.IfIndex]
		changes[i] = ovs.Change{
			LogicalPorts: []string{a.LogicalPort},
			Why:          "ovs-vswitchd is to try again",
			Edit:         []ovs.Edit{{Interface: a.Interface, Set: map[string]string{ovs.KeyAttempt: strconv.Itoa(a.made)}}},
		}
	}
	for i, err := range r.cfg.Switch.Apply(ctx, changes) {
		if err == nil {
			due[i].owed = false
			continue
		}
		r.cfg.Log.Debug("ovs-vswitchd could not be asked to try again", "port", reason.Quote(due[i].LogicalPort), "error", err)
	}
}

// dueAttempts are those for which it is time, with their rows as they are now. The others
// are kept in mind, but for rows that have gone.
func (r *Reconciler) dueAttempts(now time.Time, view ovs.View, nudges []plan.Nudge) []*attempts {
	still := make(map[string]*attempts, len(nudges))
	var due []*attempts
	for _, n := range nudges {
		row, there := view.Interfaces[n.Interface.Name]
		if !there || row.UUID != n.Interface.UUID {
			continue
		}
		a := r.attempts[row.UUID]
		if a == nil {
			a = newAttempts(n)
			if wasAway(row) || row.Ofport > 0 {
				a.due = now.Add(nudgeFirst)
			}
		}
		opened := row.Ofport > 0 && n.Interface.Ofport < 0 // since the plan was made
		n.Interface = row
		still[row.UUID], a.Nudge = a, n
		if !now.Before(a.due) && (!opened || a.owed) {
			a.again(now)
			due = append(due, a)
		}
	}
	r.attempts = still
	return due
}

// owing adds the nudges of rows that look as they should, and whose netdev we took out
// of the datapath without having been able to say so.
func (r *Reconciler) owing(nudges []plan.Nudge) []plan.Nudge {
	asked := make(map[string]bool, len(nudges))
	for _, n := range nudges {
		asked[n.Interface.UUID] = true
	}
	for uuid, a := range r.attempts {
		if a.owed && !asked[uuid] {
			nudges = append(nudges, a.Nudge)
		}
	}
	return nudges
}

// owe takes note that a row's netdev was taken out of the datapath behind the back of
// ovs-vswitchd, which is to look at the row again.
func (r *Reconciler) owe(n plan.Nudge) {
	if r.attempts[n.Interface.UUID] == nil {
		r.attempts[n.Interface.UUID] = newAttempts(n)
	}
	r.attempts[n.Interface.UUID].owed = true
}

// again takes note of an attempt that is made now.
func (a *attempts) again(now time.Time) {
	a.due = now.Add(a.pauses.Next())
	a.made++
	if a.Interface.Ofport < 0 && a.Interface.Error == "" {
		a.vain++
	} else {
		a.vain = 0
	}
}

// wasAway reports whether ovs-vswitchd's reason is that there was no such netdev when
// it tried, by the text of ENODEV in the row's error column (iface_do_create() of
// vswitchd/bridge.c). Nothing but the time of the first attempt depends on it.
func wasAway(i ovs.Interface) bool { return strings.Contains(i.Error, "No such device") }

// nextNudge is when the next one is due, zero without any.
func (r *Reconciler) nextNudge() time.Time {
	var first time.Time
	for _, a := range r.attempts {
		first = retry.Earliest(first, a.due)
	}
	return first
}
