package card

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/representor"
)

// A Watcher keeps an index of the card's representors up to date. Notifications of
// the kernel only tell it to look again, so it doesn't matter when they are lost
// or come out of order; and it looks again once in a while without any.
type Watcher struct {
	opts Options

	stages
	pokes            pokes
	onPorts, onLinks subscription

	setter    linkSource
	confirmer confirmer

	index atomic.Pointer[representor.Index]

	// mu guards what follows, and that indexes are shown in the order of their making.
	mu    sync.Mutex
	state state
	shown representor.Card
}

// New makes a Watcher of this machine's card. Run makes it watch.
func New(o Options) (*Watcher, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	w := newWatcher(o)
	dial := func() portSource { return devlink.New() }
	w.ports.source, w.serials.source, w.ports.clients = devlink.New(), devlink.New(), newPortClients(dial)
	w.links.source, w.setter = netdev.New(), netdev.New()
	w.confirmer = confirmer{links: netdev.New(), ports: newPortClients(dial)}
	w.onPorts.events = devlink.NewListener(o.Log, w.pokes.ports.Wake)
	w.onLinks.events = netdev.NewListener(o.Log, w.pokes.links.Wake)
	return w, nil
}

// newWatcher makes a Watcher that lacks its sources.
func newWatcher(o Options) *Watcher {
	w := &Watcher{opts: o, stages: newStages(o), pokes: newPokes()}
	for _, s := range []*subscription{&w.onPorts, &w.onLinks} {
		s.audit, s.pauses = o.Audit, retry.Growing{First: retryFirst, Most: retryMost}
	}
	w.state.settings = o.Settings
	w.state.ports.problem = portsUnread
	w.state.links.problem = linksUnread
	w.shown = w.state.card()
	w.index.Store(representor.NewIndex(w.shown, o.Settings))
	return w
}

// Index is the present index. It is never nil, and asking never blocks. Until the
// kernel has been read, and whenever it can't be, the index is not complete and
// says why; it then shows what was read before.
func (w *Watcher) Index() *representor.Index { return w.index.Load() }

// LinkUp sets a netdev's administrative state up; ctx and five seconds bound it.
// os.ErrPermission tells that we lack CAP_NET_ADMIN, unix.ENODEV that the netdev
// is gone. It works whether or not Run does.
func (w *Watcher) LinkUp(ctx context.Context, ifindex uint32) error {
	ctx, cancel := context.WithTimeout(ctx, linkBound)
	defer cancel()
	return w.setter.LinkUp(ctx, ifindex)
}

// Counters are the counters at this moment.
func (w *Watcher) Counters() Counters {
	return Counters{
		Ports: w.onPorts.counters(w.ports.source.Interrupted()),
		Links: w.onLinks.counters(w.links.source.Interrupted()),
	}
}

// Run watches until ctx ends, and returns nil then. It may be called once. A
// kernel without devlink is asked again every few seconds, for ever.
func (w *Watcher) Run(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(func() { w.onPorts.events.Run(ctx) })
	running.Go(func() { w.onLinks.events.Run(ctx) })
	running.Go(func() { run(ctx, w.pokes.ports, w.readPorts) })
	running.Go(func() { run(ctx, w.pokes.links, w.readLinks) })
	running.Go(func() { run(ctx, w.pokes.serials, w.readSerials) })
	running.Go(func() { run(ctx, w.pokes.vpd, w.readVPD) })
	running.Go(func() { run(ctx, w.pokes.macs, w.readMACs) })
	running.Wait()
	for _, c := range []interface{ Close() }{
		w.ports.source, w.ports.clients, w.links.source, w.serials.source, w.setter, w.confirmer.links, w.confirmer.ports,
	} {
		c.Close()
	}
	return nil
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
	if ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	change(&w.state)
	card, before := w.state.card(), w.shown
	changed := !equal(card, before)
	if changed {
		w.shown = card
		w.index.Store(representor.NewIndex(card, w.opts.Settings))
		w.logKnown(ctx, before)
	}
	w.mu.Unlock()
	if changed {
		w.pokes.macs.Wake()
		w.pokes.vpd.Wake()
		w.opts.Notify()
	}
}

// logKnown logs whether the card that is shown is known, if that is otherwise than before. It needs mu.
func (w *Watcher) logKnown(ctx context.Context, before representor.Card) {
	switch card := w.shown; card.Problem {
	case before.Problem:
	case "":
		w.opts.Log.InfoContext(ctx, "the card is known", "ports", len(card.Ports), "netdevs", len(card.Links))
	default:
		level := slog.LevelWarn
		if w.state.unread() {
			level = slog.LevelInfo
		}
		w.opts.Log.Log(ctx, level, "the card is not fully known", "complete", card.Complete, "problem", card.Problem)
	}
}
