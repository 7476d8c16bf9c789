package card

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
)

// portStage reads the devlink ports.
type portStage struct {
	source portSource
	// clients ask single instances while the list of all can't be had. Without, nothing
	// is known of any then.
	clients *portClients
}

// portList is what is known of the ports.
type portList struct {
	reading
	ports []devlink.Port
	// unreadable are ports that are there but can't be told of; noPFs those of them that
	// are known from before not to be a PF's.
	unreadable, noPFs []devlink.PortID
	// blind holds the instances that could not be read, though others could, with the
	// reason; what ports has of them is from an earlier list.
	blind map[devlink.Handle]string
	// mayLackPFs is true when what ports lacks may be the port of a PF.
	mayLackPFs bool
	// whole is true once all instances were listed together, so that each is known.
	whole bool
}

// read reads everything once. Those ports are expected that were there before, and those
// that netdevs claim to belong to.
func (p *portStage) read(ctx context.Context, last portList, claimed []devlink.PortID) portList {
	expected := last.expected(claimed)
	bounded, cancel := context.WithTimeout(ctx, dumpBound)
	defer cancel()
	l := listPorts(bounded, p.source, expected)
	switch err := l.err; {
	case err == nil:
		l.after(last)
		l.whole = true
	case errors.Is(err, os.ErrNotExist):
		last.reading = reading{err: err, problem: "no devlink: this machine's kernel does not have it (CONFIG_NET_DEVLINK), so it has " +
			"no representors; is it a DPU's, with its vendor's kernel?"}
		last.blind, last.mayLackPFs = nil, false
		return last
	case p.clients == nil:
		last.reading = failed(portsFail, err, last.ports != nil)
		return last
	default:
		instances := byInstance(expected)
		l = listByInstance(ctx, p.clients, last, instances)
		l.after(last)
		l.mayLackPFs, l.whole = true, last.whole
		if !last.whole || len(l.blind) == len(instances) {
			l.reading = failed(portsFail, err, last.ports != nil)
		} else { // only those are in doubt, and whether there are new ones
			l.err = err
			l.doubt = join(blindProblem(l.blind), l.doubt, "the devlink instances can't all be listed: "+err.Error())
		}
	}
	devlink.SortPorts(l.ports)
	return l
}

const portsFail = "devlink can't be read"

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
