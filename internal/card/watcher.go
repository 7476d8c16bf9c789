package card

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/internal/vpd"
	"github.com/representord/representord/representor"
)

// A Watcher keeps an index of the card's representors up to date. Notifications of
// the kernel only tell it to look again, so it doesn't matter when they are lost
// or come out of order; and it looks again once in a while without any.
type Watcher struct {
	opts Options

	ports      portSource
	infos      portSource
	links      linkSource
	setter     linkSource
	confirmer  confirmer
	instances  *portClients
	portEvents listener
	linkEvents listener
	portPace   pacer
	linkPace   pacer
	macPace    pacer
	serialPace pacer
	vpdPace    pacer
	portCounts counts
	linkCounts counts

	index atomic.Pointer[representor.Index]

	// mu guards what follows, and that indexes are shown in the order of their making.
	mu     sync.Mutex
	state  state
	linked []devlink.PortID
	shown  representor.Card
}

// New makes a Watcher of this machine's card. Run makes it watch.
func New(o Options) (*Watcher, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	w := newWatcher(o)
	w.ports, w.infos, w.links, w.setter = devlink.New(), devlink.New(), netdev.New(), netdev.New()
	dial := func() portSource { return devlink.New() }
	w.instances = newPortClients(dial)
	w.confirmer = confirmer{links: netdev.New(), ports: newPortClients(dial)}
	w.portEvents = devlink.NewListener(o.Log, w.portPace.poke)
	w.linkEvents = netdev.NewListener(o.Log, w.linkPace.poke)
	return w, nil
}

// newWatcher makes a Watcher that lacks its sources.
func newWatcher(o Options) *Watcher {
	w := &Watcher{
		opts:       o,
		portPace:   newPacer(),
		linkPace:   newPacer(),
		macPace:    newPacer(),
		serialPace: newPacer(),
		vpdPace:    newPacer(),
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
		Ports: w.portCounts.with(w.ports.Interrupted(), w.portEvents),
		Links: w.linkCounts.with(w.links.Interrupted(), w.linkEvents),
	}
}

// Run watches until ctx ends, and returns nil then. It may be called once. A
// kernel without devlink is asked again every few seconds, for ever.
func (w *Watcher) Run(ctx context.Context) error {
	ports := &portReader{
		pauses: pauses(),
		source: w.ports, events: w.portEvents, audit: w.opts.Audit, count: &w.portCounts,
		linked: w.linkedPorts, clients: w.instances,
		found: func(p part[[]devlink.Port]) {
			w.update(ctx, func(s *state) { s.ports = p })
			w.serialPace.poke()
		},
	}
	serials := &serialReader{
		source: w.infos, audit: w.opts.Audit, log: w.opts.Log,
		wanted: w.describedDevices,
		found: func(serials map[devlink.Handle]toldSerial) {
			w.update(ctx, func(s *state) { s.serials = serials })
			w.vpdPace.poke()
		},
	}
	links := &linkReader{
		pauses: pauses(),
		source: w.links, events: w.linkEvents, audit: w.opts.Audit, count: &w.linkCounts,
		settler: netdev.NewSettler(netdev.Udev(w.opts.UdevRoot).Word), parents: parents{sysfs: w.opts.SysfsRoot},
		found: func(p part[map[uint32]representor.Link]) {
			w.update(ctx, func(s *state) {
				// A netdev that comes from another network namespace may be the one that a
				// port lacks; devlink says nothing of that before Linux 6.2.
				if netdevMayBelong(s.ports.value, s.links.value, p.value) {
					w.portPace.poke()
				}
				s.links = p
			})
		},
		linked: w.setLinkedPorts,
	}
	macs := &macReader{
		sysfs: w.opts.SysfsRoot, gate: netlinkio.NewGate(), audit: w.opts.Audit, log: w.opts.Log,
		wanted: w.wantedUplinks,
		found: func(macs map[representor.Uplink]representor.MAC) {
			w.update(ctx, func(s *state) { s.pfMACs = macs })
		},
	}
	cards := &vpdReader{
		sysfs: w.opts.SysfsRoot, patience: vpd.Deadline, audit: w.opts.Audit, log: w.opts.Log,
		wanted: w.wantedVPD,
		found:  func(answers map[devlink.Handle]vpdAnswer) { w.update(ctx, func(s *state) { s.vpd = answers }) },
	}
	var running sync.WaitGroup
	running.Go(func() { w.portEvents.Run(ctx) })
	running.Go(func() { w.linkEvents.Run(ctx) })
	running.Go(func() { w.portPace.run(ctx, ports.read) })
	running.Go(func() { w.linkPace.run(ctx, links.read) })
	running.Go(func() { w.macPace.run(ctx, macs.read) })
	running.Go(func() { w.serialPace.run(ctx, serials.read) })
	running.Go(func() { w.vpdPace.run(ctx, cards.read) })
	running.Wait()
	w.ports.Close()
	w.infos.Close()
	w.links.Close()
	w.setter.Close()
	w.confirmer.Close()
	w.instances.Close()
	return nil
}

