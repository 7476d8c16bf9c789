package plug

import (
	"context"
	"slices"
	"time"

	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// letGoAfter is how long ovs-vswitchd has to close the netdev of a row that was removed.
// One that hangs leaves it in the kernel's datapath with its flows, and the kernel goes on
// to forward.
const letGoAfter = time.Second

// letGo is what the datapath must have let go of, and when.
type letGo struct {
	// netdevs are those, by ifindex, that ovs-vswitchd had open under rows that were removed.
	netdevs map[uint32]openNetdev
	// rows are the rows themselves, by name: what was read of the card may have been older
	// than what ovs-vswitchd opened under it.
	rows map[string]removedRow
}

type openNetdev struct {
	due time.Time
	// keeps is the logical port that is to have it, and function whose it is: if there is a row
	// for both by then, the kernel may go on. Empty for none.
	keeps    string
	function representor.Function
}

type removedRow struct {
	due time.Time
	own uint32 // the netdev that the row's port keeps, 0 for none
}

// note takes note of what a change has removed rows of, which is one of those that a plan wants.
func (l letGo) note(now time.Time, x *representor.Index, c ovs.Change, all []ovs.Change) {
	due := now.Add(letGoAfter)
	for _, u := range c.Unplug {
		kept := keeps(x, all, u)
		for _, ifindex := range abandoned(x, u, kept) {
			l.netdevs[ifindex] = openNetdev{due: due}
		}
		if _, noted := l.netdevs[kept]; kept != 0 && !noted {
			l.netdevs[kept] = openNetdev{due, u.Interface.LogicalPort(), plan.FunctionOf(x, u.Interface)}
		}
		l.rows[u.Interface.Name] = removedRow{due: due, own: kept}
	}
}

// keeps is the netdev that a row which is removed leaves to its port, 0 for none: that of the
// function, if the plan has another row for both of them. If ovs-vswitchd hangs, the kernel goes
// on to forward for it.
func keeps(x *representor.Index, planned []ovs.Change, u ovs.Unplug) uint32 {
	own, there := x.ByFunction(plan.FunctionOf(x, u.Interface))
	if !there {
		return 0
	}
	for _, c := range planned {
		for _, p := range c.Plug {
			switch {
			case x.WithController(plan.MarkedFunction(p.Marker)) != own.Function:
			case p.IfaceID == u.Interface.LogicalPort():
				return own.IfIndex
			default:
				return 0 // another port's from now on
			}
		}
	}
	if u.Moved && !u.Leak { // the port has its row on the present bridge
		return own.IfIndex
	}
	return 0
}

// abandoned are the netdevs that a row which is removed may have had open, and that its port
// doesn't keep: what the row was said to have open; what has its name, for ovs-vswitchd may
// have opened that since and not have said so; and that of its function, which may have had the
// name.
func abandoned(x *representor.Index, u ovs.Unplug, kept uint32) []uint32 {
	named, _, _ := x.LinkByName(u.Interface.Name)
	own, _ := x.ByFunction(plan.FunctionOf(x, u.Interface))
	netdevs := []uint32{named, own.IfIndex}
	if u.Interface.IsOpen() {
		netdevs = append(netdevs, u.Interface.IfIndex)
	}
	return slices.DeleteFunc(netdevs, func(ifindex uint32) bool { return ifindex == 0 || ifindex == kept })
}

// next is when the next one is due, zero without any.
func (l letGo) next() time.Time {
	var first time.Time
	for _, n := range l.netdevs {
		first = retry.Earliest(first, n.due)
	}
	for _, r := range l.rows {
		first = retry.Earliest(first, r.due)
	}
	return first
}

// due takes out those whose time has come, and returns which of them the datapath may have
// and no row.
func (l letGo) due(now time.Time, x *representor.Index, view ovs.View) (strays []Stray) {
	l.resolve(now, x)
	for ifindex, n := range l.netdevs {
		if now.Before(n.due) {
			continue
		}
		link, live := x.LinkByIfIndex(ifindex)
		if live && (!view.Complete || mayBeOpen(view.Interfaces[link.Name])) {
			n.due = now.Add(letGoAfter) // it can't be told yet
			l.netdevs[ifindex] = n
			continue
		}
		delete(l.netdevs, ifindex)
		if live && !openUnder(view, ifindex, "") && !n.keptIn(x, view) {
			strays = append(strays, Stray{IfIndex: ifindex, Name: link.Name, Force: true})
		}
	}
	return strays
}

// keptIn reports whether there is a row for what a netdev was kept for.
func (n openNetdev) keptIn(x *representor.Index, v ovs.View) bool {
	for _, r := range v.Interfaces {
		if n.keeps != "" && v.IsOurs(r) && r.LogicalPort() == n.keeps && plan.FunctionOf(x, r) == n.function {
			return true
		}
	}
	return false
}

// resolve looks which netdevs have the names of the rows now.
func (l letGo) resolve(now time.Time, x *representor.Index) {
	current, _ := x.LinksCurrent()
	for name, r := range l.rows {
		switch {
		case now.Before(r.due):
		case !current:
			r.due = now.Add(letGoAfter) // it can't be told yet
			l.rows[name] = r
		default:
			delete(l.rows, name)
			if ifindex, _, ok := x.LinkByName(name); ok && ifindex != r.own {
				if _, noted := l.netdevs[ifindex]; !noted {
					l.netdevs[ifindex] = openNetdev{due: now}
				}
			}
		}
	}
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
		r.letGo.netdevs[n.IfIndex] = openNetdev{due: again}
	}
	for _, n := range strays {
		if row, there := view.Interfaces[n.Name]; did.gone[n.IfIndex] && there && view.IsOurs(row) {
			r.owe(plan.Nudge{LogicalPort: row.LogicalPort(), Interface: row, IfIndex: n.IfIndex})
		}
	}
	return more
}

// mayBeOpen reports whether a row is said to be open, and not for which netdev: that is
// lost when the local database is restarted, and comes back with ovs-vswitchd.
func mayBeOpen(r ovs.Interface) bool { return r.Ofport > 0 && r.IfIndex == 0 }

// openUnder reports whether ovs-vswitchd says that it has a netdev open, for another row than that
// with a uuid.
func openUnder(v ovs.View, ifindex uint32, but string) bool {
	for _, i := range v.Interfaces {
		if i.UUID != but && i.Ofport > 0 && i.IfIndex == ifindex {
			return true
		}
	}
	return false
}
