package plug

import (
	"time"

	"github.com/representord/representord/representor"
)

// linkShown is how long a link that was set up may still be shown down, in a list of
// netdevs that was asked for before.
const linkShown = time.Second

// linkHistory is a link that was up once. One that was up and is
// down was taken down by somebody: an operator who renames a netdev must take it down
// first (dev_change_name in net/core/dev.c refuses one that is up, before Linux 6.2), and
// a link that is set up under his hands lets that fail.
type linkHistory struct {
	// down is since when it is down again, zero while it is up. It counts from raised for
	// a link that we set up and that was not seen up since.
	down   time.Time
	raised bool
	told   bool // that it was taken down
}

// observe takes note of how links are. A link that was never up is not remembered: its
// netdev is new, and nobody took it down.
func (l *links) observe(now time.Time, x *representor.Index) {
	if current, _ := x.LinksCurrent(); !current || x == l.seen {
		return
	}
	l.seen = x
	for ifindex, h := range l.were {
		switch is, live := x.LinkByIfIndex(ifindex); {
		case !live:
			delete(l.were, ifindex)
		case is.Up:
			l.were[ifindex] = linkHistory{}
		case h.down.IsZero():
			l.were[ifindex] = linkHistory{down: now}
		}
	}
	for _, r := range x.All() {
		if r.IfIndex != 0 && r.Link.Up {
			l.were[r.IfIndex] = linkHistory{}
		}
	}
}

// leftAlone is until when a link is left down, zero for one that is to be set up now.
func (l *links) leftAlone(now time.Time, ifindex uint32) time.Time {
	h := l.were[ifindex]
	if h.down.IsZero() {
		return time.Time{}
	}
	grace := l.grace
	if h.raised {
		grace = max(grace, linkShown)
	}
	if end := h.down.Add(grace); now.Before(end) {
		return end
	}
	return time.Time{}
}
