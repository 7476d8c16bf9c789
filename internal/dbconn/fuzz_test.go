package dbconn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/test/servers"
)

// kinds is a row with a column of every kind that a library must make sense of.
type kinds struct {
	UUID   string            `ovsdb:"_uuid"`
	Text   string            `ovsdb:"text"`
	Number int               `ovsdb:"number"`
	Maybe  *int              `ovsdb:"maybe"`
	Real   float64           `ovsdb:"real"`
	Truth  *bool             `ovsdb:"truth"`
	Set    []string          `ovsdb:"set"`
	Refs   []string          `ovsdb:"refs"`
	Map    map[string]string `ovsdb:"map"`
	Counts map[string]int    `ovsdb:"counts"`
}

const kindsSchema = `{"name":"Kinds","version":"1.0.0","tables":{"Kinds":{"indexes":[["text","absent"]],"columns":{
"absent":{"type":"string"},"text":{"type":"string"},"number":{"type":"integer"},"maybe":{"type":{"key":"integer","min":0,"max":1}},
"real":{"type":"real"},"truth":{"type":{"key":"boolean","min":0,"max":1}},
"set":{"type":{"key":{"type":"string","enum":["set",["a","b"]]},"min":0,"max":"unlimited"}},
"refs":{"type":{"key":{"type":"uuid","refTable":"Kinds"},"min":0,"max":"unlimited"}},
"map":{"type":{"key":"string","value":"string","min":0,"max":"unlimited"}},
"counts":{"type":{"key":"string","value":"integer","min":0,"max":"unlimited"}}}}}}`

const kindsRow = `{"text":"a","number":1,"maybe":["set",[]],"real":1.5,"truth":true,"set":["set",["a","b"]],` +
	`"refs":["set",[["uuid","` + someRow + `"]]],"map":["map",[["k","v"]]],"counts":["map",[["k",1]]]}`

const kindsUpdates = `{"Kinds":{"` + someRow + `":{"initial":` + kindsRow + `}}}`

// fuzzPatience is how long a server that says too little is waited for.
const fuzzPatience = 50 * time.Millisecond

// scripted answers each question of one connection with what is given for its
// method, "$ID" and "$COOKIE" replaced, and says more after the monitor's answer.
func scripted(t *testing.T, answers map[string][]byte, more []byte) string {
	t.Helper()
	path := filepath.Join(servers.Dir(t), "s")
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		in := json.NewDecoder(c)
		var m message
		for in.Decode(&m) == nil {
			fill := func(b []byte) []byte {
				b = bytes.ReplaceAll(b, []byte("$ID"), fmt.Append(nil, m.ID))
				if len(m.Params) > 1 {
					b = bytes.ReplaceAll(b, []byte("$COOKIE"), m.Params[1])
				}
				return b
			}
			_, _ = c.Write(fill(answers[m.Method]))
			if m.Method == "monitor_cond" {
				_, _ = c.Write(fill(more))
			}
			m = message{}
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "unix:" + path
}

// Whatever a server says, the process lives: there is no assertion but that.
func FuzzRelay(f *testing.F) {
	const (
		databases = `{"id":$ID,"result":["Kinds"],"error":null}`
		schema    = `{"id":$ID,"error":null,"result":` + kindsSchema + `}`
		monitor   = `{"id":$ID,"error":null,"result":` + kindsUpdates + `}`
		results   = `{"id":$ID,"error":null,"result":[{"uuid":["uuid","` + someRow + `"],"rows":[` + kindsRow + `]},null]}`
	)
	update := func(what string) string {
		return `{"method":"update2","id":null,"params":[$COOKIE,{"Kinds":{"` + someRow + `":` + what + `}}]}`
	}
	for _, more := range []string{
		update(`{"modify":{"text":"b","set":["set",["a","c"]],"map":["map",[["k","w"]]],"maybe":2}}`), update(`{"delete":null}`),
		update(`{"modify":{"maybe":[],"map":["map",[[[],1]]]}}`), update(`{}`), update(`null`), update(`{"insert":{"number":null}}`),
		`{"method":"locked","params":["x"],"id":null}`, `{"method":"echo","params":[],"id":"e"}`, `{"error":"404"}`, `[]`, `HTTP/1.1 400`,
	} {
		f.Add([]byte(databases), []byte(schema), []byte(monitor), []byte(results), []byte(more))
	}
	m, err := model.NewClientDBModel("Kinds", map[string]model.Model{"Kinds": &kinds{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, databases, schema, monitor, results, more []byte) {
		answers := map[string][]byte{
			"list_dbs": databases, "get_schema": schema, "monitor_cond": monitor, "transact": results,
			"get_server_id": []byte(`{"id":"$ID","error":null,"result":"` + someRow + `"}`),
		}
		ctx, cancel := context.WithTimeout(t.Context(), fuzzPatience)
		defer cancel()
		c, err := dbconn.Dial(ctx, m, dbconn.Options{Endpoint: scripted(t, answers, more), Probe: patient})
		if err != nil {
			return
		}
		defer c.Close()
		row := &kinds{}
		if c.Monitor(ctx, c.NewMonitor(client.WithTable(row))) != nil {
			return
		}
		_, _ = c.Transact(ctx, comment(1))
		_, _ = c.ServerID(ctx)
	})
}
