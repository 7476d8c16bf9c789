//go:build vm

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/witness"
)

// judged has a witness judge all that happens to the rows from here on, until the
// scenario ends. What the scenario does to the card it must do by d.changes then, and
// to requests by d.neutronPort or the witness itself.
func (d *dpu) judged(t *testing.T) *witness.Witness {
	t.Helper()
	d.witness = witness.New(t, d.local.Endpoint, "br-int", kernelCard(t))
	return d.witness
}

// changes does something to the card.
func (d *dpu) changes(t *testing.T, do func()) {
	t.Helper()
	d.witness.Card(func() invariants.Card {
		do()
		return kernelCard(t)
	})
}

// asks is what the witness is told of a request.
func (r request) asks() invariants.Request {
	vf, err := strconv.Atoi(r.vf)
	if err != nil || r.chassis != "" && r.chassis != "dpu1" || len(r.more) > 0 {
		return invariants.Request{} // the witness knows no others, and a plug is a violation
	}
	return invariants.Request{Kind: invariants.Asks, PFMAC: r.pfMAC, VF: vf, MTU: 1500}
}

// kernelCard is the card as iproute2's devlink and rtnetlink have it at present.
func kernelCard(t *testing.T) invariants.Card {
	t.Helper()
	var shown struct {
		Port map[string]struct {
			Netdev, Flavour string
			Controller      int
			PF              int `json:"pfnum"`
			VF              int `json:"vfnum"`
			Function        struct {
				HWAddr string `json:"hw_addr"`
			}
		}
	}
	out := run(t, "devlink", "-j", "port", "show")
	if err := json.Unmarshal([]byte(out), &shown); err != nil {
		t.Fatalf("devlink: %v\n%s", err, out)
	}
	c := invariants.Card{PFs: map[string]string{}, VFs: map[string]invariants.Netdev{}, Links: links(t), Claimed: map[int]bool{}}
	indexes := map[string]int{}
	for index, name := range c.Links {
		indexes[name] = index
	}
	for _, port := range slices.Sorted(maps.Keys(shown.Port)) {
		p := shown.Port[port]
		pf := fmt.Sprintf("%s c%dpf%d", port[:strings.LastIndex(port, "/")], p.Controller, p.PF)
		if index := indexes[p.Netdev]; index != 0 && p.Flavour != "pcivf" {
			c.Claimed[index] = true
		}
		switch p.Flavour {
		case "pcipf":
			c.PFs[pf] = p.Function.HWAddr
		case "pcivf":
			c.VFs[fmt.Sprintf("%svf%d", pf, p.VF)] = invariants.Netdev{Name: p.Netdev, IfIndex: indexes[p.Netdev]}
		}
	}
	return c
}

// links are the names of all netdevs by ifindex.
func links(t *testing.T) map[int]string {
	t.Helper()
	all, err := netlink.LinkList()
	for errors.Is(err, netlink.ErrDumpInterrupted) && t.Context().Err() == nil {
		all, err = netlink.LinkList()
	}
	if err != nil {
		t.Fatalf("netdevs: %v", err)
	}
	names := map[int]string{}
	for _, l := range all {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	return names
}
