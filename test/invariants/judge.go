package invariants

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// Violation is a rule that was broken.
type Violation struct {
	// Rule is "I1" or "I2".
	Rule string
	Row  Row
	What string
	At   time.Time
}

func (v Violation) String() string {
	return fmt.Sprintf("%s at %s: %s: %s", v.Rule, v.At.Format("15:04:05.000"), v.What, v.Row)
}

// State is the database as far as it was judged. It is not modified once made.
type State struct {
	rows map[string]known // by uuid
	// gone are the ports that lost their rows for the Southbound's sake of late.
	gone []departure
	// closed are rows that went as leaks of late: they may come back where their netdevs are.
	closed []closed
}

// closed is a row that went as a leak.
type closed struct {
	row known
	at  time.Time
}

// following is how long a row that went as a leak may take to come back under the name that
// its function's netdev has.
const following = 10 * time.Second

// known is a row with its history.
type known struct {
	Row
	// home are the marks as representord left them: what an operator wrote since
	// doesn't make the row another one.
	home Marks
	// since is when the row came, or was last given its name back.
	since time.Time
}

// Rows are the rows, as they are.
func (s State) Rows() []Row {
	rows := make([]Row, 0, len(s.rows))
	for _, k := range s.rows {
		rows = append(rows, k.Row)
	}
	return rows
}

// Judge takes note of a batch, and returns the rules that it breaks.
func Judge(before State, b Batch, truth Truth) (State, []Violation) {
	j := &judge{before: before, after: State{rows: maps.Clone(before.rows), gone: before.gone, closed: before.closed}, batch: b, truth: truth}
	if j.after.rows == nil {
		j.after.rows = map[string]known{}
	}
	for _, c := range b.Changes {
		j.note(c)
	}
	for _, c := range b.Changes {
		j.change(c)
	}
	j.brake()
	return j.after, j.found
}

type judge struct {
	before, after State
	batch         Batch
	truth         Truth
	found         []Violation
	left          []departure // by this batch
}

// note keeps the new state of a row, so that all of a batch is judged by its end.
func (j *judge) note(c Change) {
	if c.New == nil {
		delete(j.after.rows, c.uuid())
		return
	}
	k, had := j.before.rows[c.uuid()]
	if !had || k.Parked && !c.New.Parked {
		k.since = j.batch.Before
	}
	k.Row = *c.New
	if undone := j.undone(c); !had || undone != k.home {
		k.home = undone
	}
	j.after.rows[c.uuid()] = k
}

// undone are the new marks of a row without what an operator wrote.
func (j *judge) undone(c Change) Marks {
	marks := c.New.Marks
	k, had := j.before.rows[c.uuid()]
	if !had {
		return marks
	}
	for _, d := range j.truth.deeds(c.uuid(), j.batch) {
		if !d.Removed && marks.get(d.Field) == d.Value {
			marks = marks.with(d.Field, k.home)
		}
	}
	return marks
}

func (j *judge) violation(rule string, r Row, format string, args ...any) {
	j.found = append(j.found, Violation{Rule: rule, Row: r, What: fmt.Sprintf(format, args...), At: j.batch.Before})
}

func (j *judge) change(c Change) {
	old, had := j.before.rows[c.uuid()]
	switch {
	case had && !old.home.ours():
		j.foreign(c, old)
	case had:
		j.ours(c, old)
	case c.New != nil && c.New.ours():
		j.inserted(*c.New)
	}
}

// ours judges what became of a row of representord's.
func (j *judge) ours(c Change, old known) {
	is := c.New != nil && c.New.Bridge == j.truth.Bridge
	was := old.Bridge == j.truth.Bridge
	switch {
	case is && !was:
		j.inserted(*c.New)
	case was && !is:
		if !j.removedByOperator(c.uuid()) {
			j.removed(old)
		}
	case c.New != nil:
		if marks := j.undone(c); marks != old.home {
			j.edited(old, *c.New, marks)
		}
		j.parking(old, *c.New)
	}
}

