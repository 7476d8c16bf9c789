package dbconn_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/test/servers"
)

func TestServerID_IsThatOfTheProcess(t *testing.T) {
	one, other := servers.OpenVSwitch(t), servers.OpenVSwitch(t)
	idOf := func(endpoint string) string {
		id, err := dial(t, endpoint).ServerID(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first, again, another := idOf(one.Endpoint), idOf(one.Endpoint), idOf(other.Endpoint)
	if first != again || first == another {
		t.Errorf("two connections to one server: %s and %s; to another: %s", first, again, another)
	}
}

func TestServerID_OfAServerThatDoesNotKnowIsAnErrorToDecideOn(t *testing.T) {
	c := dial(t, fakeServer(t, func(m message, out *json.Encoder) bool {
		if m.Method == "get_server_id" {
			_ = out.Encode(map[string]any{"id": m.ID, "result": nil, "error": "unknown method"})
			return false
		}
		return true
	}))
	if _, err := c.ServerID(t.Context()); !errors.Is(err, dbconn.ErrUnknownMethod) {
		t.Errorf("ServerID: %v, want ErrUnknownMethod", err)
	}
}

func TestLock_IsTheNextConnectionsWhenItsHolderGoes(t *testing.T) {
	d := servers.OpenVSwitch(t)
	first, second := dial(t, d.Endpoint), dial(t, d.Endpoint)
	told := make(chan struct{}, 8)
	second.OnChange(func() { told <- struct{}{} })
	for _, c := range []*dbconn.Conn{first, second} {
		if err := c.Lock(t.Context(), "representord"); err != nil {
			t.Fatal(err)
		}
	}
	if !first.Locked("representord") || second.Locked("representord") {
		t.Fatalf("two hold or wait for one lock: %v, %v, want true, false", first.Locked("representord"), second.Locked("representord"))
	}
	if err := first.Lock(t.Context(), "representord"); err == nil {
		t.Error("a lock was asked for twice on one connection")
	}
	first.Close()
	if first.Locked("representord") {
		t.Error("a closed connection has its lock")
	}
	<-told
	if !second.Locked("representord") {
		t.Error("the second was told of a change, and has no lock")
	}
}

func TestLock_AConnectionHasSeveralAndGivesOneUpAlone(t *testing.T) {
	d := servers.OpenVSwitch(t)
	first, second := dial(t, d.Endpoint), dial(t, d.Endpoint)
	told := make(chan struct{}, 8)
	second.OnChange(func() { told <- struct{}{} })
	for _, name := range []string{"one", "two"} {
		if err := first.Lock(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.Lock(t.Context(), "two"); err != nil {
		t.Fatal(err)
	}
	if !first.Locked("one") || !first.Locked("two") || second.Locked("two") {
		t.Fatalf("the first has %v, %v; the second %v", first.Locked("one"), first.Locked("two"), second.Locked("two"))
	}
	if err := first.Unlock(t.Context(), "two"); err != nil {
		t.Fatal(err)
	}
	<-told
	if !first.Locked("one") || first.Locked("two") || !second.Locked("two") {
		t.Errorf("then the first has %v, %v; the second %v", first.Locked("one"), first.Locked("two"), second.Locked("two"))
	}
	if err := first.Lock(t.Context(), "two"); err != nil || first.Locked("two") {
		t.Errorf("asked for again: %v, %v", err, first.Locked("two"))
	}
}
