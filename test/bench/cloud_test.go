package bench

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/servers"
)

// giveUp bounds every wait.
const giveUp = time.Minute

const pfMAC = "00:53:00:00:00:42"

// vfs is how many VFs the card has.
const vfs = 8

// card is the given index: one host PF, and its VFs with their netdevs.
type card struct{ index *representor.Index }

func newCard() card {
	mac := []byte{0, 0x53, 0, 0, 0, 0x42}
	h := devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}
	c := representor.Card{Complete: true, Links: map[uint32]representor.Link{}}
	c.Ports = append(c.Ports, devlink.Port{
		Handle: h, Type: devlink.TypeEth, Flavour: devlink.FlavourPCIPF, PF: devlink.Some[uint16](0), Function: &devlink.Function{HWAddr: mac},
	})
	for vf := range vfs {
		ifindex := uint32(100 + vf)
		c.Ports = append(c.Ports, devlink.Port{
			Handle: h, Index: ifindex, Type: devlink.TypeEth, Flavour: devlink.FlavourPCIVF,
			PF: devlink.Some[uint16](0), VF: devlink.Some(uint16(vf)), IfIndex: ifindex,
		})
		c.Links[ifindex] = representor.Link{Name: fmt.Sprintf("pf0vf%d", vf), Up: true, MTU: 1500, Settled: true}
	}
	return card{representor.NewIndex(c, representor.Settings{})}
}

func (c card) Index() *representor.Index { return c.index }

func (c card) Confirm(_ context.Context, r representor.Representor) (bool, error) {
	return c.index.Shows(r), nil
}

func (c card) Usurped(_ context.Context, r representor.Representor) (bool, error) {
	return c.index.Usurps(r), nil
}

// LinkUp has nothing to do: all links are up already.
func (c card) LinkUp(context.Context, uint32) error { return nil }

// cloud is the two databases, and our own clients of them.
type cloud struct {
	southbound, local *servers.OVSDB
	sb                *dbconn.Conn
	observer          *observer
	chassis, datapath string
}

// sbGlobal is there because a client needs a model; the writes are raw.
type sbGlobal struct {
	UUID string `ovsdb:"_uuid"`
}

func newCloud(tb testing.TB) *cloud {
	tb.Helper()
	c := &cloud{southbound: servers.NewOVSDB(tb, "sb", servers.SchemaOVNSouthbound), local: servers.OpenVSwitch(tb)}
	c.local.Ctl(tb, "add-br", "br-int")
	m, err := model.NewClientDBModel("OVN_Southbound", map[string]model.Model{"SB_Global": &sbGlobal{}})
	if err != nil {
		tb.Fatal(err)
	}
	c.sb = dial(tb, m, c.southbound.Endpoint)
	c.observer = newObserver(tb, c.local.Endpoint)
	results := transact(tb, c.sb,
		ovsdb.Operation{Op: ovsdb.OperationInsert, Table: "SB_Global", Row: ovsdb.Row{"nb_cfg": 0}},
		ovsdb.Operation{Op: ovsdb.OperationInsert, Table: "Encap", UUIDName: "encap",
			Row: ovsdb.Row{"type": "geneve", "ip": "127.0.0.1", "chassis_name": "dpu1"}},
		ovsdb.Operation{Op: ovsdb.OperationInsert, Table: "Chassis",
			Row: ovsdb.Row{"name": "dpu1", "hostname": "dpu1.example", "encaps": ovsdb.UUID{GoUUID: "encap"}}},
		ovsdb.Operation{Op: ovsdb.OperationInsert, Table: "Datapath_Binding", Row: ovsdb.Row{"tunnel_key": 1}},
	)
	c.chassis, c.datapath = results[2].UUID.GoUUID, results[3].UUID.GoUUID
	return c
}

// startDaemon runs what the daemon runs, and waits until it is in working order.
func (c *cloud) startDaemon(tb testing.TB) {
	tb.Helper()
	log := slog.New(slog.DiscardHandler)
	var reconciler *plug.Reconciler
	poke := func() { reconciler.Poke() }
	watcher := southbound.New(southbound.Options{Log: log, Notify: poke})
	local := ovs.New(ovs.Options{Endpoint: c.local.Endpoint, Probe: time.Hour, Log: log, Notify: poke})
	reconciler = plug.NewReconciler(plug.Config{Southbound: watcher, Switch: local, Devices: newCard(), Grace: -1, Log: log})
	watcher.Configure(southbound.Config{Chassis: "dpu1", Hostname: "dpu1.example",
		Servers: ovn.Servers{Remotes: []string{c.southbound.Endpoint}, Probe: time.Hour}})
	local.SetBridge("br-int")

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 3)
	for _, run := range []func(context.Context) error{watcher.Run, local.Run, reconciler.Run} {
		go func() { ended <- run(ctx) }()
	}
	tb.Cleanup(func() {
		cancel()
		for range 3 {
			if err := <-ended; err != nil && ctx.Err() == nil {
				tb.Error(err)
			}
		}
	})
	servers.Until(tb, "the Southbound is in view", func() bool {
		v := watcher.View()
		return v.Complete && v.Connected && v.ChassisKnown && local.View().Complete
	})
}

