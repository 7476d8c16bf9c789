package chaos

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/representord/representord/test/rawdb"
	"github.com/representord/representord/test/servers"
)

func through(t *testing.T) (*proxy, *rawdb.Conn) {
	t.Helper()
	p, err := newProxy(t.Context(), filepath.Join(servers.Dir(t), "proxy.sock"), servers.OpenVSwitch(t).Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	c, err := rawdb.Dial(t.Context(), p.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if _, err := c.Transact(t.Context(), "Open_vSwitch"); err != nil {
		t.Fatal(err)
	}
	return p, c
}

func TestProxy_ACutEndsAConnectionAndTheNextOneWorks(t *testing.T) {
	p, c := through(t)
	p.cut()
	<-c.Done()
	again, err := rawdb.Dial(t.Context(), p.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.Transact(t.Context(), "Open_vSwitch"); err != nil {
		t.Error(err)
	}
}

func TestProxy_AStallHoldsEverythingBackAndLosesNothing(t *testing.T) {
	p, c := through(t)
	p.stall()
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.Transact(short, "Open_vSwitch"); err == nil {
		t.Error("an answer came through a connection that stalls")
	}
	p.resume()
	if _, err := c.Transact(t.Context(), "Open_vSwitch"); err != nil {
		t.Error(err)
	}
}

func TestProxy_ASlowServersAnswersComeLateAndInOrder(t *testing.T) {
	p, c := through(t)
	const late = 300 * time.Millisecond
	p.slow(late)
	began := time.Now()
	for range 2 {
		if _, err := c.Transact(t.Context(), "Open_vSwitch"); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 2*late {
		t.Errorf("two answers took %v, want each %v at least", took, late)
	}
	p.resume()
	began = time.Now()
	if _, err := c.Transact(t.Context(), "Open_vSwitch"); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took >= late {
		t.Errorf("it is slow still: %v", took)
	}
}

func TestProxy_ConnectionsAreDealtToTheServersInTurn(t *testing.T) {
	a, b := servers.OpenVSwitch(t), servers.OpenVSwitch(t)
	a.Ctl(t, "add-br", "br-a")
	p, err := newProxy(t.Context(), filepath.Join(servers.Dir(t), "proxy.sock"), a.Endpoint+","+b.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	for i, want := range []int{1, 0, 1, 0} {
		c, err := rawdb.Dial(t.Context(), p.endpoint)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		results, err := c.Transact(t.Context(), "Open_vSwitch",
			rawdb.Operation{"op": "select", "table": "Bridge", "where": []any{}, "columns": []string{"name"}})
		if err != nil || len(results[0].Rows) != want {
			t.Errorf("connection %d: %d bridges, %v; want %d", i, len(results[0].Rows), err, want)
		}
	}
}

func TestProxy_AStrangerAnswersAtTheServersAddress(t *testing.T) {
	p, c := through(t)
	p.answers("HTTP/1.1 400 Bad Request\r\n\r\n")
	<-c.Done()
	if again, err := rawdb.Dial(t.Context(), p.endpoint); err == nil {
		if _, err := again.Transact(t.Context(), "Open_vSwitch"); err == nil {
			t.Error("the server answers")
		}
		again.Close()
	}
	p.answers("")
	again, err := rawdb.Dial(t.Context(), p.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(again.Close)
	if _, err := again.Transact(t.Context(), "Open_vSwitch"); err != nil {
		t.Error(err)
	}
}
