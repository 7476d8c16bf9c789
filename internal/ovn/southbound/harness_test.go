package southbound

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/test/leaks"
	"github.com/representord/representord/test/servers"
)

func TestMain(m *testing.M) { leaks.Main(m) }

const (
	// probe is for tests of servers that hang. A connection that is probed so often dies of
	// a machine that leaves its server, or us, without a processor for as long.
	probe = 5 * time.Second
	// slack is what a busy machine may add to any bound.
	slack = 30 * time.Second
	// patience is for what must happen, and happens at once on a machine with nothing else to do.
	patience = time.Minute
	hostname = "dpu1.example.org"
)

// dpu1 is a chassis whose servers may be as slow as they like.
func dpu1(remotes ...string) Config {
	return Config{Chassis: "dpu1", Hostname: hostname, Servers: ovn.Servers{Remotes: remotes, Probe: time.Hour}}
}

// probing is dpu1 when it is about servers that hang.
func probing(remotes ...string) Config {
	c := dpu1(remotes...)
	c.Probe = probe
	return c
}

// follower is a Watcher that runs until its test ends.
type follower struct {
	*Watcher
	t testing.TB
	// changed gets one element after View has changed.
	changed retry.Poke
}

func follow(tb testing.TB, c Config) *follower {
	tb.Helper()
	return followDoubting(tb, c, time.Second)
}

// followDoubting follows, and doubts a relay for so long.
func followDoubting(tb testing.TB, c Config, relays time.Duration) *follower {
	tb.Helper()
	f := &follower{t: tb, changed: retry.NewPoke()}
	f.Watcher = New(Options{Notify: f.changed.Wake})
	f.relayDoubt = relays
	f.Configure(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				tb.Errorf("Run returned %v", err)
			}
		case <-time.After(patience):
			tb.Error("Run doesn't return when its context ends")
		}
	})
	return f
}

// until waits for a view, as long as patience lasts.
func (f *follower) until(what string, is func(View) bool) View {
	f.t.Helper()
	deadline := time.After(patience)
	for {
		v := f.View()
		if is(v) {
			return v
		}
		select {
		case <-f.changed:
		case <-deadline:
			f.t.Fatalf("waited in vain until %s; the view: %+v", what, v)
		}
	}
}

func ready(v View) bool { return v.Complete && v.Connected }

func (f *follower) untilReady() View {
	f.t.Helper()
	return f.until("the view is complete", func(v View) bool { return ready(v) && v.ChassisKnown })
}

// untilDispositions waits until the view is complete and has exactly these bindings.
func (f *follower) untilDispositions(want map[string]Disposition) View {
	f.t.Helper()
	return f.until("the dispositions are "+cmp.Diff(map[string]Disposition{}, want), func(v View) bool {
		return ready(v) && cmp.Equal(want, dispositions(v.Bindings))
	})
}

func dispositions(bindings map[string]Binding) map[string]Disposition {
	out := map[string]Disposition{}
	for port, b := range bindings {
		out[port] = b.Disposition
	}
	return out
}

func (f *follower) verify(ports ...string) Verdict {
	f.t.Helper()
	v, err := f.Verify(f.t.Context(), ports)
	if err != nil {
		f.t.Fatal(err)
	}
	return v
}

// writer changes a Southbound that no ovn-northd looks after.
type writer struct {
	t        testing.TB
	conn     *dbconn.Conn
	datapath ovsdb.UUID
	key      int
}

// southbound starts a Southbound with an SB_Global row, a datapath and the row of
// chassis dpu1.
func southbound(tb testing.TB, options ...string) (*servers.OVSDB, *writer) {
	tb.Helper()
	return southboundOf(tb, servers.SchemaOVNSouthbound, options...)
}

func southboundOf(tb testing.TB, schema string, options ...string) (*servers.OVSDB, *writer) {
	tb.Helper()
	d := servers.NewOVSDB(tb, "sb", schema, options...)
	w := write(tb, d.Endpoint)
	w.insert("SB_Global", ovsdb.Row{"ipsec": false})
	w.chassis("dpu1")
	return d, w
}

