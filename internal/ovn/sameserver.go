package ovn

import (
	"context"
	"errors"

	"github.com/representord/representord/internal/dbconn"
)

// errTwoServers: one server would vouch for what another one says.
var errTwoServers = errors.New("two servers answer under this address, " +
	"which is a virtual IP, a Service or a name with several addresses: name the Southbound's servers one by one in ovn-remote")

// sameServer tells whether two connections end at one process. A member of a cluster
// that is cut off goes on to answer, and only its own _Server says so. Servers before
// Open vSwitch 2.7 have no id and get the benefit of the doubt, unless one of two has.
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
