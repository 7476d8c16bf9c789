package dbconn

import (
	"context"

	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// ReadSchema asks a server for the schema of one of its databases, on a
// connection of its own: a model for Dial may have only columns that are in it.
func ReadSchema(ctx context.Context, database string, o Options) (ovsdb.DatabaseSchema, error) {
	none, err := model.NewClientDBModel(database, map[string]model.Model{})
	if err != nil {
		return ovsdb.DatabaseSchema{}, err
	}
	c, err := Dial(ctx, none, o)
	if err != nil {
		return ovsdb.DatabaseSchema{}, err
	}
	defer c.Close()
	return c.Schema(), nil
}

// HasColumn tells whether a table of the schema has a column.
func HasColumn(schema ovsdb.DatabaseSchema, table, column string) bool {
	t := schema.Table(table)
	return t != nil && t.Column(column) != nil
}
