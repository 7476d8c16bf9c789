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

func TestACutEndsAConnectionAndTheNextOneWorks(t *testing.T) {
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

func TestAStallHoldsEverythingBackAndLosesNothing(t *testing.T) {
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
