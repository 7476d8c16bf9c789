package northbound

import (
	"context"
	"sync"

	"github.com/ovn-kubernetes/libovsdb/cache"
	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/retry"
)

// Southbound is a connection to the Southbound, for all chassis and one port.
type Southbound struct {
	conn *dbconn.Conn
	port string
	poke retry.Poke

	mu sync.Mutex
	// news are the port's rows since history was asked last, nil for a row that went.
	news []*ovn.PortBinding
}

// OpenSouthbound connects to the Southbound and reads. An error is an Unreachable.
func OpenSouthbound(ctx context.Context, s ovn.Servers, port string) (*Southbound, error) {
	// Whether there are additional chassis doesn't matter here.
	rows := map[string]model.Model{ovn.TableChassis: &ovn.Chassis{}, ovn.TablePortBinding: &ovn.PortBinding2203{}}
	south := &Southbound{port: port, poke: retry.NewPoke()}
	var err error
	south.conn, err = connect(ctx, s, ovn.Database, rows, func(ctx context.Context, c *dbconn.Conn) error {
		south.record(c)
		c.OnChange(south.poke.Wake)
		ch, b := &ovn.Chassis{}, &ovn.PortBinding2203{}
		named := model.Condition{Field: &b.LogicalPort, Function: ovsdb.ConditionEqual, Value: port}
		return c.Monitor(ctx, c.NewMonitor(
			client.WithTable(ch, &ch.Name, &ch.Hostname, &ch.OtherConfig, &ch.ExternalIDs),
			client.WithConditionalTable(b, []model.Condition{named}, &b.LogicalPort,
				&b.Options, &b.RequestedChassis, &b.Chassis, &b.Up),
		))
	})
	if err != nil {
		return nil, err
	}
	return south, nil
}

// record keeps every row that the port had: a look at the cache may come too late for
// one. It is to be called before OnChange, whose function finds the row kept already.
func (s *Southbound) record(c *dbconn.Conn) {
	keep := func(m model.Model, gone bool) {
		r, ok := m.(*ovn.PortBinding2203)
		if !ok {
			return
		}
		if gone {
			r = nil
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.news = append(s.news, (*ovn.PortBinding)(r))
	}
	c.Cache().AddEventHandler(&cache.EventHandlerFuncs{
		AddFunc:    func(_ string, m model.Model) { keep(m, false) },
		UpdateFunc: func(_ string, _, m model.Model) { keep(m, false) },
		DeleteFunc: func(_ string, m model.Model) { keep(m, true) },
	})
}

// history gives what the port's row was, one after the other, since it was asked last;
// nil where it went. It may lag behind Binding, and is never ahead of it.
func (s *Southbound) history() []*ovn.PortBinding {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := s.news
	s.news = nil
	return news
}

// Close ends the connection.
func (s *Southbound) Close() { s.conn.Close() }

// Chassis gives all chassis.
func (s *Southbound) Chassis() []ovn.Chassis {
	var all []ovn.Chassis
	for _, r := range dbconn.Rows[*ovn.Chassis](s.conn, ovn.TableChassis) {
		all = append(all, *r)
	}
	return all
}

// Binding gives the port's row, nil while there is none. It must not be changed.
func (s *Southbound) Binding() *ovn.PortBinding {
	for _, r := range dbconn.Rows[*ovn.PortBinding2203](s.conn, ovn.TablePortBinding) {
		if r.LogicalPort == s.port {
			return (*ovn.PortBinding)(r)
		}
	}
	return nil
}
