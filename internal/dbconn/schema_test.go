package dbconn_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/test/servers"
)

// A schema may get an index with any minor release.
func TestIndex_OfColumnsThatAreNotReadDoesNotMatter(t *testing.T) {
	schema, err := os.ReadFile(servers.SchemaOpenVSwitch)
	if err != nil {
		t.Fatal(err)
	}
	const before, after = `"indexes": [["name"]]`, `"indexes": [["name"], ["name", "other_config"]]`
	changed := bytes.ReplaceAll(schema, []byte(before), []byte(after))
	if bytes.Equal(changed, schema) {
		t.Fatal("the installed schema is written in another way")
	}
	changed = regexp.MustCompile(`"cksum": *"[0-9 ]*",`).ReplaceAll(changed, nil)
	path := filepath.Join(t.TempDir(), "later.ovsschema")
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	c := dial(t, servers.NewOVSDB(t, "conf", path).Endpoint)
	monitorBridges(t, c)
	if indexes := c.Schema().Table("Bridge").Indexes; indexes != nil {
		t.Errorf("the schema has the indexes %v", indexes)
	}
	if dbconn.Rows[*bridge](c, "Bridge") == nil {
		t.Error("the rows can't be read")
	}
}
