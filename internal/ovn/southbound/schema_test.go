package southbound

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/test/servers"
)

type object = map[string]any

// otherSchema writes a variant of the installed Southbound schema.
func otherSchema(t *testing.T, change func(tables object)) string {
	t.Helper()
	b, err := os.ReadFile(servers.SchemaOVNSouthbound)
	if err != nil {
		t.Fatal(err)
	}
	var schema object
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	delete(schema, "cksum")
	change(at(t, schema, "tables"))
	if b, err = json.Marshal(schema); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sb.ovsschema")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func at(t *testing.T, o object, path ...string) object {
	t.Helper()
	for _, key := range path {
		inner, ok := o[key].(object)
		if !ok {
			t.Fatalf("the schema has no %s", key)
		}
		o = inner
	}
	return o
}

func TestSchema_EachFromOVN2203OnIsReadAlike(t *testing.T) {
	for name, change := range map[string]func(*testing.T, object){
		"22.03, without what live migration brought": func(t *testing.T, tables object) {
			t.Helper()
			columns := at(t, tables, "Port_Binding", "columns")
			for _, column := range []string{
				"requested_additional_chassis", "additional_chassis", "additional_encap", "port_security", "mirror_rules",
			} {
				delete(columns, column)
			}
			delete(tables, "Mirror")
		},
		"21.11.0, the newest as of August 2026": func(t *testing.T, tables object) {
			t.Helper()
			at(t, tables, "Port_Binding", "columns")["mirror_port"] = object{"type": object{"key": object{"type": "string"}, "min": 0, "max": 1}}
			at(t, tables, "SB_Global", "columns")["nb_cfg_timestamp"] = object{"type": object{"key": "integer"}}
			tables["ACL_ID"] = object{"columns": object{"id": object{"type": "integer"}}, "isRoot": true}
			tables["Learned_Route"] = object{
				"columns": object{
					"datapath":  object{"type": object{"key": object{"type": "uuid", "refTable": "Datapath_Binding"}}},
					"ip_prefix": object{"type": "string"},
				},
				"indexes": []any{[]any{"datapath", "ip_prefix"}}, "isRoot": true,
			}
		},
		"with indexes of columns that we don't read": func(t *testing.T, tables object) {
			t.Helper()
			for table, index := range map[string][]any{
				"Port_Binding": {"logical_port", "chassis"}, "Chassis": {"name", "nb_cfg"}, "SB_Global": {"nb_cfg"},
			} {
				its := at(t, tables, table)
				indexes, _ := its["indexes"].([]any)
				its["indexes"] = append(indexes, index)
			}
		},
		"later than any, with more of everything": func(t *testing.T, tables object) {
			t.Helper()
			for _, table := range []string{"Port_Binding", "Chassis", "SB_Global"} {
				columns := at(t, tables, table, "columns")
				columns["later_text"] = object{"type": "string"}
				columns["later_set"] = object{"type": object{"key": object{"type": "uuid", "refTable": "Later"}, "min": 0, "max": "unlimited"}}
			}
			tables["Later"] = object{"columns": object{"name": object{"type": "string"}}, "isRoot": true}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, w := southboundOf(t, otherSchema(t, func(tables object) { change(t, tables) }))
			us, other := w.us(), w.chassis("dpu2")
			w.add("asked", us, nil)
			w.add("another's", other, nil)
			f := follow(t, dpu1(d.Endpoint))
			f.untilDispositions(map[string]Disposition{"asked": Asked})
			w.add("by-option", nil, map[string]string{"requested-chassis": "dpu1"})
			f.untilDispositions(map[string]Disposition{"asked": Asked, "by-option": Kept})
			w.update("asked", ovsdb.Row{"type": "x", "up": true, "parent_port": "p"})
			f.untilDispositions(map[string]Disposition{"asked": Withdrawn, "by-option": Kept})
			got := dispositions(f.verify("asked", "another's", "by-option", "gone").Bindings)
			if got["asked"] != Withdrawn || got["another's"] != Withdrawn || got["by-option"] != Kept || got["gone"] != Gone {
				t.Errorf("the verdict is %v", got)
			}
		})
	}
}

func TestSchema_ThatIsTooOldIsToldWithWhatItLacks(t *testing.T) {
	d := servers.NewOVSDB(t, "sb", otherSchema(t, func(tables object) {
		columns := at(t, tables, "Port_Binding", "columns")
		delete(columns, "requested_chassis")
	}))
	f := follow(t, dpu1(d.Endpoint))
	f.until("the column is named", func(v View) bool {
		return strings.Contains(v.Problem, "requested_chassis") && strings.Contains(v.Problem, "22.03")
	})
}

// An upgrade converts the database in place; the server drops its clients then.
func TestSchema_ADatabaseThatIsConvertedIsFollowedInItsNewOne(t *testing.T) {
	old := otherSchema(t, func(tables object) {
		delete(at(t, tables, "Port_Binding", "columns"), "requested_additional_chassis")
	})
	d, w := southboundOf(t, old)
	w.add("asked", w.us(), nil)
	f := follow(t, dpu1(d.Endpoint))
	first := f.untilDispositions(map[string]Disposition{"asked": Asked})
	d.Tool(t, "ovsdb-client", "convert", d.Endpoint, servers.SchemaOVNSouthbound)
	w.reconnect(d.Endpoint)
	migrating := w.port("migrating", nil, nil)
	migrating["requested_additional_chassis"] = w.us()
	w.insert("Port_Binding", migrating)
	v := f.untilDispositions(map[string]Disposition{"asked": Asked, "migrating": Kept})
	if v.Identity != first.Identity {
		t.Errorf("the converted database is %s, it was %s", v.Identity, first.Identity)
	}
}
