package invariants

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Truth is what the test made so, and when.
type Truth struct {
	// Bridge is the integration bridge.
	Bridge string
	// Requests says for each logical port what it asks of this chassis. One without
	// an entry never asked for anything.
	Requests map[string]Timeline[Request]
	Card     Timeline[Card]
	Deeds    []Deed
	// Stalls are times in which representord can't have learned anything from the
	// Southbound, or done anything; LocalStalls those of them in which it could do
	// nothing at all. They may overlap. An open one has no end.
	Stalls      []Span
	LocalStalls []Span
	// Replaced are the times at which the Southbound began to become another database,
	// and Started those at which representord was started.
	Replaced, Started []time.Time
	// Lag is how long representord may act on what is not true any more, the time of
	// stalls apart; CardLag the same of what the kernel shows, Lag where it is zero.
	Lag, CardLag time.Duration
	// Grace is how long a row that carries a port's name may stay, or have a netdev open,
	// whose netdev is another function's or another devlink port's, the time of local
	// stalls apart. Unclaimed is the same for a netdev that no devlink port claims, which
	// proves nothing by itself; it isn't judged where that is zero.
	Grace, Unclaimed time.Duration
	// UnplugGrace is how long a request has been gone before its row goes, unless the
	// function goes to another; Hold how long suspicious removals wait. Where they are zero,
	// that isn't judged.
	UnplugGrace, Hold time.Duration
	// Accepted is when representord came to accept the Southbound that there is, another database than before: the end of
	// a hold, as it said itself while that lasted and nobody released it. What the Southbound said until then starts no grace.
	// It is zero where that isn't known.
	Accepted time.Time
	// GrownUp is the age of a row that certainly counts as one of many when it goes: of
	// machines that come and go one after the other representord holds none.
	GrownUp time.Duration
}

// Span is a time from From to To, for ever when To is zero.
type Span struct{ From, To time.Time }

// Moment is a value that something had from Begun on.
type Moment[T any] struct {
	Value T
	// Begun is just before the test began to make it so. Seen is when it was where
	// representord looks (the Southbound, the kernel), zero while that isn't known.
	Begun, Seen time.Time
}

// Timeline is what something was, oldest first. Between Begun and Seen of a
// moment both it and the one before may be what representord sees.
type Timeline[T any] []Moment[T]

// possible are the values that representord may have believed at a time that is
// not known better than as between two.
func (l Timeline[T]) possible(after, before time.Time, stalls []Span, lag time.Duration) []T {
	var values []T
	for i, m := range l {
		if m.Begun.After(before) {
			break
		}
		if i+1 < len(l) {
			if seen := l[i+1].Seen; !seen.IsZero() && running(seen, after, stalls) > lag {
				continue
			}
		}
		values = append(values, m.Value)
	}
	return values
}

// since is the line without what nobody can believe any more.
func (l Timeline[T]) since(now time.Time, stalls []Span, lag time.Duration) Timeline[T] {
	first := 0
	for i := 1; i < len(l); i++ {
		if seen := l[i].Seen; !seen.IsZero() && running(seen, now, stalls) > lag {
			first = i
		}
	}
	return l[first:]
}

