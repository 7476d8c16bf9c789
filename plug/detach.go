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

// detachRenamed takes netdevs that were renamed while they were plugged out of the
// datapath, once their rows are gone. ovs-vswitchd can't: it knows them by a name that
// they don't have any more, leaves them in the datapath with their flows, and fails to
// add them under the new name, for which it is then asked again. Not before the row is
// gone: a change that is refused must not cut a running machine off.
func (r *Reconciler) detachRenamed(ctx context.Context, changes []ovs.Change) {
	index := r.cfg.Devices.Index()
	var renamed []renamedNetdev
	for _, c := range changes {
		for _, u := range c.Unplug {
			i := u.Interface
			link, live := index.LinkByIfIndex(i.IfIndex)
			if i.Ofport > 0 && i.IfIndex != 0 && live && link.Name != i.Name {
				renamed = append(renamed, renamedNetdev{i.IfIndex, link.Name})
			}
		}
	}
	r.detach(ctx, renamed)
}

// renamedNetdev is a netdev with its present name, or none if it is to leave the
// datapath under whatever name.
type renamedNetdev struct {
	ifindex uint32
	name    string
}

// detach takes netdevs out of the datapath that are there under an older name. If
// the kernel doesn't answer in time it leaves off: ovs-vswitchd is asked to open
// them again later, and then it is tried again.
func (r *Reconciler) detach(ctx context.Context, netdevs []renamedNetdev) {
	if r.cfg.Detach == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, detachWait)
	defer cancel()
	for _, n := range netdevs {
		found, err := r.cfg.Detach(ctx, n.ifindex, n.name)
		switch {
		case err != nil:
			r.cfg.Log.Warn("it can't be made sure that the datapath has no renamed netdev under its old name; ovs-vswitchd may need a restart to open it",
				"netdev", n.name, "ifindex", n.ifindex, "error", err)
		case found:
			r.cfg.Log.Info("took a netdev that ovs-vswitchd has lost track of out of the datapath", "netdev", n.name, "ifindex", n.ifindex)
		}
		if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
			return
		}
	}
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
