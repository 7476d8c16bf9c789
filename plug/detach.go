package plug

import (
	"context"
	"errors"
	"time"

	"github.com/representord/representord/ovs"
)

// detachWait bounds what is spent at a time on taking netdevs out of the datapath,
// for the same reason as linkWait.
const detachWait = time.Second

// detachRenamed takes netdevs that were renamed while they were plugged, and whose rows
// have gone, out of the datapath. ovs-vswitchd can't: it knows them by a name that they
// don't have any more, and leaves them in the datapath with their flows. Not before the
// row is gone: a change that is refused must not cut a running machine off. Nor when the plan
// has it plugged for the same port under its new name: if ovs-vswitchd is dead, the kernel goes
// on with the flows it has, and if it lives, it fails to add the netdev and is then asked again.
func (r *Reconciler) detachRenamed(ctx context.Context, done, plan []ovs.Change) {
	index := r.cfg.Devices.Index()
	var renamed []strayNetdev
	for _, c := range done {
		for _, u := range c.Unplug {
			i := u.Interface
			link, live := index.LinkByIfIndex(i.IfIndex)
			if i.Ofport > 0 && i.IfIndex != 0 && live && link.Name != i.Name && keeps(index, plan, u) != i.IfIndex {
				renamed = append(renamed, strayNetdev{ifindex: i.IfIndex, name: link.Name})
			}
		}
	}
	r.detach(ctx, renamed) // what stays is found when ovs-vswitchd fails to open it
}

// strayNetdev is a netdev, with its present name, that ovs-vswitchd has lost track of.
type strayNetdev struct {
	ifindex uint32
	name    string
	// force: it is to leave the datapath even if it is found there by its name.
	force bool
}

// detached is what became of netdevs that were to be taken out of the datapath.
type detached struct {
	gone   map[uint32]bool // taken, by ifindex
	failed []strayNetdev   // the kernel didn't answer, or refused
	left   []strayNetdev   // there was no time for them
}

// detach takes netdevs out of the datapath that are there under an older name, or are
// forced out. If the kernel doesn't answer in time it leaves off: ovs-vswitchd is asked to
// open them again later, and then it is tried again.
func (r *Reconciler) detach(ctx context.Context, netdevs []strayNetdev) detached {
	out := detached{gone: map[uint32]bool{}}
	if r.cfg.Detach == nil {
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, detachWait)
	defer cancel()
	for i, n := range netdevs {
		found, err := r.cfg.Detach(ctx, n.ifindex, n.name, n.force)
		if err != nil && ctx.Err() != nil && i > 0 {
			out.left = netdevs[i:] // there were many, and the kernel took its time for each
			break
		}
		switch {
		case err != nil:
			out.failed = append(out.failed, n)
			r.cfg.Log.Warn("a netdev that ovs-vswitchd has lost track of can't be taken out of the datapath; ovs-vswitchd may need a restart to "+
				"open it",
				"netdev", n.name, "ifindex", n.ifindex, "error", err)
		case found:
			out.gone[n.ifindex] = true
			r.cfg.Log.Info("took a netdev that ovs-vswitchd has lost track of out of the datapath", "netdev", n.name, "ifindex", n.ifindex)
		}
		if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
			out.left = netdevs[i+1:]
			break
		}
	}
	return out
}

// openElsewhere reports whether ovs-vswitchd has a row's netdev open for another row:
// then it isn't stranded in the datapath but in use.
func openElsewhere(v ovs.View, n Nudge) bool {
	for _, i := range v.Interfaces {
		if i.UUID != n.Interface.UUID && i.Ofport > 0 && i.IfIndex == n.IfIndex {
			return true
		}
	}
	return false
}
