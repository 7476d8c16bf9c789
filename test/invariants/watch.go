package invariants

import (
	"context"
	"sync"
	"time"

	"github.com/representord/representord/test/rawdb"
)

// Watch follows the Interface rows of an Open_vSwitch database. When its server is
// killed it connects again; what changed meanwhile is one Batch, and what did not
// is no event.
type Watch struct {
	endpoint string
	stop     context.CancelFunc
	done     chan struct{}

	mu      sync.Mutex
	conn    *rawdb.Conn
	tables  map[string]map[string]rawdb.Row
	rows    map[string]Row
	batches []Batch
	// heard is until when the stream is known to be whole.
	heard time.Time
}

// NewWatch begins with the rows that are there: the first Batch has them all.
func NewWatch(ctx context.Context, endpoint string) *Watch {
	ctx, stop := context.WithCancel(ctx)
	w := &Watch{endpoint: endpoint, stop: stop, done: make(chan struct{}), rows: map[string]Row{}, heard: time.Now()}
	go func() {
		defer close(w.done)
		w.follow(ctx)
	}()
	return w
}

// Close ends it.
func (w *Watch) Close() {
	w.stop()
	<-w.done
}

// follow connects for ever.
func (w *Watch) follow(ctx context.Context) {
	for ctx.Err() == nil {
		if conn, err := rawdb.Dial(ctx, w.endpoint); err == nil {
			w.session(ctx, conn)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (w *Watch) session(ctx context.Context, conn *rawdb.Conn) {
	defer conn.Close()
	// A new server sends everything it has: nothing of the old one counts.
	w.mu.Lock()
	w.tables = map[string]map[string]rawdb.Row{"Bridge": {}, "Port": {}, "Interface": {}}
	w.mu.Unlock()
	first := true
	err := conn.Monitor(ctx, "Open_vSwitch", map[string][]string{
		"Bridge":    {"name", "ports"},
		"Port":      {"name", "interfaces"},
		"Interface": {"name", "type", "external_ids", "mtu_request", "ofport", "ifindex"},
	}, func(u rawdb.Update) {
		w.take(u, first)
		first = false
	})
	if err != nil {
		return
	}
	w.mu.Lock()
	w.conn = conn
	w.mu.Unlock()
	select {
	case <-conn.Done():
	case <-ctx.Done():
	}
	w.mu.Lock()
	w.conn, w.heard = nil, time.Now()
	w.mu.Unlock()
}

// take makes a Batch of an update. After an interruption it may be of any time since.
func (w *Watch) take(u rawdb.Update, first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for table, rows := range u.Tables {
		for uuid, r := range rows {
			if r.New == nil {
				delete(w.tables[table], uuid)
			} else {
				w.tables[table][uuid] = r.New
			}
		}
	}
	b := Batch{After: u.At, Before: u.At}
	if first {
		b.After = w.heard
	}
	now := rowsOf(w.tables)
	b.Changes = difference(w.rows, now)
	w.rows = now
	if len(b.Changes) > 0 {
		w.batches = append(w.batches, b)
	}
}

// Take returns what happened since it was last called, oldest first.
func (w *Watch) Take() []Batch {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.batches
	w.batches = nil
	return all
}

// Sync waits until everything that was committed before has been heard of. It
// fails if the server doesn't answer.
func (w *Watch) Sync(ctx context.Context) error {
	w.mu.Lock()
	conn := w.conn
	w.mu.Unlock()
	if conn == nil {
		return rawdb.ErrClosed
	}
	_, err := conn.Transact(ctx, "Open_vSwitch")
	return err
}

// rowsOf joins the tables.
func rowsOf(tables map[string]map[string]rawdb.Row) map[string]Row {
	bridges := map[string]string{} // by port
	for _, b := range tables["Bridge"] {
		for _, p := range b.UUIDs("ports") {
			bridges[p] = b.Text("name")
		}
	}
	on := map[string]string{} // by interface
	for uuid, p := range tables["Port"] {
		for _, i := range p.UUIDs("interfaces") {
			on[i] = bridges[uuid]
		}
	}
	rows := map[string]Row{}
	for uuid, i := range tables["Interface"] {
		ids := i.Strings("external_ids")
		ifaceID, named := ids["iface-id"]
		if !named {
			ifaceID = ids["representord-parked-iface-id"]
		}
		rows[uuid] = Row{
			UUID: uuid, Name: i.Text("name"), Type: i.Text("type"), Bridge: on[uuid], IfIndex: i.Number("ifindex"), Ofport: i.Number("ofport"),
			Parked: !named && ifaceID != "",
			Marks: Marks{
				IfaceID: ifaceID, IfaceIDVer: ids["iface-id-ver"], MTU: i.Number("mtu_request"),
				LogicalPort: ids["representord-logical-port"], Function: ids["representord-function"], Request: ids["representord-request"],
			},
		}
	}
	return rows
}

func difference(before, now map[string]Row) []Change {
	var changes []Change
	for uuid, old := range before {
		r, still := now[uuid]
		switch {
		case !still:
			changes = append(changes, Change{Old: &old})
		case r != old:
			changes = append(changes, Change{Old: &old, New: &r})
		}
	}
	for uuid, r := range now {
		if _, was := before[uuid]; !was {
			changes = append(changes, Change{New: &r})
		}
	}
	return changes
}
