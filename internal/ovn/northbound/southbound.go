package northbound

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/ovn-kubernetes/libovsdb/cache"
	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/retry"
)

const (
	southbound   = "OVN_Southbound"
	tableChassis = "Chassis"
	tableBinding = "Port_Binding"
)

// chassisRow is a row of Chassis; ovn-sb(5).
type chassisRow struct {
	UUID        string            `ovsdb:"_uuid"`
	Name        string            `ovsdb:"name"`
	Hostname    string            `ovsdb:"hostname"`
	OtherConfig map[string]string `ovsdb:"other_config"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
}

// bindingRow is a row of Port_Binding; ovn-sb(5).
type bindingRow struct {
	UUID             string            `ovsdb:"_uuid"`
	LogicalPort      string            `ovsdb:"logical_port"`
	Options          map[string]string `ovsdb:"options"`
	RequestedChassis *string           `ovsdb:"requested_chassis"`
	Chassis          *string           `ovsdb:"chassis"`
	Up               *bool             `ovsdb:"up"`
}

// Binding is what the Southbound has of a logical port.
type Binding struct {
	Options map[string]string
	// RequestedChassis and Chassis are rows of Chassis, empty for none: who is asked to
	// have the port, and who has it.
	RequestedChassis string
	Chassis          string
	// Up: ovn-controller there has installed the port's flows.
	Up bool
}

// up tells whether the port is up on a row of Chassis.
func (b *Binding) up(chassis string) bool { return b != nil && b.Up && b.Chassis == chassis }

// Southbound is a connection to the Southbound, for all chassis and one port.
type Southbound struct {
	conn *dbconn.Conn
	port string
	poke retry.Poke

	mu sync.Mutex
	// news are the port's rows since history was asked last, nil for a row that went.
	news []*Binding
}

// OpenSouthbound connects to the Southbound and reads. An error is an
// *UnreachableError.
func OpenSouthbound(ctx context.Context, s Servers, port string) (*Southbound, error) {
	m, err := model.NewClientDBModel(southbound, map[string]model.Model{tableChassis: &chassisRow{}, tableBinding: &bindingRow{}})
	if err != nil {
		return nil, err
	}
	south := &Southbound{port: port, poke: retry.NewPoke()}
	south.conn, err = s.connect(ctx, m, func(ctx context.Context, c *dbconn.Conn) error {
		south.record(c)
		c.OnChange(south.poke.Wake)
		ch, b := &chassisRow{}, &bindingRow{}
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
		r, ok := m.(*bindingRow)
		if !ok {
			return
		}
		var b *Binding
		if !gone {
			b = r.binding()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.news = append(s.news, b)
	}
	c.Cache().AddEventHandler(&cache.EventHandlerFuncs{
		AddFunc:    func(_ string, m model.Model) { keep(m, false) },
		UpdateFunc: func(_ string, _, m model.Model) { keep(m, false) },
		DeleteFunc: func(_ string, m model.Model) { keep(m, true) },
	})
}

// history gives what the port's row was, one after the other, since it was asked last;
// nil where it went. It may lag behind Binding, and is never ahead of it.
func (s *Southbound) history() []*Binding {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := s.news
	s.news = nil
	return news
}

// Close ends the connection.
func (s *Southbound) Close() { s.conn.Close() }

// Chassis gives all chassis, sorted by name.
func (s *Southbound) Chassis() []Chassis {
	rows := dbconn.Rows[*chassisRow](s.conn, tableChassis)
	all := make([]Chassis, 0, len(rows))
	for _, r := range rows {
		all = append(all, Chassis{UUID: r.UUID, Name: r.Name, Hostname: r.Hostname,
			CMSOptions: cardserial.OptionsOf(r.OtherConfig, r.ExternalIDs)})
	}
	slices.SortFunc(all, func(a, b Chassis) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Binding gives the port's row, nil while there is none.
func (s *Southbound) Binding() *Binding {
	for _, r := range dbconn.Rows[*bindingRow](s.conn, tableBinding) {
		if r.LogicalPort == s.port {
			return r.binding()
		}
	}
	return nil
}

func (r *bindingRow) binding() *Binding {
	b := &Binding{Options: maps.Clone(r.Options), Up: r.Up != nil && *r.Up}
	if r.RequestedChassis != nil {
		b.RequestedChassis = *r.RequestedChassis
	}
	if r.Chassis != nil {
		b.Chassis = *r.Chassis
	}
	return b
}
