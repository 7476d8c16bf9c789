package ovn

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/retry"
)

// The database that every ovsdb-server has about itself; ovsdb-server(5).
const (
	serverDatabase = "_Server"
	tableDatabase  = "Database"
)

// databaseRow is a row of Database in _Server.
type databaseRow struct {
	UUID      string  `ovsdb:"_uuid"`
	Name      string  `ovsdb:"name"`
	Model     string  `ovsdb:"model"`
	Connected bool    `ovsdb:"connected"`
	Leader    bool    `ovsdb:"leader"`
	Cluster   *string `ovsdb:"cid"`
	Server    *string `ovsdb:"sid"`
	Index     *int    `ovsdb:"index"`
}

// server is a connection to a server's word about itself. The library can't
// follow two databases on one connection without following the leader too, which
// isn't wanted: any server that keeps up will do. Behind a load balancer the two
// connections may end at two servers, and this one's word is of no use there: see
// sameServer.
type server struct {
	conn *dbconn.Conn
	poke retry.Poke
}

func dialServer(ctx context.Context, o dbconn.Options) (*server, error) {
	m, err := model.NewClientDBModel(serverDatabase, map[string]model.Model{tableDatabase: &databaseRow{}})
	if err != nil {
		return nil, err
	}
	conn, err := dbconn.Dial(ctx, m, o)
	if err != nil {
		return nil, err
	}
	s := &server{conn: conn, poke: retry.NewPoke()}
	conn.OnChange(s.poke.Wake)
	d := &databaseRow{}
	ours := model.Condition{Field: &d.Name, Function: ovsdb.ConditionEqual, Value: database}
	err = conn.Monitor(ctx, conn.NewMonitor(client.WithConditionalTable(d, []model.Condition{ours},
		&d.Name, &d.Model, &d.Connected, &d.Leader, &d.Cluster, &d.Server, &d.Index)))
	if err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// state is what the server last said; false when it no longer has the database.
func (s *server) state() (serverState, bool) {
	for _, d := range dbconn.Rows[*databaseRow](s.conn, tableDatabase) {
		return serverState{
			Model: d.Model, Connected: d.Connected, Leader: d.Leader,
			Cluster: deref(d.Cluster), Server: deref(d.Server),
			Index: int64(deref(d.Index)), HasIndex: d.Index != nil,
		}, true
	}
	return serverState{}, false
}

// ask asks the server anew.
func (s *server) ask(ctx context.Context) (serverState, error) {
	results, err := s.conn.Transact(ctx, ovsdb.Operation{
		Op: ovsdb.OperationSelect, Table: tableDatabase,
		Columns: []string{"model", "connected", "leader", "cid", "sid", "index"},
		Where:   []ovsdb.Condition{ovsdb.NewCondition("name", ovsdb.ConditionEqual, database)},
	})
	if err != nil {
		return serverState{}, err
	}
	rows, err := selected(results, 0)
	if err != nil {
		return serverState{}, err
	}
	if len(rows) != 1 {
		return serverState{}, errNoDatabase
	}
	return readState(rows[0])
}

// readState reads a row of Database as a select returns it.
func readState(r ovsdb.Row) (serverState, error) {
	f := &fields{row: r}
	st := serverState{
		Model: f.text("model"), Connected: f.truth("connected"), Leader: f.truth("leader"),
		Cluster: f.uuid("cid"), Server: f.uuid("sid"),
	}
	st.Index, st.HasIndex = f.number("index")
	return st, f.err
}

var errNoDatabase = errors.New("the server has no database " + database + ": is this address the Southbound's?")

// selected gives the rows of one select of a transaction.
func selected(results []ovsdb.OperationResult, i int) ([]ovsdb.Row, error) {
	// A transaction that fails as a whole has one result more than operations.
	failed := slices.IndexFunc(results, func(r ovsdb.OperationResult) bool { return r.Error != "" })
	if failed >= 0 {
		return nil, fmt.Errorf("the server refused: %s: %s", results[failed].Error, results[failed].Details)
	}
	if i >= len(results) {
		return nil, fmt.Errorf("the server answered %d of %d operations", len(results), i+1)
	}
	return results[i].Rows, nil
}
