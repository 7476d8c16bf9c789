package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

// transact sends operations past ovn-sbctl, whose command line has a limit.
func (c *cloud) transact(t *testing.T, operations ...any) {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "unix", strings.TrimPrefix(c.Endpoint, "unix:"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := map[string]any{"id": 1, "method": "transact", "params": append([]any{"OVN_Southbound"}, operations...)}
	if err := json.NewEncoder(conn).Encode(request); err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Error  any
		Result []struct{ Error, Details string }
	}
	if err := json.NewDecoder(conn).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	for _, r := range answer.Result {
		if r.Error != "" {
			t.Fatalf("%s: %s", r.Error, r.Details)
		}
	}
	if answer.Error != nil {
		t.Fatal(answer.Error)
	}
}

// askRaw are the operations that ask our chassis with exactly these options.
func (c *cloud) askRaw(lport string, options ...[2]string) []any {
	c.keys++
	name := fmt.Sprint("dp", c.keys)
	insert := func(table string, row map[string]any, more map[string]any) any {
		o := map[string]any{"op": "insert", "table": table, "row": row}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	options = append(options, [2]string{"vif-plug-type", "representor"})
	return []any{
		insert("Datapath_Binding", map[string]any{"tunnel_key": c.keys}, map[string]any{"uuid-name": name}),
		insert("Port_Binding", map[string]any{
			"logical_port": lport, "datapath": []any{"named-uuid", name}, "tunnel_key": 1,
			"requested_chassis": []any{"uuid", c.chassis}, "options": []any{"map", options},
		}, nil),
	}
}

const (
	optionMAC = "vif-plug:representor:pf-mac"
	optionVF  = "vif-plug:representor:vf-num"
)

func TestSocket_HostileRequestsAreRefusedEscapedAndBounded(t *testing.T) {
	t.Parallel()
	mega := strings.Repeat("x", 1<<20)
	odd := "\x01\x1b[2J\u202e\n\r\t\"\\'\x7f"
	h, _ := newJudgedHost(t, cardWith(1))
	cl := newCloud(t, h)
	// The race detector takes longer to read megabytes than a probe waits.
	p := process(t, []string{withCard + "=1"}, h.flags("--log-level=debug", "--probe-interval=60s")...)
	c := api.NewClient(h.socket())
	w := plugged(t, h, cl, c, 1)
	names := []string{mega, odd, "mega-mac", "mega-vf", "odd-mac", "odd-mtu", "mega-type"}
	for _, options := range [][2]any{
		{names[0], [][2]string{{optionMAC, pfMAC}, {optionVF, "0"}}},
		{names[1], [][2]string{{optionMAC, pfMAC}, {optionVF, "1"}}},
		{names[2], [][2]string{{optionMAC, mega}}},
		{names[3], [][2]string{{optionMAC, pfMAC}, {optionVF, mega}}},
		{names[4], [][2]string{{optionMAC, odd}, {odd, mega}, {mega[:1000], odd}}},
		{names[5], [][2]string{{optionMAC, pfMAC}, {optionVF, "5"}, {"vif-plug-mtu-request", odd}, {"iface-id-ver", mega}}},
		{names[6], [][2]string{{optionMAC, pfMAC}, {"vif-plug:representor:card-serial-number", mega}}},
	} {
		name, _ := options[0].(string)
		all, _ := options[1].([][2]string)
		cl.transact(t, cl.askRaw(name, all...)...)
	}
	await(t, c, "all are judged", func(s api.Status) bool {
		return s.Ports[plan.Pending]+s.Ports[plan.Invalid]+s.Ports[plan.Conflict] == len(names)
	})
	for _, lport := range []string{"mega-mac", "mega-vf", "odd-mac", "mega-type"} {
		awaitPort(t, c, lport, plan.Invalid, reason.CodeInvalidOption)
	}
	ports, err := c.Ports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range ports.Ports {
		reasons := port.Warnings
		if port.Reason != nil {
			reasons = append(reasons, *port.Reason)
		}
		for _, r := range reasons {
			if len(r.Message)+len(r.Value) > 2000 || strings.ContainsAny(r.Message+r.Value, "\x01\x1b\n\r\u202e") {
				t.Errorf("%.40q: %.2100q", port.LogicalPort, r)
			}
		}
	}
	for line := range strings.Lines(p.Log()) {
		if line = strings.TrimSuffix(line, "\n"); len(line) > 4000 || strings.ContainsAny(line, "\x01\x1b\r\u202e") || !utf8.ValidString(line) {
			t.Errorf("a line of %d bytes in the log: %.300q", len(line), line)
		}
	}
	select {
	case <-p.Done():
		t.Errorf("the daemon ended:\n%s", p.Log())
	default:
	}
	w.wantUntouched(t)
}

// A chassis that is asked for more ports than any card has stays responsive, and
// needs memory for what is asked and no more. (100,000 take 800 MB and ten seconds.)
func TestSocket_ThousandsOfRequestsAreBorne(t *testing.T) {
	t.Parallel()
	const many, each = 3000, 1000
	h, _ := newJudgedHost(t, cardWith(0))
	cl := newCloud(t, h)
	for i := 0; i < many; i += each {
		cl.keys++
		dp := fmt.Sprint("dp", cl.keys)
		operations := []any{map[string]any{"op": "insert", "table": "Datapath_Binding",
			"row": map[string]any{"tunnel_key": cl.keys}, "uuid-name": dp}}
		for j := range each {
			operations = append(operations, map[string]any{"op": "insert", "table": "Port_Binding", "row": map[string]any{
				"logical_port": fmt.Sprint("port", i+j), "datapath": []any{"named-uuid", dp}, "tunnel_key": j + 1,
				"requested_chassis": []any{"uuid", cl.chassis},
				"options": []any{"map",
					[][2]string{{"vif-plug-type", "representor"}, {optionMAC, pfMAC}, {optionVF, fmt.Sprint((i + j) % 60000)}}},
			}})
		}
		cl.transact(t, operations...)
	}
	p := process(t, nil, h.flags("--probe-interval=60s")...) // for the same reason as above
	c := api.NewClient(h.socket())
	servers.Until(t, "the daemon answers", func() bool { _, err := c.Status(t.Context()); return err == nil })
	await(t, c, "all are there", func(s api.Status) bool { return s.Ports[plan.Pending] == many })
	if kb := peakMemory(t, p.Pid()); kb > 512<<10 {
		t.Errorf("the daemon needed %d MB at most", kb>>10)
	} else {
		t.Logf("the daemon needed %d MB at most", kb>>10)
	}
}

// peakMemory is the greatest resident set of a process, in kB.
func peakMemory(t *testing.T, pid int) (kb int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		t.Fatal(err)
	}
	return kb
}
