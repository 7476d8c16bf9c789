package dbconn_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/test/servers"
)

// BenchmarkABurst is 1000 rows that come in one message each way: all are written in
// transactions of 100, and arrive in the cache.
func BenchmarkABurst(b *testing.B) {
	d := servers.OpenVSwitch(b)
	m, err := model.NewClientDBModel("Open_vSwitch", map[string]model.Model{"Bridge": &bridge{}})
	if err != nil {
		b.Fatal(err)
	}
	connect := func() *dbconn.Conn {
		c, err := dbconn.Dial(b.Context(), m, dbconn.Options{Endpoint: d.Endpoint, Probe: patient})
		if err != nil {
			b.Fatal(err)
		}
		row := &bridge{}
		if err := c.Monitor(b.Context(), c.NewMonitor(client.WithTable(row, &row.Name, &row.ExternalIDs))); err != nil {
			b.Fatal(err)
		}
		return c
	}
	c := connect()
	defer c.Close()
	insert(b, c, 1000)
	n := 0
	b.Run("updates of 1000 rows", func(b *testing.B) {
		for range b.N {
			n++
			ids, err := ovsdb.NewOvsMap(map[string]string{"n": fmt.Sprint(n), "long": strings.Repeat("x", 500)})
			if err != nil {
				b.Fatal(err)
			}
			r, err := c.Transact(b.Context(),
				ovsdb.Operation{Op: ovsdb.OperationUpdate, Table: "Bridge", Where: everyBridge(), Row: ovsdb.Row{"external_ids": ids}})
			if err != nil || r[0].Count != 1000 {
				b.Fatal(err, r)
			}
		}
	})
	b.Run("the first contents of 1000 rows", func(b *testing.B) {
		for range b.N {
			connect().Close()
		}
	})
	b.Run("a question", func(b *testing.B) {
		for range b.N {
			if _, err := c.Transact(b.Context(), comment(10)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// insert adds so many bridges.
func insert(tb testing.TB, c *dbconn.Conn, rows int) {
	tb.Helper()
	for from := 0; from < rows; from += 100 {
		var ops []ovsdb.Operation
		bridges := ovsdb.OvsSet{}
		for i := range min(100, rows-from) {
			name := fmt.Sprintf("br%d", from+i)
			ops = append(ops, ovsdb.Operation{Op: ovsdb.OperationInsert, Table: "Bridge", Row: ovsdb.Row{"name": name}, UUIDName: name})
			bridges.GoSet = append(bridges.GoSet, ovsdb.UUID{GoUUID: name})
		}
		ops = append(ops, ovsdb.Operation{
			Op: ovsdb.OperationMutate, Table: "Open_vSwitch",
			Where: []ovsdb.Condition{ovsdb.NewCondition("_uuid", ovsdb.ConditionNotEqual,
				ovsdb.UUID{GoUUID: "00000000-0000-0000-0000-000000000000"})},
			Mutations: []ovsdb.Mutation{{Column: "bridges", Mutator: ovsdb.MutateOperationInsert, Value: bridges}},
		})
		results, err := c.Transact(tb.Context(), ops...)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := ovsdb.CheckOperationResults(results, ops); err != nil {
			tb.Fatal(err, results[len(results)-1])
		}
	}
}

func TestMemory_OfAGiantValueIsBounded(t *testing.T) {
	const size = 64 << 20
	giant := json.RawMessage(`{"Bridge":{"` + someRow + `":{"initial":{"name":"` + strings.Repeat("y", size) + `"}}}}`)
	endpoint := fakeServer(t, func(m message, out *json.Encoder) bool {
		if m.Method != "monitor_cond" {
			return true
		}
		_ = out.Encode(message{ID: m.ID, Result: giant})
		return false
	})
	c := dial(t, endpoint)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	row := &bridge{}
	_ = c.Monitor(t.Context(), c.NewMonitor(client.WithTable(row, &row.Name, &row.ExternalIDs)))
	runtime.ReadMemStats(&after)
	// The server of this test encodes the value, once. Without a bound there are ten copies of it.
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 4*size {
		t.Errorf("%d MB were allocated for a value of %d MB: %v", allocated>>20, size>>20, c.Err())
	}
}

func TestMemory_OfManySmallValuesIsBounded(t *testing.T) {
	const pairs = 2 << 20
	many := json.RawMessage(`{"Bridge":{"` + someRow + `":{"initial":{"external_ids":["map",[["a","b"]` +
		strings.Repeat(`,["a","b"]`, pairs) + `]]}}}}`)
	endpoint := fakeServer(t, func(m message, out *json.Encoder) bool {
		if m.Method != "monitor_cond" {
			return true
		}
		_ = out.Encode(message{ID: m.ID, Result: many})
		return false
	})
	c := dial(t, endpoint)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	row := &bridge{}
	_ = c.Monitor(t.Context(), c.NewMonitor(client.WithTable(row, &row.Name, &row.ExternalIDs)))
	runtime.ReadMemStats(&after)
	// The server of this test encodes the message, once.
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 128<<20 {
		t.Errorf("%d MB were allocated for a message of %d MB: %v", allocated>>20, len(many)>>20, c.Err())
	}
	if !errors.Is(c.Err(), dbconn.ErrTooLargeMessage) || !strings.Contains(c.Err().Error(), "524288 values") {
		t.Errorf("%v, want ErrTooLargeMessage for its values", c.Err())
	}
}
