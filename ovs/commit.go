package ovs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
)

// Bounds of one transaction. The server does nothing else meanwhile; this many
// take it a few milliseconds.
const (
	maxChanges = 128
	maxBytes   = 64 << 10
)

// fits is how many bytes a change may take, by the estimate of size, to be sure of a
// transaction: half of what dbconn sends to a server that isn't local.
const fits = 16 << 10

// Fits reports whether a change fits into one transaction, however the database is
// reached. One that doesn't may be refused with dbconn.ErrTooLarge.
func (c Change) Fits() bool { return size(c) <= fits }

// committer commits changes and notes what became of each.
type committer struct {
	conn interface {
		// Transact sends one transaction. An error says that there is no answer, or, where it is
		// dbconn.ErrTooLarge, that nothing was sent.
		Transact(ctx context.Context, ops ...ovsdb.Operation) ([]ovsdb.OperationResult, error)
		// Err says why the connection is dead, nil while it isn't.
		Err() error
	}
	on      target
	changes []Change
	errs    []error
	counted Counters
	over    bool // an answer is missing: nothing more is sent
}

// run commits the changes with these indexes, in transactions as large as they
// may be.
func (c *committer) run(ctx context.Context, indexes []int) {
	for len(indexes) > 0 {
		n, bytes := 0, 0
		for n < len(indexes) && n < maxChanges {
			bytes += size(c.changes[indexes[n]])
			if n > 0 && bytes > maxBytes {
				break
			}
			n++
		}
		c.commit(ctx, indexes[:n])
		indexes = indexes[n:]
	}
}

// commit commits changes in one transaction. If that fails, it puts those aside
// that are known to have failed and tries the rest in two halves; so one bad
// change costs a few transactions more, and many cost no more than twice as many
// as there are changes.
func (c *committer) commit(ctx context.Context, indexes []int) {
	if len(indexes) == 0 {
		return
	}
	changes := make([]Change, len(indexes))
	for i, n := range indexes {
		changes[i] = c.changes[n]
	}
	f := c.send(ctx, build(c.on, changes))
	if f == nil {
		return
	}
	var rest []int
	for i, n := range indexes {
		concerned := f.scope == scopeChange && i == f.change || f.scope == scopePlugs && len(changes[i].Plug) > 0
		if f.final || len(indexes) == 1 || concerned {
			c.errs[n] = f.err
		} else {
			rest = append(rest, n)
		}
	}
	if len(rest) > 0 {
		c.counted.Splits++
		c.commit(ctx, rest[:len(rest)/2])
		c.commit(ctx, rest[len(rest)/2:])
	}
}

// send does a transaction, unless nothing is sent any more. It returns nil if the
// transaction was committed.
func (c *committer) send(ctx context.Context, t transaction) *failure {
	switch {
	case ctx.Err() != nil:
		return &failure{final: true, err: fmt.Errorf("not sent: %w", context.Cause(ctx))}
	case c.over:
		return &failure{final: true, err: fmt.Errorf("%w: not sent, since an answer before is missing", ErrNotConnected)}
	}
	c.counted.Transactions++
	results, err := c.conn.Transact(ctx, t.ops...)
	switch {
	case err == nil:
		return t.judge(results)
	case errors.Is(err, dbconn.ErrTooLarge):
		return &failure{err: err} // nothing was sent
	case ctx.Err() != nil && c.conn.Err() == nil:
		err = fmt.Errorf("no answer in time, %w: %w", ErrUncertain, err)
	default:
		err = fmt.Errorf("%w: %w: %w", ErrNotConnected, ErrUncertain, err)
	}
	c.over = true
	return &failure{final: true, err: err}
}

// failure is why a transaction did nothing.
type failure struct {
	purpose
	err error
	// final: it would be the same for every part of the transaction.
	final bool
}

// judge reads the server's answer, RFC 7047 section 4.1.3: a result for each
// operation up to the one that failed, which has an error, and null for those
// after it; or one result more than there are operations, when they could not be
// committed together. It returns nil if the transaction was committed.
func (t *transaction) judge(results []ovsdb.OperationResult) *failure {
	n := slices.IndexFunc(results, func(r ovsdb.OperationResult) bool { return r.Error != "" })
	switch {
	case n < 0 && len(results) < len(t.ops):
		return &failure{final: true, err: &RefusedError{
			Kind: "short answer", Details: fmt.Sprintf("%d results for %d operations", len(results), len(t.ops)),
		}}
	case n < 0:
		return nil
	case results[n].Error == errNotOwner:
		return &failure{final: true, err: ErrLocked}
	}
	kind := results[n].Error
	f := &failure{err: &RefusedError{Kind: kind, Details: results[n].Details}}
	f.final = kind == errIO || kind == errResource // which have nothing to do with what is in a transaction
	if n < len(t.ops) {
		f.purpose = t.purposes[n]
	}
	if f.guard != "" && kind == errTimedOut {
		f.err = fmt.Errorf("%w: %s", ErrChanged, f.guard)
		f.final = f.scope == scopeAll
	}
	return f
}

// Errors of the server that we tell apart, RFC 7047 sections 3.1, 4.1.3, 5.2 and 5.2.10.
const (
	errTimedOut = "timed out"
	errIO       = "I/O error"
	errResource = "resources exhausted"
	errNotOwner = "not owner" // the assertion of a lock
)

// size estimates how many bytes of JSON a change needs.
func size(c Change) int {
	const perOperation = 150
	bytes := 0
	for _, u := range c.Unplug {
		bytes += 4*perOperation + sizeOf(u.Interface)
	}
	for _, e := range c.Edit {
		bytes += 5*perOperation + sizeOf(e.Interface)
		for key, value := range e.Set {
			bytes += 2*len(key) + len(value)
		}
		for _, key := range e.Delete {
			bytes += len(key)
		}
	}
	for _, p := range c.Plug {
		bytes += 3*perOperation + 2*len(p.Netdev) + len(p.IfaceID) + len(p.IfaceIDVer) +
			len(p.Marker.LogicalPort) + len(p.Marker.Function) + len(p.Marker.Request) + len(p.Southbound)
	}
	return bytes
}

func sizeOf(i Interface) int {
	n := len(i.Name) + 2*len(i.PortName)
	for _, mark := range marksOf(i) {
		n += len(mark)
	}
	return n
}
