package ovn

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/test/servers"
)

const (
	ourUUID     = "11111111-1111-4111-8111-111111111111"
	anotherUUID = "22222222-2222-4222-8222-222222222222"
	rowUUID     = "33333333-3333-4333-8333-333333333333"
)

// southboundModel is what a connection to a Southbound of the installed schema reads rows by.
func southboundModel(tb testing.TB) model.DatabaseModel {
	tb.Helper()
	b, err := os.ReadFile(servers.SchemaOVNSouthbound)
	if err != nil {
		tb.Fatal(err)
	}
	m, err := Schema{Additional: true}.model()
	if err != nil {
		tb.Fatal(err)
	}
	return databaseModel(tb, b, m)
}

// serverModel is the same of a server's word about itself, vswitchd's _server.ovsschema.
func serverModel(tb testing.TB) model.DatabaseModel {
	tb.Helper()
	m, err := model.NewClientDBModel(serverDatabase, map[string]model.Model{tableDatabase: &ServerState{}})
	if err != nil {
		tb.Fatal(err)
	}
	return databaseModel(tb, []byte(`{"name":"_Server","version":"1.2.0","tables":{"Database":{"columns":{
		"name":{"type":"string"},
		"model":{"type":{"key":{"type":"string","enum":["set",["standalone","clustered","relay"]]}}},
		"connected":{"type":"boolean"},"leader":{"type":"boolean"},
		"cid":{"type":{"key":{"type":"uuid"},"min":0,"max":1}},
		"index":{"type":{"key":{"type":"integer"},"min":0,"max":1}}}}}}`), m)
}

func databaseModel(tb testing.TB, schema []byte, m model.ClientDBModel) model.DatabaseModel {
	tb.Helper()
	var s ovsdb.DatabaseSchema
	if err := json.Unmarshal(schema, &s); err != nil {
		tb.Fatal(err)
	}
	db, errs := model.NewDatabaseModel(s, m)
	if len(errs) > 0 {
		tb.Fatal(errs)
	}
	return db
}

// schemaWithout is the installed Southbound schema without a column.
func schemaWithout(tb testing.TB, table, column string) []byte {
	tb.Helper()
	var schema map[string]any
	b, err := os.ReadFile(servers.SchemaOVNSouthbound)
	if err == nil {
		err = json.Unmarshal(b, &schema)
	}
	if err != nil {
		tb.Fatal(err)
	}
	inner := schema
	for _, key := range []string{"tables", table, "columns"} {
		var ok bool
		if inner, ok = inner[key].(map[string]any); !ok {
			tb.Fatalf("the schema has no %s", key)
		}
	}
	delete(inner, column)
	if b, err = json.Marshal(schema); err != nil {
		tb.Fatal(err)
	}
	return b
}

func readPort(db model.DatabaseModel, r ovsdb.Row) (*PortBinding, error) {
	op := RowsWhere(TablePortBinding, nil, append(Schema{Additional: true}.PortColumns(), "chassis")...)
	m, err := readRow(db, op, r)
	return AsPortBinding(m), err
}

