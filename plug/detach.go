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
func (r *Reconciler) detachRenamed(ctx context.Context, done, planned []ovs.Change) {
	index := r.cfg.Devices.Index()
	var renamed []Stray
	for _, c := range done {
		for _, u := range c.Unplug {
			i := u.Interface
			link, live := index.LinkByIfIndex(i.IfIndex)
			if i.IsOpen() && live && link.Name != i.Name && keeps(index, planned, u) != i.IfIndex {
				renamed = append(renamed, Stray{IfIndex: i.IfIndex, Name: link.Name})
			}
		}
	}
	r.detach(ctx, renamed) // what stays is found when ovs-vswitchd fails to open it
}

// Stray is a netdev, with its present name, that ovs-vswitchd has lost track of.
type Stray struct {
	IfIndex uint32
	Name    string
	// Force: it is to leave the datapath even if it is found there by its name.
	Force bool
}

// detached is what became of netdevs that were to be taken out of the datapath.
type detached struct {
	gone   map[uint32]bool // taken, by ifindex
	failed []Stray         // the kernel didn't answer, or refused
	left   []Stray         // there was no time for them
}

// detach takes netdevs out of the datapath that are there under an older name, or are
// forced out. If the kernel doesn't answer in time it leaves off: ovs-vswitchd is asked to
// open them again later, and then it is tried again.
func (r *Reconciler) detach(ctx context.Context, netdevs []Stray) detached {
	out := detached{gone: map[uint32]bool{}}
	if r.cfg.Detach == nil {
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, detachWait)
	defer cancel()
	out.left = netdevs
	for first := true; len(out.left) > 0; first = false {
		gone, err := r.cfg.Detach(ctx, out.left)
		gone = gone[:min(len(gone), len(out.left))]
		for i, n := range out.left[:len(gone)] {
			if gone[i] {
				out.gone[n.IfIndex] = true
				r.cfg.Log.Info("removed a stale netdev from the kernel datapath", "netdev", n.Name, "ifindex", n.IfIndex)
			}
		}
		out.left = out.left[len(gone):]
		if err == nil || len(out.left) == 0 {
			break
		}
		if ctx.Err() != nil && (!first || len(gone) > 0) {
			break // there were many, and the kernel took its time for each
		}
		failed := out.left[0]
		out.failed, out.left = append(out.failed, failed), out.left[1:]
		r.cfg.Log.Warn("a stale netdev can't be removed from the kernel datapath; ovs-vswitchd may need a restart to open it",
			"netdev", failed.Name, "ifindex", failed.IfIndex, "error", err)
		if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
	return out
}
