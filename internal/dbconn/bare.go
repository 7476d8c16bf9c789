package dbconn

import (
	"context"
	"errors"
	"fmt"

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

// HasColumn tells whether a table of the schema has a column.
func HasColumn(schema ovsdb.DatabaseSchema, table, column string) bool {
	t := schema.Table(table)
	return t != nil && t.Column(column) != nil
}

// ReadRoot selects columns of the one row of a database's root table, on a connection
// of its own, and gives the version of the schema with it. A table without a row is no
// error, and gives none.
func ReadRoot(ctx context.Context, database, table string, columns []string, o Options) (row ovsdb.Row, schema string, err error) {
	c, err := dialBare(ctx, database, o)
	if err != nil {
		return nil, "", err
	}
	defer c.Close()
	results, err := c.Transact(ctx, ovsdb.Operation{
		Op: ovsdb.OperationSelect, Table: table, Columns: columns,
		// The library leaves out an empty condition, which the protocol demands.
		Where: []ovsdb.Condition{ovsdb.NewCondition("_uuid", ovsdb.ConditionNotEqual,
			ovsdb.UUID{GoUUID: "00000000-0000-0000-0000-000000000000"})},
	})
	switch {
	case err != nil:
		return nil, "", err
	case len(results) == 0:
		return nil, "", errors.New("the server gave no answer")
	case results[0].Error != "":
		return nil, "", fmt.Errorf("the server refused: %s: %s", results[0].Error, results[0].Details)
	case len(results[0].Rows) > 0:
		row = results[0].Rows[0]
	}
	return row, c.Schema().Version, nil
}

// dialBare connects with a model of no tables, which every schema has.
func dialBare(ctx context.Context, database string, o Options) (*Conn, error) {
	none, err := model.NewClientDBModel(database, map[string]model.Model{})
	if err != nil {
		return nil, err
	}
	return Dial(ctx, none, o)
}
