package dbconn_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/test/leaks"
	"github.com/representord/representord/test/servers"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// bridge is the little of the Bridge table that these tests look at.
type bridge struct {
	UUID        string            `ovsdb:"_uuid"`
	Name        string            `ovsdb:"name"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
}

const (
	// probe is for tests of probing. A connection that is probed so often dies of a machine
	// that leaves its server, or us, without a processor for as long.
	probe = 5 * time.Second
	// patient is for all other tests: with it nobody dies of that.
	patient = time.Hour
	// slack is what a busy machine may add to any bound.
	slack = 30 * time.Second
)

func bridgeModel(t *testing.T) model.ClientDBModel {
	t.Helper()
	m, err := model.NewClientDBModel("Open_vSwitch", map[string]model.Model{"Bridge": &bridge{}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func dial(t *testing.T, endpoint string) *dbconn.Conn {
	t.Helper()
	return dialProbing(t, endpoint, patient)
}

func dialProbing(t *testing.T, endpoint string, probe time.Duration) *dbconn.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := dbconn.Dial(ctx, bridgeModel(t), dbconn.Options{Endpoint: endpoint, Probe: probe})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func monitorBridges(t *testing.T, c *dbconn.Conn) {
	t.Helper()
	b := &bridge{}
	m := c.NewMonitor(client.WithTable(b, &b.Name, &b.ExternalIDs))
	if err := c.Monitor(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func selectBridges() ovsdb.Operation {
	return ovsdb.Operation{Op: ovsdb.OperationSelect, Table: "Bridge", Where: everyBridge(), Columns: []string{"name"}}
}

// everyBridge: the library leaves an empty "where" out, which is a syntax error.
func everyBridge() []ovsdb.Condition {
	return []ovsdb.Condition{ovsdb.NewCondition("name", ovsdb.ConditionNotEqual, "")}
}

// within fails the test unless the channel is closed in time.
func within(t *testing.T, d time.Duration, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(d):
		t.Fatalf("not within %v: %s", d, what)
	}
}

func closeInTime(t *testing.T, c *dbconn.Conn) {
	t.Helper()
	closed := make(chan struct{})
	go func() { c.Close(); close(closed) }()
	within(t, slack, "Close returns", closed)
}

func TestMonitor_TheCacheIsCompleteWhenItReturnsAndFollowsTheServer(t *testing.T) {
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	c := dial(t, d.Endpoint)
	var changes atomic.Int64
	c.OnChange(func() { changes.Add(1) })
	monitorBridges(t, c)

	first := dbconn.Rows[*bridge](c, "Bridge")
	if len(first) != 1 {
		t.Fatalf("%d bridges after Monitor, want 1", len(first))
	}
	d.Ctl(t, "set", "bridge", "br-int", "external_ids:k=v", "--", "add-br", "br-two")
	servers.Until(t, "the cache has both bridges", func() bool { return len(dbconn.Rows[*bridge](c, "Bridge")) == 2 })
	servers.Until(t, "changes were told of", func() bool { return changes.Load() >= 3 })
	for uuid, old := range first {
		now := dbconn.Rows[*bridge](c, "Bridge")[uuid]
		if now == old || old.ExternalIDs["k"] != "" || now.ExternalIDs["k"] != "v" {
			t.Errorf("a row that changed must be another row: before %+v, now %+v", old, now)
		}
	}
	d.Ctl(t, "del-br", "br-two")
	servers.Until(t, "the cache has one bridge", func() bool { return len(dbconn.Rows[*bridge](c, "Bridge")) == 1 })
}

func TestMonitor_ASecondIsRefused(t *testing.T) {
	c := dial(t, servers.OpenVSwitch(t).Endpoint)
	monitorBridges(t, c)
	if err := c.Monitor(t.Context(), c.NewMonitor(client.WithTable(&bridge{}))); err == nil {
		t.Error("a second monitor was accepted")
	}
	if c.Err() != nil {
		t.Errorf("the connection died of it: %v", c.Err())
	}
}

func TestTransact_OwnWritesAreInTheCacheWhenItReturns(t *testing.T) {
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	c := dial(t, d.Endpoint)
	monitorBridges(t, c)
	for i := range 50 {
		want := fmt.Sprint(i)
		ids, err := ovsdb.NewOvsMap(map[string]string{"n": want})
		if err != nil {
			t.Fatal(err)
		}
		results, err := c.Transact(t.Context(), ovsdb.Operation{
			Op: ovsdb.OperationUpdate, Table: "Bridge", Where: everyBridge(), Row: ovsdb.Row{"external_ids": ids},
		})
		if err != nil || results[0].Error != "" {
			t.Fatalf("transaction: %v %+v", err, results)
		}
		for _, b := range dbconn.Rows[*bridge](c, "Bridge") {
			if b.ExternalIDs["n"] != want {
				t.Fatalf("the cache has n=%s after n=%s was committed", b.ExternalIDs["n"], want)
			}
		}
	}
}

func TestConn_DeathIsNoticedAtOnceWhenTheServerIsKilled(t *testing.T) {
	d := servers.OpenVSwitch(t)
	c := dial(t, d.Endpoint)
	monitorBridges(t, c)
	d.Kill()
	within(t, slack, "Done is closed", c.Done())
	if !errors.Is(c.Err(), dbconn.ErrPeerClosed) {
		t.Errorf("Err() = %v, want ErrPeerClosed", c.Err())
	}
	if _, err := c.Transact(t.Context(), selectBridges()); !errors.Is(err, dbconn.ErrPeerClosed) {
		t.Errorf("Transact on the dead connection: %v, want ErrPeerClosed", err)
	}
	if rows := dbconn.Rows[*bridge](c, "Bridge"); rows == nil {
		t.Error("the cache is gone with the connection")
	}
}

func TestConn_AHangingServerIsNoticedWithinTwoProbes(t *testing.T) {
	t.Parallel()
	d := servers.OpenVSwitch(t)
	c := dialProbing(t, d.Endpoint, probe)
	monitorBridges(t, c)
	d.Signal(syscall.SIGSTOP)
	defer d.Signal(syscall.SIGCONT)
	within(t, 2*probe+slack, "Done is closed", c.Done())
	if !errors.Is(c.Err(), dbconn.ErrSilent) {
		t.Errorf("Err() = %v, want ErrSilent", c.Err())
	}
	closeInTime(t, c)
}

func TestConn_ThatIsIdleStaysWithALiveServer(t *testing.T) {
	t.Parallel()
	c := dialProbing(t, servers.OpenVSwitch(t).Endpoint, probe)
	select {
	case <-c.Done():
		t.Fatalf("dead of idling: %v", c.Err())
	case <-time.After(2*probe + probe/2):
	}
}

func TestConn_ThatIsHalfOpenOverTCPIsNoticed(t *testing.T) {
	t.Parallel()
	d := servers.OpenVSwitch(t)
	relay := startRelay(t, strings.TrimPrefix(d.Endpoint, "unix:"))
	c := dialProbing(t, "tcp:"+relay.addr, probe)
	monitorBridges(t, c)
	relay.freeze()
	within(t, 2*probe+slack, "Done is closed", c.Done())
	closeInTime(t, c)
}

func TestClose_EndsCallsThatWaitForAHangingServer(t *testing.T) {
	// The server stops reading in the middle of transactions that fill the window
	// many times over: a write that the kernel doesn't take would hang with the
	// library's locks held.
	reading := make(chan struct{})
	c := dial(t, fakeServer(t, func(m message, _ *json.Encoder) bool {
		if m.Method == "transact" {
			close(reading)
			return false
		}
		return true
	}))
	const calls = 20
	failed := make(chan error, calls+1)
	for range calls {
		go func() {
			_, err := c.Transact(context.Background(), comment(c.Window()/2-200))
			failed <- err
		}()
	}
	<-reading
	monitor := c.NewMonitor(client.WithTable(&bridge{})) // not beside Close, which the library doesn't guard it against
	go func() { failed <- c.Monitor(context.Background(), monitor) }()
	closeInTime(t, c)
	for range calls + 1 {
		if err := <-failed; !errors.Is(err, dbconn.ErrClosed) {
			t.Errorf("a call that was under way: %v, want ErrClosed", err)
		}
	}
}

// The race detector sees whether the library is left to read what it is writing.
func TestMonitor_AnAnswerIsTakenThoughItsContextHasJustEnded(t *testing.T) {
	const grace = 250 * time.Millisecond // and no longer: a machine that is busy gets several tries
	var err error
	for range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan time.Time, 1)
		c := dial(t, fakeServer(t, func(m message, _ *json.Encoder) bool {
			if m.Method == "monitor_cond" {
				ended <- time.Now()
				cancel()
			}
			return true
		}))
		err = c.Monitor(ctx, c.NewMonitor(client.WithTable(&bridge{})))
		if err == nil || time.Since(<-ended) < grace {
			break
		}
	}
	if err != nil {
		t.Errorf("Monitor: %v, want the answer that was under way", err)
	}
}

func TestMonitor_ThatIsNeverAnsweredEndsSoonAfterItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := dial(t, fakeServer(t, func(m message, _ *json.Encoder) bool {
		if m.Method == "monitor_cond" {
			cancel()
			return false
		}
		return true
	}))
	failed := make(chan struct{})
	var err error
	go func() {
		defer close(failed)
		err = c.Monitor(ctx, c.NewMonitor(client.WithTable(&bridge{})))
	}()
	within(t, slack, "Monitor returns", failed)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Monitor: %v, want Canceled", err)
	}
	closeInTime(t, c)
}

func TestTransact_WhatIsAbandonedLeavesTheConnectionUsable(t *testing.T) {
	t.Parallel()
	d := servers.OpenVSwitch(t)
	c := dialProbing(t, d.Endpoint, probe)
	d.Signal(syscall.SIGSTOP)
	short, cancelShort := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancelShort()
	if _, err := c.Transact(short, comment(c.Window()-200)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Transact with a server that hangs: %v, want DeadlineExceeded", err)
	}
	d.Signal(syscall.SIGCONT)
	// Nothing fits until a probe says that the abandoned request was read.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := c.Transact(ctx, comment(c.Window()-200)); err != nil {
		t.Errorf("Transact after the server came back: %v", err)
	}
}

func TestTransact_WhatIsLargerThanTheWindowIsRefusedAndNothingIsSent(t *testing.T) {
	c := dial(t, servers.OpenVSwitch(t).Endpoint)
	_, err := c.Transact(t.Context(), comment(c.Window()+1))
	if !errors.Is(err, dbconn.ErrTooLarge) || !strings.Contains(err.Error(), fmt.Sprint("more than the ", c.Window())) {
		t.Errorf("Transact: %v, want ErrTooLarge and the window", err)
	}
	if _, err := c.Transact(t.Context(), selectBridges()); err != nil {
		t.Errorf("the connection after it: %v", err)
	}
}

func TestDial_EndsWithItsContextWhenTheServerNeverAnswers(t *testing.T) {
	dir := servers.Dir(t)
	d := servers.OpenVSwitch(t)
	d.Signal(syscall.SIGSTOP)
	defer d.Signal(syscall.SIGCONT)
	tcp := silentListener(t, "tcp", "127.0.0.1:0")
	for name, endpoint := range map[string]string{
		"unix":           "unix:" + silentListener(t, "unix", filepath.Join(dir, "s")),
		"tcp":            "tcp:" + tcp,
		"ssl":            "ssl:" + tcp,
		"stopped server": d.Endpoint,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			start := time.Now()
			c, err := dbconn.Dial(ctx, bridgeModel(t), dbconn.Options{Endpoint: endpoint, TLS: &tls.Config{RootCAs: x509.NewCertPool()}})
			if err == nil {
				c.Close()
				t.Fatal("connected")
			}
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > slack {
				t.Errorf("after %v: %v, want DeadlineExceeded after 100 ms", time.Since(start), err)
			}
		})
	}
}

func TestConn_NoFileDescriptorIsLeftBehind(t *testing.T) {
	d := servers.OpenVSwitch(t)
	hanging := "unix:" + silentListener(t, "unix", filepath.Join(servers.Dir(t), "s"))
	once := func() {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if c, err := dbconn.Dial(ctx, bridgeModel(t), dbconn.Options{Endpoint: hanging}); err == nil {
			c.Close()
			t.Fatal("connected to a server that doesn't answer")
		}
		c, err := dbconn.Dial(t.Context(), bridgeModel(t), dbconn.Options{Endpoint: d.Endpoint})
		if err != nil {
			t.Fatal(err)
		}
		monitorBridges(t, c)
		c.Close()
	}
	once()
	before := openFiles(t)
	for range 30 {
		once()
	}
	// The listener of this test holds the other ends until it sees them closed.
	servers.Until(t, "as many files are open as before", func() bool { return openFiles(t) <= before })
}

func TestDial_AnotherSchemasColumnIsAnError(t *testing.T) {
	type wrong struct {
		UUID string `ovsdb:"_uuid"`
		Odd  string `ovsdb:"no_such_column"`
	}
	m, err := model.NewClientDBModel("Open_vSwitch", map[string]model.Model{"Bridge": &wrong{}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = dbconn.Dial(t.Context(), m, dbconn.Options{Endpoint: servers.OpenVSwitch(t).Endpoint})
	if err == nil || !strings.Contains(err.Error(), "no_such_column") {
		t.Errorf("Dial: %v, want an error naming the column", err)
	}
}

func TestReadSchema_TellsWhatTheServerHas(t *testing.T) {
	d := servers.OpenVSwitch(t)
	c := dial(t, d.Endpoint)
	s, err := c.ReadSchema(t.Context(), "Open_vSwitch")
	if err != nil {
		t.Fatal(err)
	}
	if !dbconn.HasColumn(s, "Bridge", "datapath_type") || dbconn.HasColumn(s, "Bridge", "nope") || dbconn.HasColumn(s, "Nope", "name") {
		t.Error("HasColumn doesn't tell the schema's columns from others")
	}
	if _, err := c.ReadSchema(t.Context(), "OVN_Southbound"); err == nil {
		t.Error("a database that the server lacks has a schema")
	}
	if s, err = c.ReadSchema(t.Context(), "_Server"); err != nil || !dbconn.HasColumn(s, "Database", "connected") {
		t.Errorf("another database than the connection's: %v", err)
	}
}

// comment is an operation of about that many bytes that changes nothing.
func comment(bytes int) ovsdb.Operation {
	text := strings.Repeat("x", bytes)
	return ovsdb.Operation{Op: ovsdb.OperationComment, Comment: &text}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// silentListener accepts connections and never says anything.
func silentListener(t *testing.T, network, address string) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go swallow(c)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

func swallow(c net.Conn) {
	defer func() { _ = c.Close() }()
	b := make([]byte, 4096)
	for {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}
