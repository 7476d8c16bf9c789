package ovn

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// Answer is what the Southbound says of one logical port when it is asked for that
// one, whatever the port says about us.
type Answer struct {
	// Binding is the row judged for us, with fate Gone when there is no such row.
	Binding
	// ChassisKnown is true while our Chassis row is there.
	ChassisKnown bool
	// Type, ParentPort and Options are the row's columns of these names.
	Type       string
	ParentPort string
	Options    map[string]string
	// RequestedChassis, RequestedAdditional and Chassis are the names of the Chassis
	// rows that the columns of these names refer to, empty for none. Chassis is who
	// has claimed the port.
	RequestedChassis    string
	RequestedAdditional []string
	Chassis             string
}

// Inquire asks the server for one logical port without any condition, for somebody
// who wants to know why it is as it is. The error is ErrUntrusted, with the cause,
// when there is no connection, or none whose server keeps up: nothing is known then.
// It lasts as long as the context at most. Without a connection it returns at once. One
// is made at a time, and a few a second: the error is ErrTooOften when its turn doesn't
// come. That a port isn't there is remembered for some seconds, unless the view has it.
// Nothing may be removed on its word; for that there is Verify.
func (s *Southbound) Inquire(ctx context.Context, logicalPort string) (Answer, error) {
	l := s.currentLive()
	if l == nil {
		return Answer{}, fmt.Errorf("%w: %s", ErrUntrusted, s.View().Problem)
	}
	view := s.View()
	if _, inView := view.Bindings[logicalPort]; !inView && s.asked.isAbsent(logicalPort, time.Now()) {
		return Answer{Binding: gone(logicalPort), ChassisKnown: view.ChassisKnown}, nil
	}
	if err := s.asked.begin(ctx); err != nil {
		return Answer{}, err
	}
	defer s.asked.end()
	a, err := s.inquire(ctx, l, logicalPort)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %s: %w", ErrUntrusted, l.endpoint, err)
	}
	if a.Fate == Gone {
		s.asked.wasAbsent(logicalPort, time.Now())
	}
	return a, nil
}

func (s *Southbound) inquire(ctx context.Context, l *live, logicalPort string) (Answer, error) {
	if _, err := s.vouched(ctx, l); err != nil {
		return Answer{}, err
	}
	q := question{inquiry{live: l, us: s.us(l.config), room: l.feed.conn.Window() / 2}, logicalPort}
	// By the row's uuid where it was seen, for that costs the server nothing.
	known, _ := s.rowsOf([]string{logicalPort})
	for _, k := range known {
		a, found, err := q.ask(ctx, withUUID(k.uuid))
		if err != nil || found {
			return a, err
		}
	}
	a, _, err := q.ask(ctx, []ovsdb.Condition{named(logicalPort)})
	return a, err
}

// question is one Inquire.
type question struct {
	inquiry
	port string
}

// ask looks for the port's row in one way, and reports whether it is there.
func (q *question) ask(ctx context.Context, which []ovsdb.Condition) (a Answer, found bool, err error) {
	a.Binding = gone(q.port)
	op := q.selectPort(which)
	if sizeOf(op) > q.room {
		return a, false, nil // no port that is in use has such a name
	}
	rows, err := Select(ctx, q.live.feed.conn, op, chassisNamed(q.live.config.Chassis))
	if err != nil {
		return a, false, err
	}
	q.chassis = uuidOf(rows[1])
	a.ChassisKnown = q.chassis != ""
	if len(rows[0]) == 0 {
		return a, false, nil
	}
	r := asPortBinding(rows[0][0])
	if r == nil || r.LogicalPort != q.port {
		return a, false, nil
	}
	a.Binding = bind(r, q.me())
	a.Type, a.ParentPort, a.Options = r.Type, deref(r.ParentPort), r.Options
	names, err := q.chassisNames(ctx, append([]string{deref(r.RequestedChassis), deref(r.Chassis)}, r.RequestedAdditional...))
	if err != nil {
		return a, true, err
	}
	a.RequestedChassis, a.Chassis = names[deref(r.RequestedChassis)], names[deref(r.Chassis)]
	for _, u := range r.RequestedAdditional {
		a.RequestedAdditional = append(a.RequestedAdditional, names[u])
	}
	slices.Sort(a.RequestedAdditional)
	return a, true, nil
}

// chassisNames gives what Chassis rows are called by their uuids, some of which may be empty. A row that
// went meanwhile has no name any more but its uuid.
func (q *question) chassisNames(ctx context.Context, uuids []string) (map[string]string, error) {
	names := map[string]string{}
	var ops []ovsdb.Operation
	for _, u := range uuids {
		if u != "" {
			names[u] = u
			ops = append(ops, RowsWhere(TableChassis, withUUID(u), "name"))
		}
	}
	if len(ops) == 0 {
		return names, nil
	}
	found, err := Select(ctx, q.live.feed.conn, ops...)
	if err != nil {
		return nil, err
	}
	for _, c := range As[*Chassis](slices.Concat(found...)) {
		names[c.UUID] = c.Name
	}
	return names, nil
}
