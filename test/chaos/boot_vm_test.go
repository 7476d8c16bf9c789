//go:build vm

package chaos

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/representord/representord/test/invariants"
)

// reboot boots the DPU: the local database has the rows of before, there are no
// representors as yet, and they have other names when they come.
func (d *disasters) reboot() string {
	r, p, c := d.run, d.run.processes, d.run.card
	begun := time.Now()
	r.truth.Stalls = append(r.truth.Stalls, invariants.Span{From: begun})
	r.truth.LocalStalls = append(r.truth.LocalStalls, invariants.Span{From: begun})
	p.daemon.left, p.vswitchd.left, p.controller.left = 2, 2, 2
	for _, t := range []*thing{p.daemon, p.vswitchd, p.controller} {
		p.kill(t)
	}
	_, _ = r.dpu.Local.TryTool("ovs-dpctl", "del-dp", "ovs-system") // no datapath outlives a reboot
	before := maps.Clone(c.now.VFs)
	c.sim("reset", func(now *invariants.Card) {
		now.VFs, now.PFs = map[string]invariants.Netdev{}, map[string]string{}
	})
	c.ownNames()
	r.dpu.Local.Restart()
	p.heal(p.daemon)
	ready := r.truth.Started[len(r.truth.Started)-1]
	r.await("representord is ready", func() string {
		r.check()
		if !r.notify.since(ready) {
			return "READY wasn't told"
		}
		return ""
	})
	d.named()
	first := r.draw.IntN(2) == 0
	if first {
		p.heal(p.vswitchd)
	}
	c.boot()
	c.addAll(d.dealt(before))
	if !first {
		p.heal(p.vswitchd)
	}
	p.heal(p.controller)
	d.closes()
	return fmt.Sprintf("the DPU boots, with %d functions whose names were dealt anew; ovs-vswitchd comes first: %t", len(before), first)
}

// named holds representord to what READY says: that ovs-vswitchd may open every row,
// whatever the netdev is that comes to have its name.
func (d *disasters) named() {
	r := d.run
	for err := r.watch.Sync(r.t.Context()); err != nil; err = r.watch.Sync(r.t.Context()) {
		r.wait(10 * time.Millisecond)
	}
	r.check()
	for _, row := range r.state.Rows() {
		if row.Function != "" && row.Bridge == bridge && !row.Parked {
			r.t.Errorf("violation: I1: representord is READY, there are no representors, and a row carries a port's name: %s", row)
		}
	}
	if r.t.Failed() {
		r.t.Fatalf("seed %d, step %d", r.seed, r.counts.steps)
	}
}

// dealt are the functions that were there, under each other's names.
func (d *disasters) dealt(before map[string]invariants.Netdev) []function {
	c := d.run.card
	var added []function
	var names []string
	for p := range c.pfs {
		for v := range c.vfs {
			n, was := before[c.vf(p, v)]
			if !was {
				continue
			}
			if n.Name == "" {
				n.Name = "none"
			} else {
				names = append(names, n.Name)
			}
			added = append(added, function{p, v, n.Name})
		}
	}
	// The netdevs that no function has are there already, under their own names.
	spare := 0
	for i, name := range names {
		for c.named(name) != 0 {
			name = netdevName(spare)
			spare++
			if slices.Contains(names, name) {
				name = names[i]
			}
		}
		names[i] = name
	}
	d.run.draw.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for i := range added {
		if added[i].name != "none" {
			added[i].name, names = names[0], names[1:]
		}
	}
	return added
}
