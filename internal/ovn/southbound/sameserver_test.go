package southbound

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/test/servers"
)

// balancer is one address of several servers: each connection goes to the next.
type balancer struct {
	endpoint string
	mu       sync.Mutex
	servers  []*servers.OVSDB
	next     int
	conns    []net.Conn
	carrying sync.WaitGroup
}

func startBalancer(t *testing.T, behind ...*servers.OVSDB) *balancer {
	t.Helper()
	path := filepath.Join(servers.Dir(t), "vip")
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{endpoint: "unix:" + path, servers: behind}
	b.carrying.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.carry(c)
		}
	})
	t.Cleanup(func() { _ = l.Close(); b.dealTo(); b.carrying.Wait() })
	return b
}

func (b *balancer) carry(in net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.servers) == 0 {
		_ = in.Close()
		return
	}
	out, err := net.Dial("unix", strings.TrimPrefix(b.servers[b.next%len(b.servers)].Endpoint, "unix:"))
	b.next++
	if err != nil {
		_ = in.Close()
		return
	}
	b.conns = append(b.conns, in, out)
	b.carrying.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
	b.carrying.Go(func() { _, _ = io.Copy(in, out); _ = in.Close() })
}

// dealTo breaks all connections, and deals those to come to these servers.
func (b *balancer) dealTo(behind ...*servers.OVSDB) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.servers, b.next = behind, 0
	for _, c := range b.conns {
		_ = c.Close()
	}
	b.conns = nil
}

// dealNext leaves connections alone, and deals those to come to these servers.
func (b *balancer) dealNext(behind ...*servers.OVSDB) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.servers, b.next = behind, 0
}

func TestVerify_OneServerDoesNotVouchForAnotherBehindOneAddress(t *testing.T) {
	c := servers.NewCluster(t, "sb", servers.SchemaOVNSouthbound, 3)
	leader := c.Leader(t)
	w := write(t, leader.Endpoint)
	w.insert("SB_Global", ovsdb.Row{"ipsec": false})
	w.chassis("dpu1")
	w.add("old", w.us(), nil)
	alone := c.Follower(t)
	b := startBalancer(t, leader)
	f := follow(t, dpu1(b.endpoint))
	f.untilDispositions(map[string]Disposition{"old": Asked})
	servers.Until(t, "the follower has the port", func() bool {
		return strings.Contains(alone.Tool(t, "ovsdb-client", "dump", alone.Endpoint, ovn.Database, ovn.TablePortBinding), "old")
	})
	// The member goes on to answer its clients with what it had.
	c.CutOff(t, alone)
	w.remove("old")
	w.add("new", w.us(), nil)
	f.untilDispositions(map[string]Disposition{"new": Asked})
	servers.Until(t, "the member knows that it is cut off", func() bool {
		return strings.Contains(alone.Tool(t, "ovsdb-client", "dump", alone.Endpoint, "_Server", "Database", "connected"), "false")
	})

	b.dealTo(leader, alone, alone, alone, alone, alone) // to all of a session's tries
	v := f.until("two servers are told from one, or one was believed", func(v View) bool {
		_, stale := v.Bindings["old"]
		return stale || !v.Connected && strings.Contains(v.Problem, "two servers answer under this address")
	})
	if _, stale := v.Bindings["old"]; stale {
		t.Errorf("a member that is cut off was believed on another's word: %+v", v)
	}
	if verdict, err := f.Verify(t.Context(), []string{"old", "new"}); err == nil {
		t.Errorf("the verdict of two servers: %+v", verdict)
	}
	// In turn, which is what balancers do, one of the tries ends where it should.
	b.dealTo(leader, alone)
	f.untilDispositions(map[string]Disposition{"new": Asked})
}

func TestVerify_OneServerDoesNotVouchForAnotherThatIsAskedForManyPorts(t *testing.T) {
	c := servers.NewCluster(t, "sb", servers.SchemaOVNSouthbound, 3)
	leader := c.Leader(t)
	w := write(t, leader.Endpoint)
	w.insert("SB_Global", ovsdb.Row{"ipsec": false})
	us := w.chassis("dpu1")
	var ports []string
	for i := range 2 * maxScans {
		ports = append(ports, fmt.Sprint("old", i))
		w.add(ports[i], us, nil)
	}
	alone := c.Follower(t)
	servers.Until(t, "the follower has the ports", func() bool {
		return strings.Contains(alone.Tool(t, "ovsdb-client", "dump", alone.Endpoint, ovn.Database, ovn.TablePortBinding), ports[len(ports)-1])
	})
	c.CutOff(t, alone)
	for _, port := range ports {
		w.remove(port)
	}
	w.add("new", us, nil)
	b := startBalancer(t, leader)
	f := follow(t, dpu1(b.endpoint))
	f.untilDispositions(map[string]Disposition{"new": Asked})
	b.dealNext(alone)
	verdict, err := f.Verify(t.Context(), ports)
	for _, port := range ports {
		if err == nil && verdict.Bindings[port].Disposition != Gone {
			t.Fatalf("port %s, on the word of a member that is cut off: %s", port, verdict.Bindings[port].Why)
		}
	}
	b.dealNext(leader)
	if got := dispositions(f.verify(ports...).Bindings); got[ports[0]] != Gone {
		t.Errorf("by the server that is followed: %v", got)
	}
}
