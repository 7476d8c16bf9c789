//go:build vm

package chaos

import (
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
	if d.backup == "" || !d.settled() {
		return d.back()
	}
	r, p := d.run, d.run.processes
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
		r.wait(r.world.hold * 3 / 4)
		how += ", while ovn-northd is away"
	}
	northd.Signal(syscall.SIGCONT)
	return "the Southbound's backup is put back " + how
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
