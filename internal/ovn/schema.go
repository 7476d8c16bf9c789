package ovn

import (
	"context"
	"fmt"

	"github.com/ovn-kubernetes/libovsdb/model"

	"github.com/representord/representord/internal/dbconn"
)

// schema is what of the Southbound a server's schema lets us read.
type schema struct {
	// additional: Port_Binding has requested_additional_chassis.
	additional bool
}

// readSchema asks for the schema of the Southbound. _Server.Database.schema is of no use: some
// servers leave it as it was when they convert a database.
func readSchema(ctx context.Context, server *Server) (schema, error) {
	s, err := server.conn.ReadSchema(ctx, Database)
	if err != nil {
		return schema{}, err
	}
	for _, c := range []struct {
		table   string
		columns []string
	}{
		{TableGlobal, []string{"ssl"}},
		{TableChassis, chassisColumns()},
		{TablePortBinding, append(schema{}.portColumns(), "chassis")},
	} {
		for _, column := range c.columns {
			if !dbconn.HasColumn(s, c.table, column) {
				return schema{}, fmt.Errorf("the server's schema of %s, version %s, has no column %s in %s: OVN 22.03 or newer is needed",
					Database, s.Version, column, c.table)
			}
		}
	}
	return schema{additional: dbconn.HasColumn(s, TablePortBinding, columnAdditional)}, nil
}

func (s schema) model() (model.ClientDBModel, error) {
	var binding model.Model = &PortBinding2203{}
	if s.additional {
		binding = &PortBinding{}
	}
	return model.NewClientDBModel(Database, map[string]model.Model{
		TableGlobal: &sbGlobal{}, TableChassis: &Chassis{}, TablePortBinding: binding,
	})
}

func chassisColumns() []string {
	return []string{"name", "hostname", "other_config", "external_ids"}
}

// portColumns are what classifying a row takes.
func (s schema) portColumns() []string {
	columns := []string{"logical_port", "type", "parent_port", "options", "requested_chassis", "up", "mac"}
	if s.additional {
		columns = append(columns, columnAdditional)
	}
	return columns
}

// dialModel connects to the Southbound with a model of what its schema has.
func dialModel(ctx context.Context, sc schema, o dbconn.Options) (*dbconn.Conn, error) {
	m, err := sc.model()
	if err != nil {
		return nil, err
	}
	return dbconn.Dial(ctx, m, o)
}
