package ovn

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

func TestARowIsReadInEveryFormThatTheProtocolHas(t *testing.T) {
	for name, c := range map[string]struct {
		json string
		want row
	}{
		"sets of one element are written like plain values": {
			`{"logical_port":"lp","type":"","parent_port":"pp","options":["map",[["a","b"]]],
			  "requested_chassis":["uuid","` + ourUUID + `"],"requested_additional_chassis":["uuid","` + anotherUUID + `"],"up":true,"mac":"a"}`,
			row{
				LogicalPort: "lp", ParentPort: "pp", Options: map[string]string{"a": "b"}, RequestedChassis: ourUUID,
				RequestedAdditional: []string{anotherUUID}, Up: true, MAC: []string{"a"},
			},
		},
		"sets of one element may be written as sets": {
			`{"logical_port":"lp","type":"x","parent_port":["set",[""]],"options":["map",[]],
			  "requested_chassis":["set",[["uuid","` + ourUUID +
				`"]]],"requested_additional_chassis":["set",[]],"up":["set",[false]],"mac":["set",["a","b"]]}`,
			row{LogicalPort: "lp", Type: "x", Options: map[string]string{}, RequestedChassis: ourUUID, MAC: []string{"a", "b"}},
		},
		"empty sets": {
			`{"logical_port":"lp","type":"","parent_port":["set",[]],"options":["map",[]],
			  "requested_chassis":["set",[]],"requested_additional_chassis":["set",[["uuid","` + ourUUID + `"],["uuid","` + anotherUUID + `"]]],
			  "up":["set",[]],"mac":["set",[]]}`,
			row{LogicalPort: "lp", Options: map[string]string{}, RequestedAdditional: []string{ourUUID, anotherUUID}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var r ovsdb.Row
			if err := json.Unmarshal([]byte(c.json), &r); err != nil {
				t.Fatal(err)
			}
			got, err := parseRow(r, true)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestARowWithAColumnThatIsNotWhatTheSchemaSaysIsRefused(t *testing.T) {
	good := ovsdb.Row{
		"logical_port": "lp", "type": "", "parent_port": ovsdb.OvsSet{}, "options": ovsdb.OvsMap{},
		"requested_chassis": ovsdb.OvsSet{}, "requested_additional_chassis": ovsdb.OvsSet{}, "up": false, "mac": ovsdb.OvsSet{},
	}
	if _, err := parseRow(good, true); err != nil {
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
			if got, err := parseRow(r, true); err == nil {
				t.Errorf("%s = %v was read as %+v", column, bad, got)
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

// A row of a server, whatever it holds, has a fate, and is asked of us only when
// all that the contract wants is there.
func FuzzJudge(f *testing.F) {
	f.Add(`{"logical_port":"lp","type":"","parent_port":["set",[]],"options":["map",[["vif-plug-type","representor"]]],
		"requested_chassis":["uuid","`+ourUUID+`"],"requested_additional_chassis":["set",[]],"up":true,"mac":"a"}`, ourUUID)
	f.Add(`{"logical_port":"lp","type":"","parent_port":["set",[""]],"options":["map",[["vif-plug-type","representor"],
		["requested-chassis","a,dpu1"]]],"requested_chassis":["set",[]],
		"requested_additional_chassis":["set",[]],"up":["set",[]],"mac":["set",[]]}`, "")
	f.Add(`{"logical_port":7,"options":["set",[["map",[]]]],"up":["uuid","x"]}`, ourUUID)
	f.Fuzz(func(t *testing.T, text, uuid string) {
		r, ok := decodeRow(text)
		if !ok {
			return
		}
		parsed, err := parseRow(r, true)
		if err != nil {
			return
		}
		m := me{Chassis: "dpu1", Hostname: "dpu1.example.org", UUID: uuid}
		b := bind(parsed, m)
		vif := parsed.Type == "" && parsed.ParentPort == "" && parsed.Options["vif-plug-type"] == "representor"
		switch b.Fate {
		case Asked:
			if !vif || uuid == "" || parsed.RequestedChassis != uuid {
				t.Errorf("asked by %+v for %+v", parsed, m)
			}
		case Kept:
			if !vif || parsed.RequestedChassis != "" && !slices.Contains(parsed.RequestedAdditional, uuid) && !m.missing(parsed) {
				t.Errorf("kept by %+v for %+v", parsed, m)
			}
		case Withdrawn:
			if vif && uuid != "" && parsed.RequestedChassis == uuid {
				t.Errorf("withdrawn by %+v for %+v", parsed, m)
			}
		default:
			t.Errorf("fate %d of %+v", b.Fate, parsed)
		}
		if b.LogicalPort != parsed.LogicalPort || len(b.Why) > 300 {
			t.Errorf("binding %+v", b)
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
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := decodeRow(text)
		if !ok {
			return
		}
		st, err := readState(r)
		if err != nil {
			return
		}
		if connected, plain := r["connected"].(bool); plain && connected != st.Connected {
			t.Errorf("connected %v was read as %v", connected, st.Connected)
		}
		if index, plain := r["index"].(float64); plain && (!st.HasIndex || float64(st.Index) != index) {
			t.Errorf("index %v was read as %d, %v", index, st.Index, st.HasIndex)
		}
		newMemory().distrust(st)
	})
}
