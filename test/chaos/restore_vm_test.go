//go:build vm

package chaos

import (
	"fmt"
	"maps"
	"slices"
	"syscall"
	"time"

	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/rawdb"
)

const southbound = "OVN_Southbound"

// back takes a backup of the Southbound.
func (d *disasters) back() string {
	if !d.settled() {
		return "no backup: the Southbound has not all that was asked"
	}
	d.asked = d.run.asked.now()
	d.backup = d.run.dpu.Central.SB.Backup(d.run.t, southbound)
	return "a backup of the Southbound is taken"
}

// handOn has functions handed on: ports that ask go, and others ask for what they had. What
// the backup says of them is another tenant's then.
func (d *disasters) handOn() string {
	r, a := d.run, d.run.asked
	now := a.now()
	var free []string
	for n := range r.lports {
		if lport := fmt.Sprintf("vm%d", n); a.uuid[lport] == "" {
			free = append(free, lport)
		}
	}
	var from []string
	for _, row := range r.state.Rows() {
		if row.Bridge == bridge && a.uuid[row.LogicalPort] != "" && now[row.LogicalPort].Kind == invariants.Asks {
			from = append(from, row.LogicalPort)
		}
	}
	slices.Sort(from)
	if len(from) == 0 {
		return ""
	}
	if len(free) == 0 { // one goes, and makes room
		a.remove(from[0])
		free, from = from[:1], from[1:]
	}
	n := min(len(free), len(from), 1+r.lports/20)
	for i := range n {
		request := now[from[i]]
		a.remove(from[i])
		one := map[string]invariants.Request{free[i]: request}
		a.create(one, map[string]map[string]string{free[i]: optionsOf(request)})
	}
	r.await("functions are handed on", func() string {
		r.check()
		for i := range n {
			if !slices.ContainsFunc(r.state.Rows(), func(row invariants.Row) bool { return row.LogicalPort == free[i] && row.Bridge == bridge }) &&
				slices.ContainsFunc(r.state.Rows(), func(row invariants.Row) bool { return row.LogicalPort == from[i] && row.Bridge == bridge }) {
				return from[i] + " has its row still"
			}
		}
		return ""
	})
	return fmt.Sprintf("; what %q had %q have", from[:n], free[:n])
}

// settled waits for some seconds until the Southbound has all that was asked.
func (d *disasters) settled() bool {
	for range 50 {
		d.run.check()
		if d.run.asked.settled() {
			return true
		}
		d.run.wait(100 * time.Millisecond)
	}
	return false
}

// restore puts the backup back, in place or into a database that was made anew. ovn-northd
// puts it right at once, or is away for a while.
func (d *disasters) restore() string {
	if d.backup == "" || d.run.draw.IntN(2) == 0 {
		d.back()
	}
	if d.backup == "" {
		return "there is no backup to put back"
	}
	handed := d.handOn()
	if !d.settled() {
		return "no restore: the Southbound has not all that was asked" + handed
	}
	r, p := d.run, d.run.processes
	r.wait(lag + time.Second) // what was before may be believed no more
	northd := r.dpu.Central.Northd
	away, anew := r.draw.IntN(3) > 0, r.cluster == nil && r.draw.IntN(2) == 0
	northd.Signal(syscall.SIGSTOP)
	// What it puts right it does after this, and says so.
	begun := time.Now()
	r.truth.Replaced = append(r.truth.Replaced, begun)
	how := "in place"
	if anew {
		how = "into a database that was made anew"
		p.toSouthbound.cut()
		p.toSouthbound.stall()
		r.dpu.Central.SB.Wipe()
	}
	r.dpu.Central.SB.RestoreInPlace(r.t, southbound, d.backup)
	d.believed(begun)
	if anew {
		p.toSouthbound.resume()
	}
	if away {
		r.wait(r.hold * 3 / 4)
		how += ", while ovn-northd is away"
	}
	northd.Signal(syscall.SIGCONT)
	return "the Southbound's backup is put back " + how + handed
}

// believed takes note that the Southbound asks what it asked, until ovn-northd has put
// it right.
func (d *disasters) believed(begun time.Time) {
	a := d.run.asked
	now := a.now()
	lports := slices.Sorted(maps.Keys(now))
	for _, lport := range lports {
		a.note(lport, invariants.Moment[invariants.Request]{Value: d.asked[lport], Begun: begun})
		a.note(lport, invariants.Moment[invariants.Request]{Value: now[lport], Begun: begun.Add(1)})
	}
	results := a.transact(
		rawdb.Operation{"op": "mutate", "table": "NB_Global", "where": []any{}, "mutations": []any{[]any{"nb_cfg", "+=", 1}}},
		rawdb.Operation{"op": "select", "table": "NB_Global", "where": []any{}, "columns": []string{"nb_cfg"}},
	)
	n := results[1].Rows[0].Number("nb_cfg")
	for _, lport := range lports {
		a.unseen = append(a.unseen, unseen{lport, begun.Add(1), n})
	}
}
