package card

import (
	"cmp"
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

// after takes over what the list before knows of ports that can't be read now, and with
// that whether this one may lack a PF's port. Where it is short because of ports that are
// known to be others, it doesn't: each PF that was there before has been asked for by
// itself. Where nothing known explains why it is short, or nothing is known from before,
// it does.
func (l *portList) after(last portList) {
	l.noPFs = slices.DeleteFunc(slices.Clone(l.unreadable), func(id devlink.PortID) bool { return !last.isNoPF(id) })
	explained := len(l.unreadable) > 0 && len(l.unreadable) == len(l.noPFs) && len(l.unreadable) == l.leftOut
	l.mayLackPFs = l.doubt != "" && !explained
}

// isNoPF tells whether a port is known not to be a PF's. Of this machine's own PF there may
// be the physical port only.
func (l *portList) isNoPF(id devlink.PortID) bool {
	return slices.Contains(l.noPFs, id) || slices.ContainsFunc(l.ports, func(p devlink.Port) bool {
		return p.ID() == id && p.Flavour != devlink.FlavourPCIPF && p.Flavour != devlink.FlavourPhysical
	})
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
	add := func(p devlink.Port) {
		if !found[p.ID()] {
			found[p.ID()] = true
			l.ports = append(l.ports, p)
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
			cause = cmp.Or(cause, err)
		}
	}
	l.leftOut += len(l.unreadable)
	l.doubt = join(l.doubt, shortfall(len(l.ports)-len(ports), l.unreadable, cause))
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