// foreign: a row that isn't ours may be changed by its owner only. What
// ovs-vswitchd and ovn-controller write to it are not Marks.
func (j *judge) foreign(c Change, old known) {
	switch {
	case !old.foreign() || j.removedByOperator(c.uuid()):
	case c.New == nil:
		j.violation("I2", old.Row, "a row that isn't ours was removed")
	case j.undone(c) != old.home || c.New.Name != old.Name || c.New.Bridge != old.Bridge || c.New.Type != old.Type:
		j.violation("I1", *c.New, "a row that isn't ours was changed, it was %s", old.Row)
	}
}

func (j *judge) removedByOperator(uuid string) bool {
	for _, d := range j.truth.deeds(uuid, j.batch) {
		if d.Removed {
			return true
		}
	}
	return false
}

// inserted is I1 for a new row.
func (j *judge) inserted(r Row) {
	if r.Bridge != j.truth.Bridge || r.Type != "" || r.IfaceID != r.LogicalPort {
		j.violation("I1", r, "it is on the wrong bridge, of a type, or its iface-id is not its logical port")
	}
	moved := j.moved(r.Marks, r.Name)
	if !j.wanted(r.Marks, r.Name) && !moved {
		j.violation("I1", r, "plugged without a request for this function under this name: %s asks %s; the netdev is of %q",
			r.LogicalPort, j.truth.asked(r.LogicalPort, j.batch), j.names(r.Name))
	}
	j.alone(r, moved)
}

// alone is I1 for a new row among the others: it is the only one of its function
// and its port.
func (j *judge) alone(r Row, moved bool) {
	for uuid, k := range j.after.rows {
		switch {
		case uuid == r.UUID || k.Bridge != j.truth.Bridge:
		case k.home.ours() && (k.home.Function == r.Function && j.truth.tellable(k) || k.home.LogicalPort == r.LogicalPort):
			j.violation("I1", r, "plugged beside a row for the same function or port: %s", k.Row)
		case k.foreign() && k.IfaceID == r.IfaceID && !moved && running(k.since, j.batch.After, j.truth.LocalStalls) > j.truth.Lag:
			j.violation("I1", r, "plugged beside a row that isn't ours and has the iface-id: %s", k.Row)
		}
	}
}

// names are the functions that a netdev of this name may have been.
func (j *judge) names(name string) []string {
	var all []string
	for _, c := range j.truth.cards(j.batch) {
		all = append(all, c.under(name))
	}
	return all
}

// wanted: some request that may have been current wants exactly this.
func (j *judge) wanted(m Marks, name string) bool {
	for _, r := range j.truth.requests(m.LogicalPort, j.batch) {
		for _, c := range j.truth.cards(j.batch) {
			if r.Kind == Asks && c.Find(r) == m.Function && c.VFs[m.Function].Name == name && r.Describes(m) {
				return true
			}
		}
	}
	return false
}

// Describes reports whether marks are those that the request asks for.
func (r Request) Describes(m Marks) bool {
	return m.Request == r.text() && m.MTU == r.MTU && m.IfaceIDVer == r.IfaceIDVer
}

// moved: the row that a port had for a function goes as this one comes, or went as a leak a
// short time ago, under another name that the function's netdev has. That needs no request.
// What an operator wrote of the request goes along, for there is no other memory.
func (j *judge) moved(m Marks, to string) bool {
	var left []known
	for uuid, k := range j.before.rows {
		if _, stays := j.after.rows[uuid]; !stays {
			left = append(left, k)
		}
	}
	for _, c := range j.before.closed {
		if running(c.at, j.batch.Before, j.truth.LocalStalls) < following {
			left = append(left, c.row)
		}
	}
	for _, k := range left {
		if k.Name == to || !j.follows(k, m) || !k.home.same(m) && !k.home.with(FieldRequest, k.Marks).same(m) {
			continue
		}
		for _, c := range j.truth.cards(j.batch) {
			if c.VFs[m.Function].Name == to {
				return true
			}
		}
	}
	return false
}

// same: for the same port, function and request.
func (m Marks) same(o Marks) bool {
	return m.LogicalPort == o.LogicalPort && m.Function == o.Function && m.Request == o.Request
}

