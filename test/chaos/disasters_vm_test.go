//go:build vm

package chaos

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/representord/representord/test/invariants"
)

// disasters are what goes wrong on a large scale, or in an order that chance hardly
// finds. Each begins while everything works.
type disasters struct {
	run *run
	// backup is what the Southbound had some time ago, and what it asked.
	backup string
	asked  map[string]invariants.Request
	// begun is when representord could begin to let go of what was opened wrong, zero when
	// it has; closed is how long that took, and longest the longest of those.
	begun           time.Time
	closed, longest time.Duration
}

type disaster struct {
	name string
	// weights are for the small world, the big one and that with a cluster.
	small, big, cluster int
	do                  func() string
}

func (d *disasters) all() []disaster {
	return []disaster{
		{"deal", 4, 6, 1, d.deal},
		{"stop-vswitchd", 3, 2, 0, d.stopVSwitchd},
		{"reboot", 3, 3, 1, d.reboot},
		{"slow", 3, 3, 2, d.slow},
		{"hang", 2, 2, 0, d.hang},
		{"backup", 2, 1, 4, d.back},
		{"restore", 3, 2, 8, d.restore},
		{"retarget", 1, 2, 1, d.retarget},
		{"delete", 1, 2, 1, d.deleteMany},
		{"fill", 2, 6, 3, func() string { return d.run.asked.fill() }},
		{"giant", 1, 1, 1, d.giant},
		{"stranger", 1, 1, 1, d.stranger},
		{"hangup", 1, 1, 1, d.hangup},
		{"isolate", 0, 0, 8, d.isolate},
	}
}

// step has one happen. CHAOS_ONLY names those that may, separated by commas.
func (d *disasters) step() string {
	only := os.Getenv("CHAOS_ONLY")
	weight := func(x disaster) int {
		if only != "" && !slices.Contains(strings.Split(only, ","), x.name) {
			return 0
		}
		switch d.run.world.name {
		case "big":
			return x.big
		case "cluster":
			return x.cluster
		}
		return x.small
	}
	sum := 0
	for _, x := range d.all() {
		sum += weight(x)
	}
	if sum == 0 {
		return "no disaster"
	}
	n := d.run.draw.IntN(sum)
	for _, x := range d.all() {
		if n -= weight(x); n < 0 {
			d.run.processes.works()
			d.run.note("%s:", x.name)
			d.run.counts.disasters[x.name]++
			d.begun = time.Time{}
			return x.do()
		}
	}
	return ""
}

// look takes note of when the leaks of the last disaster were closed.
func (d *disasters) look() {
	if d.begun.IsZero() || d.run.opened.Open() > 0 {
		return
	}
	d.closed = 0
	if d.run.opened.Closed.After(d.begun) {
		d.closed = d.run.opened.Closed.Sub(d.begun)
	}
	d.longest = max(d.longest, d.closed)
	d.begun = time.Time{}
}

// without does something while representord is stopped, or dead.
func (d *disasters) without(do func()) string {
	p := d.run.processes
	dies := d.run.draw.IntN(3) == 0 && p.rounds%8 < 4
	now := time.Now()
	d.run.truth.Stalls = append(d.run.truth.Stalls, invariants.Span{From: now})
	d.run.truth.LocalStalls = append(d.run.truth.LocalStalls, invariants.Span{From: now})
	p.daemon.left = 1
	how := "while representord is stopped"
	if dies {
		p.kill(p.daemon)
		how = "while representord doesn't run"
	} else {
		p.daemon.process.Signal(syscall.SIGSTOP)
	}
	do()
	p.heal(p.daemon)
	return how
}

// deal gives names anew, and lets ovs-vswitchd open what the rows then name: one that runs
// keeps open what it has, and one that starts then goes by the names alone.
func (d *disasters) deal() string {
	what := ""
	how := d.without(func() {
		vswitchd := d.run.processes.vswitchd
		if anew := d.run.draw.IntN(2) == 0; anew {
			d.run.processes.kill(vswitchd)
			_, _ = d.run.dpu.Local.TryTool("ovs-dpctl", "del-dp", "ovs-system")
			what = d.run.card.deal() + " before ovs-vswitchd starts,"
			vswitchd.heal()
		} else {
			what = d.run.card.deal()
		}
		d.openWrong()
	})
	d.closes()
	return what + " " + how
}

// closes waits until nothing wrong is open any more: how long that takes is told, and
// too long is a violation.
func (d *disasters) closes() {
	if d.begun.IsZero() {
		d.begun = time.Now()
	}
	for range 200 {
		if d.look(); d.begun.IsZero() {
			return
		}
		d.run.wait(100 * time.Millisecond)
	}
}

// openWrong waits until ovs-vswitchd has opened netdevs under rows of others, and no
// more come, if there are any to be opened.
func (d *disasters) openWrong() {
	before := -1
	for range 10 {
		if n := d.run.opened.Open(); n == before && n > 0 {
			return
		}
		before = d.run.opened.Open()
		d.run.wait(300 * time.Millisecond)
	}
}

// stopVSwitchd has ovs-vswitchd stop with netdevs open that are others' by then.
func (d *disasters) stopVSwitchd() string {
	what := ""
	how := d.without(func() {
		what = d.run.card.deal()
		d.openWrong()
		vswitchd := d.run.processes.vswitchd
		d.run.note("%s", d.run.processes.failing(vswitchd, 1, func() string {
			vswitchd.process.Signal(syscall.SIGSTOP)
			return "stops"
		}))
	})
	d.run.wait(3 * time.Second)
	d.closes()
	return what + " " + how + ", and ovs-vswitchd stops then"
}

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

