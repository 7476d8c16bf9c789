package dbconn

import (
	"context"

	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// ReadSchema asks a server for the schema of one of its databases, on a
// connection of its own: a model for Dial may have only columns that are in it.
func ReadSchema(ctx context.Context, database string, o Options) (ovsdb.DatabaseSchema, error) {
	c, err := dialBare(ctx, database, o)
	if err != nil {
		return ovsdb.DatabaseSchema{}, err
	}
	defer c.Close()
	return c.Schema(), nil
}

// dialBare connects with a model of no tables, which every schema has.
func dialBare(ctx context.Context, database string, o Options) (*Conn, error) {
	none, err := model.NewClientDBModel(database, map[string]model.Model{})
	if err != nil {
		return nil, err
	}
	return Dial(ctx, none, o)
}

// HasColumn tells whether a table of the schema has a column.
func HasColumn(schema ovsdb.DatabaseSchema, table, column string) bool {
	t := schema.Table(table)
	return t != nil && t.Column(column) != nil
}
