package ovs

import (
	"maps"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// Values in the notation of RFC 7047 section 5.1. They are written out here in a
// fixed order, so that one change is always the same bytes.

// uuidValue is a <uuid>.
func uuidValue(uuid string) []string { return []string{"uuid", uuid} }

// namedUUID is a <named-uuid>: the row that an insert of the same transaction
// makes under that uuid-name.
func namedUUID(name string) []string { return []string{"named-uuid", name} }

// setValue is a <set>.
func setValue[T any](elements []T) []any {
	if elements == nil {
		elements = []T{}
	}
	return []any{"set", elements}
}

// mapValue is a <map> from string to string.
func mapValue(m map[string]string) []any {
	pairs := make([][2]string, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, [2]string{key, m[key]})
	}
	return []any{"map", pairs}
}

func hasUUID(uuid string) ovsdb.Condition {
	return ovsdb.NewCondition("_uuid", ovsdb.ConditionEqual, uuidValue(uuid))
}

func includes(column string, value any) ovsdb.Condition {
	return ovsdb.NewCondition(column, ovsdb.ConditionIncludes, value)
}

// expect is a wait that doesn't wait: the transaction fails unless exactly this
// row, in these columns, is what the conditions select.
func expect(table string, row ovsdb.Row, where ...ovsdb.Condition) ovsdb.Operation {
	now := 0
	return ovsdb.Operation{
		Op:      ovsdb.OperationWait,
		Table:   table,
		Timeout: &now,
		Columns: slices.Sorted(maps.Keys(row)),
		Until:   string(ovsdb.WaitConditionEqual),
		Rows:    []ovsdb.Row{row},
		Where:   where,
	}
}

func mutate(table string, where []ovsdb.Condition, mutations ...ovsdb.Mutation) ovsdb.Operation {
	return ovsdb.Operation{
		Op:        ovsdb.OperationMutate,
		Table:     table,
		Where:     where,
		Mutations: mutations,
	}
}
