package plug

import (
	"context"
	"time"

	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// letGoAfter is how long ovs-vswitchd has to close the netdev of a row that was removed. An
// ovs-vswitchd that hangs leaves it in the kernel's datapath with its flows, and the kernel
// goes on to forward.
const letGoAfter = time.Second

// letGo are the netdevs, by ifindex, that ovs-vswitchd had open under rows that were
// removed, and when the datapath must have let go of each.
type letGo map[uint32]time.Time

// closed takes note of a row that was removed as a leak: of the netdev that it was said to
// have open, and of the one that has its name, which ovs-vswitchd may have opened since.
func (l letGo) closed(now time.Time, x *representor.Index, r ovs.Interface) {
	if open(r) {
		l[r.IfIndex] = now.Add(letGoAfter)
	}
	if ifindex, _, ok := x.LinkByName(r.Name); ok {
		l[ifindex] = now.Add(letGoAfter)
	}
}

// abandoned are the netdevs that the rows which a change removes had open, and that are
// none of those ports' any more. A row that follows its function leaves the function's own
// netdev to the new row: if ovs-vswitchd hangs, the kernel goes on to forward for it.
func abandoned(x *representor.Index, c ovs.Change) []uint32 {
	var netdevs []uint32
	for _, u := range c.Unplug {
		if u.Leak || !open(u.Interface) {
			continue
		}
		own, _ := x.ByFunction(x.WithController(u.Interface.Marker.Function))
		follows := false
		for _, p := range c.Plug {
			follows = follows || p.IfaceID == lportOf(u.Interface) && p.Marker.Function == own.Function.String()
		}
		if !follows || own.IfIndex != u.Interface.IfIndex {
			netdevs = append(netdevs, u.Interface.IfIndex)
		}
	}
	return netdevs
}

// next is when the next one is due, zero without any.
func (l letGo) next() time.Time {
	var first time.Time
	for _, due := range l {
		first = earliest(first, due)
	}
	return first
}

// makeLetGo takes netdevs whose rows were removed out of the datapath, if they are still
// there. One that a row has open by now is ovs-vswitchd's business again; one
// that has a row that is yet to be opened is shown to ovs-vswitchd afresh.
func (r *Reconciler) makeLetGo(ctx context.Context) {
	now := time.Now()
	index, view := r.cfg.Devices.Index(), r.cfg.Switch.View()
	var strays []strayNetdev
	for ifindex, due := range r.letGo {
		if now.Before(due) {
			continue
		}
		link, live := index.LinkByIfIndex(ifindex)
		if live && (!view.Complete || mayBeOpen(view.Interfaces[link.Name])) {
			r.letGo[ifindex] = now.Add(letGoAfter) // it can't be told yet
			continue
		}
		delete(r.letGo, ifindex)
		if live && !openUnder(view, ifindex) {
			strays = append(strays, strayNetdev{ifindex: ifindex, name: link.Name, force: true})
		}
	}
	if len(strays) == 0 {
		return
	}
	gone, failed := r.detach(ctx, strays)
	for _, n := range failed {
		r.letGo[n.ifindex] = time.Now().Add(letGoAfter)
	}
	for _, n := range strays {
		if row, there := view.Interfaces[n.name]; gone[n.ifindex] && there && oursOn(view, row) {
			r.owe(Nudge{LogicalPort: lportOf(row), Interface: row, IfIndex: n.ifindex})
		}
	}
}

// mayBeOpen reports whether a row is said to be open, and not for which netdev: that is
// lost when the local database is restarted, and comes back with ovs-vswitchd.
func mayBeOpen(r ovs.Interface) bool { return r.Ofport > 0 && r.IfIndex == 0 }

// openUnder reports whether ovs-vswitchd says that it has a netdev open.
func openUnder(v ovs.View, ifindex uint32) bool {
	for _, i := range v.Interfaces {
		if i.Ofport > 0 && i.IfIndex == ifindex {
			return true
		}
	}
	return false
}
