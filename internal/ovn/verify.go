package ovn

import (
	"context"
	"errors"
	"fmt"
)

// Verify asks the server about these logical ports, whatever they say about us:
// their rows, our Chassis row and the database's identity. The server must be
// connected to its cluster and not behind anything seen so far, before and after.
// A port that can't be asked about, because its name is absurdly long or because
// our Chassis row is missing and the port's row is not known, has no entry in the
// verdict. The error is ErrUntrusted, with the cause, and then nothing is known. It
// lasts as long as the context at most, and no longer than it takes to notice that
// the server hangs.
//
// ovsdb-server finds a row by its uuid at once. By anything else, an index too, it
// looks at every row of the table (ovsdb_query() in ovsdb/query.c), and at nothing
// else meanwhile: 30 ms with 100,000 ports. A condition of a monitor costs ten
// times that, for any number of ports. So rows that were in a view are asked for
// by their uuid, which is all there is to do for a row that is still there; a few
// others by name, and many by a monitor.
func (s *Southbound) Verify(ctx context.Context, logicalPorts []string) (Verdict, error) {
	l := s.currentLive()
	if l == nil {
		return Verdict{}, fmt.Errorf("%w: %s", ErrUntrusted, s.View().Problem)
	}
	v, err := s.verify(ctx, l, logicalPorts)
	if err != nil {
		return Verdict{}, fmt.Errorf("%w: %s: %w", ErrUntrusted, l.endpoint, err)
	}
	return v, nil
}

func (s *Southbound) verify(ctx context.Context, l *live, logicalPorts []string) (Verdict, error) {
	before, err := s.vouched(ctx, l)
	if err != nil {
		return Verdict{}, err
	}
	q := &inquiry{live: l, us: s.us(l.config), room: l.feed.conn.Window() / 2, bindings: make(map[string]Binding, len(logicalPorts))}
	known, unknown := s.rowsOf(logicalPorts)
	lost, err := q.askByRow(ctx, known)
	if err != nil {
		return Verdict{}, err
	}
	if q.chassis != "" { // otherwise nothing hangs on it
		if err := q.askByName(ctx, append(unknown, lost...)); err != nil {
			return Verdict{}, err
		}
	}
	after, err := s.vouched(ctx, l)
	if err != nil {
		return Verdict{}, err
	}
	if deref(before.Cluster) != deref(after.Cluster) {
		return Verdict{}, errors.New("the database was replaced while it was asked")
	}
	if s.currentLive() != l {
		return Verdict{}, errors.New("our configuration, our Chassis row or the server changed meanwhile")
	}
	return Verdict{
		ChassisKnown: q.chassis != "",
		Identity:     s.memory.identity(deref(after.Cluster), q.global),
		Bindings:     q.bindings,
	}, nil
}

// vouched asks the server whether its word counts, and counts for the rows.
func (s *Southbound) vouched(ctx context.Context, l *live) (*ServerState, error) {
	if err := sameServer(ctx, l.server.conn, l.feed.conn); err != nil {
		return nil, err
	}
	st, err := l.server.ask(ctx)
	if err != nil {
		return st, err
	}
	if problem := s.memory.distrust(st); problem != "" {
		return st, errors.New(problem)
	}
	return st, nil
}
