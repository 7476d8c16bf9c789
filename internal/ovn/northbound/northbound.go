package northbound

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
)

const (
	database  = "OVN_Northbound"
	tablePort = "Logical_Switch_Port"
	// races bounds how often a change is planned anew because somebody else was faster.
	races = 5
)

// errRaced tells that a port is no longer what it was when its change was planned.
var errRaced = errors.New("the logical switch port is changed by somebody else all the time")

// Northbound is a connection to the Northbound, for one port.
type Northbound struct {
	conn *dbconn.Conn
	port string
}

// Open connects to the Northbound and reads a port. An error is an Unreachable.
func Open(ctx context.Context, s ovn.Servers, port string) (*Northbound, error) {
	conn, err := connect(ctx, s, database, portRows(), func(ctx context.Context, c *dbconn.Conn) error {
		r := &Port{}
		named := model.Condition{Field: &r.Name, Function: ovsdb.ConditionEqual, Value: port}
		return c.Monitor(ctx, c.NewMonitor(client.WithConditionalTable(r, []model.Condition{named},
			&r.Name, &r.Type, &r.ParentName, &r.Options, &r.ExternalIDs)))
	})
	if err != nil {
		return nil, err
	}
	return &Northbound{conn: conn, port: port}, nil
}

func portRows() map[string]model.Model { return map[string]model.Model{tablePort: &Port{}} }

// Close ends the connection.
func (n *Northbound) Close() { n.conn.Close() }

// Port gives the port as it is now, or a NoPort.
func (n *Northbound) Port() (*Port, error) {
	for _, p := range dbconn.Rows[*Port](n.conn, tablePort) {
		if p.Name == n.port {
			return p, nil
		}
	}
	return nil, fail(NoPort, "there is no logical switch port %s; make it first (ovn-nbctl lsp-add SWITCH PORT), or see whether this is the "+
		"right Northbound", reason.Quote(n.port))
}

// Change changes the port in one transaction, as plan says, which may be asked again
// when somebody else changes the port at the same time. force lets a port of Neutron's
// be changed. It gives what was done, and fails with NoPort, Refused, and what plan fails with.
func (n *Northbound) Change(ctx context.Context, force bool, plan func(*Port) (Change, error)) (Change, error) {
	for range races {
		p, err := n.Port()
		if err != nil {
			return Change{}, err
		}
		if err := p.check(force); err != nil {
			return Change{}, err
		}
		c, err := plan(p)
		if err != nil || c.Nothing() {
			return c, err
		}
		done, err := n.commit(ctx, p, c)
		if err != nil {
			return Change{}, err
		}
		if done {
			return c, nil
		}
	}
	return Change{}, errRaced
}

// commit does a change unless the port is no longer what it was.
func (n *Northbound) commit(ctx context.Context, p *Port, c Change) (done bool, err error) {
	results, err := n.conn.Transact(ctx, operations(p, c)...)
	if err != nil {
		return false, fmt.Errorf("it is not known whether logical port %s was changed: %w", reason.Quote(p.Name), err)
	}
	for i, r := range results {
		switch {
		case r.Error == "":
		case i == 0 && r.Error == "timed out": // the guard; the cache has what is there now
			return false, nil
		default:
			return false, fmt.Errorf("the Northbound refused to change logical port %s: %s: %s", reason.Quote(p.Name), r.Error, r.Details)
		}
	}
	return true, nil
}

// operations are one transaction: a guard that the row is what the change was planned
// on, and a change of single options. As inserting a key that is there changes nothing
// (RFC 7047 section 5.1), it is deleted first.
func operations(p *Port, c Change) []ovsdb.Operation {
	now := 0
	row := []ovsdb.Condition{ovsdb.NewCondition("_uuid", ovsdb.ConditionEqual, ovsdb.UUID{GoUUID: p.UUID})}
	parent := ovsdb.OvsSet{GoSet: []any{}}
	if p.ParentName != nil {
		parent.GoSet = append(parent.GoSet, *p.ParentName)
	}
	as := ovsdb.Row{
		"name": p.Name, "type": p.Type, "parent_name": parent,
		"options": ovsdbMap(p.Options), "external_ids": ovsdbMap(p.ExternalIDs),
	}
	var gone []any
	for _, key := range slices.Concat(slices.Sorted(maps.Keys(c.Set)), c.Delete) {
		gone = append(gone, key)
	}
	mutations := []ovsdb.Mutation{*ovsdb.NewMutation("options", ovsdb.MutateOperationDelete, ovsdb.OvsSet{GoSet: gone})}
	if len(c.Set) > 0 {
		mutations = append(mutations, *ovsdb.NewMutation("options", ovsdb.MutateOperationInsert, ovsdbMap(c.Set)))
	}
	comment := "representorctl"
	return []ovsdb.Operation{
		{Op: ovsdb.OperationWait, Table: tablePort, Timeout: &now, Where: row, Columns: slices.Sorted(maps.Keys(as)),
			Until: string(ovsdb.WaitConditionEqual), Rows: []ovsdb.Row{as}},
		{Op: ovsdb.OperationMutate, Table: tablePort, Where: row, Mutations: mutations},
		{Op: ovsdb.OperationComment, Comment: &comment},
	}
}

// Names lists, sorted, the logical switch ports that could be bound, or those that are
// bound to a representor. An error is an Unreachable, or the server's.
func Names(ctx context.Context, s ovn.Servers, bound bool) ([]string, error) {
	conn, err := connect(ctx, s, database, portRows(), func(context.Context, *dbconn.Conn) error { return nil })
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	where := []ovsdb.Condition{ovsdb.NewCondition("type", ovsdb.ConditionEqual, "")}
	if bound {
		where = append(where, ovsdb.NewCondition("options", ovsdb.ConditionIncludes,
			ovsdbMap(map[string]string{option.Type: option.Representor})))
	}
	found, err := ovn.Select(ctx, conn, ovn.RowsWhere(tablePort, where, "name"))
	if err != nil {
		return nil, fmt.Errorf("the Northbound doesn't list its ports: %w", err)
	}
	var names []string
	for _, row := range ovn.As[*Port](found[0]) {
		names = append(names, row.Name)
	}
	slices.Sort(names)
	return names, nil
}

func ovsdbMap(m map[string]string) ovsdb.OvsMap {
	pairs := make(map[any]any, len(m))
	for k, v := range m {
		pairs[k] = v
	}
	return ovsdb.OvsMap{GoMap: pairs}
}
