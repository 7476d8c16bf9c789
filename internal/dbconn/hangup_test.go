package dbconn_test

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/test/servers"
)

// hangsUp answers everybody who connects as a server does, until it has answered that question.
func hangsUp(t *testing.T, after string) (endpoint string) {
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
	serve := func(c net.Conn) {
		defer func() { _ = c.Close() }()
		in, out := json.NewDecoder(c), json.NewEncoder(c)
		for {
			var m message
			if in.Decode(&m) != nil || out.Encode(m.reply(schema)) != nil || m.Method == after {
				return
			}
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "unix:" + path
}

// The library is told of the end when it has made its connection, not while it does: its
// goroutines are still being started then.
func TestDial_AServerThatHangsUpMeanwhileEndsItAtOnce(t *testing.T) {
	for _, question := range []string{"list_dbs", "get_schema"} {
		endpoint := hangsUp(t, question)
		made := 0
		for range 100 {
			c, err := dbconn.Dial(t.Context(), bridgeModel(t), dbconn.Options{Endpoint: endpoint, Probe: patient})
			if err != nil {
				if !errors.Is(err, dbconn.ErrPeerClosed) {
					t.Fatalf("a server that hangs up after %s: %v, want ErrPeerClosed", question, err)
				}
				continue
			}
			made++
			<-c.Done()
			if err := c.Err(); !errors.Is(err, dbconn.ErrPeerClosed) {
				t.Errorf("after %s it died of %v", question, err)
			}
			c.Close()
		}
		if question == "list_dbs" && made > 0 {
			t.Errorf("%d connections to a server that never gave its schema", made)
		}
	}
}
