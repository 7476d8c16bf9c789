package netdev

import "time"

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
	devices map[uint32]settling
}

// settling is what is known of a device: Working while it is udev's; Finished once udev is done or
// absent, while what we have read of the device may be older; Absent when its name is what udev
// left, so that nobody is waited for.
type settling struct {
	since time.Time
	state Word
}

// NewSettler makes a Settler that asks word about devices: normally Udev.Word.
func NewSettler(word func(ifindex uint32) Word) *Settler { return &Settler{word: word} }

// Observe takes note of a complete list of links that was asked for after the last
// call of Observe or Poll returned. It reports whether the list should be read
// again at once, because udev finished with a device on it and may have renamed it
// meanwhile.
func (s *Settler) Observe(now time.Time, links []Link) (again bool) {
	devices := make(map[uint32]settling, len(links))
	for _, l := range links {
		d, known := s.devices[l.IfIndex]
		if !known {
			d.since = now
		}
		if d.state == Working {
			d.state = s.word(l.IfIndex)
			again = again || d.state == Finished
		} else {
			d.state = Absent
		}
		if d.state == Working && now.Sub(d.since) >= settleBound {
			d.state = Absent
		}
		devices[l.IfIndex] = d
	}
	s.devices = devices
	return again
}

// Poll asks udev again about the devices that wait for it. It reports whether the
// links should be listed and observed, because something may have settled.
func (s *Settler) Poll(now time.Time) bool {
	due := false
	for ifindex, d := range s.devices {
		if d.state == Working && s.word(ifindex) != Working {
			d.state = Finished
			s.devices[ifindex] = d
		}
		due = due || d.state == Finished || d.state == Working && now.Sub(d.since) >= settleBound
	}
	return due
}

// Waiting is how many devices have not settled. While there are any, Poll wants to
// be called every few hundredths of a second.
func (s *Settler) Waiting() int {
	n := 0
	for _, d := range s.devices {
		if d.state != Absent {
			n++
		}
	}
	return n
}

// Settled reports whether the device with an ifindex may be touched under the name
// it had in the last list that was observed.
func (s *Settler) Settled(ifindex uint32) bool { return s.devices[ifindex].state == Absent }
