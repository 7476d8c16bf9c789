package southbound

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/ovn"
)

// maxScans bounds the ports that are looked for by their name one by one.
const maxScans = 8

// verification is a question to one server about some ports, whatever they say about us, and
// its answer: about one chassis in one database.
type verification struct {
	*connections
	self self
	// room is how many bytes of JSON may go into one request.
	room int
	// global is the uuid of the database's own row, empty before the first answer; chassis is
	// that of our Chassis row, empty while there is none.
	global, chassis string
	identity        string
	// rows are the ports' rows, nil for a port that has none.
	rows map[string]*ovn.PortBinding
}

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
func (w *Watcher) Verify(ctx context.Context, logicalPorts []string) (Verdict, error) {
	q, err := w.ask(ctx, logicalPorts, false)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{ChassisKnown: q.chassis != "", Identity: q.identity, Bindings: make(map[string]Binding, len(q.rows))}
	for port := range q.rows {
		v.Bindings[port] = q.binding(port)
	}
	return v, nil
}

// ask asks the server that is followed. Ports of which no row is known are left out while our
// Chassis row is missing, for nothing hangs on them then, unless strangers are wanted too. The
// error is ErrUntrusted with the cause.
func (w *Watcher) ask(ctx context.Context, ports []string, strangers bool) (*verification, error) {
	c := w.current()
	if c == nil {
		return nil, fmt.Errorf("%w: %s", ErrUntrusted, w.View().Problem)
	}
	q := &verification{connections: c, room: c.monitor.conn.Window() / 2, rows: make(map[string]*ovn.PortBinding, len(ports))}
	if err := w.askTrusted(ctx, q, ports, strangers); err != nil {
		return nil, c.untrusted(err)
	}
	q.self = w.self(c.config) // our row's hostname may have changed meanwhile
	q.self.UUID = q.chassis
	return q, nil
}

// untrusted says why nothing is known.
func (c *connections) untrusted(err error) error {
	return fmt.Errorf("%w: %s: %w", ErrUntrusted, c.endpoint, err)
}

// askTrusted asks a server that is to be trusted before and after.
func (w *Watcher) askTrusted(ctx context.Context, q *verification, ports []string, strangers bool) error {
	before, err := w.checkServer(ctx, q.connections)
	if err != nil {
		return err
	}
	known, unknown := w.knownRows(ports)
	lost, err := q.askByRow(ctx, known)
	if err != nil {
		return err
	}
	if q.chassis != "" || strangers {
		if err := q.askByName(ctx, append(unknown, lost...)); err != nil {
			return err
		}
	}
	after, err := w.checkServer(ctx, q.connections)
	if err != nil {
		return err
	}
	if deref(before.Cluster) != deref(after.Cluster) {
		return errors.New("the database was replaced while it was asked")
	}
	if w.current() != q.connections {
		return errors.New("our configuration, our Chassis row or the server changed meanwhile")
	}
	q.identity = w.history.identity(ovn.Names{Cluster: deref(after.Cluster), Global: q.global})
	return nil
}

// checkServer asks the server whether its word counts, and counts for the rows.
func (w *Watcher) checkServer(ctx context.Context, c *connections) (*ovn.ServerState, error) {
	if err := c.server.SameProcess(ctx, c.monitor.conn); err != nil {
		return nil, err
	}
	st, err := c.server.Ask(ctx)
	if err != nil {
		return nil, err
	}
	return st, w.history.reject(st)
}

// askByRow asks for rows by their uuid, and in any case for our Chassis row and the database's own. It
// returns the ports whose rows are gone.
func (q *verification) askByRow(ctx context.Context, known []portRow) (lost []string, err error) {
	if len(known) == 0 {
		_, err := q.transact(ctx)
		return nil, err
	}
	atOnce := q.room / sizeOf(q.selectPort(withUUID(known[0].uuid)))
	for some := range slices.Chunk(known, atOnce) {
		var ops []ovsdb.Operation
		for _, p := range some {
			ops = append(ops, q.selectPort(withUUID(p.uuid)))
		}
		rows, err := q.transact(ctx, ops...)
		if err != nil {
			return nil, err
		}
		for i, p := range some {
			if rows[i] != nil && rows[i].LogicalPort == p.port {
				q.rows[p.port] = rows[i]
			} else {
				lost = append(lost, p.port)
			}
		}
	}
	return lost, nil
}

