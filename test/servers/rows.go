package servers

import (
	"encoding/json"
	"testing"
)

// Versions gives the version of every row of a table of a database, by uuid. The
// server gives a row another one whenever a transaction changes it (RFC 7047,
// 3.2). Equal versions before and after mean that no row came, went or changed.
func (d *OVSDB) Versions(tb testing.TB, database, table string) map[string]string {
	tb.Helper()
	query, err := json.Marshal([]any{database, map[string]any{
		"op": "select", "table": table, "where": []any{}, "columns": []string{"_uuid", "_version"},
	}})
	if err != nil {
		tb.Fatal(err)
	}
	out := d.Tool(tb, "ovsdb-client", "query", d.Endpoint, string(query))
	var results []struct {
		Rows []struct {
			UUID    [2]string `json:"_uuid"`
			Version [2]string `json:"_version"`
		}
	}
	if err := json.Unmarshal([]byte(out), &results); err != nil || len(results) != 1 {
		tb.Fatalf("versions of %s: %v: %s", table, err, out)
	}
	versions := make(map[string]string, len(results[0].Rows))
	for _, r := range results[0].Rows {
		versions[r.UUID[1]] = r.Version[1]
	}
	if len(versions) != len(results[0].Rows) {
		tb.Fatalf("two rows of %s have one uuid", table)
	}
	return versions
}
