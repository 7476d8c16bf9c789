package dbconn_test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/representord/representord/test/servers"
)

// message is a JSON-RPC request, notification or reply.
type message struct {
	Method string            `json:"method,omitempty"`
	Params []json.RawMessage `json:"params,omitempty"`
	ID     any               `json:"id"`
	Result any               `json:"result,omitempty"`
}

// reply is what an ovsdb-server with an empty Open_vSwitch database of that schema answers.
func (m message) reply(schema []byte) message {
	reply := message{ID: m.ID, Result: m.Params}
	switch m.Method {
	case "list_dbs":
		reply.Result = []string{"Open_vSwitch"}
	case "get_schema":
		reply.Result = json.RawMessage(schema)
	case "monitor_cond":
		reply.Result = struct{}{}
	}
	return reply
}

// fakeServer answers as an ovsdb-server with an empty Open_vSwitch database does,
// for what a real one never does. It asks the function first: false ends its
// reading. It returns the endpoint.
func fakeServer(t *testing.T, before func(m message, out *json.Encoder) bool) string {
	t.Helper()
	schema, err := os.ReadFile(servers.SchemaOpenVSwitch)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(servers.Dir(t), "s")
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done, stop := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		in, out := json.NewDecoder(conn), json.NewEncoder(conn)
		for {
			var m message
			if in.Decode(&m) != nil {
				return
			}
			if !before(m, out) {
				<-stop
				return
			}
			if out.Encode(m.reply(schema)) != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = l.Close(); close(stop); <-done })
	return "unix:" + path
}
