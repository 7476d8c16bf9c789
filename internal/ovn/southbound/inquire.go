package southbound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/retry"
)

// Answer is what the Southbound says of one logical port when it is asked for that
// one, whatever the port says about us.
type Answer struct {
	// Binding is the row classified for this chassis, with disposition Gone when there is no such row.
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
func (w *Watcher) Inquire(ctx context.Context, logicalPort string) (Answer, error) {
	view := w.View()
	if w.current() == nil {
		return Answer{}, fmt.Errorf("%w: %s", ErrUntrusted, view.Problem)
	}
	if _, inView := view.Bindings[logicalPort]; !inView && w.inquiries.isAbsent(logicalPort, time.Now()) {
		return Answer{Binding: gone(logicalPort), ChassisKnown: view.ChassisKnown}, nil
	}
	if err := w.inquiries.begin(ctx); err != nil {
		return Answer{}, err
	}
	defer w.inquiries.end()
	q, err := w.ask(ctx, []string{logicalPort}, true)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Binding: q.binding(logicalPort), ChassisKnown: q.chassis != ""}
	r := q.rows[logicalPort]
	if r == nil {
		w.inquiries.wasAbsent(logicalPort, time.Now())
		return a, nil
	}
	a.Type, a.ParentPort, a.Options = r.Type, deref(r.ParentPort), r.Options
	names, err := q.chassisNames(ctx, append([]string{deref(r.RequestedChassis), deref(r.Chassis)}, r.RequestedAdditional...))
	if err != nil {
		return Answer{}, q.untrusted(err)
	}
	a.RequestedChassis, a.Chassis = names[deref(r.RequestedChassis)], names[deref(r.Chassis)]
	for _, u := range r.RequestedAdditional {
		a.RequestedAdditional = append(a.RequestedAdditional, names[u])
	}
	slices.Sort(a.RequestedAdditional)
	return a, nil
}

// chassisNames gives the names of Chassis rows by their uuids; empty uuids are passed over. The name of a
// row that is gone is its uuid.
func (q *verification) chassisNames(ctx context.Context, uuids []string) (map[string]string, error) {
	names := map[string]string{}
	var ops []ovsdb.Operation
	for _, u := range uuids {
		if u != "" {
			names[u] = u
			ops = append(ops, ovn.RowsWhere(ovn.TableChassis, withUUID(u), "name"))
		}
	}
	if len(ops) == 0 {
		return names, nil
	}
	found, err := ovn.Select(ctx, q.monitor.conn, ops...)
	if err != nil {
		return nil, err
	}
	for _, c := range ovn.As[*ovn.Chassis](slices.Concat(found...)) {
		names[c.UUID] = c.Name
	}
	return names, nil
}

// ErrTooOften is an error of Inquire: so much is asked that the Southbound, which serves
// all chassis, would be kept busy. Ask again in a moment.
var ErrTooOften = errors.New("the Southbound is asked too often for an explanation; try again in a moment")

const (
	// inquiryEvery is the least time between two inquiries, on average; inquiryBurst are
	// made at once. Each may have the server look at every row of a table.
	inquiryEvery = 200 * time.Millisecond
	inquiryBurst = 20
	// absentFor is for how long a port that isn't there isn't looked for again. To find
	// nothing takes the server longest.
	absentFor  = 5 * time.Second
	absentMost = 1000
)

// inquiries is the pace of Inquire: one at a time, and a few a second.
type inquiries struct {
	turn chan struct{} // takes one
	due  time.Time     // of the last one, if there were no burst; for who has the turn

	mu     sync.Mutex
	absent map[string]time.Time // ports that were not there, and when
}

func newInquiries() *inquiries {
	return &inquiries{turn: make(chan struct{}, 1), absent: map[string]time.Time{}}
}

// begin waits for its turn, and then until an inquiry is due. The error is ErrTooOften when
// ctx ends before that. Who gives up has taken no time from the others: whoever asks and
// hangs up, again and again, would keep all others from asking.
func (q *inquiries) begin(ctx context.Context) error {
	select {
	case q.turn <- struct{}{}:
	case <-ctx.Done():
		return ErrTooOften
	}
	now := time.Now()
	due := q.due
	if earliest := now.Add(-inquiryBurst * inquiryEvery); due.Before(earliest) {
		due = earliest
	}
	due = due.Add(inquiryEvery)
	if ctx.Err() != nil || !retry.Sleep(ctx, max(due.Sub(now), 0)) {
		q.end()
		return ErrTooOften
	}
	q.due = due
	return nil
}

func (q *inquiries) end() { <-q.turn }

// isAbsent reports whether a port was looked for in vain a moment ago.
func (q *inquiries) isAbsent(port string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at, known := q.absent[port]
	return known && now.Sub(at) < absentFor
}

func (q *inquiries) wasAbsent(port string, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.absent) >= absentMost {
		clear(q.absent)
	}
	q.absent[port] = now
}