func write(tb testing.TB, endpoint string) *writer {
	tb.Helper()
	w := &writer{t: tb}
	w.reconnect(endpoint)
	w.datapath = w.insert("Datapath_Binding", ovsdb.Row{"tunnel_key": 1})
	return w
}

func (w *writer) reconnect(endpoint string) {
	w.t.Helper()
	m, err := model.NewClientDBModel(ovn.Database, map[string]model.Model{})
	if err != nil {
		w.t.Fatal(err)
	}
	servers.Until(w.t, "the Southbound can be written to", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), slack)
		defer cancel()
		w.conn, err = dbconn.Dial(ctx, m, dbconn.Options{Endpoint: endpoint, Probe: time.Hour})
		return err == nil
	})
	w.t.Cleanup(w.conn.Close)
}

func (w *writer) transact(ops ...ovsdb.Operation) []ovsdb.OperationResult {
	w.t.Helper()
	results, err := w.conn.Transact(context.Background(), ops...)
	if err != nil {
		w.t.Fatal(err)
	}
	if problems, err := ovsdb.CheckOperationResults(results, ops); err != nil {
		w.t.Fatalf("%v: %v", err, problems)
	}
	return results
}

func insert(table string, r ovsdb.Row) ovsdb.Operation {
	return ovsdb.Operation{Op: ovsdb.OperationInsert, Table: table, Row: r}
}

func (w *writer) insert(table string, r ovsdb.Row) ovsdb.UUID {
	w.t.Helper()
	return ovsdb.UUID{GoUUID: w.transact(insert(table, r))[0].UUID.GoUUID}
}

func where(table, column, value string) ovsdb.Operation {
	return ovsdb.Operation{Table: table, Where: []ovsdb.Condition{ovsdb.NewCondition(column, ovsdb.ConditionEqual, value)}}
}

func (w *writer) update(port string, r ovsdb.Row) {
	w.t.Helper()
	op := where(ovn.TablePortBinding, "logical_port", port)
	op.Op, op.Row = ovsdb.OperationUpdate, r
	w.transact(op)
}

func (w *writer) remove(port string) {
	w.t.Helper()
	op := where(ovn.TablePortBinding, "logical_port", port)
	op.Op = ovsdb.OperationDelete
	w.transact(op)
}

// newChassis are the operations that add a Chassis row, the second one's uuid.
func newChassis(name string) []ovsdb.Operation {
	encap := insert("Encap", ovsdb.Row{"type": "geneve", "ip": name, "chassis_name": name})
	encap.UUIDName = "encap"
	row := insert("Chassis", ovsdb.Row{"name": name, "encaps": ovsdb.UUID{GoUUID: "encap"}})
	return []ovsdb.Operation{encap, row}
}

func (w *writer) chassis(name string) ovsdb.UUID {
	w.t.Helper()
	return ovsdb.UUID{GoUUID: w.transact(newChassis(name)...)[1].UUID.GoUUID}
}

// us is the row of chassis dpu1.
func (w *writer) us() ovsdb.UUID {
	w.t.Helper()
	for _, row := range w.transact(chassisNamed("dpu1"))[0].Rows {
		if uuid, ok := row["_uuid"].(ovsdb.UUID); ok {
			return uuid
		}
	}
	w.t.Fatal("no chassis dpu1")
	return ovsdb.UUID{}
}

// port is a Port_Binding row that asks for a VF's representor.
func (w *writer) port(name string, requested any, options map[string]string) ovsdb.Row {
	w.t.Helper()
	w.key++
	all := map[any]any{
		"vif-plug-type": "representor", "vif-plug:representor:pf-mac": "00:53:00:00:00:42", "vif-plug:representor:vf-num": "3",
	}
	for k, v := range options {
		all[k] = v
	}
	r := ovsdb.Row{
		"logical_port": name, "datapath": w.datapath, "tunnel_key": w.key, "type": "", "options": ovsdb.OvsMap{GoMap: all},
	}
	if requested != nil {
		r["requested_chassis"] = requested
	}
	return r
}

func (w *writer) add(name string, requested any, options map[string]string) {
	w.t.Helper()
	w.insert("Port_Binding", w.port(name, requested, options))
}
