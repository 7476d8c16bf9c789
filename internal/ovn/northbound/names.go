package northbound

import (
	"context"
	"fmt"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
)

// Names lists, sorted, the logical switch ports that could be bound, or those that are
// bound to a representor. An error is an Unreachable, or the server's.
func Names(ctx context.Context, s Servers, bound bool) ([]string, error) {
	conn, err := s.connect(ctx, database, portRows(), func(context.Context, *dbconn.Conn) error { return nil })
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	where := []ovsdb.Condition{ovsdb.NewCondition("type", ovsdb.ConditionEqual, "")}
	if bound {
		where = append(where, ovsdb.NewCondition("options", ovsdb.ConditionIncludes,
			ovsdbMap(map[string]string{option.Type: option.Representor})))
	}
	found, err := ovn.Select(ctx, conn, ovn.RowsWhere(tablePort, where, "name"))
	if err != nil {
		return nil, fmt.Errorf("the Northbound doesn't list its ports: %w", err)
	}
	var names []string
	for _, row := range ovn.As[*Port](found[0]) {
		names = append(names, row.Name)
	}
	slices.Sort(names)
	return names, nil
}
