package card

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/netlinkio"
)

// kernel is a fake kernel: what is true, and what goes wrong in asking.
type kernel struct {
	mu    sync.Mutex
	ports []devlink.Port
	links []netdev.Link
	infos map[devlink.Handle]devlink.Info

	portErr, linkErr, infoErr error
	// unreadable is a port that the driver fails to tell of: the kernel's list ends
	// before it. An old kernel doesn't list the ports of one instance by themselves.
	unreadable devlink.PortID
	old        bool
	// hang, when not nil, holds up what asks for the ports of hung, or of all instances,
	// until it is closed or the caller gives up. The zero handle hangs with every other.
	hang chan struct{}
	hung devlink.Handle

	portReads, linkReads, infoReads int
	portsOf, singles                int
	ups                             []uint32

	portEvents, linkEvents *fakeListener
}

func newKernel() *kernel {
	return &kernel{
		infos:      map[devlink.Handle]devlink.Info{},
		portEvents: &fakeListener{joins: true},
		linkEvents: &fakeListener{joins: true},
	}
}

func (k *kernel) confirmer() confirmer {
	return confirmer{links: fakeLinks{k}, ports: k.instances()}
}

func (k *kernel) instances() *portClients {
	return newPortClients(func() portSource { return fakePorts{k} })
}

// change changes what is true, without telling.
func (k *kernel) change(f func(*kernel)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f(k)
}

// reads tells how often ports, links and infos have been read.
func (k *kernel) reads() (ports, links, infos int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.portReads, k.linkReads, k.infoReads
}

// fakePorts and fakeLinks are the kernel as a source.
type (
	fakePorts struct{ *kernel }
	fakeLinks struct{ *kernel }
)

func (k fakePorts) Ports(ctx context.Context) ([]devlink.Port, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.portReads++
	if err := k.wait(ctx, devlink.Handle{}); err != nil {
		return nil, err
	}
	return partly(k.list(), k.portErr)
}

// wait waits for the lock of an instance, or of all, with the kernel unlocked.
func (k *kernel) wait(ctx context.Context, h devlink.Handle) error {
	hang, of := k.hang, k.hung
	if hang == nil || h != of && h != (devlink.Handle{}) && of != (devlink.Handle{}) {
		return nil
	}
	k.mu.Unlock()
	select {
	case <-hang:
	case <-ctx.Done():
	}
	k.mu.Lock()
	return ctx.Err()
}

// list is the kernel's list of ports.
func (k *kernel) list() []devlink.Port {
	for i, p := range k.ports {
		if p.ID() == k.unreadable {
			return slices.Clone(k.ports[:i])
		}
	}
	return slices.Clone(k.ports)
}

func (k fakePorts) PortsOf(ctx context.Context, h devlink.Handle) ([]devlink.Port, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.portsOf++
	locked := h
	if k.old {
		locked = devlink.Handle{}
	}
	if err := k.wait(ctx, locked); err != nil {
		return nil, err
	}
	if k.portErr != nil || k.old {
		return partly(k.list(), k.portErr)
	}
	var ports []devlink.Port
	for _, p := range k.ports {
		if p.ID() == k.unreadable && p.Handle == h {
			break
		}
		if p.Handle == h {
			ports = append(ports, p)
		}
	}
	if !slices.Contains(handles(k.ports), h) {
		return nil, unix.ENODEV
	}
	return ports, nil
}

func (k fakePorts) Port(ctx context.Context, h devlink.Handle, index uint32) (devlink.Port, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.singles++
	if err := k.wait(ctx, h); err != nil {
		return devlink.Port{}, err
	}
	for _, p := range k.ports {
		switch r := (devlink.PortID{Handle: h, Index: index}); {
		case p.ID() != r:
		case r == k.unreadable:
			return devlink.Port{}, unix.EMSGSIZE
		default:
			return p, nil
		}
	}
	return devlink.Port{}, unix.ENODEV
}

func (k fakePorts) Devices(ctx context.Context) ([]devlink.Handle, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.wait(ctx, devlink.Handle{}); err != nil {
		return nil, err
	}
	return handles(k.ports), nil
}

// partly gives what a client returns with an error: something only with a warning.
func partly[T any](found []T, err error) ([]T, error) {
	if err == nil {
		return found, nil
	}
	if _, warning := err.(*netlinkio.MalformedError); warning { //nolint:errorlint // it is the error itself
		return found, err
	}
	return nil, err
}

func (k fakePorts) Info(_ context.Context, h devlink.Handle) (devlink.Info, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.infoReads++
	if k.infoErr != nil {
		return devlink.Info{}, k.infoErr
	}
	info, ok := k.infos[h]
	if !ok {
		return devlink.Info{}, unix.EOPNOTSUPP
	}
	return info, nil
}

