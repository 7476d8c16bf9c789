package dbconn

import (
	"context"
	"errors"
	"fmt"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

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
