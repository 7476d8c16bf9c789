package card

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/representor"
)

// settlePoll is how often udev is asked about devices that it hasn't finished with.
const settlePoll = 50 * time.Millisecond

// linkReader reads netdevs, and waits for udev to finish with new ones.
type linkReader struct {
	source  linkSource
	events  listener
	audit   time.Duration
	settler *netdev.Settler
	parents parents
	// found is given what was read, linked the ports that netdevs say they belong to.
	found  func(part[map[uint32]representor.Link])
	linked func([]devlink.PortID)
	count  *counts

	pauses retry.Growing
	last   map[uint32]representor.Link
	// due is when the links must be read next, poked or not.
	due time.Time
}

// read lists the links when poked or when it is time; otherwise it only asks udev
// about those that wait for it.
func (r *linkReader) read(ctx context.Context, poked bool) time.Duration {
	now := time.Now()
	if !poked && now.Before(r.due) && !r.settler.Poll(now) {
		return r.next(now)
	}
	bounded, cancel := context.WithTimeout(ctx, dumpBound)
	list, left, err := listSettled(bounded, r.source, r.settler)
	cancel()
	if ctx.Err() != nil {
		return 0
	}
	now = time.Now()
	r.count.note(left.count(), err)
	if err != nil {
		r.found(part[map[uint32]representor.Link]{value: r.last, problem: linkProblem(err, r.last != nil)})
		r.due = now.Add(r.pauses.Next())
		return r.next(now)
	}
	r.pauses.Reset()
	r.last = linksOf(list, r.settler)
	r.parents.fill(r.last)
	r.found(part[map[uint32]representor.Link]{value: r.last, doubt: left.text()})
	r.linked(portsOf(list))
	r.due = now.Add(r.audit)
	if !r.events.Status().Joined {
		r.due = now.Add(min(r.audit, unheard))
	}
	return r.next(now)
}

// next is how long to wait for a poke.
func (r *linkReader) next(now time.Time) time.Duration {
	wait := max(r.due.Sub(now), 0)
	if r.settler.Waiting() > 0 {
		return min(wait, settlePoll)
	}
	return wait
}

// listSettled lists the links and asks for udev's word on each. Where udev finished
// with one while they were listed, they are listed again: the name may be an old
// one.
func listSettled(ctx context.Context, source linkSource, settler *netdev.Settler) ([]netdev.Link, remark, error) {
	list, err := source.Links(ctx)
	left, err := warning(err)
	if err == nil && settler.Observe(time.Now(), list) {
		list, err = source.Links(ctx)
		left, err = warning(err)
		if err == nil {
			settler.Observe(time.Now(), list)
		}
	}
	return list, left, err
}

// linksOf gives the links as an index wants them.
func linksOf(list []netdev.Link, settler *netdev.Settler) map[uint32]representor.Link {
	links := make(map[uint32]representor.Link, len(list))
	masters := mastersOf(list)
	for i := range list {
		l := &list[i]
		link := representor.Link{Name: l.Name, Up: l.Up, MTU: int(l.MTU), Settled: settler.Settled(l.IfIndex)}
		if len(l.HWAddr) == len(link.HWAddr) {
			copy(link.HWAddr[:], l.HWAddr)
		}
		link.AltNames, link.Kind, link.TellsPort = strings.Join(l.AltNames, "\x00"), l.Kind, l.TellsPort
		link.Parent, link.Port, link.PortName = parentOf(l), portOf(l), l.PortName
		if m := masters[l.Master]; m != nil {
			link.Master, link.MasterKind = m.Name, m.Kind
		}
		links[l.IfIndex] = link
	}
	return links
}

// parentOf is the device that a netdev stands on, zero when rtnetlink tells none.
func parentOf(l *netdev.Link) devlink.Handle {
	if l.Parent == "" || l.ParentBus == "" {
		return devlink.Handle{}
	}
	return devlink.Handle{Bus: l.ParentBus, Device: l.Parent}
}

// portOf is the devlink port that a netdev belongs to, absent when rtnetlink tells none.
func portOf(l *netdev.Link) devlink.Optional[devlink.PortID] {
	if l.Port == nil {
		return devlink.Optional[devlink.PortID]{}
	}
	return devlink.Some(portIDOf(l.Port))
}

// datapathKind is the kind of a device that Open vSwitch makes (internal_dev_link_ops in
// net/openvswitch/vport-internal_dev.c): its datapath is the master of what it has.
const datapathKind = "openvswitch"

// mastersOf finds the devices that keep others from Open vSwitch: a device has one master,
// and what is a bridge's or a bond's can't be a datapath's (netdev_master_upper_dev_link
// in net/core/dev.c).
func mastersOf(list []netdev.Link) map[uint32]*netdev.Link {
	named := map[uint32]bool{}
	for i := range list {
		if m := list[i].Master; m != 0 {
			named[m] = true
		}
	}
	masters := make(map[uint32]*netdev.Link, len(named))
	for i := range list {
		if l := &list[i]; named[l.IfIndex] && l.Kind != datapathKind {
			masters[l.IfIndex] = l
		}
	}
	return masters
}

func portIDOf(p *netdev.Port) devlink.PortID {
	return devlink.PortID{Handle: devlink.Handle{Bus: p.Bus, Device: p.Device}, Index: p.Index}
}

// portsOf lists the devlink ports that links say they belong to, sorted.
func portsOf(list []netdev.Link) []devlink.PortID {
	var refs []devlink.PortID
	for i := range list {
		if p := list[i].Port; p != nil {
			refs = append(refs, portIDOf(p))
		}
	}
	slices.SortFunc(refs, devlink.PortID.Compare)
	return slices.Compact(refs)
}

// linkProblem says why links could not be read.
func linkProblem(err error, known bool) string {
	if known {
		return "the network devices can't be listed, what is shown was read before: " + err.Error()
	}
	return "the network devices can't be listed: " + err.Error()
}
