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
	if listsAll(ports, o.handle) {
		return nil, errors.New("this kernel can't list the ports of one instance by themselves (Linux 6.6 can)")
	}
	return ports, err
}

// listByInstance lists the ports of the instances that are known, each by itself, after
// the list of all has failed: it waits for the lock of every instance, and a firmware
// reset keeps that of one for a minute. What is missing of an instance that can't be
// read is taken from the last list. On a kernel that lists all whatever is asked,
// every instance is as blind as all together.
func listByInstance(ctx context.Context, clients *portClients, last portList, expected map[devlink.Handle][]devlink.PortID) portList {
	instances := sortedHandles(expected)
	answers := make([]portList, len(instances))
	var asking sync.WaitGroup
	for i, h := range instances {
		if h.Bus == auxiliaryBus {
			answers[i].err = errors.New("it was not asked, while others can't be read")
			continue
		}
		asking.Go(func() {
			bounded, cancel := context.WithTimeout(ctx, instanceBound)
			defer cancel()
			answers[i] = listPorts(bounded, oneInstance{clients.client(h), h}, expected[h])
		})
	}
	asking.Wait()

	l := portList{blind: map[devlink.Handle]string{}}
	for i, h := range instances {
		of := answers[i]
		if errors.Is(of.err, unix.ENODEV) {
			continue // it is gone
		}
		if of.err != nil {
			l.blind[h] = of.err.Error()
			of = last.of(h)
		}
		l.ports = append(l.ports, of.ports...)
		l.unreadable = append(l.unreadable, of.unreadable...)
		l.doubt = join(l.doubt, of.doubt)
	}
	return l
}

// auxiliaryBus is where each scalable function that the machine itself uses is an
// instance, of which there may be hundreds. None of them has functions of its own.
const auxiliaryBus = "auxiliary"

// of is what a list has of one instance.
func (l *portList) of(h devlink.Handle) portList {
	isOther := func(p devlink.Port) bool { return p.Handle != h }
	return portList{ports: slices.DeleteFunc(slices.Clone(l.ports), isOther), unreadable: byInstance(l.unreadable)[h]}
}

// byInstance divides ports among their instances.
func byInstance(ids []devlink.PortID) map[devlink.Handle][]devlink.PortID {
	of := map[devlink.Handle][]devlink.PortID{}
	for _, id := range ids {
		of[id.Handle] = append(of[id.Handle], id)
	}
	return of
}

// blindProblem says which instances could not be read. Those that were not asked are never
// the cause.
func blindProblem(blind map[devlink.Handle]string) string {
	const old = "what is shown of them was read before"
	failed := slices.DeleteFunc(sortedHandles(blind), func(h devlink.Handle) bool { return h.Bus == auxiliaryBus })
	var problem, rest string
	if len(failed) > 0 {
		first := failed[0]
		problem = fmt.Sprintf("the ports of %d devlink instances can't be read, %s; the first is %s: %s", len(failed), old, first, blind[first])
	}
	if unasked := len(blind) - len(failed); unasked > 0 {
		rest = fmt.Sprintf("the ports of %d devlink instances on the bus %s were not asked for meanwhile, %s", unasked, auxiliaryBus, old)
	}
	return join(problem, rest)
}
