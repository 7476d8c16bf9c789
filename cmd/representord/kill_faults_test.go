package main

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/servers"
)

// Killed while it plugs, again and again, it leaves whole ports only, and what is
// there stays: the rows are all it remembers.
func TestKill_AtAnyPointDoublesNothingAndTakesNothingBack(t *testing.T) {
	t.Parallel()
	const ports, lots = 240, 8
	h, _ := newJudgedHost(t, cardWith(ports))
	cl := newCloud(t, h)
	env := []string{fmt.Sprint(withCard, "=", ports)}
	c := api.NewClient(h.socket())
	var kept map[string]string
	for lot := range lots {
		p := process(t, env, h.flags()...)
		await(t, c, "the daemon is at work", func(s api.Status) bool { return s.PID == p.Pid() && s.Southbound.Connected && s.Passes > 0 })
		for vf := range ports / lots {
			n := lot*ports/lots + vf
			lport := fmt.Sprint("vm", n)
			h.witness.Requests(map[string]invariants.Request{lport: asks(n)}, func() {
				cl.transact(t, cl.askRaw(lport, [2]string{optionMAC, pfMAC}, [2]string{optionVF, fmt.Sprint(n)})...)
			})
		}
		// By now some of the last are plugged, and others are not, which is another
		// number each time.
		p.Kill()
		rows := h.rowsByPort(t)
		for lport, row := range kept {
			if rows[lport] != row {
				t.Errorf("%s has row %q, and had %q", lport, rows[lport], row)
			}
		}
		kept = rows
		t.Logf("killed with %d of %d plugged", len(rows), (lot+1)*ports/lots)
	}
	// One that went while nobody looked is an orphan.
	cl.forget(t, "vm0")
	p := process(t, env, h.flags()...)
	servers.Until(t, "the orphan is gone and the others are there", func() bool {
		got := h.ports(t, "br-int")
		return len(got) == ports-1 && !slices.Contains(got, "pf0vf0")
	})
	delete(kept, "vm0")
	rows := h.rowsByPort(t)
	for lport, row := range kept {
		if rows[lport] != row {
			t.Errorf("in the end %s has row %q, and had %q", lport, rows[lport], row)
		}
	}
	await(t, c, "all are told", func(s api.Status) bool { return s.Ports[plan.Pending] == ports-1 })
	p.Signal(syscall.SIGTERM)
	if status := exited(t, p); status != exitOK || len(h.ports(t, "br-int")) != ports-1 {
		t.Errorf("after SIGTERM: exit status %d, %d ports", status, len(h.ports(t, "br-int")))
	}
}

// rowsByPort gives the uuid of each Interface row with an iface-id, by that, and
// fails if two have the same.
func (h *host) rowsByPort(t *testing.T) map[string]string {
	t.Helper()
	rows := map[string]string{}
	out := h.Ctl(t, "--format=csv", "--no-headings", "--data=bare", "--columns=_uuid,external_ids", "find", "Interface",
		"external_ids:iface-id!=x")
	for line := range strings.Lines(out) {
		uuid, ids, _ := strings.Cut(strings.TrimSpace(line), ",")
		for pair := range strings.FieldsSeq(strings.Trim(ids, `"`)) {
			if lport, ok := strings.CutPrefix(pair, "iface-id="); ok {
				if rows[lport] != "" {
					t.Errorf("%s has two rows, %s and %s", lport, rows[lport], uuid)
				}
				rows[lport] = uuid
			}
		}
	}
	return rows
}