// wantedUplinks is what the reader of PF addresses should look for.
func (w *Watcher) wantedUplinks() map[representor.Uplink]netdevRef {
	w.mu.Lock()
	defer w.mu.Unlock()
	return wantedUplinks(w.state.ports.value, w.state.links.value)
}

// describedDevices are those that the reader of serial numbers should ask.
func (w *Watcher) describedDevices() []devlink.Handle {
	w.mu.Lock()
	defer w.mu.Unlock()
	return described(w.state.ports.value)
}

// netdevMayBelong tells whether, after a change of netdevs, a function's port or an uplink may have
// another one than devlink said: the port has none that is known, and it just lost that,
// or a netdev appeared that may be its own. Netdevs that have nothing to do with the card
// come and go all the time, and a list of ports is dear.
func netdevMayBelong(ports []devlink.Port, before, after map[uint32]representor.Link) bool {
	var appeared []representor.Link
	for ifindex, l := range after {
		if _, was := before[ifindex]; !was && l.Kind == "" { // a card's have none
			appeared = append(appeared, l)
		}
	}
	return slices.ContainsFunc(ports, func(p devlink.Port) bool {
		_, was := before[p.IfIndex]
		_, is := after[p.IfIndex]
		own := devlink.Some(p.ID())
		mayBe := func(l representor.Link) bool { return !l.TellsPort || l.Port == own }
		// An uplink's may tell a PF's MAC. One of InfiniBand has none of Ethernet.
		tells := isFunction(p.Flavour) || p.Flavour == devlink.FlavourPhysical && p.Type != devlink.TypeIB
		return tells && !is && (was || slices.ContainsFunc(appeared, mayBe))
	})
}

// wantedVPD is what the reader of VPD should look for.
func (w *Watcher) wantedVPD() map[devlink.Handle]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return wantedVPD(w.state.ports.value, w.state.serials, w.opts.Settings)
}

// linkedPorts are the ports that netdevs say they belong to.
func (w *Watcher) linkedPorts() []devlink.PortID {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.linked
}

// setLinkedPorts takes note of them, and has the ports read when they are others
// than before: the kernel may leave a port out of its list that a netdev knows.
func (w *Watcher) setLinkedPorts(refs []devlink.PortID) {
	w.mu.Lock()
	changed := !slices.Equal(w.linked, refs)
	w.linked = refs
	w.mu.Unlock()
	if changed {
		w.portPace.poke()
	}
}

// update changes the state, and shows it if that makes a difference.
func (w *Watcher) update(ctx context.Context, change func(*state)) {
	if !w.show(ctx, change) {
		return
	}
	w.macPace.poke()
	w.vpdPace.poke()
	w.opts.Notify()
}

func (w *Watcher) show(ctx context.Context, change func(*state)) (changed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.state)
	card := w.state.card()
	if equal(card, w.shown) {
		return false
	}
	before := w.shown
	w.shown = card
	w.index.Store(representor.NewIndex(card, w.opts.Settings))
	if card.Problem == before.Problem {
		return true
	}
	if card.Problem == "" {
		w.opts.Log.InfoContext(ctx, "the card is known", "ports", len(card.Ports), "netdevs", len(card.Links))
	} else {
		level := slog.LevelWarn
		if w.state.unread() {
			level = slog.LevelInfo
		}
		w.opts.Log.Log(ctx, level, "the card is not fully known", "complete", card.Complete, "problem", card.Problem)
	}
	return true
}
