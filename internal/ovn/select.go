package ovn

import (
	"context"
	"fmt"

	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
)

// RowsWhere is the operation that looks for the rows of a table that meet all conditions, every row
// without any, with these columns and their uuids.
func RowsWhere(table string, conditions []ovsdb.Condition, columns ...string) ovsdb.Operation {
	return ovsdb.Operation{Op: ovsdb.OperationSelect, Table: table, Where: conditions, Columns: append([]string{"_uuid"}, columns...)}
}

// Equal is the condition of the rows with this value in a column.
func Equal(column string, value any) []ovsdb.Condition {
	return []ovsdb.Condition{ovsdb.NewCondition(column, ovsdb.ConditionEqual, value)}
}

// Select does operations of RowsWhere in one transaction, and gives what each found as models of the
// connection. The error tells that the transaction failed, or that the server answered with
// something else than it was asked for.
func Select(ctx context.Context, conn *dbconn.Conn, ops ...ovsdb.Operation) ([][]model.Model, error) {
	results, err := conn.Transact(ctx, ops...)
	if err != nil {
		return nil, err
	}
	// A transaction that fails as a whole has one result more than operations.
	for _, r := range results {
		if r.Error != "" {
			return nil, fmt.Errorf("the server refused: %s: %s", r.Error, r.Details)
		}
	}
	if len(results) < len(ops) {
		return nil, fmt.Errorf("the server answered %d of %d operations", len(results), len(ops))
	}
	found := make([][]model.Model, len(ops))
	for i, op := range ops {
		for _, r := range results[i].Rows {
			m, err := readRow(conn.Cache().DatabaseModel(), op, r)
			if err != nil {
				return nil, err
			}
			found[i] = append(found[i], m)
		}
	}
	return found, nil
}

// As gives rows that Select found; M is a pointer to their table's model.
func As[M model.Model](found []model.Model) []M {
	rows := make([]M, 0, len(found))
	for _, m := range found {
		if row, ok := m.(M); ok {
			rows = append(rows, row)
		}
	}
	return rows
}

// readRow reads a row that an operation found. The library takes a column that is missing for an
// empty one, which would say something else, and makes a whole number of any.
func readRow(db model.DatabaseModel, op ovsdb.Operation, r ovsdb.Row) (model.Model, error) {
	for _, column := range op.Columns {
		v := r[column]
		if n, is := v.(float64); v == nil || is && (n < 0 || n != float64(int64(n))) {
			return nil, fmt.Errorf("the server answered with column %s missing or of a wrong type (%v)", column, v)
		}
	}
	uuid, ok := r["_uuid"].(ovsdb.UUID)
	if !ok || uuid.GoUUID == "" {
		return nil, fmt.Errorf("the server answered with a row of %s without a uuid", op.Table)
	}
	return model.CreateModel(db, op.Table, &r, uuid.GoUUID)
}
