package dbconn

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// ReadSchema asks the server for the schema, without its indexes, of any of its databases: a model
// for Dial may have only columns that are in it.
func (c *Conn) ReadSchema(ctx context.Context, database string) (s ovsdb.DatabaseSchema, err error) {
	result, err := c.ask(ctx, "get_schema", database)
	if err != nil {
		return s, err
	}
	narrowed, err := narrow(result)
	if err == nil {
		err = json.Unmarshal(narrowed, &s)
	}
	if err != nil {
		return s, fmt.Errorf("%s: the schema of %s: %w", c.endpoint, database, err)
	}
	return s, nil
}

// HasColumn tells whether a table of the schema has a column.
func HasColumn(schema ovsdb.DatabaseSchema, table, column string) bool {
	t := schema.Table(table)
	return t != nil && t.Column(column) != nil
}
