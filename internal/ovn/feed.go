package ovn

import (
	"context"
	"fmt"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
)

// feed is a connection that follows the rows of the Southbound which may concern
// us. Its condition names our Chassis row, and can't be changed: when that row is
// another, another feed is needed.
type feed struct {
	conn   *dbconn.Conn
	poke   retry.Poke
	schema schema
	// me is who the condition was made for.
	me me
}

// maxRaces bounds how often our Chassis row may be replaced between looking it up
// and following it before the server is given up.
const maxRaces = 5

// dialFeed connects and waits for the first, complete contents. It is given the
// schema that the server most likely has.
func dialFeed(ctx context.Context, guess schema, us me, o dbconn.Options) (*feed, error) {
	for range maxRaces {
		f, err := dialFeedOnce(ctx, guess, us, o)
		if err != nil {
			return nil, err
		}
		if f.chassis() == f.me.UUID {
			return f, nil
		}
		f.conn.Close()
	}
	return nil, fmt.Errorf("the row of chassis %s is replaced all the time: do two hosts have that system-id?", reason.Quote(us.Chassis))
}

func dialFeedOnce(ctx context.Context, guess schema, us me, o dbconn.Options) (_ *feed, err error) {
	conn, sc, err := dialSchema(ctx, guess, o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			conn.Close()
		}
	}()
	f := &feed{conn: conn, poke: retry.NewPoke(), schema: sc, me: us}
	found, err := Select(ctx, conn, chassisNamed(us.Chassis))
	if err != nil {
		return nil, err
	}
	f.me.UUID = uuidOf(found[0])
	conn.OnChange(f.poke.Wake)
	return f, conn.Monitor(ctx, f.monitor(f.concerned()))
}

// dialSchema connects with a model of the schema that the server's schema has. The
// library wants the model before it knows the schema, and most servers have the
// schema that the one before had. _Server.Database.schema is of no use: some
// servers leave it as it was when they convert a database.
func dialSchema(ctx context.Context, guess schema, o dbconn.Options) (*dbconn.Conn, schema, error) {
	conn, dialErr := dialModel(ctx, guess, o)
	var whole ovsdb.DatabaseSchema
	if dialErr == nil {
		whole = conn.Schema()
	} else {
		var err error
		if whole, err = dbconn.ReadSchema(ctx, Database, o); err != nil {
			return nil, guess, dialErr
		}
	}
	actual, err := schemaOf(whole)
	if err == nil && actual == guess {
		return conn, guess, dialErr
	}
	if conn != nil {
		conn.Close()
	}
	if err != nil {
		return nil, guess, err
	}
	conn, err = dialModel(ctx, actual, o)
	return conn, actual, err
}

func dialModel(ctx context.Context, sc schema, o dbconn.Options) (*dbconn.Conn, error) {
	m, err := sc.model()
	if err != nil {
		return nil, err
	}
	return dbconn.Dial(ctx, m, o)
}

// concerned are the alternative conditions of ports that name us in any way that
// counts and that a condition can express.
func (f *feed) concerned() []ovsdb.Condition {
	conditions := []ovsdb.Condition{includes(option.Chassis, f.me.Chassis)}
	named := []string{f.me.Chassis}
	for _, hostname := range []string{f.me.Hostname, f.me.Registered} {
		if hostname != "" && !slices.Contains(named, hostname) {
			named = append(named, hostname)
			conditions = append(conditions, includes(option.Chassis, hostname))
		}
	}
	if f.me.UUID != "" {
		ours := ovsdb.OvsSet{GoSet: []any{ovsdb.UUID{GoUUID: f.me.UUID}}}
		conditions = append(conditions, ovsdb.NewCondition("requested_chassis", ovsdb.ConditionEqual, ours))
		if f.schema.additional {
			conditions = append(conditions, ovsdb.NewCondition(columnAdditional, ovsdb.ConditionIncludes, ours))
		}
	}
	return conditions
}

// monitor asks for our Chassis row, for the database's own row, and for the ports
// that meet any of the conditions.
func (f *feed) monitor(ports []ovsdb.Condition) *client.Monitor {
	g, c := &sbGlobal{}, &Chassis{}
	us := model.Condition{Field: &c.Name, Function: ovsdb.ConditionEqual, Value: f.me.Chassis}
	m := f.conn.NewMonitor(
		client.WithTable(g, &g.SSL),
		client.WithConditionalTable(c, []model.Condition{us}, &c.Name, &c.Hostname, &c.OtherConfig, &c.ExternalIDs),
	)
	// Written out: the library's helpers need a field of one of two models.
	m.Tables = append(m.Tables, client.TableMonitor{
		Table: TablePortBinding, Fields: f.schema.portColumns(), Conditions: ports,
	})
	return m
}

// includes is the condition that options hold exactly this pair.
func includes(key, value string) ovsdb.Condition {
	return ovsdb.NewCondition("options", ovsdb.ConditionIncludes, ovsdb.OvsMap{GoMap: map[any]any{key: value}})
}

// chassis is the uuid of our Chassis row now, "" while there is none.
func (f *feed) chassis() string {
	if c := f.chassisRow(); c != nil {
		return c.UUID
	}
	return ""
}

// chassisRow is our Chassis row now, nil while there is none.
func (f *feed) chassisRow() *Chassis {
	for _, c := range dbconn.Rows[*Chassis](f.conn, TableChassis) {
		if c.Name == f.me.Chassis {
			return c
		}
	}
	return nil
}

// global is the uuid of the database's own row now, "" while there is none.
func (f *feed) global() string {
	for uuid := range dbconn.Rows[*sbGlobal](f.conn, TableGlobal) {
		return uuid
	}
	return ""
}

// bindings are the ports, judged. Those that haven't changed since the last call
// are taken from it.
func (f *feed) bindings(m me, last *judged) *judged {
	// Shared with the cache, which replaces a row that changes and never writes to it.
	return judgeAll(f.conn.Cache().Table(TablePortBinding).RowsShallow(), m, last)
}

// judged is what became of the rows of a table.
type judged struct {
	me   me
	rows map[string]judgedRow // by uuid
	// fresh are the uuids of rows that the last time were others or not there.
	fresh []string
	// bindings are never written to once made.
	bindings map[string]Binding
}

type judgedRow struct {
	from    model.Model
	binding Binding
}

func judgeAll(rows map[string]model.Model, m me, last *judged) *judged {
	now := &judged{me: m, rows: make(map[string]judgedRow, len(rows)), bindings: make(map[string]Binding, len(rows))}
	for uuid, r := range rows {
		var done judgedRow
		if last != nil && last.me == m {
			done = last.rows[uuid]
		}
		if done.from != r {
			p := asPortBinding(r)
			if p == nil {
				continue // no model of ours is anything else
			}
			done = judgedRow{from: r, binding: bind(p, m)}
			now.fresh = append(now.fresh, uuid)
		}
		now.rows[uuid] = done
		now.bindings[done.binding.LogicalPort] = done.binding
	}
	return now
}

// chassisNamed looks up a Chassis row by its name.
func chassisNamed(name string) ovsdb.Operation {
	return RowsWhere(TableChassis, []ovsdb.Condition{ovsdb.NewCondition("name", ovsdb.ConditionEqual, name)})
}

// uuidOf gives the uuid of the one row that was found, "" for none.
func uuidOf(found []model.Model) string {
	for _, m := range found {
		switch row := m.(type) {
		case *Chassis:
			return row.UUID
		case *sbGlobal:
			return row.UUID
		}
	}
	return ""
}
