package plug

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// How often ovs-vswitchd is asked again to open a netdev that it could not open, and
// how often in vain before the datapath is relieved of a netdev that has no OpenFlow
// port.
const (
	nudgeFirst = time.Second
	nudgeMost  = time.Minute
	nudgeVain  = 2
)

// Nudge is a row of ours that is right, and that ovs-vswitchd failed to open or has
// open for a netdev that is no more.
type Nudge struct {
	LogicalPort string
	Interface   ovs.Interface
	IfIndex     uint32 // of the representor that should be open
}

// attempts is what was done so far about one Nudge.
type attempts struct {
	made int
	due  time.Time
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
// however often it is asked, until the netdev is gone from the datapath.
func (r *Reconciler) nudge(ctx context.Context, nudges []Nudge) {
	now := time.Now()
	still := make(map[string]*attempts, len(nudges))
	var changes []ovs.Change
	var failed []renamedNetdev
	for _, n := range nudges {
		a := r.attempts[n.Interface.UUID]
		if a == nil {
			a = &attempts{}
			if wasAway(n.Interface) || n.Interface.Ofport > 0 {
				a.due = now.Add(nudgeFirst)
			}
		}
		still[n.Interface.UUID] = a
		if now.Before(a.due) {
			continue
		}
		a.due = now.Add(min(nudgeFirst<<min(a.made, 16), nudgeMost))
		a.made++
		if n.Interface.Ofport < 0 && n.IfIndex != 0 && !openElsewhere(r.cfg.Switch.View(), n) {
			netdev := renamedNetdev{n.IfIndex, n.Interface.Name}
			if n.Interface.Error == "" && a.made > nudgeVain {
				netdev.name = ""
			}
			failed = append(failed, netdev)
		}
		changes = append(changes, ovs.Change{
			LogicalPorts: []string{n.LogicalPort},
			Why:          "ovs-vswitchd is to try again",
			Edit:         []ovs.Edit{{Interface: n.Interface, Set: map[string]string{ovs.KeyAttempt: strconv.Itoa(a.made)}}},
		})
	}
	r.attempts = still
	if len(changes) == 0 {
		return
	}
	r.detach(ctx, failed)
	for i, err := range r.cfg.Switch.Apply(ctx, changes) {
		if err != nil {
			r.cfg.Log.Debug("ovs-vswitchd could not be asked to try again", "port", representor.Quote(changes[i].LogicalPorts[0]), "error", err)
		}
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
		first = earliest(first, a.due)
	}
	return first
}
