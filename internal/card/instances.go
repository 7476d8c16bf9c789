package card

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
)

// instanceBound is how long one instance may take to list its ports, once the list of
// all has failed. A healthy one takes milliseconds.
const instanceBound = 2 * time.Second

// oneInstance is a source of the ports of one devlink instance only.
type oneInstance struct {
	portSource
	handle devlink.Handle
}

func (o oneInstance) Devices(context.Context) ([]devlink.Handle, error) {
	return []devlink.Handle{o.handle}, nil
}

func (o oneInstance) Ports(ctx context.Context) ([]devlink.Port, error) {
	ports, err := o.PortsOf(ctx, o.handle)
	if slices.ContainsFunc(ports, func(p devlink.Port) bool { return p.Handle != o.handle }) {
		return nil, errors.New("this kernel can't list the ports of one instance by themselves (Linux 6.6 can)")
	}
	return ports, err
}

// listByInstance lists the ports of the instances that are known, each by itself, after
// the list of all has failed: it waits for the lock of every instance, and a firmware
// reset keeps that of one for a minute. What is missing of an instance that can't be
// read is taken from the last listing. On a kernel that lists all whatever is asked,
// every instance is as blind as all together.
func listByInstance(ctx context.Context, clients *portClients, last listing, expected []devlink.PortID) listing {
	var mu sync.Mutex
	l := listing{blind: map[devlink.Handle]string{}}
	var asking sync.WaitGroup
	take := func(h devlink.Handle, of listing, err error) {
		mu.Lock()
		defer mu.Unlock()
		if errors.Is(err, unix.ENODEV) {
			return // it is gone
		}
		if err != nil {
			of = last.of(h)
			l.blind[h] = err.Error()
		}
		l.add(of)
	}
	for _, h := range instancesOf(expected) {
		if h.Bus == auxiliaryBus {
			take(h, listing{}, errors.New("it was not asked, while others can't be read"))
			continue
		}
		isOther := func(p devlink.PortID) bool { return p.Handle != h }
		mine := slices.DeleteFunc(slices.Clone(expected), isOther)
		asking.Go(func() {
			bounded, cancel := context.WithTimeout(ctx, instanceBound)
			defer cancel()
			of, err := listPorts(bounded, oneInstance{clients.client(h), h}, mine)
			take(h, of, err)
		})
	}
	asking.Wait()
	return l
}

// auxiliaryBus is where each scalable function that the machine itself uses is an
// instance, of which there may be hundreds. None of them has functions of its own.
const auxiliaryBus = "auxiliary"

// of is what a listing has of one instance.
func (l *listing) of(h devlink.Handle) listing {
	var of listing
	for i := range l.ports {
		if l.ports[i].Handle == h {
			of.ports = append(of.ports, l.ports[i])
		}
	}
	for _, p := range l.unreadable {
		if p.Handle == h {
			of.unreadable = append(of.unreadable, p)
		}
	}
	of.leftOut = len(of.unreadable)
	return of
}

func (l *listing) add(of listing) {
	l.ports = append(l.ports, of.ports...)
	l.unreadable = append(l.unreadable, of.unreadable...)
	l.leftOut += of.leftOut
	l.doubt = join(l.doubt, of.doubt)
}

// instancesOf lists the instances of ports that are sorted.
func instancesOf(ports []devlink.PortID) []devlink.Handle {
	var all []devlink.Handle
	for _, p := range ports {
		all = append(all, p.Handle)
	}
	return slices.Compact(all)
}

// blindProblem says which instances could not be read. Those that were not asked are never
// the cause.
func blindProblem(blind map[devlink.Handle]string) string {
	failed, unasked := map[devlink.Handle]bool{}, 0
	for h := range blind {
		if h.Bus == auxiliaryBus {
			unasked++
		} else {
			failed[h] = true
		}
	}
	const old = "what is shown of them was read before"
	var problem, rest string
	if len(failed) > 0 {
		first := sortedHandles(failed)[0]
		problem = fmt.Sprintf("the ports of %d devlink instances can't be read, %s; the first is %s: %s", len(failed), old, first, blind[first])
	}
	if unasked > 0 {
		rest = fmt.Sprintf("the ports of %d devlink instances on the bus %s were not asked for meanwhile, %s", unasked, auxiliaryBus, old)
	}
	return join(problem, rest)
}
