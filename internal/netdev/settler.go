package netdev

import (
	"maps"
	"time"
)

// settleBound is how long udev may take with a new device before its name is
// taken for final.
const settleBound = 3 * time.Second

// A Settler tells when a device that is new to us may be touched. udev renames
// devices a moment after they appear, and Linux refuses to rename one that is up:
// to act sooner would freeze a name that was never meant to last. It waits for
// udev, not for a rename: the first name may well be the final one.
//
// A name that was read before udev finished may be the old one. So a device has
// settled only when it is listed after that was known.
type Settler struct {
	word    func(ifindex uint32) Word
	devices map[uint32]*settling
}

type settling struct {
	since time.Time
	state settleState
}

type settleState uint8

const (
	// waiting: udev works on it, or has yet to begin.
	waiting settleState = iota
	// finished: udev is done or absent, but what we have read of the device may be older.
	finished
	// settled: its name is what udev left.
	settled
)

// NewSettler makes a Settler that asks word about devices: normally Udev.Word.
func NewSettler(word func(ifindex uint32) Word) *Settler {
	return &Settler{word: word, devices: map[uint32]*settling{}}
}

// Observe takes note of a complete list of links that was asked for after the last
// call of Observe or Poll returned. It reports whether the list should be read
// again at once, because udev finished with a device on it and may have renamed it
// meanwhile.
func (s *Settler) Observe(now time.Time, links []Link) (again bool) {
	present := make(map[uint32]bool, len(links))
	for _, l := range links {
		present[l.IfIndex] = true
		d := s.devices[l.IfIndex]
		switch {
		case d == nil:
			d = &settling{since: now}
			s.devices[l.IfIndex] = d
		case d.state == finished:
			d.state = settled
		}
		if d.state != waiting {
			continue
		}
		switch s.word(l.IfIndex) {
		case Finished:
			d.state, again = finished, true
		case Absent:
			d.state = settled
		case Working:
			if now.Sub(d.since) >= settleBound {
				d.state = settled
			}
		}
	}
	maps.DeleteFunc(s.devices, func(ifindex uint32, _ *settling) bool { return !present[ifindex] })
	return again
}

// Poll asks udev again about the devices that wait for it. It reports whether the
// links should be listed and observed, because something may have settled.
func (s *Settler) Poll(now time.Time) bool {
	due := false
	for ifindex, d := range s.devices {
		if d.state == settled {
			continue
		}
		if d.state == waiting && s.word(ifindex) != Working {
			d.state = finished
		}
		if d.state == finished || now.Sub(d.since) >= settleBound {
			due = true
		}
	}
	return due
}

// Waiting is how many devices have not settled. While there are any, Poll wants to
// be called every few hundredths of a second.
func (s *Settler) Waiting() int {
	n := 0
	for _, d := range s.devices {
		if d.state != settled {
			n++
		}
	}
	return n
}

// Settled reports whether the device with an ifindex may be touched under the name
// it had in the last list that was observed.
func (s *Settler) Settled(ifindex uint32) bool {
	d := s.devices[ifindex]
	return d != nil && d.state == settled
}