func TestRow_IsReadInEveryFormThatTheProtocolHas(t *testing.T) {
	for name, c := range map[string]struct {
		json string
		want *PortBinding
	}{
		"sets of one element are written like plain values": {
			`{"logical_port":"lp","type":"","parent_port":"pp","options":["map",[["a","b"]]],
			  "requested_chassis":["uuid","` + ourUUID + `"],"requested_additional_chassis":["uuid","` + anotherUUID + `"],"up":true,"mac":"a",
			  "chassis":["uuid","` + anotherUUID + `"]}`,
			&PortBinding{
				LogicalPort: "lp", ParentPort: new("pp"), Options: map[string]string{"a": "b"}, RequestedChassis: new(ourUUID),
				RequestedAdditional: []string{anotherUUID}, Chassis: new(anotherUUID), Up: new(true), MAC: []string{"a"},
			},
		},
		"sets of one element may be written as sets": {
			`{"logical_port":"lp","type":"x","parent_port":["set",[""]],"options":["map",[]],
			  "requested_chassis":["set",[["uuid","` + ourUUID +
				`"]]],"requested_additional_chassis":["set",[]],"up":["set",[false]],"mac":["set",["a","b"]],"chassis":["set",[]]}`,
			&PortBinding{LogicalPort: "lp", Type: "x", ParentPort: new(""), Options: map[string]string{}, RequestedChassis: new(ourUUID),
				RequestedAdditional: []string{}, Up: new(false), MAC: []string{"a", "b"}},
		},
		"empty sets": {
			`{"logical_port":"lp","type":"","parent_port":["set",[]],"options":["map",[]],
			  "requested_chassis":["set",[]],"requested_additional_chassis":["set",[["uuid","` + ourUUID + `"],["uuid","` + anotherUUID + `"]]],
			  "up":["set",[]],"mac":["set",[]],"chassis":["set",[]]}`,
			&PortBinding{LogicalPort: "lp", Options: map[string]string{}, RequestedAdditional: []string{ourUUID, anotherUUID}, MAC: []string{}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var r ovsdb.Row
			if err := json.Unmarshal([]byte(c.json), &r); err != nil {
				t.Fatal(err)
			}
			r["_uuid"] = ovsdb.UUID{GoUUID: rowUUID}
			c.want.UUID = rowUUID
			got, err := readPort(southboundModel(t), r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRow_WithAColumnThatIsNotWhatTheSchemaSaysIsRefused(t *testing.T) {
	good := ovsdb.Row{
		"logical_port": "lp", "type": "", "parent_port": ovsdb.OvsSet{}, "options": ovsdb.OvsMap{},
		"requested_chassis": ovsdb.OvsSet{}, "requested_additional_chassis": ovsdb.OvsSet{}, "up": false, "mac": ovsdb.OvsSet{},
		"chassis": ovsdb.OvsSet{}, "_uuid": ovsdb.UUID{GoUUID: rowUUID},
	}
	db := southboundModel(t)
	if _, err := readPort(db, good); err != nil {
		t.Fatalf("a good row: %v", err)
	}
	for column := range good {
		for _, bad := range []any{nil, 3.5, ovsdb.OvsSet{GoSet: []any{1.0, "x"}}, ovsdb.OvsMap{GoMap: map[any]any{"a": 1.0}}} {
			r := ovsdb.Row{}
			for k, v := range good {
				r[k] = v
			}
			r[column] = bad
			if bad == nil {
				delete(r, column)
			}
			if got, err := readPort(db, r); err == nil {
				t.Errorf("%s = %v was read as %+v", column, bad, got)
			}
		}
	}
}

func TestPortBinding2203_IsReadFromASchemaThatLacksTheColumnAndIsAPortBinding(t *testing.T) {
	m, err := Schema{}.model()
	if err != nil {
		t.Fatal(err)
	}
	db := databaseModel(t, schemaWithout(t, TablePortBinding, ColumnAdditional), m)
	row, err := readRow(db, RowsWhere(TablePortBinding, nil, Schema{}.PortColumns()...), ovsdb.Row{
		"logical_port": "lp", "type": "", "parent_port": ovsdb.OvsSet{}, "options": ovsdb.OvsMap{GoMap: map[any]any{"a": "b"}},
		"requested_chassis": ovsdb.UUID{GoUUID: ourUUID}, "up": true, "mac": "m", "_uuid": ovsdb.UUID{GoUUID: rowUUID},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &PortBinding{UUID: rowUUID, LogicalPort: "lp", Options: map[string]string{"a": "b"}, RequestedChassis: new(ourUUID),
		Up: new(true), MAC: []string{"m"}}
	if diff := cmp.Diff(want, AsPortBinding(row)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, is := row.(*PortBinding2203); !is {
		t.Errorf("it is a %T", row)
	}
}

func TestPortBinding_AClonedRowSharesNothing(t *testing.T) {
	original := func() *PortBinding {
		return &PortBinding{UUID: rowUUID, LogicalPort: "lp", Type: "t", ParentPort: new("p"), Options: map[string]string{"a": "b"},
			RequestedChassis: new(ourUUID), RequestedAdditional: []string{anotherUUID}, Chassis: new(anotherUUID), Up: new(true),
			MAC: []string{"m"}}
	}
	for _, row := range []model.Model{original(), (*PortBinding2203)(original())} {
		p := AsPortBinding(row)
		into := model.Model(&PortBinding{})
		if _, old := row.(*PortBinding2203); old {
			into = &PortBinding2203{}
		}
		model.CloneInto(row, into)
		for _, m := range []model.Model{model.Clone(row), into} {
			c := AsPortBinding(m)
			if diff := cmp.Diff(p, c); diff != "" {
				t.Fatalf("%T: (-want +got)\n%s", row, diff)
			}
			*c.ParentPort, c.Options["a"], *c.RequestedChassis, c.RequestedAdditional[0] = "x", "x", "x", "x"
			*c.Chassis, *c.Up, c.MAC[0] = "x", false, "x"
			if diff := cmp.Diff(original(), p); diff != "" {
				t.Errorf("%T: (-want +got)\n%s", row, diff)
			}
		}
	}
}

// decodeRow reads a row as the library does. Its decoder indexes into arrays that a
// server never leaves empty; such texts are not rows.
func decodeRow(text string) (r ovsdb.Row, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	err := json.Unmarshal([]byte(text), &r)
	return r, err == nil
}

// A row of a server, whatever it holds, is read as its columns have it, or not at all.
func FuzzReadPort(f *testing.F) {
	f.Add(`{"logical_port":"lp","type":"","parent_port":["set",[]],"options":["map",[["vif-plug-type","representor"]]],
		"requested_chassis":["uuid","` + ourUUID + `"],"requested_additional_chassis":["set",[]],"up":true,"mac":"a"}`)
	f.Add(`{"logical_port":"lp","type":"","parent_port":["set",[""]],"options":["map",[["vif-plug-type","representor"],
		["requested-chassis","a,dpu1"]]],"requested_chassis":["set",[]],
		"requested_additional_chassis":["set",[]],"up":["set",[]],"mac":["set",[]]}`)
	f.Add(`{"logical_port":7,"options":["set",[["map",[]]]],"up":["uuid","x"]}`)
	db := southboundModel(f)
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := decodeRow(text)
		if !ok {
			return
		}
		// Rows that were tried once don't have these.
		r["_uuid"], r["chassis"] = ovsdb.UUID{GoUUID: rowUUID}, ovsdb.OvsSet{}
		if r["mac"] == nil {
			r["mac"] = ovsdb.OvsSet{}
		}
		p, err := readPort(db, r)
		if err != nil {
			return
		}
		if port, plain := r["logical_port"].(string); !plain || port != p.LogicalPort || p.UUID != rowUUID {
			t.Errorf("%v was read as %+v", r, p)
		}
		if up, plain := r["up"].(bool); plain && (p.Up == nil || *p.Up != up) {
			t.Errorf("up %v was read as %v", up, p.Up)
		}
	})
}

// What a server says of itself is read as it is said, or not at all: no row makes
// a server connected, or further in its log, than its columns have it.
func FuzzReadState(f *testing.F) {
	f.Add(`{"model":"clustered","connected":true,"leader":false,"cid":["uuid","` + ourUUID + `"],"sid":["uuid","` + ourUUID + `"],"index":17}`)
	f.Add(`{"model":"standalone","connected":true,"leader":true,"cid":["set",[]],"sid":["set",[]],"index":["set",[]]}`)
	f.Add(`{"model":"relay","connected":["set",[false]],"leader":1,"cid":["map",[]],"sid":["set",[["uuid",""]]],"index":1e300}`)
	f.Add(`{"model":"clustered","connected":true,"leader":true,"cid":["set",[["uuid","a"],["uuid","b"]]],"sid":"x","index":-1.5}`)
	db := serverModel(f)
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := decodeRow(text)
		// Package dbconn lets no null through, on which the library panics.
		if !ok || strings.Contains(text, "null") {
			return
		}
		r["_uuid"] = ovsdb.UUID{GoUUID: rowUUID}
		m, err := readRow(db, stateOf(Database), r)
		if err != nil {
			return
		}
		st, ok := m.(*ServerState)
		if !ok {
			t.Fatalf("a row of %s is a %T", tableDatabase, m)
		}
		if connected, plain := r["connected"].(bool); plain && connected != st.Connected {
			t.Errorf("connected %v was read as %v", connected, st.Connected)
		}
		if index, plain := r["index"].(float64); plain && (st.Index == nil || float64(*st.Index) != index) {
			t.Errorf("index %v was read as %v", index, st.Index)
		}
	})
}
