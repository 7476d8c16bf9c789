package invariants

import (
	"context"
	"strconv"

	"github.com/representord/representord/test/rawdb"
)

// Operator writes to the local database as a person at the DPU would.
type Operator struct {
	Endpoint string
	Bridge   string
}

// transact does operations on a connection of its own.
func (o Operator) transact(ctx context.Context, operations ...rawdb.Operation) ([]rawdb.Result, error) {
	conn, err := rawdb.Dial(ctx, o.Endpoint)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.Transact(ctx, "Open_vSwitch", operations...)
}

// Remove takes the port of a row off the bridge, which removes both rows.
func (o Operator) Remove(ctx context.Context, r Row) error {
	found, err := o.transact(ctx, rawdb.Operation{
		"op": "select", "table": "Port", "where": rawdb.Where("interfaces", "includes", rawdb.UUID(r.UUID)), "columns": []string{"_uuid"},
	})
	if err != nil || len(found[0].Rows) == 0 {
		return err
	}
	_, err = o.transact(ctx, rawdb.Operation{
		"op": "mutate", "table": "Bridge", "where": rawdb.Where("name", "==", o.Bridge),
		"mutations": []any{[]any{"ports", "delete", rawdb.Set(rawdb.UUID(found[0].Rows[0].UUIDs("_uuid")[0]))}},
	})
	return err
}

// Write sets one field of a row, or removes the key where the value is "".
func (o Operator) Write(ctx context.Context, r Row, field Field, value string) error {
	where := rawdb.Where("_uuid", "==", rawdb.UUID(r.UUID))
	if field == FieldMTU {
		mtu, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		_, err = o.transact(ctx, rawdb.Operation{"op": "update", "table": "Interface", "where": where, "row": map[string]any{"mtu_request": mtu}})
		return err
	}
	key := map[Field]string{
		FieldIfaceID: "iface-id", FieldFunction: "representord-function", FieldRequest: "representord-request",
		FieldLogicalPort: "representord-logical-port",
	}[field]
	mutations := []any{[]any{"external_ids", "delete", rawdb.Set(key)}}
	if value != "" {
		mutations = append(mutations, []any{"external_ids", "insert", rawdb.Map(map[string]string{key: value})})
	}
	_, err := o.transact(ctx, rawdb.Operation{"op": "mutate", "table": "Interface", "where": where, "mutations": mutations})
	return err
}

// Add puts a port of somebody else's on the bridge and returns its Interface's uuid.
func (o Operator) Add(ctx context.Context, name, typ, ifaceID string) (string, error) {
	ids := map[string]string{}
	if ifaceID != "" {
		ids["iface-id"] = ifaceID
	}
	results, err := o.transact(ctx,
		rawdb.Operation{"op": "insert", "table": "Interface", "uuid-name": "i",
			"row": map[string]any{"name": name, "type": typ, "external_ids": rawdb.Map(ids)}},
		rawdb.Operation{"op": "insert", "table": "Port", "uuid-name": "p", "row": map[string]any{"name": name, "interfaces": rawdb.Named("i")}},
		rawdb.Operation{
			"op": "mutate", "table": "Bridge", "where": rawdb.Where("name", "==", o.Bridge),
			"mutations": []any{[]any{"ports", "insert", rawdb.Set(rawdb.Named("p"))}},
		},
	)
	if err != nil {
		return "", err
	}
	return rawdb.Row{"uuid": results[0].UUID}.UUIDs("uuid")[0], nil
}
