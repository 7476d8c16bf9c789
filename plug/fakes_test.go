package plug

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// cloud stands in for all three edges, where they must fail on cue. The real
// ones are tested against real servers elsewhere.
type cloud struct {
	mu     sync.Mutex
	view   southbound.View
	truth  map[string]southbound.Binding
	silent bool   // Verify and Sync get no answer
	unread func() // what the Southbound said, and nobody has read yet; Sync does
	asked  int    // how often Verify was called
	index  *representor.Index
	actual ovs.View
	refuse map[string]error // by logical port
	// refusePlugs fails every change that plugs.
	refusePlugs error
	applied     int
	changes     map[string]int // committed, by logical port
	up          []uint32
	upErr       error
	mute        error // of the kernel, when it is asked about a netdev
}

func newCloud(index *representor.Index, bs ...southbound.Binding) *cloud {
	c := &cloud{view: plantest.Trusted(bs...), truth: map[string]southbound.Binding{}, index: index, actual: plantest.BridgeWith(),
		refuse:  map[string]error{},
		changes: map[string]int{}}
	for _, b := range bs {
		c.truth[b.LogicalPort] = b
	}
	return c
}

func (c *cloud) reconciler(edit func(*Config)) *Reconciler {
	cfg := Config{Southbound: fakeSouthbound{c}, Switch: localSwitch{c}, Devices: devices{c}, Grace: -1, Log: slog.New(slog.DiscardHandler)}
	if edit != nil {
		edit(&cfg)
	}
	return NewReconciler(cfg)
}

func (c *cloud) with(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// rows is what is on the bridge now.
func (c *cloud) rows() map[string]ovs.Interface {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.actual.Interfaces
}

type fakeSouthbound struct{ *cloud }

func (s fakeSouthbound) View() southbound.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

func (s fakeSouthbound) Verify(_ context.Context, lports []string) (southbound.Verdict, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.silent {
		return southbound.Verdict{}, errors.New("no answer")
	}
	v := southbound.Verdict{ChassisKnown: s.view.ChassisKnown, Identity: s.view.Identity, Bindings: map[string]southbound.Binding{}}
	for _, l := range lports {
		b, ok := s.truth[l]
		if !ok {
			b = southbound.Binding{LogicalPort: l, Disposition: southbound.Gone, Why: "no such row"}
		}
		v.Bindings[l] = b
	}
	return v, nil
}

func (s fakeSouthbound) Sync(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.silent {
		return errors.New("no answer")
	}
	if s.unread != nil {
		s.unread()
		s.unread = nil
	}
	return nil
}

type localSwitch struct{ *cloud }

func (s localSwitch) View() ovs.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.actual
}

func (s localSwitch) Apply(_ context.Context, changes []ovs.Change) []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	errs := make([]error, len(changes))
	for i, c := range changes {
		for _, l := range c.LogicalPorts {
			errs[i] = errors.Join(errs[i], s.refuse[l])
		}
		if len(c.Plug) > 0 {
			errs[i] = errors.Join(errs[i], s.refusePlugs)
		}
		if errs[i] != nil {
			continue
		}
		next, err := plantest.Commit(s.actual, s.index, []ovs.Change{c})
		if err != nil {
			errs[i] = err
			continue
		}
		s.actual = next
		s.applied++
		for _, l := range c.LogicalPorts {
			s.changes[l]++
		}
	}
	return errs
}

// lateDevices have another index after they were asked once: the card changes in
// the middle of a pass.
type lateDevices struct {
	devices
	first *representor.Index
	asked bool
}

func (d *lateDevices) Index() *representor.Index {
	if !d.asked {
		d.asked = true
		return d.first
	}
	return d.devices.Index()
}

type devices struct{ *cloud }

func (d devices) Index() *representor.Index {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.index
}

// Confirm: the kernel says what the index says, which is looked at under a lock. It shows
// no netdev of a function that has none.
func (d devices) Confirm(_ context.Context, r representor.Representor) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return r.IfIndex != 0 && d.index.Shows(r), d.mute
}

func (d devices) Usurped(_ context.Context, r representor.Representor) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.index.Usurps(r), d.mute
}

func (d devices) LinkUp(_ context.Context, ifindex uint32) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.up = append(d.up, ifindex)
	return d.upErr
}
