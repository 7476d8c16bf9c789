package card

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/retry"
)

// Failed reads are tried again, first soon and then every few seconds.
const (
	retryFirst = 250 * time.Millisecond
	retryMost  = 5 * time.Second
	// unheard is how often a source is read while its notifications can't be had.
	unheard = 5 * time.Second
)

// pauses are those between reads that fail.
func pauses() retry.Growing { return retry.Growing{First: retryFirst, Most: retryMost} }

// portReader reads ports.
type portReader struct {
	source portSource
	events listener
	audit  time.Duration
	// linked tells the ports that netdevs say they belong to.
	linked func() []devlink.PortID
	// found is given what was read.
	found func(part[[]devlink.Port])
	count *counts

	// clients ask single instances while the list of all can't be had.
	clients *portClients

	pauses retry.Growing
	last   listing
	kinds  kinds
	// whole is true once all instances were listed together, so that each is known.
	whole bool
}

// read reads everything once.
func (r *portReader) read(ctx context.Context, _ bool) time.Duration {
	bounded, cancel := context.WithTimeout(ctx, dumpBound)
	expected := expectedPorts(r.last.ports, r.last.unreadable, r.linked())
	l, err := listPorts(bounded, r.source, expected)
	cancel()
	if ctx.Err() != nil {
		return 0
	}
	r.count.note(l.leftOut, err)
	if errors.Is(err, os.ErrNotExist) {
		r.found(part[[]devlink.Port]{value: r.last.ports, problem: portProblem(err, r.last.ports != nil)})
		return retryMost
	}
	if err != nil {
		r.readInstances(ctx, expected, err)
		return r.pauses.Next()
	}
	r.pauses.Reset()
	devlink.SortPorts(l.ports)
	r.found(part[[]devlink.Port]{value: l.ports, doubt: l.doubt, mayLackPFs: r.kinds.mayLackPFs(l)})
	r.last, r.kinds, r.whole = l, r.kinds.after(l), true
	if !r.events.Status().Joined {
		return min(r.audit, unheard)
	}
	return r.audit
}

// readInstances reads what it can of the instances that are known, after the list of
// all has failed. If that is nothing, or may be too little, there is a problem; else only
// the instances that can't be read are in doubt, and whether there are new ones.
func (r *portReader) readInstances(ctx context.Context, expected []devlink.PortID, failure error) {
	l := listByInstance(ctx, r.clients, r.last, expected)
	if ctx.Err() != nil {
		return
	}
	devlink.SortPorts(l.ports)
	p := part[[]devlink.Port]{value: l.ports, mayLackPFs: true, blind: l.blind}
	if !r.whole || len(l.blind) == len(instancesOf(expected)) {
		p.problem = portProblem(failure, r.last.ports != nil)
	} else {
		p.doubt = join(blindProblem(l.blind), l.doubt, "the devlink instances can't all be listed: "+failure.Error())
	}
	r.found(p)
	r.last, r.kinds = l, r.kinds.after(l)
}

// portProblem says why ports could not be read.
func portProblem(err error, known bool) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "no devlink: this machine's kernel does not have it (CONFIG_NET_DEVLINK), so it has no representors; is it a DPU's, with its " +
			"vendor's kernel?"
	case known:
		return "devlink can't be read, what is shown was read before: " + err.Error()
	}
	return "devlink can't be read: " + err.Error()
}

// note counts a read.
func (c *counts) note(leftOut int, err error) {
	c.reads.Add(1)
	c.malformed.Add(uint64(leftOut))
	if err != nil {
		c.failures.Add(1)
	}
}
