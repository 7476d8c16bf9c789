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

// transactor sends one transaction. An error says that there is no answer.
type transactor func(context.Context, ...ovsdb.Operation) ([]ovsdb.OperationResult, error)

// committer commits changes and notes what became of each.
type committer struct {
	transact transactor
	on       target
	changes  []Change
	errs     []error
	counted  Counters
	// over is why an answer is missing: nothing more is sent.
	over error
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
	if err := c.unsent(ctx); err != nil {
		c.fail(indexes, err)
		return
	}
	changes := make([]Change, len(indexes))
	for i, n := range indexes {
		changes[i] = c.changes[n]
	}
	t := build(c.on, changes)
	c.counted.Transactions++
	results, err := c.transact(ctx, t.ops...)
	switch {
	case errors.Is(err, dbconn.ErrTooLarge):
		c.split(ctx, indexes, err)
		return
	case err != nil:
		c.over = err
		c.fail(indexes, err)
		return
	}
	f := t.judge(results)
	switch {
	case f == nil:
	case f.final:
		c.fail(indexes, f.err)
	case f.scope == scopeAll:
		c.split(ctx, indexes, f.err)
	default:
		var bad, rest []int
		for i, n := range indexes {
			if (f.scope == scopeChange && i == f.change) || (f.scope == scopePlugs && len(changes[i].Plug) > 0) {
				bad = append(bad, n)
			} else {
				rest = append(rest, n)
			}
		}
		c.fail(bad, f.err)
		c.halves(ctx, rest)
	}
}

// unsent is why nothing is sent any more, nil if it may be.
func (c *committer) unsent(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("not sent: %w", context.Cause(ctx))
	case c.over != nil:
		return fmt.Errorf("%w: not sent, since an answer before is missing", ErrNotConnected)
	}
	return nil
}

// split tries the halves, or gives up a single change.
func (c *committer) split(ctx context.Context, indexes []int, err error) {
	if len(indexes) == 1 {
		c.fail(indexes, err)
		return
	}
	c.halves(ctx, indexes)
}

func (c *committer) halves(ctx context.Context, indexes []int) {
	if len(indexes) > 0 {
		c.counted.Splits++
	}
	c.commit(ctx, indexes[:len(indexes)/2])
	c.commit(ctx, indexes[len(indexes)/2:])
}

func (c *committer) fail(indexes []int, err error) {
	for _, n := range indexes {
		c.errs[n] = err
	}
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
	if n < 0 {
		if len(results) < len(t.ops) {
			return &failure{final: true, err: &RefusedError{
				Kind: "short answer", Details: fmt.Sprintf("%d results for %d operations", len(results), len(t.ops)),
			}}
		}
		return nil
	}
	if results[n].Error == errNotOwner {
		return &failure{final: true, err: ErrLocked}
	}
	refused := &RefusedError{Kind: results[n].Error, Details: results[n].Details}
	if n >= len(t.ops) {
		return &failure{err: refused, final: hopeless(refused.Kind)}
	}
	f := &failure{purpose: t.purposes[n], err: refused, final: hopeless(refused.Kind)}
	if f.guard != "" && refused.Kind == errTimedOut {
		f.err = fmt.Errorf("%w: %s", ErrChanged, f.guard)
		f.final = f.scope == scopeAll
	}
	return f
}

// Errors of the server that we tell apart, RFC 7047 sections 3.1, 4.1.3 and 5.2.
const (
	errTimedOut = "timed out"
	errIO       = "I/O error"
	errResource = "resources exhausted"
)

// hopeless tells of errors that have nothing to do with what is in a transaction.
func hopeless(kind string) bool { return kind == errIO || kind == errResource }

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
