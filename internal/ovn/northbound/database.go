package northbound

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/ovn-kubernetes/libovsdb/model"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/ovn"
)

// patience is how long one server may take until the next is tried.
const patience = 5 * time.Second

// unreachable tells what is wrong with each of a database's servers, which may be joined errors.
func unreachable(database string, err error) *Error {
	return fail(Unreachable, "%s can't be reached: %s", database, strings.ReplaceAll(err.Error(), "\n", "; "))
}

// connect connects to a server that is not cut off from its cluster. Any such member
// will do, for writing as well: what isn't the leader forwards it. prepare is given
// each connection that is made; its error lets the next server be tried.
func connect(ctx context.Context, s ovn.Servers, database string, rows map[string]model.Model,
	prepare func(context.Context, *dbconn.Conn) error) (*dbconn.Conn, error) {
	m, err := model.NewClientDBModel(database, rows)
	if err != nil {
		return nil, err
	}
	endpoints := slices.Clone(s.Remotes)
	rand.Shuffle(len(endpoints), func(i, j int) { endpoints[i], endpoints[j] = endpoints[j], endpoints[i] })
	var errs []error
	for _, e := range endpoints {
		step, cancel := context.WithTimeout(ctx, patience)
		c, err := connectTo(step, s, e, m, prepare)
		cancel()
		if err == nil {
			return c, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	if len(errs) == 0 {
		errs = append(errs, errors.New("no endpoint is named"))
	}
	return nil, unreachable(database, errors.Join(errs...))
}

func connectTo(ctx context.Context, s ovn.Servers, endpoint string, m model.ClientDBModel,
	prepare func(context.Context, *dbconn.Conn) error) (*dbconn.Conn, error) {
	o, err := s.DialOptions(endpoint, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", endpoint, err)
	}
	if err := inCluster(ctx, m.Name(), o); err != nil {
		if o.TLS != nil {
			err = s.TLS.Explain(err)
		}
		return nil, err
	}
	c, err := dbconn.Dial(ctx, m, o)
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// inCluster refuses a server that lacks the database, or that is a member of a cluster
// without contact to most of the others: what it says may be old, and what it is told
// gets lost.
func inCluster(ctx context.Context, name string, o dbconn.Options) error {
	server, err := ovn.DialServer(ctx, name, o)
	if err != nil {
		return err
	}
	defer server.Close()
	switch state := server.State(); {
	case state == nil:
		return fmt.Errorf("%s has no database %s", o.Endpoint, name)
	case !state.Connected:
		return fmt.Errorf("%s is cut off from its cluster", o.Endpoint)
	}
	return nil
}
