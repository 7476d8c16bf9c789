package ovn

import (
	"context"
	"errors"

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

// ServerState is what a server says of itself and one of its databases: a row of Database in
// its database _Server.
type ServerState struct {
	UUID      string `ovsdb:"_uuid"`
	Name      string `ovsdb:"name"`
	Model     string `ovsdb:"model"` // standalone, clustered or modelRelay
	Connected bool   `ovsdb:"connected"`
	Leader    bool   `ovsdb:"leader"`
	// Cluster is the cluster's id, nil for a database that is no cluster's.
	Cluster *string `ovsdb:"cid"`
	// Index is how much of the cluster's log the server has applied, nil for databases without one.
	Index *int `ovsdb:"index"`
}

// modelRelay is the model of a server that holds a copy of another's database.
const modelRelay = "relay"

// Server is a connection to a server's word about itself. The library can't follow two databases on one connection without
// following the leader too, which isn't wanted: any server that keeps up will do. Behind a load balancer the two connections
// may end at two servers, and this one's word is of no use there: see sameServer.
type Server struct {
	conn *dbconn.Conn
	poke retry.Poke
}

// DialServer connects, and waits for what the server says of one of its databases.
func DialServer(ctx context.Context, database string, o dbconn.Options) (*Server, error) {
	m, err := model.NewClientDBModel(serverDatabase, map[string]model.Model{tableDatabase: &ServerState{}})
	if err != nil {
		return nil, err
	}
	conn, err := dbconn.Dial(ctx, m, o)
	if err != nil {
		return nil, err
	}
	s := &Server{conn: conn, poke: retry.NewPoke()}
	conn.OnChange(s.poke.Wake)
	request := conn.NewMonitor()
	request.Tables = []client.TableMonitor{{
		Table: tableDatabase, Fields: append(stateColumns(), "name"), Conditions: equal("name", database),
	}}
	if err := conn.Monitor(ctx, request); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// State is what the server last said, nil when it doesn't have the database.
func (s *Server) State() *ServerState {
	for _, d := range dbconn.Rows[*ServerState](s.conn, tableDatabase) {
		return d
	}
	return nil
}

// Close ends the connection.
func (s *Server) Close() { s.conn.Close() }

// ask asks the server anew what it says of the Southbound.
func (s *Server) ask(ctx context.Context) (*ServerState, error) {
	found, err := Select(ctx, s.conn, stateOf(Database))
	if err != nil {
		return nil, err
	}
	if len(found[0]) != 1 {
		return nil, errNoDatabase
	}
	return As[*ServerState](found[0])[0], nil
}

func stateOf(database string) ovsdb.Operation {
	return RowsWhere(tableDatabase, equal("name", database), stateColumns()...)
}

func stateColumns() []string { return []string{"model", "connected", "leader", "cid", "index"} }

var errNoDatabase = errors.New("the server has no database " + Database + ": is this address the Southbound's?")

// errTwoServers: one server would vouch for what another one says.
var errTwoServers = errors.New("two servers answer under this address, " +
	"which is a virtual IP, a Service or a name with several addresses: name the Southbound's servers one by one in ovn-remote")

// sameServer tells whether two connections end at one process. A member that is cut off from its cluster goes on to answer, and only
// its own _Server says so. Servers before Open vSwitch 2.7 have no id and get the benefit of the doubt, unless one of two has.
func sameServer(ctx context.Context, a, b *dbconn.Conn) error {
	one, err := serverID(ctx, a)
	if err != nil {
		return err
	}
	other, err := serverID(ctx, b)
	if err != nil {
		return err
	}
	if one != other {
		return errTwoServers
	}
	return nil
}

// serverID is "" for a server that has none.
func serverID(ctx context.Context, c *dbconn.Conn) (string, error) {
	id, err := c.ServerID(ctx)
	if errors.Is(err, dbconn.ErrUnknownMethod) {
		return "", nil
	}
	return id, err
}
