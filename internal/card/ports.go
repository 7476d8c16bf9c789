package card

import (
	"context"
	"errors"
	"os"

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