func (k fakePorts) Interrupted() uint64 { return 3 }
func (k fakePorts) Close()              {}

func (k fakeLinks) Links(context.Context) ([]netdev.Link, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.linkReads++
	return partly(slices.Clone(k.links), k.linkErr)
}

func (k fakeLinks) LinkNamed(_ context.Context, name string) (netdev.Link, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.linkErr != nil {
		return netdev.Link{}, k.linkErr
	}
	for _, l := range k.links {
		if l.Name == name {
			return l, nil
		}
	}
	return netdev.Link{}, unix.ENODEV
}

func (k fakeLinks) Link(_ context.Context, ifindex uint32) (netdev.Link, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.linkErr != nil {
		return netdev.Link{}, k.linkErr
	}
	for _, l := range k.links {
		if l.IfIndex == ifindex {
			return l, nil
		}
	}
	return netdev.Link{}, unix.ENODEV
}

func (k fakeLinks) LinkUp(_ context.Context, ifindex uint32) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ups = append(k.ups, ifindex)
	return k.linkErr
}

func (k fakeLinks) Interrupted() uint64 { return 4 }
func (k fakeLinks) Close()              {}

// fakeListener is a subscription that a test plays.
type fakeListener struct {
	joins  bool
	poke   func()
	joined atomic.Bool
}

func (l *fakeListener) Run(ctx context.Context) {
	l.joined.Store(l.joins)
	l.poke() // the real one pokes when it fails as well
	<-ctx.Done()
}

func (l *fakeListener) Status() netlinkio.ListenerStatus {
	return netlinkio.ListenerStatus{Joined: l.joined.Load(), Events: 5, Overruns: 6, Failures: 7}
}

// watch runs a Watcher on a fake kernel until the test ends, and gives the count of
// its notifications. It must be called in a bubble.
func watch(t *testing.T, k *kernel, o Options) (*Watcher, *atomic.Int64) {
	t.Helper()
	notified := new(atomic.Int64)
	o.Notify = func() { notified.Add(1) }
	if o.UdevRoot == "" {
		o.UdevRoot = "/nonexistent"
	}
	w := unstarted(t, k, o)
	t.Cleanup(start(t, w))
	return w, notified
}

func unstarted(t *testing.T, k *kernel, o Options) *Watcher {
	t.Helper()
	o, err := o.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	w := newWatcher(o)
	w.ports.source, w.serials.source, w.links.source, w.setter = fakePorts{k}, fakePorts{k}, fakeLinks{k}, fakeLinks{k}
	w.confirmer, w.ports.clients = k.confirmer(), k.instances()
	w.onPorts.events, w.onLinks.events = k.portEvents, k.linkEvents
	k.portEvents.poke, k.linkEvents.poke = w.pokes.ports.Wake, w.pokes.links.Wake
	return w
}

// pass lets time pass in the bubble, and everything that is due happen.
func pass(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
	synctest.Wait()
}

func pci(device string) devlink.Handle { return devlink.Handle{Bus: "pci", Device: device} }

// physical, pf and vf are the ports of a card with one controller.
func physical(h devlink.Handle, number, ifindex uint32) devlink.Port {
	return devlink.Port{
		Handle: h, Index: 0x30000 + number, Type: devlink.TypeEth, Flavour: devlink.FlavourPhysical,
		Number: devlink.Some(number), IfIndex: ifindex,
	}
}

func pf(h devlink.Handle, number uint16, mac net.HardwareAddr, ifindex uint32) devlink.Port {
	return devlink.Port{
		Handle: h, Index: 0x10000 + uint32(number), Type: devlink.TypeEth, Flavour: devlink.FlavourPCIPF,
		Controller: devlink.Some(uint32(1)), External: devlink.Some(true), PF: devlink.Some(number), IfIndex: ifindex,
		Function: &devlink.Function{HWAddr: mac},
	}
}

func vf(h devlink.Handle, pf, number uint16, ifindex uint32) devlink.Port {
	return devlink.Port{
		Handle: h, Index: 0x20000 + uint32(number), Type: devlink.TypeEth, Flavour: devlink.FlavourPCIVF,
		Controller: devlink.Some(uint32(1)), External: devlink.Some(true), PF: devlink.Some(pf), VF: devlink.Some(number),
		IfIndex: ifindex, Function: &devlink.Function{State: devlink.StateActive},
	}
}

func link(ifindex uint32, name string) netdev.Link {
	return netdev.Link{IfIndex: ifindex, Name: name, MTU: 1500, HWAddr: net.HardwareAddr{2, 0, 0, 0, 0, byte(ifindex)}}
}
