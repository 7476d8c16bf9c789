package plug

import (
	"context"
	"slices"
	"time"

	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// letGoAfter is how long ovs-vswitchd has to close the netdev of a row that was removed.
// One that hangs leaves it in the kernel's datapath with its flows, and the kernel goes on
// to forward.
const letGoAfter = time.Second

// letGo are the netdevs, by ifindex, that ovs-vswitchd had open under rows that were
// removed, and when the datapath must have let go of each.
type letGo map[uint32]time.Time

// note takes note of what a change has removed rows of.
func (l letGo) note(now time.Time, x *representor.Index, c ovs.Change) {
	for _, ifindex := range abandoned(x, c) {
		l[ifindex] = now.Add(letGoAfter)
	}
}

// abandoned are the netdevs that the rows which a change removes may have had open, and
// that are none of those ports' any more: what a row was said to have open, and what has
// its name, for ovs-vswitchd may have opened that since and not have said so. A row that
// follows its function leaves the function's own netdev to the new row: if ovs-vswitchd
// hangs, the kernel goes on to forward for it.
func abandoned(x *representor.Index, c ovs.Change) []uint32 {
	var netdevs []uint32
	for _, u := range c.Unplug {
		own, _ := x.ByFunction(x.WithController(u.Interface.Marker.Function))
		follows := u.Moved && !u.Leak
		for _, p := range c.Plug {
			follows = follows || p.IfaceID == lportOf(u.Interface) && p.Marker.Function == own.Function.String()
		}
		leave := func(ifindex uint32) {
			if !follows || ifindex != own.IfIndex {
				netdevs = append(netdevs, ifindex)
			}
		}
		if open(u.Interface) {
			leave(u.Interface.IfIndex)
		}
		if ifindex, _, ok := x.LinkByName(u.Interface.Name); ok {
			leave(ifindex)
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

// due takes out those whose time has come, and returns which of them the datapath may have
// and no row.
func (l letGo) due(now time.Time, x *representor.Index, view ovs.View) (strays []strayNetdev) {
	for ifindex, at := range l {
		if now.Before(at) {
			continue
		}
		link, live := x.LinkByIfIndex(ifindex)
		if live && (!view.Complete || mayBeOpen(view.Interfaces[link.Name])) {
			l[ifindex] = now.Add(letGoAfter) // it can't be told yet
			continue
		}
		delete(l, ifindex)
		if live && !openUnder(view, ifindex) {
			strays = append(strays, strayNetdev{ifindex: ifindex, name: link.Name, force: true})
		}
	}
	return strays
}

// makeLetGo takes netdevs whose rows were removed out of the datapath, if they are still
// there. One that a row has open by now is ovs-vswitchd's business again; one
// that has a row that is yet to be opened is shown to ovs-vswitchd afresh. It reports
// whether the time was over while the kernel did as it was asked, and there are more.
func (r *Reconciler) makeLetGo(ctx context.Context) (more bool) {
	view := r.cfg.Switch.View()
	strays := r.letGo.due(time.Now(), r.cfg.Devices.Index(), view)
	if len(strays) == 0 {
		return false
	}
	did := r.detach(ctx, strays)
	more = len(did.left) > 0 && len(did.failed) == 0
	again := time.Now()
	if !more {
		again = again.Add(letGoAfter)
	}
	for _, n := range slices.Concat(did.failed, did.left) {
		r.letGo[n.ifindex] = again
	}
	for _, n := range strays {
		if row, there := view.Interfaces[n.name]; did.gone[n.ifindex] && there && oursOn(view, row) {
			r.owe(Nudge{LogicalPort: lportOf(row), Interface: row, IfIndex: n.ifindex})
		}
	}
	return more
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
