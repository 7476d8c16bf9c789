package card

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
)

// expected lists the ports that are known to be there.
func (l *portList) expected(claimed []devlink.PortID) []devlink.PortID {
	ids := slices.Concat(l.unreadable, claimed)
	for i := range l.ports {
		ids = append(ids, l.ports[i].ID())
	}
	return sortedIDs(ids)
}

// kinds remembers the flavour of ports, by which a port that can't be read now may be
// known not to be a PF's. Of this machine's own PF there may be the physical port only.
type kinds map[devlink.PortID]devlink.Flavour

// after is what is remembered after one more listing: of what is listed, and of
// what is still there.
func (k kinds) after(l portList) kinds {
	next := make(kinds, len(l.ports))
	for i := range l.ports {
		next[l.ports[i].ID()] = l.ports[i].Flavour
	}
	for _, r := range l.unreadable {
		if flavour, known := k[r]; known {
			next[r] = flavour
		}
	}
	return next
}

// mayLackPFs reports whether a listing lacks what may be a PF. Where it is short
// because of ports that are known to be others, it doesn't: each PF that was there
// before has been asked for by itself. Where nothing known explains why it is
// short, or nothing is known from before, it does.
func (k kinds) mayLackPFs(l portList) bool {
	if l.doubt == "" {
		return false
	}
	for _, r := range l.unreadable {
		if flavour, known := k[r]; !known || flavour == devlink.FlavourPCIPF || flavour == devlink.FlavourPhysical {
			return true
		}
	}
	return l.leftOut > len(l.unreadable) || len(l.unreadable) == 0
}

// listPorts lists every port. The kernel's list ends, without a word, before the
// first port whose driver fails to tell of it, and lacks what would follow on this
// instance and on others. So instances of which nothing was listed are asked for
// by themselves, and so is each port that is expected.
func listPorts(ctx context.Context, source portSource, expected []devlink.PortID) portList {
	l := listOnce(ctx, source, expected)
	if l.doubt != "" {
		// What came or went between two questions looks the same. Not so twice.
		l = listOnce(ctx, source, expected)
	}
	return l
}

func listOnce(ctx context.Context, source portSource, expected []devlink.PortID) portList {
	ports, err := source.Ports(ctx)
	r := readingOf(err)
	if r.err != nil {
		return portList{reading: r}
	}
	others, err := portsOfOthers(ctx, source, ports)
	if err != nil {
		return portList{reading: reading{err: err}}
	}
	l := portList{reading: r, ports: ports}
	found := make(map[devlink.PortID]bool, len(ports))
	for i := range ports {
		found[ports[i].ID()] = true
	}
	recovered := 0
	add := func(p devlink.Port) {
		if !found[p.ID()] {
			found[p.ID()] = true
			l.ports = append(l.ports, p)
			recovered++
		}
	}
	for i := range others {
		add(others[i])
	}
	var cause error
	for _, id := range expected {
		if found[id] {
			continue
		}
		p, err := source.Port(ctx, id.Handle, id.Index)
		switch {
		case ctx.Err() != nil:
			return portList{reading: reading{err: context.Cause(ctx)}}
		case errors.Is(err, unix.ENODEV): // it is gone
		case err == nil:
			add(p)
		default:
			l.unreadable = append(l.unreadable, id)
			if cause == nil {
				cause = err
			}
		}
	}
	l.leftOut += len(l.unreadable)
	l.doubt = join(l.doubt, shortfall(recovered, l.unreadable, cause))
	return l
}

// portsOfOthers asks for the ports of the instances that a list has none of.
func portsOfOthers(ctx context.Context, source portSource, listed []devlink.Port) ([]devlink.Port, error) {
	devices, err := source.Devices(ctx)
	if err := readingOf(err).err; err != nil {
		return nil, err
	}
	have := handles(listed)
	var others []devlink.Port
	for _, h := range devices {
		if slices.Contains(have, h) {
			continue
		}
		ports, err := source.PortsOf(ctx, h)
		switch err := readingOf(err).err; {
		case errors.Is(err, unix.ENODEV):
			continue
		case err != nil:
			return nil, err
		case listsAll(ports, h):
			return others, nil
		}
		others = append(others, ports...)
	}
	return others, nil
}

// listsAll tells whether a kernel that was asked for the ports of one instance is an old one,
// which lists all whatever is asked.
func listsAll(ports []devlink.Port, asked devlink.Handle) bool {
	return slices.ContainsFunc(ports, func(p devlink.Port) bool { return p.Handle != asked })
}

// shortfall says what the kernel's list of ports lacked.
func shortfall(recovered int, unreadable []devlink.PortID, cause error) string {
	if recovered == 0 && len(unreadable) == 0 {
		return ""
	}
	s := "the kernel's list of devlink ports is short"
	if len(unreadable) > 0 {
		first := unreadable[0]
		s += fmt.Sprintf(": %d can't be read, the first is %s/%d (%v)", len(unreadable), first.Handle, first.Index, cause)
	}
	return s + fmt.Sprintf("; %d were asked for one by one, others that are new may be missing", recovered)
}
