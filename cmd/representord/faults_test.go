package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/servers"
	"github.com/representord/representord/test/witness"
)

// newJudgedHost is a host with a card, and a witness who judges everything that
// happens to its rows until the test ends.
func newJudgedHost(t *testing.T, c representor.Card) (*host, *fakeCard) {
	t.Helper()
	h := newHost(t)
	h.witness = witness.New(t, h.Endpoint, "br-int", shown(c))
	return h, newFakeCard(c)
}

// shown is a card as the witness knows it.
func shown(c representor.Card) invariants.Card {
	known := invariants.Card{PFs: map[string]string{}, VFs: map[string]invariants.Netdev{}, Links: map[int]string{}}
	for _, p := range c.Ports {
		pf := fmt.Sprintf("%s c1pf%d", p.Handle, p.PF.Value)
		if p.Flavour == devlink.FlavourPCIPF {
			known.PFs[pf] = p.Function.HWAddr.String()
		} else {
			known.VFs[fmt.Sprintf("%svf%d", pf, p.VF.Value)] = invariants.Netdev{Name: c.Links[p.IfIndex].Name, IfIndex: int(p.IfIndex)}
		}
	}
	for index, l := range c.Links {
		known.Links[int(index)] = l.Name
	}
	return known
}

// Restart and Wipe are those of the server, before the witness.
func (h *host) Restart() { h.witness.Starts(h.OVSDB.Restart) }

func (h *host) Wipe() { h.witness.Removes(func() { h.witness.Starts(h.OVSDB.Wipe) }) }

// becomes changes the card before the witness.
func (h *host) becomes(f *fakeCard, c representor.Card) {
	h.witness.Card(func() invariants.Card {
		f.become(c)
		return shown(c)
	})
}

// asks is a request for a VF of the fake card.
func asks(vf int) invariants.Request {
	return invariants.Request{Kind: invariants.Asks, PFMAC: pfMAC, VF: vf}
}

// manyAsk are the requests of askMany.
func manyAsk(n int) map[string]invariants.Request {
	all := map[string]invariants.Request{}
	for _, vf := range numbers(n) {
		all[fmt.Sprint("vm", vf)] = asks(vf)
	}
	return all
}

// lports are the logical ports of askMany.
func lports(n int) []string { return slices.Sorted(maps.Keys(manyAsk(n))) }

// askMany has the Southbound ask our chassis for VFs 0 to n-1, as logical ports
// vm0 to vm<n-1>.
func (c *cloud) askMany(t *testing.T, n int) {
	t.Helper()
	c.witness.Requests(manyAsk(n), func() { c.createMany(t, n) })
}

func (c *cloud) createMany(t *testing.T, n int) {
	t.Helper()
	for some := range slices.Chunk(numbers(n), 200) {
		var argv []string
		for _, vf := range some {
			c.keys++
			dp := fmt.Sprint("@dp", vf)
			argv = append(argv, "--", "--id="+dp, "create", "Datapath_Binding", fmt.Sprintf("tunnel_key=%d", c.keys), "--",
				"create", "Port_Binding", fmt.Sprintf("logical_port=vm%d", vf), "datapath="+dp, "tunnel_key=1", "requested_chassis="+c.chassis,
				"options:vif-plug-type=representor", `options:vif-plug\:representor\:pf-mac="`+pfMAC+`"`,
				fmt.Sprintf(`options:vif-plug\:representor\:vf-num="%d"`, vf))
		}
		c.sbctl(t, argv[1:]...)
	}
}

// forget takes logical ports out of the Southbound.
func (c *cloud) forget(t *testing.T, lports ...string) {
	t.Helper()
	c.witness.Nothing(func() { c.destroy(t, lports) }, lports...)
}

func (c *cloud) destroy(t *testing.T, lports []string) {
	t.Helper()
	for _, lport := range lports {
		c.sbctl(t, "--", "destroy", "Port_Binding",
			strings.TrimSpace(c.sbctl(t, "--bare", "--columns=_uuid", "find", "Port_Binding", "logical_port="+lport)))
	}
}

// openedMany plays ovs-vswitchd for VFs 0 to n-1 of cardWith.
func (h *host) openedMany(t *testing.T, n int) {
	t.Helper()
	servers.Until(t, fmt.Sprintf("%d ports are on the bridge", n), func() bool { return len(h.ports(t, "br-int")) == n })
	for some := range slices.Chunk(numbers(n), 500) {
		var argv []string
		for _, vf := range some {
			argv = append(argv, "--", "set", "Interface", fmt.Sprint("pf0vf", vf), fmt.Sprint("ifindex=", 100+vf), fmt.Sprint("ofport=", 1+vf))
		}
		h.Ctl(t, argv[1:]...)
	}
}

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// watchman knows how the Interface rows were, and how much the daemon had done.
type watchman struct {
	h      *host
	c      *api.Client
	rows   map[string]string
	before api.Status
}

// plugged has n ports asked for and plugged, and gives who watches over them.
func plugged(t *testing.T, h *host, cl *cloud, c *api.Client, n int) *watchman {
	t.Helper()
	cl.askMany(t, n)
	h.openedMany(t, n)
	return watchOver(t, h, c, n)
}

func watchOver(t *testing.T, h *host, c *api.Client, n int) *watchman {
	t.Helper()
	(&watchman{h: h, c: c}).morePasses(t) // what was done last may not have been told of yet
	s := await(t, c, fmt.Sprintf("%d ports are plugged", n), func(s api.Status) bool { return s.Ports[plan.Plugged] == n })
	h.witness.Known()
	return &watchman{h: h, c: c, rows: h.interfaces(t), before: s}
}

func (h *host) interfaces(t *testing.T) map[string]string {
	t.Helper()
	return h.Versions(t, "Open_vSwitch", "Interface")
}

// morePasses waits until the daemon has looked at everything that it saw before.
func (w *watchman) morePasses(t *testing.T) {
	t.Helper()
	for i := range 2 {
		before := await(t, w.c, "the daemon answers", func(api.Status) bool { return true }).Passes
		w.h.Ctl(t, "set", "open", ".", fmt.Sprintf("external_ids:unrelated=%d-%d", before, i))
		await(t, w.c, "the daemon makes a pass", func(s api.Status) bool { return s.Passes > before })
	}
}

// wantUntouched: no Interface row came, went or changed, and the daemon has
// committed nothing.
func (w *watchman) wantUntouched(t *testing.T) {
	t.Helper()
	w.morePasses(t)
	if now := w.h.interfaces(t); !maps.Equal(w.rows, now) {
		t.Errorf("the Interface rows changed:\n%v\nand were\n%v", now, w.rows)
	}
	s := await(t, w.c, "the daemon answers", func(api.Status) bool { return true })
	if s.Transactions != w.before.Transactions || s.Failures != w.before.Failures {
		t.Errorf("%d changes committed and %d refused, there were %d and %d", s.Transactions, s.Failures,
			w.before.Transactions, w.before.Failures)
	}
}
