package card

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
)

// kinds remembers the flavour of ports, by which a port that can't be read now may be
// known not to be a PF's. Of this machine's own PF there may be the physical port only.
type kinds map[devlink.PortID]devlink.Flavour

// after is what is remembered after one more listing: of what is listed, and of
// what is still there.
func (k kinds) after(l listing) kinds {
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
func (k kinds) mayLackPFs(l listing) bool {
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

// listing is what one read of the ports came to.
type listing struct {
	ports []devlink.Port
	// unreadable are ports that are there but can't be told of.
	unreadable []devlink.PortID
	// leftOut is how many ports are missing, as far as is known.
	leftOut int
	// doubt says what is missing from ports, or was nearly.
	doubt string
	// blind holds the instances that could not be read, with the reason; what ports has of
	// them is from an earlier listing.
	blind map[devlink.Handle]string
}

// listPorts lists every port. The kernel's list ends, without a word, before the
// first port whose driver fails to tell of it, and lacks what would follow on this
// instance and on others. So instances of which nothing was listed are asked for
// by themselves, and so is each port that is expected: those there were before, and
// those that netdevs say they belong to.
func listPorts(ctx context.Context, source portSource, expected []devlink.PortID) (listing, error) {
	l, err := listOnce(ctx, source, expected)
	if err == nil && l.doubt != "" {
		// What came or went between two questions looks the same. Not so twice.
		l, err = listOnce(ctx, source, expected)
	}
	return l, err
}

func listOnce(ctx context.Context, source portSource, expected []devlink.PortID) (listing, error) {
	var l listing
	ports, err := source.Ports(ctx)
	malformed, err := warning(err)
	if err != nil {
		return l, err
	}
	l.ports = ports
	found := make(map[devlink.PortID]bool, len(ports))
	add := func(p devlink.Port) (added bool) {
		r := p.ID()
		if !found[r] {
			found[r], added = true, true
		}
		return added
	}
	for i := range ports {
		add(ports[i])
	}
	listed := len(found)
	others, err := portsOfOthers(ctx, source, ports)
	if err != nil {
		return l, err
	}
	for i := range others {
		if add(others[i]) {
			l.ports = append(l.ports, others[i])
		}
	}
	var cause error
	for _, r := range expected {
		if found[r] {
			continue
		}
		p, err := source.Port(ctx, r.Handle, r.Index)
		switch {
		case ctx.Err() != nil:
			return l, context.Cause(ctx)
		case errors.Is(err, unix.ENODEV): // it is gone
		case err == nil:
			if add(p) {
				l.ports = append(l.ports, p)
			}
		default:
			l.unreadable = append(l.unreadable, r)
			if cause == nil {
				cause = err
			}
		}
	}
	l.leftOut = malformed.count() + len(l.unreadable)
	l.doubt = join(malformed.text(), shortfall(len(found)-listed, l.unreadable, cause))
	return l, nil
}

// portsOfOthers asks for the ports of the instances that a list has none of.
func portsOfOthers(ctx context.Context, source portSource, listed []devlink.Port) ([]devlink.Port, error) {
	devices, err := source.Devices(ctx)
	if _, err := warning(err); err != nil {
		return nil, err
	}
	have := handles(listed)
	var others []devlink.Port
	for _, h := range devices {
		if slices.Contains(have, h) {
			continue
		}
		ports, err := source.PortsOf(ctx, h)
		if _, err := warning(err); err != nil {
			if errors.Is(err, unix.ENODEV) {
				continue
			}
			return nil, err
		}
		for i := range ports {
			if ports[i].Handle != h {
				return others, nil // an old kernel, which lists all whatever is asked
			}
		}
		others = append(others, ports...)
	}
	return others, nil
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

// expectedPorts joins what is known to be there, sorted and without doubles.
func expectedPorts(ports []devlink.Port, more ...[]devlink.PortID) []devlink.PortID {
	refs := slices.Concat(more...)
	for i := range ports {
		refs = append(refs, ports[i].ID())
	}
	slices.SortFunc(refs, devlink.PortID.Compare)
	return slices.Compact(refs)
}
