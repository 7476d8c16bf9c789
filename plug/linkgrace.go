package plug

import (
	"time"

	"github.com/representord/representord/representor"
)

// linkShown is how long a link that was set up may still be shown down, in a list of
// netdevs that was asked for before.
const linkShown = time.Second

// netdevs remembers, by ifindex, how representors' links were. A link that was up and is
// down was taken down by somebody: an operator who renames a netdev must take it down
// first (dev_change_name in net/core/dev.c refuses one that is up, before Linux 6.2), and
// a link that is set up under his hands lets that fail. It is given the clock.
type netdevs struct {
	grace time.Duration // how long such a link is left alone
	seen  *representor.Index
	links map[uint32]linkHistory
}

// linkHistory is a link that was up once.
type linkHistory struct {
	// down is since when it is down again, zero while it is up. It counts from raised for
	// a link that we set up and that was not seen up since.
	down   time.Time
	raised bool
	told   bool // that it was taken down
}

// observe takes note of how links are. A link that was never up is not remembered: its
// netdev is new, and nobody took it down.
func (n *netdevs) observe(now time.Time, x *representor.Index) {
	if current, _ := x.LinksCurrent(); !current || x == n.seen {
		return
	}
	n.seen = x
	if n.links == nil {
		n.links = map[uint32]linkHistory{}
	}
	for ifindex, h := range n.links {
		switch l, live := x.LinkByIfIndex(ifindex); {
		case !live:
			delete(n.links, ifindex)
		case l.Up:
			n.links[ifindex] = linkHistory{}
		case h.down.IsZero():
			n.links[ifindex] = linkHistory{down: now}
		}
	}
	for _, r := range x.All() {
		if r.IfIndex != 0 && r.Link.Up {
			n.links[r.IfIndex] = linkHistory{}
		}
	}
}

// raised takes note that a link was set up now.
func (n *netdevs) raised(now time.Time, ifindex uint32) {
	if n.links == nil {
		n.links = map[uint32]linkHistory{}
	}
	n.links[ifindex] = linkHistory{down: now, raised: true}
}

// leftAlone is until when a link is left down, zero for one that is to be set up now.
func (n *netdevs) leftAlone(now time.Time, ifindex uint32) time.Time {
	h := n.links[ifindex]
	if h.down.IsZero() {
		return time.Time{}
	}
	grace := n.grace
	if h.raised {
		grace = max(grace, linkShown)
	}
	if end := h.down.Add(grace); now.Before(end) {
		return end
	}
	return time.Time{}
}
