package ovn

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

const (
	// maxPortsAsked bounds one transaction of Verify.
	maxPortsAsked = 200
	// maxScans bounds the ports that are looked for by their name one by one.
	maxScans = 8
)

// inquiry is one Verify.
type inquiry struct {
	live *live
	us   me
	// room is how many bytes of JSON may go into one request.
	room     int
	asked    bool
	chassis  string
	global   string
	bindings map[string]Binding
}

// portRow is a port and the row that it had when it was last seen.
type portRow struct{ port, uuid string }

// askByRow asks for rows by their uuid, at least for none: that tells who we are
// and which database this is. It returns the ports whose rows are gone.
func (q *inquiry) askByRow(ctx context.Context, known []portRow) (lost []string, err error) {
	for first := true; first || len(known) > 0; first = false {
		var ops []ovsdb.Operation
		size := 0
		for _, p := range known {
			op := q.selectPort(withUUID(p.uuid))
			if size += sizeOf(op); size > q.room || len(ops) == maxPortsAsked {
				break
			}
			ops = append(ops, op)
		}
		rows, err := q.transact(ctx, ops)
		if err != nil {
			return nil, err
		}
		for i, p := range known[:len(ops)] {
			if len(rows[i]) == 1 && rows[i][0].LogicalPort == p.port {
				q.bindings[p.port] = bind(rows[i][0], q.me())
			} else {
				lost = append(lost, p.port)
			}
		}
		known = known[len(ops):]
	}
	return lost, nil
}

// askByName looks for ports of which no row is known.
func (q *inquiry) askByName(ctx context.Context, ports []string) error {
	if len(ports) > maxScans {
		return q.askByMonitor(ctx, ports)
	}
	for _, port := range ports {
		op := q.selectPort([]ovsdb.Condition{named(port)})
		if sizeOf(op) > q.room {
			continue // no port that is in use has such a name
		}
		// One at a time, so that others get their turn between.
		rows, err := q.transact(ctx, []ovsdb.Operation{op})
		if err != nil {
			return err
		}
		q.bindings[port] = gone(port)
		for _, r := range rows[0] {
			q.bindings[port] = bind(r, q.me())
		}
	}
	return nil
}

// askByMonitor looks for ports by the first answer to a monitor, on connections of
// its own: a monitor can't be put onto a connection that has one.
func (q *inquiry) askByMonitor(ctx context.Context, ports []string) error {
	for len(ports) > 0 {
		var conditions []ovsdb.Condition
		size, n := 0, 0
		for _, port := range ports {
			c := named(port)
			more := sizeOf(c)
			if more <= q.room {
				if size += more; size > q.room {
					break
				}
				conditions = append(conditions, c)
			}
			n++
		}
		// Without a condition a monitor asks for everything.
		if len(conditions) > 0 {
			if err := q.monitorOnce(ctx, conditions, ports[:n]); err != nil {
				return err
			}
		}
		ports = ports[n:]
	}
	return nil
}

func (q *inquiry) monitorOnce(ctx context.Context, conditions []ovsdb.Condition, ports []string) error {
	o, err := q.live.config.dialOptions(q.live.endpoint, nil)
	if err != nil {
		return err
	}
	conn, err := dialModel(ctx, q.live.feed.schema, o)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := sameServer(ctx, q.live.server.conn, conn); err != nil {
		return err
	}
	f := &feed{conn: conn, schema: q.live.feed.schema, me: me{Chassis: q.live.config.Chassis}}
	if err := conn.Monitor(ctx, f.monitor(conditions)); err != nil {
		return err
	}
	found := map[string]*PortBinding{}
	for _, m := range conn.Cache().Table(TablePortBinding).RowsShallow() {
		if r := asPortBinding(m); r != nil {
			found[r.LogicalPort] = r
		}
	}
	// Only now, since the cache goes on changing.
	if err := q.settle(f.chassis(), f.global()); err != nil {
		return err
	}
	for _, port := range ports {
		if r, ok := found[port]; ok {
			q.bindings[port] = bind(r, q.me())
		} else if sizeOf(named(port)) <= q.room {
			q.bindings[port] = gone(port)
		}
	}
	return nil
}

// transact sends selects of ports, and asks in the same transaction who we are and
// which database this is.
func (q *inquiry) transact(ctx context.Context, ops []ovsdb.Operation) ([][]*PortBinding, error) {
	n := len(ops)
	ops = append(ops, chassisNamed(q.live.config.Chassis), RowsWhere(TableGlobal, nil))
	found, err := Select(ctx, q.live.feed.conn, ops...)
	if err != nil {
		return nil, err
	}
	if err := q.settle(uuidOf(found[n]), uuidOf(found[n+1])); err != nil {
		return nil, err
	}
	rows := make([][]*PortBinding, n)
	for i := range n {
		for _, m := range found[i] {
			rows[i] = append(rows[i], asPortBinding(m))
		}
	}
	return rows, nil
}

// settle makes sure that all parts of the answer are about one us in one database.
func (q *inquiry) settle(chassis, global string) error {
	switch {
	case global == "":
		return errors.New("SB_Global has no row: ovn-northd has not written to this database yet")
	case q.asked && (chassis != q.chassis || global != q.global):
		return errors.New("the database changed while it was asked")
	}
	q.asked, q.chassis, q.global = true, chassis, global
	return nil
}

func (q *inquiry) me() me {
	m := q.us
	m.UUID = q.chassis
	return m
}

func (q *inquiry) selectPort(which []ovsdb.Condition) ovsdb.Operation {
	return RowsWhere(TablePortBinding, which, append(q.live.feed.schema.portColumns(), "chassis")...)
}

func named(port string) ovsdb.Condition {
	return ovsdb.NewCondition("logical_port", ovsdb.ConditionEqual, port)
}

func gone(port string) Binding {
	return Binding{LogicalPort: port, Fate: Gone, Why: "the Southbound has no such Port_Binding"}
}

// sizeOf is the size of a part of a request in bytes of JSON.
func sizeOf(part any) int {
	b, err := json.Marshal(part)
	if err != nil {
		return 0 // strings and maps of strings can be marshalled
	}
	return len(b) + 1
}