// follows: what is not the marker is as the row had it, or as its request has it now.
func (j *judge) follows(k known, m Marks) bool {
	for _, r := range j.truth.requests(m.LogicalPort, j.batch) {
		if r.Kind == Asks && r.Describes(m) {
			return true
		}
	}
	return (m.MTU == k.home.MTU || m.MTU == k.MTU) && m.IfaceIDVer == k.home.IfaceIDVer
}

// edited is I1 for a row that stays.
func (j *judge) edited(old known, r Row, marks Marks) {
	if r.Name != old.Name || r.Type != old.Type || marks.IfaceID != marks.LogicalPort {
		j.violation("I1", r, "edited into what it must not be; it was %s", old.Row)
	}
	if j.wanted(marks, r.Name) {
		return
	}
	// While the card can't say which function is meant, a row stays for the request
	// and the function that it was made for, and follows what else is asked. So does one
	// whose function has a netdev of another name now, that a row in the way has.
	for _, q := range j.truth.requests(marks.LogicalPort, j.batch) {
		for _, c := range j.truth.cards(j.batch) {
			if q.Kind != Asks || !q.Describes(marks) {
				continue
			}
			itself := marks.LogicalPort == old.home.LogicalPort && marks.Function == old.home.Function
			if f := c.Find(q); f == "" && marks.same(old.home) || itself && f == marks.Function {
				return
			}
		}
	}
	j.violation("I1", r, "edited without a request for this: %s asks %s; it was %s", marks.LogicalPort,
		j.truth.asked(marks.LogicalPort, j.batch), old.home)
}

// leaks: the netdev under the row's name is another one than its function's, or
// ovs-vswitchd has another netdev open under it.
func (c Card) leaks(k known) bool {
	n := c.VFs[k.home.Function]
	for index, name := range c.Links {
		if name == k.Name && index != n.IfIndex {
			return true
		}
	}
	_, live := c.Links[k.IfIndex]
	return n.Name == k.Name && k.IfIndex != 0 && k.IfIndex != n.IfIndex && live
}

// answers are the marks by which a row is compared with what is asked: what its
// marker says of the request counts as it stands, for there is no other memory.
// It may have lost it.
func (k known) answers() Marks {
	m := k.home
	if k.Request != "" {
		m.Request = k.Request
	}
	return m
}

// tellable: representord can know what a row was for. Where an operator has wiped that
// from its marker there is but the request, if the card has what it means; and while it
// hasn't, that another number than is asked for can't be right.
func (t Truth) tellable(k known) bool {
	if k.Function != "" {
		return true
	}
	lport := k.LogicalPort
	if lport == "" {
		lport = k.IfaceID
	}
	line := t.Requests[lport]
	if len(line) == 0 || line[len(line)-1].Value.Kind != Asks {
		return false
	}
	r, card := line[len(line)-1].Value, t.Card[len(t.Card)-1].Value
	return card.Find(r) != "" || k.Request == r.text() && !strings.HasSuffix(card.under(k.Name), fmt.Sprintf("vf%d", r.VF))
}

// Overdue are rows that stand although the netdev under their name has been
// another function's for longer than Truth.Grace.
func Overdue(s State, truth Truth, now time.Time) []Violation {
	var found []Violation
	for _, k := range s.rows {
		if k.Bridge != truth.Bridge || !k.home.ours() || k.Parked {
			continue
		}
		since := k.since
		for i := len(truth.Card) - 1; i >= 0; i-- {
			f := truth.Card[i].Value.under(k.Name)
			if f == "" || f == k.home.Function {
				if i == len(truth.Card)-1 {
					since = now
				} else if next := truth.Card[i+1]; next.Seen.IsZero() {
					since = now
				} else if next.Seen.After(since) {
					since = next.Seen
				}
				break
			}
		}
		if running(since, now, truth.LocalStalls) > truth.Grace && truth.tellable(k) {
			found = append(found, Violation{Rule: "I1", Row: k.Row, What: fmt.Sprintf(
				"the netdev under its name has been another function's (%s) since %s", truth.Card[len(truth.Card)-1].Value.under(k.Name),
				since.Format("15:04:05.000")), At: now})
		}
	}
	return found
}
