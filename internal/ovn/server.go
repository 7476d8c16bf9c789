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
	Model     string `ovsdb:"model"` // standalone, clustered or ModelRelay
	Connected bool   `ovsdb:"connected"`
	Leader    bool   `ovsdb:"leader"`
	// Cluster is the cluster's id, nil for a database that is no cluster's.
	Cluster *string `ovsdb:"cid"`
	// Index is how much of the cluster's log the server has applied, nil for databases without one.
	Index *int `ovsdb:"index"`
}

// ModelRelay is the model of a server that holds a copy of another's database.
const ModelRelay = "relay"

// Server is a connection to a server's word about itself. The library can't follow two databases on one connection without
// following the leader too, which isn't wanted: any server that keeps up will do. Behind a load balancer the two connections
// may end at two servers, and this one's word is of no use there: see SameProcess.
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
		Table: tableDatabase, Fields: append(stateColumns(), "name"), Conditions: Equal("name", database),
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

// Changed has an element when State may have changed since it was taken.
func (s *Server) Changed() <-chan struct{} { return s.poke }

// Sync waits until State is what the server had to say when Sync was called.
func (s *Server) Sync(ctx context.Context) error { return s.conn.Sync(ctx) }

// Done is closed when the connection has ended; Err says why.
func (s *Server) Done() <-chan struct{} { return s.conn.Done() }

// Err is why the connection has ended.
func (s *Server) Err() error { return s.conn.Err() }

// Close ends the connection.
func (s *Server) Close() { s.conn.Close() }

// Ask asks the server anew what it says of the Southbound.
func (s *Server) Ask(ctx context.Context) (*ServerState, error) {
	found, err := Select(ctx, s.conn, stateOf(Database))
	if err != nil {
		return nil, err
	}
	if len(found[0]) != 1 {
		return nil, ErrNoDatabase
	}
	return As[*ServerState](found[0])[0], nil
}

func stateOf(database string) ovsdb.Operation {
	return RowsWhere(tableDatabase, Equal("name", database), stateColumns()...)
}

func stateColumns() []string { return []string{"model", "connected", "leader", "cid", "index"} }

// ErrNoDatabase tells that a server is none of the Southbound's.
var ErrNoDatabase = errors.New("the server has no database " + Database + ": is this address the Southbound's?")

// ErrTwoServers tells of an address where one server would vouch for what another one says.
var ErrTwoServers = errors.New("two servers answer under this address, " +
	"which is a virtual IP, a Service or a name with several addresses: name the Southbound's servers one by one in ovn-remote")

// SameProcess is ErrTwoServers unless another connection ends at this server's process. A member that is cut off from its cluster
// goes on to answer, and only its own _Server says so. Servers before Open vSwitch 2.7 have no id and get the benefit of the doubt,
// unless one of two has.
func (s *Server) SameProcess(ctx context.Context, other *dbconn.Conn) error {
	ours, err := serverID(ctx, s.conn)
	if err != nil {
		return err
	}
	theirs, err := serverID(ctx, other)
	if err != nil {
		return err
	}
	if ours != theirs {
		return ErrTwoServers
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
