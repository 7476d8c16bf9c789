//go:build vm && full

package e2e

import (
	"encoding/json"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// state is what ovs-vswitchd says of an interface, and since when.
type state struct {
	ofport, ifindex int
	since           time.Time
}

// opened follows the Interface table of a local database, and notes the time of
// each update as it arrives.
type opened struct {
	mu   sync.Mutex
	rows map[string]state // by netdev name
}

func (o *opened) at(netdev string) state {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.rows[netdev]
}

// tableUpdates is <table-updates> of RFC 7047, 4.1.6, for the Interface table.
type tableUpdates struct {
	Interface map[string]struct {
		New *struct {
			Name    string
			Ofport  any
			IfIndex any
		}
	}
}

func (o *opened) take(u tableUpdates) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, row := range u.Interface {
		if row.New != nil {
			o.rows[row.New.Name] = state{ofport: whole(row.New.Ofport), ifindex: whole(row.New.IfIndex), since: time.Now()}
		}
	}
}

// whole is an optional integer, 0 for none: that is an empty set.
func whole(v any) int {
	n, _ := v.(float64)
	return int(n)
}

// watchOpened follows until the test ends.
func watchOpened(t *testing.T, endpoint string) *opened {
	t.Helper()
	conn, err := net.Dial("unix", strings.TrimPrefix(endpoint, "unix:"))
	if err != nil {
		t.Fatal(err)
	}
	out := json.NewEncoder(conn)
	columns := map[string]any{"columns": []string{"name", "ofport", "ifindex"}}
	err = out.Encode(map[string]any{"id": 1, "method": "monitor", "params": []any{"Open_vSwitch", nil, map[string]any{"Interface": columns}}})
	if err != nil {
		t.Fatal(err)
	}
	o := &opened{rows: map[string]state{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		in := json.NewDecoder(conn)
		for {
			var message struct {
				ID     any
				Method string
				Params json.RawMessage
				Result json.RawMessage
			}
			if in.Decode(&message) != nil {
				return
			}
			var updates tableUpdates
			switch message.Method {
			case "echo":
				_ = out.Encode(map[string]any{"id": message.ID, "result": message.Params, "error": nil})
			case "update":
				params := []any{nil, &updates}
				if json.Unmarshal(message.Params, &params) == nil {
					o.take(updates)
				}
			default:
				if json.Unmarshal(message.Result, &updates) == nil {
					o.take(updates)
				}
			}
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return o
}
