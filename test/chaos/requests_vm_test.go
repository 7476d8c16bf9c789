//go:build vm

package chaos

import (
	"context"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/rawdb"
)

// Logical ports are created, changed and deleted in the Northbound. There are few
// names and few functions, so that they meet.
const (
	lports     = 9
	northbound = "OVN_Northbound"
)

// asked is what the Northbound asks, and how far the Southbound has followed.
type asked struct {
	run  *run
	nb   *rawdb.Conn
	host string
	net  string            // uuid of the logical switch
	uuid map[string]string // of the logical ports that are there

	// unseen are changes that ovn-northd hasn't confirmed.
	unseen []unseen

	mu sync.Mutex
	// acks are the sequence numbers that ovn-northd has confirmed, and when.
	acks []ack
}

type unseen struct {
	lport string
	begun time.Time
	n     int
}

type ack struct {
	n  int
	at time.Time
}

func newAsked(r *run) *asked {
	host, err := os.Hostname()
	if err != nil {
		r.t.Fatal(err)
	}
	nb, err := rawdb.Dial(r.t.Context(), r.dpu.Central.NB.Endpoint)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(nb.Close)
	a := &asked{run: r, nb: nb, host: host, uuid: map[string]string{}}
	rows := a.transact(rawdb.Operation{"op": "select", "table": "Logical_Switch", "where": []any{}, "columns": []string{"_uuid"}})
	a.net = rows[0].Rows[0].UUIDs("_uuid")[0]
	err = nb.Monitor(r.t.Context(), northbound, map[string][]string{"NB_Global": {"sb_cfg"}}, func(u rawdb.Update) {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, row := range u.Tables["NB_Global"] {
			a.acks = append(a.acks, ack{row.New.Number("sb_cfg"), u.At})
		}
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func (a *asked) transact(ops ...rawdb.Operation) []rawdb.Result {
	a.run.t.Helper()
	ctx, cancel := context.WithTimeout(a.run.t.Context(), patience)
	defer cancel()
	results, err := a.nb.Transact(ctx, northbound, ops...)
	if err != nil {
		a.run.t.Fatalf("Northbound: %v", err)
	}
	return results
}

// tell changes what a logical port asks.
func (a *asked) tell(lport string, request invariants.Request, ops ...rawdb.Operation) []rawdb.Result {
	a.run.t.Helper()
	line := a.run.truth.Requests[lport]
	if len(line) == 0 {
		line = invariants.Timeline[invariants.Request]{{}}
	}
	begun := time.Now()
	a.run.truth.Requests[lport] = append(line, invariants.Moment[invariants.Request]{Value: request, Begun: begun})
	ops = append(ops,
		rawdb.Operation{"op": "mutate", "table": "NB_Global", "where": []any{}, "mutations": []any{[]any{"nb_cfg", "+=", 1}}},
		rawdb.Operation{"op": "select", "table": "NB_Global", "where": []any{}, "columns": []string{"nb_cfg"}},
	)
	results := a.transact(ops...)
	a.unseen = append(a.unseen, unseen{lport, begun, results[len(results)-1].Rows[0].Number("nb_cfg")})
	return results
}

// acknowledge takes note of what has come to the Southbound.
func (a *asked) acknowledge() {
	a.mu.Lock()
	acks := a.acks
	a.acks = nil
	a.mu.Unlock()
	for _, k := range acks {
		var left []unseen
		for _, u := range a.unseen {
			if u.n > k.n {
				left = append(left, u)
				continue
			}
			line := a.run.truth.Requests[u.lport]
			for i := range line {
				if line[i].Begun.Equal(u.begun) {
					line[i].Seen = k.at
				}
			}
		}
		a.unseen = left
	}
}

// settled: the Southbound has everything.
func (a *asked) settled() bool { return len(a.unseen) == 0 }

// now is what each port asks at last.
func (a *asked) now() map[string]invariants.Request {
	all := map[string]invariants.Request{}
	for lport, line := range a.run.truth.Requests {
		all[lport] = line[len(line)-1].Value
	}
	return all
}

// step changes one logical port.
func (a *asked) step() string {
	lport := fmt.Sprintf("vm%d", a.run.draw.IntN(lports))
	what, request, options := a.drawRequest()
	deletes := a.run.draw.IntN(5) == 0
	uuid, there := a.uuid[lport]
	ids := rawdb.Map(options)
	switch {
	case !there:
		results := a.tell(lport, request,
			rawdb.Operation{"op": "insert", "table": "Logical_Switch_Port", "uuid-name": "p", "row": map[string]any{"name": lport, "addresses": "unknown", "options": ids}},
			rawdb.Operation{
				"op": "mutate", "table": "Logical_Switch", "where": rawdb.Where("_uuid", "==", rawdb.UUID(a.net)),
				"mutations": []any{[]any{"ports", "insert", rawdb.Set(rawdb.Named("p"))}},
			})
		a.uuid[lport] = rawdb.Row{"uuid": results[0].UUID}.UUIDs("uuid")[0]
		return fmt.Sprintf("%s is created: %s %s", lport, what, shown(options))
	case deletes:
		a.tell(lport, invariants.Request{}, rawdb.Operation{
			"op": "mutate", "table": "Logical_Switch", "where": rawdb.Where("_uuid", "==", rawdb.UUID(a.net)),
			"mutations": []any{[]any{"ports", "delete", rawdb.Set(rawdb.UUID(uuid))}},
		})
		delete(a.uuid, lport)
		return lport + " is deleted"
	}
	a.tell(lport, request, rawdb.Operation{
		"op": "update", "table": "Logical_Switch_Port", "where": rawdb.Where("_uuid", "==", rawdb.UUID(uuid)), "row": map[string]any{"options": ids},
	})
	return fmt.Sprintf("%s is changed: %s %s", lport, what, shown(options))
}

func shown(options map[string]string) string {
	return strings.ReplaceAll(fmt.Sprint(options)[len("map"):], "vif-plug:representor:", "")
}

// drawRequest makes up options, and what they mean.
func (a *asked) drawRequest() (what string, request invariants.Request, options map[string]string) {
	d := a.run.draw
	macs := pfMACs()
	r := invariants.Request{Kind: invariants.Asks, PFMAC: macs[d.IntN(2)], VF: d.IntN(vfs), MTU: 1500}
	if d.IntN(20) == 0 {
		r.PFMAC = macs[2] // mostly nobody's
	}
	switch d.IntN(12) {
	case 0:
		r.MTU = 0
	case 1:
		r.MTU = 8942
	}
	if d.IntN(8) == 0 {
		r.IfaceIDVer = fmt.Sprintf("v%d", d.IntN(3))
	}
	o := map[string]string{"requested-chassis": "dpu1", "vif-plug-type": "representor"}
	o["vif-plug:representor:pf-mac"] = r.PFMAC
	o["vif-plug:representor:vf-num"] = fmt.Sprint(r.VF)
	if r.MTU != 0 {
		o["vif-plug-mtu-request"] = fmt.Sprint(r.MTU)
	}
	if r.IfaceIDVer != "" {
		o["iface-id-ver"] = r.IfaceIDVer
	}
	n := d.IntN(100)
	bad := []string{"abc", "3x", "-1", "+1", "00", "0x0", "1.0", " 1", "65535", "65536"}[d.IntN(10)]
	set := func(key, value string) map[string]string {
		o = maps.Clone(o)
		o[key] = value
		return o
	}
	nothing, keeps, invalid := invariants.Request{}, invariants.Request{Kind: invariants.Keeps}, invariants.Request{Kind: invariants.Invalid}
	switch {
	case n < 60:
		return "asks", r, o
	case n < 64:
		return "asks by host name", r, set("requested-chassis", a.host)
	case n < 68:
		return "migrates from here", r, set("requested-chassis", "dpu1,dpu2")
	case n < 74:
		return "migrates to here", keeps, set("requested-chassis", "dpu2,dpu1")
	case n < 80:
		return "is another chassis'", nothing, set("requested-chassis", "dpu2")
	case n < 83:
		return "is nobody's", nothing, set("requested-chassis", "dpu9")
	case n < 86:
		return "is of another type", nothing, set("vif-plug-type", "another")
	case n < 91:
		return "is unbound", nothing, map[string]string{}
	case n < 97:
		return "is invalid", invalid, set("vif-plug:representor:vf-num", bad)
	}
	return "has an invalid MAC", invalid, set("vif-plug:representor:pf-mac", "00:00:00:00:00:00")
}
