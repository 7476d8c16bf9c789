package ovs

import (
	"fmt"
	"testing"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/test/servers"
)

// plugged is a Switch with so many ports on the bridge.
func plugged(b *testing.B, ports int) *Switch {
	b.Helper()
	_, s := bridged(b)
	changes := make([]Change, 0, ports)
	for n := range ports {
		changes = append(changes, plugging(plugOf(fmt.Sprintf("old%d", n), fmt.Sprintf("lport-old-%d", n))))
	}
	apply(b, s, changes...)
	return s
}

// BenchmarkApply is one port plugged and unplugged, with others there already.
// BenchmarkBareTransactions is the floor below it.
func BenchmarkApply(b *testing.B) {
	for _, ports := range []int{0, 100, 1000} {
		b.Run(fmt.Sprintf("ports=%d", ports), func(b *testing.B) {
			s := plugged(b, ports)
			for b.Loop() {
				apply(b, s, plugging(plugOf("new", "lport-new")))
				b.StopTimer()
				apply(b, s, unplugging(row(b, s, "new")))
				b.StartTimer()
			}
		})
	}
}

// BenchmarkApplyBatch is 128 ports plugged at once, each an independent change.
func BenchmarkApplyBatch(b *testing.B) {
	_, s := bridged(b)
	var changes []Change
	for n := range 128 {
		changes = append(changes, plugging(plugOf(fmt.Sprintf("new%d", n), fmt.Sprintf("lport-%d", n))))
	}
	for b.Loop() {
		apply(b, s, changes...)
		b.StopTimer()
		var leaving []Change
		for _, i := range s.View().Interfaces {
			if i.Marked {
				leaving = append(leaving, unplugging(i))
			}
		}
		apply(b, s, leaving...)
		b.StartTimer()
	}
}

// BenchmarkBareTransactions is what the server itself takes on the same
// connection for nothing at all, and for one row and its place on the bridge, without
// guards and without a snapshot.
func BenchmarkBareTransactions(b *testing.B) {
	for _, ports := range []int{0, 100, 1000} {
		b.Run(fmt.Sprintf("comment/ports=%d", ports), func(b *testing.B) {
			s := plugged(b, ports)
			nothing := "nothing"
			for b.Loop() {
				if _, err := s.conn.Transact(b.Context(), ovsdb.Operation{Op: ovsdb.OperationComment, Comment: &nothing}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("insert/ports=%d", ports), func(b *testing.B) {
			s := plugged(b, ports)
			bridge := s.View().BridgeUUID
			for b.Loop() {
				var t transaction
				port := t.insert(0, 0, plugOf("new", "lport-new"))
				t.add(purpose{}, mutate(tableBridge, target{uuid: bridge}.where(),
					*ovsdb.NewMutation("ports", ovsdb.MutateOperationInsert, setValue([][]string{port}))))
				results, err := s.conn.Transact(b.Context(), t.ops...)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := ovsdb.CheckOperationResults(results, t.ops); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				servers.Until(b, "the port is seen", func() bool { _, ok := s.View().Interfaces["new"]; return ok })
				apply(b, s, unplugging(row(b, s, "new")))
				b.StartTimer()
			}
		})
	}
}

func BenchmarkSnapshot(b *testing.B) {
	for _, ports := range []int{100, 1000} {
		s := plugged(b, ports)
		r := readTables(s.conn)
		b.Run(fmt.Sprintf("read/ports=%d", ports), func(b *testing.B) {
			for b.Loop() {
				readTables(s.conn)
			}
		})
		b.Run(fmt.Sprintf("view/ports=%d", ports), func(b *testing.B) {
			for b.Loop() {
				if _, err := buildView(r, "br-int"); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("unchanged/ports=%d", ports), func(b *testing.B) {
			for b.Loop() {
				s.refresh(b.Context(), s.conn)
			}
		})
	}
}

// FuzzRows makes a view of rows with any text in them.
func FuzzRows(f *testing.F) {
	f.Add("br-int", "p", "i", KeyIfaceID, "lport", int64(1), true)
	f.Add("", "", "", "", "\xff\x00", int64(-1), false)
	f.Fuzz(func(t *testing.T, bridge, port, name, key, value string, number int64, whole bool) {
		n := int(number)
		row := &interfaceRow{
			Name: name, ExternalIDs: map[string]string{key: value, KeyLogicalPort: value},
			Ofport: &n, IfIndex: &n, MTURequest: &n, Error: &value,
		}
		r := tables(map[string]string{bridge: "p"}, map[string]string{"p": "i"})
		r.ports["p-p"].Name = port
		r.ports["p-p"].Interfaces = []string{row.UUID}
		r.interfaces = map[string]*interfaceRow{row.UUID: row}
		if whole {
			r.root["root"].SSL = &value
		}
		i := viewOf(r, bridge).Interfaces[name]
		if i.Bridge != bridge || i.PortName != port || !i.Marked || i.Marker.LogicalPort != r.interfaces[row.UUID].ExternalIDs[KeyLogicalPort] {
			t.Fatalf("the interface is %+v", i)
		}
		if i.MTURequest < 0 || i.Ofport < -1 {
			t.Fatalf("numbers out of range: %+v", i)
		}
		c := unplugging(i)
		c.Plug = []Plug{{Netdev: name, IfaceID: value}}
		_ = c.validate(target{name: bridge})
		tr := build(target{name: bridge}, []Change{c})
		if got := comment([]Change{c}); len(got) > 8*commentMost {
			t.Fatalf("a comment of %d bytes", len(got))
		}
		for _, op := range tr.ops {
			if _, err := op.MarshalJSON(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