// ask writes a request as northd would, and returns the row's uuid.
func (c *cloud) ask(tb testing.TB, lport string, vf, key int) string {
	tb.Helper()
	row := c.binding(lport, key)
	row["requested_chassis"] = ovsdb.UUID{GoUUID: c.chassis}
	row["options"] = ovsMap(tb, map[string]string{
		"requested-chassis": "dpu1", "vif-plug-type": "representor",
		"vif-plug:representor:pf-mac": pfMAC, "vif-plug:representor:vf-num": strconv.Itoa(vf),
	})
	return transact(tb, c.sb, ovsdb.Operation{Op: ovsdb.OperationInsert, Table: "Port_Binding", Row: row})[0].UUID.GoUUID
}

func (c *cloud) binding(lport string, key int) ovsdb.Row {
	return ovsdb.Row{"logical_port": lport, "datapath": ovsdb.UUID{GoUUID: c.datapath}, "tunnel_key": 1 + key%30000}
}

func (c *cloud) withdraw(tb testing.TB, uuid string) {
	tb.Helper()
	transact(tb, c.sb, deletion("Port_Binding", uuid))
}

// twoTransactions is the floor: a row into each database, with no program in
// between. The rows are like those of the real thing.
func (c *cloud) twoTransactions(tb testing.TB, key int) time.Duration {
	tb.Helper()
	start := time.Now()
	sb := transact(tb, c.sb, ovsdb.Operation{Op: ovsdb.OperationInsert, Table: "Port_Binding", Row: c.binding("bare", key)})
	local := transact(tb, c.observer.conn,
		ovsdb.Operation{Op: ovsdb.OperationInsert, Table: "Interface", UUIDName: "i", Row: ovsdb.Row{
			"name": "bare", "external_ids": ovsMap(tb, map[string]string{"iface-id": "bare"}),
		}},
		ovsdb.Operation{Op: ovsdb.OperationInsert, Table: "Port", UUIDName: "p",
			Row: ovsdb.Row{"name": "bare", "interfaces": ovsdb.UUID{GoUUID: "i"}}},
		ovsdb.Operation{
			Op: ovsdb.OperationMutate, Table: "Bridge", Where: []ovsdb.Condition{ovsdb.NewCondition("name", ovsdb.ConditionEqual, "br-int")},
			Mutations: []ovsdb.Mutation{*ovsdb.NewMutation("ports", ovsdb.MutateOperationInsert, ovsdb.UUID{GoUUID: "p"})},
		})
	took := time.Since(start)
	transact(tb, c.sb, deletion("Port_Binding", sb[0].UUID.GoUUID))
	transact(tb, c.observer.conn, ovsdb.Operation{
		Op: ovsdb.OperationMutate, Table: "Bridge", Where: []ovsdb.Condition{ovsdb.NewCondition("name", ovsdb.ConditionEqual, "br-int")},
		Mutations: []ovsdb.Mutation{*ovsdb.NewMutation("ports", ovsdb.MutateOperationDelete, local[1].UUID)},
	})
	return took
}

func deletion(table, uuid string) ovsdb.Operation {
	return ovsdb.Operation{
		Op: ovsdb.OperationDelete, Table: table,
		Where: []ovsdb.Condition{ovsdb.NewCondition("_uuid", ovsdb.ConditionEqual, ovsdb.UUID{GoUUID: uuid})},
	}
}

func ovsMap(tb testing.TB, m map[string]string) ovsdb.OvsMap {
	tb.Helper()
	out, err := ovsdb.NewOvsMap(m)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func dial(tb testing.TB, m model.ClientDBModel, endpoint string) *dbconn.Conn {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	conn, err := dbconn.Dial(ctx, m, dbconn.Options{Endpoint: endpoint, Probe: time.Hour})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(conn.Close)
	return conn
}

func transact(tb testing.TB, conn *dbconn.Conn, ops ...ovsdb.Operation) []ovsdb.OperationResult {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	results, err := conn.Transact(ctx, ops...)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := ovsdb.CheckOperationResults(results, ops); err != nil {
		tb.Fatalf("%v: %+v", err, results)
	}
	return results
}

// observer is told of Interface rows by the local database, as ovs-vswitchd is.
type observer struct {
	conn    *dbconn.Conn
	changed chan struct{}
}

type interfaceRow struct {
	UUID        string            `ovsdb:"_uuid"`
	Name        string            `ovsdb:"name"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
}

func newObserver(tb testing.TB, endpoint string) *observer {
	tb.Helper()
	m, err := model.NewClientDBModel("Open_vSwitch", map[string]model.Model{"Interface": &interfaceRow{}})
	if err != nil {
		tb.Fatal(err)
	}
	o := &observer{conn: dial(tb, m, endpoint), changed: make(chan struct{}, 1)}
	o.conn.OnChange(func() {
		select {
		case o.changed <- struct{}{}:
		default:
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	row := &interfaceRow{}
	if err := o.conn.Monitor(ctx, o.conn.NewMonitor(client.WithTable(row, &row.Name, &row.ExternalIDs))); err != nil {
		tb.Fatal(err)
	}
	return o
}

// await returns when a row with that iface-id is there, or isn't.
func (o *observer) await(tb testing.TB, lport string, there bool) {
	tb.Helper()
	timeout := time.NewTimer(giveUp)
	defer timeout.Stop()
	for {
		found := false
		for _, r := range dbconn.Rows[*interfaceRow](o.conn, "Interface") {
			found = found || r.ExternalIDs["iface-id"] == lport
		}
		if found == there {
			return
		}
		select {
		case <-o.changed:
		case <-timeout.C:
			tb.Fatalf("waited %s in vain for the row of %s (there: %t)", giveUp, lport, there)
		}
	}
}
