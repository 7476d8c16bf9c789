package invariants

import (
	"fmt"
	"maps"
	"time"
)

// Opened follows which netdevs are open under rows that are another function's: in
// ovs-vswitchd, by Interface.ifindex, and in the kernel's datapath. It is for one
// goroutine.
type Opened struct {
	wrong map[opening]exposure
	// under are the rows, by uuid, under which netdevs came into the datapath, by ifindex.
	// A netdev stays there under whatever name it gets.
	under map[int]string
	// said are the rows, by uuid, under which ovs-vswitchd said last that it had a netdev
	// open, by ifindex; ended where it has said since that it has not.
	said map[int]string
	// Longest is the longest time that a wrong netdev was open under a row that carried a
	// port's name; Acting the same without the time in which representord could do nothing.
	Longest, Acting time.Duration
	// Closed is when the last one was closed.
	Closed time.Time
	// Count is how many there were.
	Count int
}

// opening is a netdev under a row.
type opening struct {
	uuid    string
	ifindex int
}

type exposure struct {
	row   Row
	since time.Time
	told  bool
}

// Open is how many are open at present.
func (o *Opened) Open() int { return len(o.wrong) }

// Look takes note of what is open at a time, and returns what has been open for too long.
// The vports are the netdevs in the datapath by ifindex, nil where nobody looked.
func (o *Opened) Look(s State, vports map[int]bool, truth Truth, now time.Time) []Violation {
	if o.wrong == nil {
		o.wrong = map[opening]exposure{}
	}
	card, changed := truth.cardAt(now)
	o.attribute(s, card, vports)
	found := card.wrong(s, o.under, truth)
	for at, row := range found {
		e, was := o.wrong[at]
		if !was {
			o.Count++
			e.since = latest(changed, s.rows[at.uuid].since)
			if now.Sub(e.since) > latency { // it was opened after that, and is seen now
				e.since = now
			}
		}
		e.row = row
		o.wrong[at] = e
	}
	var violations []Violation
	for at, e := range o.wrong {
		o.Longest = max(o.Longest, now.Sub(e.since))
		acting := running(e.since, now, truth.LocalStalls)
		o.Acting = max(o.Acting, acting)
		if _, still := found[at]; !still && (o.hasEnded(at.ifindex) || !card.lingers(s, at, vports)) {
			delete(o.wrong, at)
			o.Closed = now
			continue
		}
		grace := truth.Unclaimed
		if card.claimed(at.ifindex) {
			grace = truth.Grace
		}
		if grace > 0 && acting > grace && !e.told {
			e.told = true
			o.wrong[at] = e
			violations = append(violations, Violation{Rule: "I1", Row: e.row, At: now, What: fmt.Sprintf(
				"%s, ifindex %d, %s, has been open under it for %v of representord's time",
				card.Links[at.ifindex], at.ifindex, card.whose(at.ifindex), acting)})
		}
	}
	return violations
}

// latency is within how long of its cause an opening is taken to have been at once.
const latency = 500 * time.Millisecond

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// ended stands for no row. An ovs-vswitchd that ends a port goes by the netdev's name in the
// datapath, and leaves one there that was renamed meanwhile: with no flows, whatever row
// has its name then.
const ended = ""

func (o *Opened) hasEnded(ifindex int) bool {
	said, told := o.said[ifindex]
	return told && said == ended
}

// Settle forgets what ovs-vswitchd said of netdevs that the datapath, looked at afresh,
// has no more.
func (o *Opened) Settle(vports map[int]bool) {
	maps.DeleteFunc(o.said, func(index int, _ string) bool { return !vports[index] })
}

// attribute finds the rows of the netdevs that have come into the datapath: those under
// which ovs-vswitchd says that it has them, or while it has said nothing those with the
// name.
func (o *Opened) attribute(s State, c Card, vports map[int]bool) {
	o.listen(s)
	named := map[string]string{}
	for uuid, k := range s.rows {
		named[k.Name] = uuid
	}
	under := make(map[int]string, len(vports))
	for index := range vports {
		said, told := o.said[index]
		before, was := o.under[index]
		_, stands := s.rows[said]
		switch {
		case told && (said == ended || stands):
			under[index] = said
		case was:
			under[index] = before
		default:
			under[index] = named[c.Links[index]]
		}
	}
	o.under = under
}

// listen takes note of what ovs-vswitchd says that it has open, and has not any more.
func (o *Opened) listen(s State) {
	if o.said == nil {
		o.said = map[int]string{}
	}
	for index, uuid := range o.said {
		k, stands := s.rows[uuid]
		if stands && (k.Ofport < 0 || k.Ofport > 0 && k.IfIndex > 0 && k.IfIndex != index) {
			o.said[index] = ended
		}
	}
	for uuid, k := range s.rows {
		if k.Ofport > 0 && k.IfIndex > 0 {
			o.said[k.IfIndex] = uuid
		}
	}
}

// wrong are the netdevs that are open under rows that carry the name of a port that asks
// for another function.
func (c Card) wrong(s State, under map[int]string, truth Truth) map[opening]Row {
	found := map[opening]Row{}
	note := func(k known, index int) {
		_, live := c.Links[index]
		if k.Bridge == truth.Bridge && k.home.ours() && !k.Parked && live && index != c.VFs[k.home.Function].IfIndex && truth.tellable(k) {
			found[opening{k.UUID, index}] = k.Row
		}
	}
	for _, k := range s.rows {
		if k.Ofport > 0 {
			note(k, k.IfIndex)
		}
	}
	for index, uuid := range under { // what ovs-vswitchd hasn't told yet
		if k, stands := s.rows[uuid]; stands {
			note(k, index)
		}
	}
	return found
}

// right: ovs-vswitchd says that it has the netdev open under a row for its function.
func (c Card) right(s State, ifindex int) bool {
	for _, k := range s.rows {
		if k.IfIndex == ifindex && k.Ofport > 0 && c.VFs[k.home.Function].IfIndex == ifindex {
			return true
		}
	}
	return false
}

// lingers: a row is gone, and the datapath still has what was open under it, with its
// flows. One that is parked has no flows.
func (c Card) lingers(s State, at opening, vports map[int]bool) bool {
	_, stands := s.rows[at.uuid]
	_, live := c.Links[at.ifindex]
	return !stands && live && vports[at.ifindex] && !c.right(s, at.ifindex)
}

// claimed reports whether some devlink port says that the netdev is its own.
func (c Card) claimed(ifindex int) bool { return c.function(ifindex) != "" || c.Claimed[ifindex] }

func (c Card) function(ifindex int) string {
	for f, n := range c.VFs {
		if n.IfIndex == ifindex {
			return f
		}
	}
	return ""
}

// whose is that for a Violation.
func (c Card) whose(ifindex int) string {
	switch f := c.function(ifindex); {
	case f != "":
		return "of " + f
	case c.Claimed[ifindex]:
		return "of a devlink port that is no function's"
	}
	return "which no devlink port claims"
}
