package southbound

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/representord/representord/test/servers"
)

// A new index is a compatible change: ovn-controller doesn't notice.
func TestSchema_AnIndexThatALaterOVNAddsIsOfNoConcern(t *testing.T) {
	for table, index := range map[string][]string{"Port_Binding": {"logical_port", "chassis"}, "Chassis": {"name", "hostname"}} {
		t.Run(table, func(t *testing.T) {
			d, w := southboundOf(t, withIndex(t, table, index))
			w.add("one", w.us(), nil)
			f := follow(t, dpu1(d.Endpoint))
			f.untilDispositions(map[string]Disposition{"one": Asked})
		})
	}
}

// withIndex writes the Southbound's schema with one more index.
func withIndex(t *testing.T, table string, index []string) string {
	t.Helper()
	b, err := os.ReadFile(servers.SchemaOVNSouthbound)
	if err != nil {
		t.Fatal(err)
	}
	var schema, tables, changed map[string]json.RawMessage
	var indexes [][]string
	unpack(t, b, &schema)
	unpack(t, schema["tables"], &tables)
	unpack(t, tables[table], &changed)
	unpack(t, changed["indexes"], &indexes)
	changed["indexes"] = pack(t, append(indexes, index))
	tables[table] = pack(t, changed)
	schema["tables"] = pack(t, tables)
	delete(schema, "cksum")
	file := filepath.Join(t.TempDir(), "later.ovsschema")
	if err := os.WriteFile(file, pack(t, schema), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func unpack(t *testing.T, b json.RawMessage, to any) {
	t.Helper()
	if len(b) == 0 {
		return
	}
	if err := json.Unmarshal(b, to); err != nil {
		t.Fatal(err)
	}
}

func pack(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
