package southbound

import (
	"slices"

	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/retry"
)

// monitor is a connection that follows the rows of the Southbound which may concern
// us. Its condition names our Chassis row, and can't be changed: when that row is
// replaced, another monitor is needed.
type monitor struct {
	conn   *dbconn.Conn
	poke   retry.Poke
	schema ovn.Schema
	// self is whom the condition was made for.
	self self
}

// concerned are the alternative conditions of ports that name us in any way that
// counts and that a condition can express.
func (m *monitor) concerned() []ovsdb.Condition {
	conditions := []ovsdb.Condition{includes(option.Chassis, m.self.Chassis)}
	named := []string{m.self.Chassis}
	for _, hostname := range []string{m.self.Hostname, m.self.Registered} {
		if hostname != "" && !slices.Contains(named, hostname) {
			named = append(named, hostname)
			conditions = append(conditions, includes(option.Chassis, hostname))
		}
	}
	if m.self.UUID != "" {
		ours := ovsdb.OvsSet{GoSet: []any{ovsdb.UUID{GoUUID: m.self.UUID}}}
		conditions = append(conditions, ovsdb.NewCondition("requested_chassis", ovsdb.ConditionEqual, ours))
		if m.schema.Additional {
			conditions = append(conditions, ovsdb.NewCondition(ovn.ColumnAdditional, ovsdb.ConditionIncludes, ours))
		}
	}
	return conditions
}

// request asks for our Chassis row, for the database's own row, and for the ports
// that meet any of the conditions.
func (m *monitor) request(ports []ovsdb.Condition) *client.Monitor {
	request := m.conn.NewMonitor()
	request.Tables = []client.TableMonitor{
		{Table: ovn.TableGlobal, Fields: []string{"ssl"}},
		{Table: ovn.TableChassis, Fields: ovn.ChassisColumns(), Conditions: ovn.Equal("name", m.self.Chassis)},
		{Table: ovn.TablePortBinding, Fields: m.schema.PortColumns(), Conditions: ports},
	}
	return request
}

// includes is the condition that options hold exactly this pair.
func includes(key, value string) ovsdb.Condition {
	return ovsdb.NewCondition("options", ovsdb.ConditionIncludes, ovsdb.OvsMap{GoMap: map[any]any{key: value}})
}

// contents are a monitor's rows at one time. They are shared with the library's cache, which replaces a row that changes and
// never writes to it.
type contents struct {
	chassis *ovn.Chassis // ours, empty while there is none
	global  string       // see monitor.global
	ports   map[string]model.Model
}

func (m *monitor) contents() contents {
	return contents{global: m.global(), chassis: m.chassis(), ports: m.ports()}
}

// same reports whether these are the rows that a cache was made of.
func (c contents) same(last *bindingCache) bool {
	same := len(c.ports) == len(last.rows) && c.global == last.global &&
		(c.chassis == last.chassis || c.chassis.UUID == "" && last.chassis.UUID == "")
	for uuid, row := range c.ports {
		same = same && last.rows[uuid].from == row
	}
	return same
}

// chassis is our Chassis row now, empty while there is none.
func (m *monitor) chassis() *ovn.Chassis {
	for _, c := range dbconn.Rows[*ovn.Chassis](m.conn, ovn.TableChassis) {
		if c.Name == m.self.Chassis {
			return c
		}
	}
	return &ovn.Chassis{}
}

// global is the uuid of the database's own row now, "" while there is none.
func (m *monitor) global() string {
	for uuid := range dbconn.Rows[*ovn.Global](m.conn, ovn.TableGlobal) {
		return uuid
	}
	return ""
}

// ports are the rows of Port_Binding by uuid.
func (m *monitor) ports() map[string]model.Model {
	return m.conn.Cache().Table(ovn.TablePortBinding).RowsShallow()
}

// chassisNamed looks up a Chassis row by its name.
func chassisNamed(name string) ovsdb.Operation {
	return ovn.RowsWhere(ovn.TableChassis, ovn.Equal("name", name))
}

// uuidOf gives the uuid of the one row that was found, "" for none.
func uuidOf(found []model.Model) string {
	for _, m := range found {
		switch row := m.(type) {
		case *ovn.Chassis:
			return row.UUID
		case *ovn.Global:
			return row.UUID
		}
	}
	return ""
}

// withUUID is the condition of the row of this uuid.
func withUUID(uuid string) []ovsdb.Condition { return ovn.Equal("_uuid", ovsdb.UUID{GoUUID: uuid}) }
