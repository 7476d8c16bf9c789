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

// linkStage reads the netdevs, and waits for udev to finish with new ones.
type linkStage struct {
	source  linkSource
	settler *netdev.Settler
	parents parents
	// due is when the netdevs must be read, poked or not.
	due retry.Due
}

// linkList is what is known of the netdevs.
type linkList struct {
	reading
	links map[uint32]representor.Link
	// claimed are the ports that netdevs say they belong to, sorted.
	claimed []devlink.PortID
}

// read lists the netdevs and asks for udev's word on each. Where udev finished with one
// while they were listed, they are listed again: the name may be an old one.
func (s *linkStage) read(ctx context.Context, last linkList) linkList {
	bounded, cancel := context.WithTimeout(ctx, dumpBound)
	defer cancel()
	var list []netdev.Link
	var r reading
	for range 2 {
		var err error
		list, err = s.source.Links(bounded)
		if r = readingOf(err); r.err != nil {
			last.reading = failed("the network devices can't be listed", r.err, last.links != nil)
			return last
		}
		if !s.settler.Observe(time.Now(), list) {
			break
		}
	}
	links := linksOf(list, s.settler)
	s.parents.fill(links)
	return linkList{reading: r, links: links, claimed: claimedBy(links)}
}

// linksOf gives the links as an index wants them.
func linksOf(list []netdev.Link, settler *netdev.Settler) map[uint32]representor.Link {
	links := make(map[uint32]representor.Link, len(list))
	for i := range list {
		l := &list[i]
		link := representor.Link{Name: l.Name, Up: l.Up, MTU: int(l.MTU), Settled: settler.Settled(l.IfIndex)}
		if len(l.HWAddr) == len(link.HWAddr) {
			copy(link.HWAddr[:], l.HWAddr)
		}
		link.AltNames, link.Kind, link.TellsPort = strings.Join(l.AltNames, "\x00"), l.Kind, l.TellsPort
		link.Parent, link.Port, link.PortName = parentOf(l), portOf(l), l.PortName
		links[l.IfIndex] = link
	}
	// What is a bridge's or a bond's can't be a datapath's: a device has one master
	// (netdev_master_upper_dev_link in net/core/dev.c).
	for i := range list {
		if m, ok := links[list[i].Master]; ok && m.Kind != datapathKind {
			link := links[list[i].IfIndex]
			link.Master, link.MasterKind = m.Name, m.Kind
			links[list[i].IfIndex] = link
		}
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
	return devlink.Some(devlink.PortID{Handle: devlink.Handle{Bus: l.Port.Bus, Device: l.Port.Device}, Index: l.Port.Index})
}

// datapathKind is the kind of a device that Open vSwitch makes (internal_dev_link_ops in
// net/openvswitch/vport-internal_dev.c): its datapath is the master of what it has.
const datapathKind = "openvswitch"

// claimedBy lists the devlink ports that netdevs say they belong to, sorted.
func claimedBy(links map[uint32]representor.Link) []devlink.PortID {
	var ids []devlink.PortID
	for _, l := range links {
		if l.Port.Present {
			ids = append(ids, l.Port.Value)
		}
	}
	return sortedIDs(ids)
}

// netdevMayBelong tells whether, after a change of netdevs, a function's port or an uplink may have
// another one than devlink said: the port has none that is known, and it just lost that,
// or a netdev appeared that may be its own. Netdevs that have nothing to do with the card
// come and go all the time, and a list of ports is dear.
func netdevMayBelong(ports []devlink.Port, before, after map[uint32]representor.Link) bool {
	var appeared []representor.Link
	for ifindex, l := range after {
		if _, was := before[ifindex]; !was && l.Kind == "" { // a card's have none
			appeared = append(appeared, l)
		}
	}
	return slices.ContainsFunc(ports, func(p devlink.Port) bool {
		_, was := before[p.IfIndex]
		_, is := after[p.IfIndex]
		own := devlink.Some(p.ID())
		mayBe := func(l representor.Link) bool { return !l.TellsPort || l.Port == own }
		// An uplink's may tell a PF's MAC. One of InfiniBand has none of Ethernet.
		tells := isFunction(p.Flavour) || p.Flavour == devlink.FlavourPhysical && p.Type != devlink.TypeIB
		return tells && !is && (was || slices.ContainsFunc(appeared, mayBe))
	})
}
