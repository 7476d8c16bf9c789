//go:build vm

package chaos

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/rawdb"
)

// Logical ports are created, changed and deleted in the Northbound. There are few
// names and few functions, so that they meet.
const northbound = "OVN_Northbound"

// asked is what the Northbound asks, and how far the Southbound has followed.
type asked struct {
	run  *run
	nb   *rawdb.Conn
	host string
	net  string            // uuid of the logical switch
	uuid map[string]string // of the logical ports that are there
	// options are theirs.
	options map[string]map[string]string

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
	a := &asked{run: r, nb: nb, host: host, uuid: map[string]string{}, options: map[string]map[string]string{}}
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

// tell changes what logical ports ask, in one transaction.
func (a *asked) tell(requests map[string]invariants.Request, ops ...rawdb.Operation) []rawdb.Result {
	a.run.t.Helper()
	begun := time.Now()
	for lport, request := range requests {
		a.note(lport, invariants.Moment[invariants.Request]{Value: request, Begun: begun})
	}
	ops = append(ops,
		rawdb.Operation{"op": "mutate", "table": "NB_Global", "where": []any{}, "mutations": []any{[]any{"nb_cfg", "+=", 1}}},
		rawdb.Operation{"op": "select", "table": "NB_Global", "where": []any{}, "columns": []string{"nb_cfg"}},
	)
	results := a.transact(ops...)
	n := results[len(results)-1].Rows[0].Number("nb_cfg")
	for lport := range requests {
		a.unseen = append(a.unseen, unseen{lport, begun, n})
	}
	return results
}

// note adds to what a logical port asks.
func (a *asked) note(lport string, m invariants.Moment[invariants.Request]) {
	line := a.run.truth.Requests[lport]
	if len(line) == 0 {
		line = invariants.Timeline[invariants.Request]{{}}
	}
	a.run.truth.Requests[lport] = append(line, m)
}

// create makes logical ports with these options.
func (a *asked) create(requests map[string]invariants.Request, options map[string]map[string]string) {
	a.run.t.Helper()
	var ops []rawdb.Operation
	lports := slices.Sorted(maps.Keys(requests))
	for i, lport := range lports {
		name := fmt.Sprintf("p%d", i)
		ops = append(ops, rawdb.Operation{
			"op": "insert", "table": "Logical_Switch_Port", "uuid-name": name,
			"row": map[string]any{"name": lport, "addresses": "unknown", "options": rawdb.Map(options[lport])},
		}, rawdb.Operation{
			"op": "mutate", "table": "Logical_Switch", "where": rawdb.Where("_uuid", "==", rawdb.UUID(a.net)),
			"mutations": []any{[]any{"ports", "insert", rawdb.Set(rawdb.Named(name))}},
		})
	}
	results := a.tell(requests, ops...)
	for i, lport := range lports {
		a.uuid[lport] = rawdb.Row{"uuid": results[2*i].UUID}.UUIDs("uuid")[0]
		a.options[lport] = options[lport]
	}
}

// remove deletes a logical port.
func (a *asked) remove(lport string) {
	a.run.t.Helper()
	a.tell(map[string]invariants.Request{lport: {}}, rawdb.Operation{
		"op": "mutate", "table": "Logical_Switch", "where": rawdb.Where("_uuid", "==", rawdb.UUID(a.net)),
		"mutations": []any{[]any{"ports", "delete", rawdb.Set(rawdb.UUID(a.uuid[lport]))}},
	})
	delete(a.uuid, lport)
	delete(a.options, lport)
}

// set gives logical ports that are there other options, in one transaction.
func (a *asked) set(requests map[string]invariants.Request, options map[string]map[string]string) {
	a.run.t.Helper()
	var ops []rawdb.Operation
	for lport, o := range options {
		ops = append(ops, rawdb.Operation{
			"op": "update", "table": "Logical_Switch_Port", "where": rawdb.Where("_uuid", "==", rawdb.UUID(a.uuid[lport])),
			"row": map[string]any{"options": rawdb.Map(o)},
		})
		a.options[lport] = o
	}
	a.tell(requests, ops...)
}

// fill creates each logical port that isn't there, asking for a VF of its own.
func (a *asked) fill() string {
	requests, options := map[string]invariants.Request{}, map[string]map[string]string{}
	w := a.run.world
	for n := range w.lports {
		lport := fmt.Sprintf("vm%d", n)
		if _, there := a.uuid[lport]; !there {
			requests[lport] = invariants.Request{Kind: invariants.Asks, PFMAC: w.mac(n / w.vfs % len(w.pfs)), VF: n % w.vfs, MTU: 1500}
			options[lport] = optionsOf(requests[lport])
		}
	}
	if len(requests) > 0 {
		a.create(requests, options)
	}
	return fmt.Sprintf("%d logical ports are created, each for a VF of its own", len(requests))
}

// optionsOf are those of a request that asks.
func optionsOf(r invariants.Request) map[string]string {
	o := map[string]string{"requested-chassis": "dpu1", "vif-plug-type": "representor"}
	o["vif-plug:representor:pf-mac"] = r.PFMAC
	o[vfNum] = fmt.Sprint(r.VF)
	if r.MTU != 0 {
		o["vif-plug-mtu-request"] = fmt.Sprint(r.MTU)
	}
	if r.IfaceIDVer != "" {
		o["iface-id-ver"] = r.IfaceIDVer
	}
	return o
}

const vfNum = "vif-plug:representor:vf-num"

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
	lport := fmt.Sprintf("vm%d", a.run.draw.IntN(a.run.lports))
	what, request, options := a.drawRequest()
	deletes := a.run.draw.IntN(5) == 0
	_, there := a.uuid[lport]
	one, its := map[string]invariants.Request{lport: request}, map[string]map[string]string{lport: options}
	switch {
	case !there:
		a.create(one, its)
		return fmt.Sprintf("%s is created: %s %s", lport, what, shown(options))
	case deletes:
		a.remove(lport)
		return lport + " is deleted"
	}
	a.set(one, its)
	return fmt.Sprintf("%s is changed: %s %s", lport, what, shown(options))
}

func shown(options map[string]string) string {
	return strings.ReplaceAll(fmt.Sprint(options)[len("map"):], "vif-plug:representor:", "")
}

// drawRequest makes up options, and what they mean.
func (a *asked) drawRequest() (what string, request invariants.Request, options map[string]string) {
	d, w := a.run.draw, a.run.world
	r := invariants.Request{Kind: invariants.Asks, PFMAC: w.mac(d.IntN(len(w.pfs))), VF: d.IntN(w.vfs), MTU: 1500}
	if d.IntN(20) == 0 {
		r.PFMAC = w.mac(len(w.pfs)) // mostly nobody's
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
	o := optionsOf(r)
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
		return "is invalid", invalid, set(vfNum, bad)
	}
	return "has an invalid MAC", invalid, set("vif-plug:representor:pf-mac", "00:00:00:00:00:00")
}