// askByName looks for ports of which no row is known. A name that is too long for a request is no
// port's that is in use, and is left out.
func (q *verification) askByName(ctx context.Context, ports []string) error {
	ports = slices.DeleteFunc(ports, func(port string) bool { return sizeOf(named(port)) > q.room })
	if len(ports) > maxScans {
		return q.askByMonitor(ctx, ports)
	}
	for _, port := range ports {
		// One at a time, so that others get their turn between.
		rows, err := q.transact(ctx, q.selectPort([]ovsdb.Condition{named(port)}))
		if err != nil {
			return err
		}
		q.rows[port] = rows[0]
	}
	return nil
}

// askByMonitor looks for many ports by the first answer to a monitor, on connections of its own: a
// monitor can't be put onto a connection that has one. One scan of the table for each port would
// keep a large Southbound busy for many seconds. A verdict on the ports that were answered in time
// would be no way out: a hold counts the removals of a pass, and would see a few of many.
func (q *verification) askByMonitor(ctx context.Context, ports []string) error {
	for len(ports) > 0 {
		var conditions []ovsdb.Condition
		for size := 0; len(conditions) < len(ports); {
			c := named(ports[len(conditions)])
			if size += sizeOf(c); size > q.room {
				break
			}
			conditions = append(conditions, c)
		}
		if err := q.monitorOnce(ctx, conditions, ports[:len(conditions)]); err != nil {
			return err
		}
		ports = ports[len(conditions):]
	}
	return nil
}

func (q *verification) monitorOnce(ctx context.Context, conditions []ovsdb.Condition, ports []string) error {
	conn, err := q.dial(ctx, q.monitor.schema, nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	m := &monitor{conn: conn, schema: q.monitor.schema, self: self{Chassis: q.config.Chassis}}
	if err := conn.Monitor(ctx, m.request(conditions)); err != nil {
		return err
	}
	found := map[string]*ovn.PortBinding{}
	for _, row := range m.ports() {
		if r := ovn.AsPortBinding(row); r != nil {
			found[r.LogicalPort] = r
		}
	}
	for _, port := range ports {
		q.rows[port] = found[port]
	}
	// Only now, since the cache goes on changing.
	return q.settle(m.chassis().UUID, m.global())
}

// transact selects ports, at most one by each operation, and in the same transaction our Chassis row
// and the database's own.
func (q *verification) transact(ctx context.Context, ops ...ovsdb.Operation) ([]*ovn.PortBinding, error) {
	n := len(ops)
	ops = append(ops, chassisNamed(q.config.Chassis), ovn.RowsWhere(ovn.TableGlobal, nil))
	found, err := ovn.Select(ctx, q.monitor.conn, ops...)
	if err != nil {
		return nil, err
	}
	rows := make([]*ovn.PortBinding, n)
	for i := range rows {
		if len(found[i]) > 0 {
			rows[i] = ovn.AsPortBinding(found[i][0])
		}
	}
	return rows, q.settle(uuidOf(found[n]), uuidOf(found[n+1]))
}

// settle makes sure that all parts of the answer are about one chassis in one database.
func (q *verification) settle(chassis, global string) error {
	switch {
	case global == "":
		return errors.New("SB_Global has no row: ovn-northd has not written to this database yet")
	case q.global != "" && (chassis != q.chassis || global != q.global):
		return errors.New("the database changed while it was asked")
	}
	q.chassis, q.global = chassis, global
	return nil
}

// binding is what the answer means for us.
func (q *verification) binding(port string) Binding {
	row := q.rows[port]
	if row == nil {
		return gone(port)
	}
	return newBinding(row, q.self)
}

func gone(port string) Binding {
	return Binding{LogicalPort: port, Disposition: Gone, Why: "the Southbound has no such Port_Binding"}
}

// selectPort asks for what classifying a port takes, and for who has claimed it.
func (q *verification) selectPort(which []ovsdb.Condition) ovsdb.Operation {
	return ovn.RowsWhere(ovn.TablePortBinding, which, append(q.monitor.schema.PortColumns(), "chassis")...)
}

func named(port string) ovsdb.Condition {
	return ovsdb.NewCondition("logical_port", ovsdb.ConditionEqual, port)
}

// sizeOf is the size of a part of a request in bytes of JSON.
func sizeOf(part any) int {
	b, err := json.Marshal(part)
	if err != nil {
		return 0 // strings and maps of strings can be marshalled
	}
	return len(b) + 1
}