// Forget is the truth without what can't matter from now on: values that nobody
// can believe any more, and stalls from before all that is left. What an operator
// wrote stays: nobody puts it right in a row that is only kept.
func (t Truth) Forget(now time.Time) Truth {
	oldest := now
	requests := make(map[string]Timeline[Request], len(t.Requests))
	for lport, line := range t.Requests {
		requests[lport] = line.since(now, t.Stalls, t.Lag)
		for _, m := range requests[lport][1:] {
			oldest = earlier(oldest, m.Begun)
		}
	}
	t.Requests, t.Card = requests, t.Card.since(now, t.LocalStalls, t.Lag)
	for _, m := range t.Card[min(1, len(t.Card)):] {
		oldest = earlier(oldest, m.Begun)
	}
	past := func(s Span) bool { return !s.To.IsZero() && s.To.Before(oldest) }
	t.Stalls, t.LocalStalls = slices.DeleteFunc(slices.Clone(t.Stalls), past), slices.DeleteFunc(slices.Clone(t.LocalStalls), past)
	return t
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// running is the time from one to another without that of the stalls.
func running(from, to time.Time, stalls []Span) time.Duration {
	if !from.Before(to) {
		return 0
	}
	sum := to.Sub(from)
	covered := from // what is before this was subtracted already
	sorted := slices.SortedFunc(slices.Values(stalls), func(a, b Span) int { return a.From.Compare(b.From) })
	for _, s := range sorted {
		start, end := s.From, s.To
		if end.IsZero() || end.After(to) {
			end = to
		}
		if start.Before(covered) {
			start = covered
		}
		if start.Before(end) {
			sum -= end.Sub(start)
			covered = end
		}
	}
	return sum
}

// Kind is what a logical port asks of this chassis.
type Kind uint8

// The kinds.
const (
	// Nothing: there is no such port, or it is another's, or it is no VIF to be plugged.
	Nothing Kind = iota
	// Asks: it wants a function plugged.
	Asks
	// Keeps: it asks for no new plug, and what is plugged must stay.
	Keeps
	// Invalid: it asks for what can't be understood.
	Invalid
)

// Request is what a logical port asks. PFMAC is in lower case.
type Request struct {
	Kind       Kind
	PFMAC      string
	VF         int
	MTU        int
	IfaceIDVer string
}

// text is the request as the marker has it.
func (r Request) text() string { return fmt.Sprintf("pf-mac %s vf %d", r.PFMAC, r.VF) }

// Card is what the kernel shows. Functions are in the text form of the marker.
type Card struct {
	// PFs are the MAC of each PF.
	PFs map[string]string
	// VFs are the VFs' netdevs, of name "" where there is none.
	VFs map[string]Netdev
	// Links are the names of all netdevs by ifindex, those that aren't representors too.
	Links map[int]string
	// Claimed are the netdevs, by ifindex, of devlink ports that are no VF's: uplinks.
	Claimed map[int]bool
}

// Netdev is a representor's.
type Netdev struct {
	Name    string
	IfIndex int
}

// Clone is a copy that may be changed.
func (c Card) Clone() Card {
	return Card{PFs: maps.Clone(c.PFs), VFs: maps.Clone(c.VFs), Links: maps.Clone(c.Links), Claimed: maps.Clone(c.Claimed)}
}

// Find is the function that a request means: the VF of that number of the only PF
// with that MAC, "" if there isn't exactly one such function.
func (c Card) Find(r Request) string {
	found := ""
	for pf, mac := range c.PFs {
		if mac != r.PFMAC {
			continue
		}
		if found != "" {
			return ""
		}
		found = fmt.Sprintf("%svf%d", pf, r.VF)
	}
	if _, there := c.VFs[found]; !there {
		return ""
	}
	return found
}

// under is the function whose netdev has a name, "" for none.
func (c Card) under(name string) string {
	for f, n := range c.VFs {
		if n.Name == name {
			return f
		}
	}
	return ""
}

// Deed is what an operator did to one row: removed it, or wrote one value.
type Deed struct {
	UUID  string
	Begun time.Time
	// Removed, or else Field has become Value.
	Removed bool
	Field   Field
	Value   string
}

// Field is one of Marks.
type Field uint8

// The fields that an operator writes.
const (
	FieldIfaceID Field = iota
	FieldMTU
	FieldFunction
	FieldRequest
	FieldLogicalPort
)

func (m Marks) get(f Field) string {
	switch f {
	case FieldIfaceID:
		return m.IfaceID
	case FieldMTU:
		return fmt.Sprint(m.MTU)
	case FieldFunction:
		return m.Function
	case FieldRequest:
		return m.Request
	case FieldLogicalPort:
		return m.LogicalPort
	}
	return ""
}

// with gives a field the value that it has in other marks.
func (m Marks) with(f Field, of Marks) Marks {
	switch f {
	case FieldIfaceID:
		m.IfaceID = of.IfaceID
	case FieldMTU:
		m.MTU = of.MTU
	case FieldFunction:
		m.Function = of.Function
	case FieldRequest:
		m.Request = of.Request
	case FieldLogicalPort:
		m.LogicalPort = of.LogicalPort
	}
	return m
}

// deeds are those that were done to a row by then.
func (t Truth) deeds(uuid string, b Batch) []Deed {
	var all []Deed
	for _, d := range t.Deeds {
		if d.UUID == uuid && !d.Begun.After(b.Before) {
			all = append(all, d)
		}
	}
	return all
}

// requests are what a port may have been believed to ask.
func (t Truth) requests(lport string, b Batch) []Request {
	line := t.Requests[lport]
	if len(line) == 0 {
		return []Request{{}}
	}
	return line.possible(b.After, b.Before, t.Stalls, t.Lag)
}

func (t Truth) cards(b Batch) []Card {
	return t.Card.possible(b.After, b.Before, t.LocalStalls, t.cardLag())
}

func (t Truth) cardLag() time.Duration {
	if t.CardLag == 0 {
		return t.Lag
	}
	return t.CardLag
}

// cardAt is the card as it was for certain at a time, and since when.
func (t Truth) cardAt(at time.Time) (Card, time.Time) {
	last := 0
	for i, m := range t.Card {
		if !m.Seen.IsZero() && !m.Seen.After(at) {
			last = i
		}
	}
	return t.Card[last].Value, t.Card[last].Seen
}

// asked describes what a port may have been believed to ask, for a Violation.
func (t Truth) asked(lport string, b Batch) string {
	var all []string
	for _, r := range t.requests(lport, b) {
		switch r.Kind {
		case Nothing:
			all = append(all, "nothing")
		case Asks:
			all = append(all, fmt.Sprintf("%s mtu %d version %q", r.text(), r.MTU, r.IfaceIDVer))
		case Keeps:
			all = append(all, "that it stays")
		case Invalid:
			all = append(all, "what is invalid")
		}
	}
	return strings.Join(all, ", or ")
}
