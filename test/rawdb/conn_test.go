package rawdb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/representord/representord/test/rawdb"
	"github.com/representord/representord/test/servers"
)

func dial(t *testing.T, d *servers.OVSDB) *rawdb.Conn {
	t.Helper()
	c, err := rawdb.Dial(t.Context(), d.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestTransact_NamesTheOperationThatFailed(t *testing.T) {
	c := dial(t, servers.OpenVSwitch(t))
	_, err := c.Transact(t.Context(), "Open_vSwitch",
		rawdb.Operation{"op": "select", "table": "Bridge", "where": []any{}},
		rawdb.Operation{"op": "insert", "table": "Bridge", "row": map[string]any{"nonsense": 1}})
	if err == nil || !strings.Contains(err.Error(), "operation 1") {
		t.Errorf("error %v, want one that names operation 1", err)
	}
}

func TestTransact_WhatIsWrittenIsReadBack(t *testing.T) {
	c := dial(t, servers.OpenVSwitch(t))
	ids := map[string]string{"a": "1", "b c": "{\"}"}
	if _, err := c.Transact(t.Context(), "Open_vSwitch", rawdb.Operation{
		"op": "update", "table": "Open_vSwitch", "where": []any{}, "row": map[string]any{"external_ids": rawdb.Map(ids), "next_cfg": 7},
	}); err != nil {
		t.Fatal(err)
	}
	results, err := c.Transact(t.Context(), "Open_vSwitch",
		rawdb.Operation{"op": "select", "table": "Open_vSwitch", "where": rawdb.Where("next_cfg", "==", 7)})
	if err != nil || len(results[0].Rows) != 1 {
		t.Fatalf("%+v, %v", results, err)
	}
	row := results[0].Rows[0]
	if got := row.Strings("external_ids"); len(got) != 2 || got["a"] != "1" || got["b c"] != ids["b c"] || row.Number("next_cfg") != 7 ||
		len(row.UUIDs("_uuid")) != 1 {
		t.Errorf("row %+v", row)
	}
}

func TestConn_AServerThatDiesEndsEveryCall(t *testing.T) {
	d := servers.OpenVSwitch(t)
	c := dial(t, d)
	d.Kill()
	<-c.Done()
	if _, err := c.Transact(t.Context(), "Open_vSwitch"); !errors.Is(err, rawdb.ErrClosed) {
		t.Errorf("error %v, want %v", err, rawdb.ErrClosed)
	}
}
