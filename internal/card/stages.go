package card

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/internal/vpd"
	"github.com/representord/representord/representor"
)

// stages read the card: its ports, the netdevs, and then, from what those are, what identifies
// the card and its PFs. That is slow, and waits for none of the others.
type stages struct {
	ports   portStage
	links   linkStage
	serials serialStage
	vpd     vpdStage
	macs    macStage
}

// newStages makes stages that lack their sources.
func newStages(o Options) stages {
	return stages{
		links:   linkStage{parents: parents{sysfs: o.SysfsRoot}, settler: netdev.NewSettler(netdev.Udev(o.UdevRoot).Word)},
		serials: serialStage{opts: o},
		vpd:     vpdStage{opts: o, patience: vpd.Deadline, reads: map[string]<-chan struct{}{}},
		macs:    macStage{opts: o, gate: netlinkio.NewGate()},
	}
}

// Read reads the card once. Where something can't be read, the card is returned as
// far as it is known, not complete, together with an error: os.ErrNotExist if the
// kernel has no devlink. Devices that don't tell a serial number, and PFs whose
// MAC nothing tells, are no errors. A netdev that udev is working on is not
// settled, however long that lasts: one look can't tell.
func Read(ctx context.Context, o Options) (representor.Card, error) {
	o, err := o.withDefaults()
	if err != nil {
		return representor.Card{}, err
	}
	ports := devlink.New()
	defer ports.Close() //nolint:contextcheck // it has a bound of its own, and must come after ctx has ended
	links := netdev.New()
	defer links.Close() //nolint:contextcheck // likewise
	return readOnce(ctx, o, ports, links)
}

// readOnce runs each stage once. The netdevs come first: the ports that they claim are asked for.
func readOnce(ctx context.Context, o Options, ports portSource, links linkSource) (representor.Card, error) {
	st := newStages(o)
	st.ports.source, st.links.source, st.serials.source = ports, links, ports
	s := state{settings: o.Settings}

	dumping, cancel := context.WithTimeout(ctx, dumpBound)
	defer cancel()
	s.links = st.links.read(dumping, s.links)
	s.ports = st.ports.read(dumping, s.ports, s.links.claimed)

	asking, cancel := context.WithTimeout(ctx, infoBound)
	defer cancel()
	s.serials, _ = st.serials.read(asking, &s)
	s.vpd, _ = st.vpd.read(ctx, s.wantedVPD())
	s.pfMACs, _ = st.macs.read(ctx, &s)
	return s.card(), errors.Join(s.ports.err, s.links.err)
}

// pokes have the stages run while the card is watched. The kernel's notifications poke links and
// ports; all else follows from what those have found.
type pokes struct {
	ports, links, serials, vpd, macs retry.Poke
}

func newPokes() pokes {
	return pokes{retry.NewPoke(), retry.NewPoke(), retry.NewPoke(), retry.NewPoke(), retry.NewPoke()}
}

// readLinks has the ports read where these netdevs may change what is known of those: the kernel
// may leave a port out of its list that a netdev claims, and one that comes from another network
// namespace may be the one that a port lacks; devlink says nothing of that before Linux 6.2.
func (w *Watcher) readLinks(ctx context.Context, poked bool) time.Duration {
	// Unless it is time, or poked, that is up to udev.
	if poked || w.links.due.Left() == 0 || w.links.settler.Poll(time.Now()) {
		found := w.links.read(ctx, w.known().links)
		w.update(ctx, func(s *state) {
			if !slices.Equal(s.links.claimed, found.claimed) || netdevMayBelong(s.ports.ports, s.links.links, found.links) {
				w.pokes.ports.Wake()
			}
			s.links = found
		})
		w.links.due.In(w.onLinks.after(ctx, found.reading))
	}
	if w.links.settler.Waiting() > 0 {
		return min(w.links.due.Left(), settlePoll)
	}
	return w.links.due.Left()
}

// readPorts has the serial numbers asked for of instances that may be new.
func (w *Watcher) readPorts(ctx context.Context, _ bool) time.Duration {
	known := w.known()
	found := w.ports.read(ctx, known.ports, known.links.claimed)
	w.update(ctx, func(s *state) { s.ports = found })
	w.pokes.serials.Wake()
	return w.onPorts.after(ctx, found.reading)
}

// readSerials has the VPD read of cards whose serial number devlink doesn't tell.
func (w *Watcher) readSerials(ctx context.Context, _ bool) time.Duration {
	found, next := w.serials.read(ctx, w.known())
	w.update(ctx, func(s *state) { s.serials = found })
	w.pokes.vpd.Wake()
	return next
}

func (w *Watcher) readVPD(ctx context.Context, _ bool) time.Duration {
	found, next := w.vpd.read(ctx, w.known().wantedVPD())
	w.update(ctx, func(s *state) { s.vpd = found })
	return next
}

func (w *Watcher) readMACs(ctx context.Context, _ bool) time.Duration {
	found, next := w.macs.read(ctx, w.known())
	w.update(ctx, func(s *state) { s.pfMACs = found })
	return next
}

// known is what is known now.
func (w *Watcher) known() *state {
	w.mu.Lock()
	defer w.mu.Unlock()
	return new(w.state)
}

// update changes what is known, and shows it if that makes a difference: then PFs and cards may
// be others as well, whose MACs and VPD are wanted.
func (w *Watcher) update(ctx context.Context, change func(*state)) {
	if ctx.Err() == nil && w.show(ctx, change) {
		w.pokes.macs.Wake()
		w.pokes.vpd.Wake()
		w.opts.Notify()
	}
}