// slow has the Southbound answer slowly while ports go and names are exchanged.
func (d *disasters) slow() string {
	r := d.run
	late := probe * 3 / 4
	now := time.Now()
	r.truth.Stalls = append(r.truth.Stalls, invariants.Span{From: now})
	r.processes.wire.left = 3
	r.processes.toSouthbound.slow(late)
	for range 2 {
		lports := slices.Sorted(maps.Keys(r.asked.uuid))
		if len(lports) > 0 {
			r.asked.remove(lports[r.draw.IntN(len(lports))])
		}
		r.wait(time.Duration(r.draw.IntN(1500)) * time.Millisecond)
		r.note("%s", r.card.exchange())
		r.wait(time.Duration(r.draw.IntN(3000)) * time.Millisecond)
	}
	return fmt.Sprintf("the Southbound is %v slow while ports go and names are exchanged", late)
}

// hang has a card's firmware hang while names are exchanged.
func (d *disasters) hang() string {
	c := d.run.card
	cards := c.cards()
	card := cards[d.run.draw.IntN(len(cards))]
	// representord is told of a port, and asks for all while the firmware hangs.
	c.sim("port add "+card+" 9 flavour=pcipf controller=9 external=0 pf=9 netdev=none", func(*invariants.Card) {})
	c.sim("dev hang "+card+" 6000", func(*invariants.Card) {})
	for range 2 {
		d.run.note("%s", c.exchange())
		d.run.wait(2500 * time.Millisecond)
	}
	d.run.wait(1500 * time.Millisecond)
	c.sim("port del "+card+" 9", func(*invariants.Card) {})
	return card + "'s firmware hangs for 6 s while names are exchanged"
}

// retarget has each port ask for the VF after its own.
func (d *disasters) retarget() string {
	a := d.run.asked
	requests, options := map[string]invariants.Request{}, map[string]map[string]string{}
	for lport, r := range a.now() {
		if _, there := a.uuid[lport]; !there || r.Kind != invariants.Asks {
			continue
		}
		r.VF = (r.VF + 1) % d.run.world.vfs
		o := maps.Clone(a.options[lport])
		o[vfNum] = fmt.Sprint(r.VF)
		requests[lport], options[lport] = r, o
	}
	a.set(requests, options)
	d.run.wait(time.Second)
	return fmt.Sprintf("%d ports ask for the VF after their own", len(requests))
}

// deleteMany deletes ports, one after the other.
func (d *disasters) deleteMany() string {
	a := d.run.asked
	lports := slices.Sorted(maps.Keys(a.uuid))
	if n := len(lports) * 3 / 4; n > 0 {
		lports = lports[:n]
	}
	for _, lport := range lports {
		a.remove(lport)
		d.run.wait(20 * time.Millisecond)
	}
	return fmt.Sprintf("%d ports are deleted, one after the other", len(lports))
}

// giant gives a port an option whose value is a megabyte.
func (d *disasters) giant() string {
	a := d.run.asked
	lports := slices.Sorted(maps.Keys(a.uuid))
	if len(lports) == 0 {
		return "there is no port for an option of a megabyte"
	}
	lport := lports[d.run.draw.IntN(len(lports))]
	request := a.now()[lport]
	o := maps.Clone(a.options[lport])
	key := "note"
	if d.run.draw.IntN(2) == 0 && request.Kind == invariants.Asks {
		key, request = "vif-plug:representor:pf-mac", invariants.Request{Kind: invariants.Invalid}
	}
	o[key] = strings.Repeat("x", 1<<20)
	a.set(map[string]invariants.Request{lport: request}, map[string]map[string]string{lport: o})
	d.run.wait(time.Second)
	o = maps.Clone(o)
	delete(o, "note") // what is invalid stays
	if key == "note" {
		a.set(map[string]invariants.Request{lport: request}, map[string]map[string]string{lport: o})
	} else {
		o[key] = "xx"
		a.set(map[string]invariants.Request{lport: request}, map[string]map[string]string{lport: o})
	}
	return fmt.Sprintf("%s's option %s has a megabyte, for a second", lport, key)
}

// stranger has somebody else answer at the Southbound's address for some seconds.
func (d *disasters) stranger() string {
	r := d.run
	answer := []string{
		"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n400 Bad Request",
		`{"error":"404 page not found"}`,
		`{"status":"ok","id":null,"result":[]}`,
	}[r.draw.IntN(3)]
	r.truth.Stalls = append(r.truth.Stalls, invariants.Span{From: time.Now()})
	r.processes.wire.left = 1
	r.processes.toSouthbound.answers(answer)
	r.wait(3 * time.Second)
	r.processes.toSouthbound.answers("")
	r.processes.monitor()
	return fmt.Sprintf("somebody else answers %q at the Southbound's address", answer)
}

// hangup sends representord the signal of a terminal that is gone.
func (d *disasters) hangup() string {
	d.run.processes.daemon.process.Signal(syscall.SIGHUP)
	d.run.wait(500 * time.Millisecond)
	d.run.processes.monitor()
	return "representord gets SIGHUP"
}

// isolate cuts a member of the Southbound off, which goes on to answer, and has
// connections dealt anew while it lacks what is asked since.
func (d *disasters) isolate() string {
	r, p := d.run, d.run.processes
	what := p.failing(p.southbound, 1, p.southbound.fail)
	r.wait(isolation)
	var all []string
	for range 4 {
		all = append(all, r.asked.step())
	}
	d.settled()
	r.wait(lag)
	for range 4 {
		p.toSouthbound.cut()
		r.wait(3 * time.Second)
	}
	return what + ", and lacks that " + strings.Join(all, "; ")
}
