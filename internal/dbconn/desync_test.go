package dbconn_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/representord/representord/internal/dbconn"
)

// A real server never sends an update of a row that it hasn't sent before; this
// one does when it is probed.
func TestConn_AnUpdateThatCannotBeAppliedEndsIt(t *testing.T) {
	t.Parallel()
	var cookie json.RawMessage
	c := dialProbing(t, fakeServer(t, func(m message, out *json.Encoder) bool {
		switch m.Method {
		case "monitor_cond":
			cookie = m.Params[1]
		case "echo":
			unknown := json.RawMessage(`{"Bridge":{"6e7f5f0e-3b43-4a4f-9f0d-3f6a86b4a001":{"modify":{"name":"x"}}}}`)
			return out.Encode(message{Method: "update2", Params: []json.RawMessage{cookie, unknown}}) == nil
		}
		return true
	}), probe)
	monitorBridges(t, c)
	within(t, probe+slack, "Done is closed", c.Done())
	if !errors.Is(c.Err(), dbconn.ErrDesync) {
		t.Errorf("Err() = %v, want ErrDesync", c.Err())
	}
	closeInTime(t, c)
}
