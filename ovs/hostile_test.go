package ovs

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/representord/representord/test/servers"
)

// transactRaw sends operations past every client, so that nothing checks or
// bounds them.
func transactRaw(t *testing.T, d *servers.OVSDB, ops ...any) {
	t.Helper()
	var dialer net.Dialer
	c, err := dialer.DialContext(t.Context(), "unix", strings.TrimPrefix(d.Endpoint, "unix:"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	request := map[string]any{"id": 1, "method": "transact", "params": append([]any{database}, ops...)}
	if err := json.NewEncoder(c).Encode(request); err != nil {
		t.Fatal(err)
	}
	var reply struct {
		Error  any
		Result []struct{ Error, Details string }
	}
	if err := json.NewDecoder(c).Decode(&reply); err != nil {
		t.Fatal(err)
	}
	if reply.Error != nil {
		t.Fatal(reply.Error)
	}
	for _, r := range reply.Result {
		if r.Error != "" {
			t.Fatalf("%s: %s", r.Error, r.Details)
		}
	}
}

// mutateIDs sets keys of the external_ids of a row.
func mutateIDs(table, name string, pairs ...[2]string) any {
	where := []any{}
	if name != "" {
		where = append(where, []any{"name", "==", name})
	}
	return map[string]any{"op": "mutate", "table": table, "where": where, "mutations": []any{
		[]any{"external_ids", "insert", []any{"map", pairs}},
	}}
}

func TestHostile_ValuesInTheDatabaseHurtNobody(t *testing.T) {
	d, s := bridged(t)
	apply(t, s, plugging(plugOf("pf0vf3", "lport-a")))
	d.Ctl(t, "add-port", "br-int", "foreign")
	mega := strings.Repeat("x", 1<<20)
	odd := "\x01\x1b[2J\u202e\n\t\"\\'�]}" + `["set",[]]`
	var many [][2]string
	for n := range 5000 {
		many = append(many, [2]string{fmt.Sprintf("key-%d", n), "v"})
	}
	transactRaw(t, d, mutateIDs("Interface", "foreign", [2]string{KeyIfaceID, mega}, [2]string{mega, mega}, [2]string{odd, odd}))
	transactRaw(t, d, mutateIDs("Interface", "foreign", many...))
	transactRaw(t, d, mutateIDs("Open_vSwitch", "", [2]string{"system-id", odd}, [2]string{"mega", mega}))
	servers.Until(t, "the hostile values are seen", func() bool {
		v := s.View()
		return v.Interfaces["foreign"].IfaceID == mega && v.ExternalIDs["system-id"] == odd && v.ExternalIDs["mega"] == mega
	})

	// Hostile values on a row of ours neither stop it from being changed, nor are
	// they part of what is sent.
	transactRaw(t, d, mutateIDs("Interface", "pf0vf3", [2]string{"mega", mega}, [2]string{KeyIfaceIDVer, mega}))
	servers.Until(t, "they are seen on our row", func() bool { return row(t, s, "pf0vf3").IfaceIDVer == mega })
	apply(t, s, Change{Edit: []Edit{{Interface: row(t, s, "pf0vf3"), Delete: []string{KeyIfaceIDVer}}}})
	if got := row(t, s, "pf0vf3").IfaceIDVer; got != "" {
		t.Errorf("iface-id-ver still has %d bytes", len(got))
	}
	apply(t, s, plugging(plugOf("pf0vf4", "lport-b")), unplugging(row(t, s, "pf0vf3")))
	if v := s.View(); !v.Complete || v.Interfaces["pf0vf4"].IfaceID != "lport-b" || v.PortNames["pf0vf3"] {
		t.Errorf("after all that the view is complete=%v with ports %v", v.Complete, v.PortNames)
	}
}

func TestHostile_ARowOfOursWithAHugeMarkCanStillBeRemoved(t *testing.T) {
	d, s := bridged(t)
	apply(t, s, plugging(plugOf("pf0vf3", "lport-a")), plugging(plugOf("pf0vf4", "lport-b")))
	transactRaw(t, d,
		map[string]any{"op": "mutate", "table": "Interface", "where": []any{[]any{"name", "==", "pf0vf3"}}, "mutations": []any{
			[]any{"external_ids", "delete", []any{"set", []any{KeyRequest}}},
			[]any{"external_ids", "insert", []any{"map", [][2]string{{KeyRequest, strings.Repeat("x", 1<<20)}}}},
		}})
	servers.Until(t, "it is seen", func() bool { return len(row(t, s, "pf0vf3").Marker.Request) == 1<<20 })
	apply(t, s, unplugging(row(t, s, "pf0vf3")), unplugging(row(t, s, "pf0vf4")))
	if v := s.View(); v.PortNames["pf0vf3"] || v.PortNames["pf0vf4"] {
		t.Errorf("ports are left: %v", v.PortNames)
	}
}
