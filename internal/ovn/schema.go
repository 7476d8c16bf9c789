package ovn

import (
	"context"
	"fmt"

	"github.com/ovn-kubernetes/libovsdb/model"

	"github.com/representord/representord/internal/dbconn"
)

// Schema is what of the Southbound a server's schema lets us read.
type Schema struct {
	// Additional: Port_Binding has requested_additional_chassis.
	Additional bool
}

// ReadSchema asks for the schema of the Southbound. _Server.Database.schema is of no use: some
// servers leave it as it was when they convert a database.
func ReadSchema(ctx context.Context, server *Server) (Schema, error) {
	s, err := server.conn.ReadSchema(ctx, Database)
	if err != nil {
		return Schema{}, err
	}
	for _, c := range []struct {
		table   string
		columns []string
	}{
		{TableGlobal, []string{"ssl"}},
		{TableChassis, ChassisColumns()},
		{TablePortBinding, append(Schema{}.PortColumns(), "chassis")},
	} {
		for _, column := range c.columns {
			if !dbconn.HasColumn(s, c.table, column) {
				return Schema{}, fmt.Errorf("the server's schema of %s, version %s, has no column %s in %s: OVN 22.03 or newer is needed",
					Database, s.Version, column, c.table)
			}
		}
	}
	return Schema{Additional: dbconn.HasColumn(s, TablePortBinding, ColumnAdditional)}, nil
}

func (s Schema) model() (model.ClientDBModel, error) {
	var binding model.Model = &PortBinding2203{}
	if s.Additional {
		binding = &PortBinding{}
	}
	return model.NewClientDBModel(Database, map[string]model.Model{
		TableGlobal: &Global{}, TableChassis: &Chassis{}, TablePortBinding: binding,
	})
}

// ChassisColumns are those of Chassis.
func ChassisColumns() []string {
	return []string{"name", "hostname", "other_config", "external_ids"}
}

// PortColumns are what classifying a row takes.
func (s Schema) PortColumns() []string {
	columns := []string{"logical_port", "type", "parent_port", "options", "requested_chassis", "up", "mac"}
	if s.Additional {
		columns = append(columns, ColumnAdditional)
	}
	return columns
}

// Dial connects to the Southbound with a model of what its schema has.
func (s Schema) Dial(ctx context.Context, o dbconn.Options) (*dbconn.Conn, error) {
	m, err := s.model()
	if err != nil {
		return nil, err
	}
	return dbconn.Dial(ctx, m, o)
}
