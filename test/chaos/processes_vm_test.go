//go:build vm

package chaos

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/servers"
)

// thing is a process, or a connection, that can fail for some steps.
type thing struct {
	name string
	// process is what runs at present; servers.OVSDB has its own.
	process *servers.Process
	// fail makes it fail in a way that is drawn, and says how.
	fail func() string
	// heal undoes whatever fail did, by start for a process that has ended.
	heal  func()
	start func() *servers.Process
	// needs must work before heal can.
	needs []*thing
	// deaf: while it fails representord learns nothing of the Southbound. idle: nor
	// can it do anything.
	deaf, idle bool
	// steps until it is healed, 0 while it works.
	left int
}

// processes are all of them.
type processes struct {
	run                                                                  *run
	daemon, controller, vswitchd, local, southbound, northd, wire, cable *thing
	toSouthbound, toLocal                                                *proxy
	// rounds counts quiets: representord itself is killed in every other few only,
	// so that it also lives long enough to show what it leaks.
	rounds int
}

func startProcesses(r *run) *processes {
	p := &processes{run: r}
	var err error
	if p.toSouthbound, err = newProxy(r.t.Context(), r.socket("southbound.sock"), r.dpu.Central.SB.Endpoint); err != nil {
		r.t.Fatal(err)
	}
	if p.toLocal, err = newProxy(r.t.Context(), r.socket("local.sock"), r.dpu.Local.Endpoint); err != nil {
		r.t.Fatal(err)
	}
	p.local = p.database("local ovsdb-server", r.dpu.Local, true)
	if r.cluster != nil {
		p.southbound = p.member(r.cluster)
	} else {
		p.southbound = p.database("Southbound", r.dpu.Central.SB, false)
	}
	p.northd = p.program("ovn-northd", func() *servers.Process {
		r.dpu.Central.StartNorthd(r.t)
		return r.dpu.Central.Northd
	}, p.southbound)
	p.northd.process = r.dpu.Central.Northd
	p.vswitchd = p.program("ovs-vswitchd", r.dpu.StartVSwitchd, p.local)
	p.controller = p.program("ovn-controller", func() *servers.Process { return r.dpu.StartController(p.toSouthbound.endpoint) }, p.local)
	p.daemon = p.program("representord", func() *servers.Process {
		r.truth.Started = append(r.truth.Started, time.Now())
		return r.dpu.StartDaemon(r.t, "--ovs-db="+p.toLocal.endpoint, "--log-level=info", "--mass-unplug-hold="+r.hold.String(),
			"--unplug-grace="+unplugGrace.String(), "--probe-interval="+r.probe.String())
	})
	p.daemon.deaf, p.daemon.idle = true, true
	for _, t := range []*thing{p.vswitchd, p.controller, p.daemon} {
		t.heal()
	}
	p.exitController()
	p.wire = p.connection("connection to the Southbound", p.toSouthbound, false)
	p.cable = p.connection("connection to the local database", p.toLocal, true)
	r.t.Cleanup(func() {
		for _, proxy := range []*proxy{p.toSouthbound, p.toLocal} {
			if err := proxy.close(); err != nil {
				r.t.Error(err)
			}
		}
	})
	return p
}

// program is a process that is started again after it was killed.
func (p *processes) program(name string, start func() *servers.Process, needs ...*thing) *thing {
	t := &thing{name: name, needs: needs, start: start}
	t.fail = func() string {
		if p.run.draw.IntN(2) == 0 {
			t.process.Signal(syscall.SIGSTOP)
			return "stops"
		}
		p.kill(t)
		return "is killed"
	}
	t.heal = func() {
		if t.process != nil && !t.ended() {
			t.process.Signal(syscall.SIGCONT)
			return
		}
		t.process = start()
	}
	return t
}

// kill ends a process the hard way, stopped or not.
func (p *processes) kill(t *thing) {
	p.run.counts.kills++
	t.process.Kill()
	if t == p.daemon {
		p.run.vitals.died(p.run)
	}
}

// exitController adds to the ways in which ovn-controller fails the one in which
// it takes its Chassis row with it.
func (p *processes) exitController() {
	fail := p.controller.fail
	p.controller.fail = func() string {
		if p.run.draw.IntN(3) == 0 && p.local.left == 0 && p.southbound.left == 0 && p.wire.left == 0 {
			servers.StopController(p.run.t, p.run.dpu.Local, p.controller.process)
			return "exits"
		}
		return fail()
	}
}

func (p *processes) database(name string, d *servers.OVSDB, idle bool) *thing {
	t := &thing{name: name, deaf: true, idle: idle}
	dead := false
	t.fail = func() string {
		switch n := p.run.draw.IntN(10); {
		case n < 5:
			d.Signal(syscall.SIGSTOP)
			return "stops"
		case n < 7 && !idle:
			// It is rebuilt by those who write to it, as after a disaster.
			p.run.counts.kills++
			p.wipe()
			return "is wiped"
		}
		p.run.counts.kills++
		d.Kill()
		dead = true
		return "is killed"
	}
	t.heal = func() {
		if dead {
			d.Restart()
			dead = false
			return
		}
		d.Signal(syscall.SIGCONT)
	}
	return t
}

// member is one of a cluster, which is cut off from the others and goes on to answer.
func (p *processes) member(c *servers.Cluster) *thing {
	t := &thing{name: "a member of the Southbound"}
	var off *servers.OVSDB
	t.fail = func() string {
		off = c.Members[p.run.draw.IntN(len(c.Members))]
		c.CutOff(p.run.t, off)
		p.toSouthbound.cut()
		// It takes a member some seconds to know.
		now := time.Now()
		p.run.truth.Stalls = append(p.run.truth.Stalls, invariants.Span{From: now, To: now.Add(isolation)})
		return "(" + off.Name + ") is cut off"
	}
	t.heal = func() { c.Rejoin(p.run.t, off) }
	return t
}

// isolation is how long a member that was cut off may believe that it wasn't, with
// the time in which everybody who used it finds another.
const isolation = 8 * time.Second

// wipe empties the Southbound. The other chassis registers before ovn-northd is
// heard of again: without it a port that migrates from there would be ours.
func (p *processes) wipe() {
	northd := p.run.dpu.Central.Northd
	northd.Signal(syscall.SIGSTOP)
	p.run.truth.Replaced = append(p.run.truth.Replaced, time.Now())
	p.run.dpu.Central.SB.Wipe()
	p.run.registerOther()
	if p.northd.left == 0 {
		northd.Signal(syscall.SIGCONT)
	}
}

func (p *processes) connection(name string, x *proxy, idle bool) *thing {
	t := &thing{name: name, deaf: true, idle: idle}
	t.fail = func() string {
		switch p.run.draw.IntN(3) {
		case 0:
			x.stall()
			return "stalls"
		case 1:
			late := time.Duration(1+p.run.draw.IntN(4)) * p.run.probe / 5
			x.slow(late)
			return "is " + late.String() + " slow"
		}
		x.cut()
		return "is cut"
	}
	t.heal = x.resume
	return t
}

// everything is in the order in which it is healed.
func (p *processes) everything() []*thing {
	return []*thing{p.local, p.southbound, p.wire, p.cable, p.northd, p.vswitchd, p.controller, p.daemon}
}

// step makes one thing fail, for some steps. Two at once may fail, not more.
func (p *processes) step() string {
	t := p.everything()[p.run.draw.IntN(8)]
	steps, failing := 1+p.run.draw.IntN(6), 0
	for _, other := range p.everything() {
		if other.left > 0 {
			failing++
		}
	}
	if failing >= 2 || t.left > 0 {
		return "nothing more fails"
	}
	return p.failing(t, steps, t.fail)
}

// failing makes a thing fail in some way for some steps.
func (p *processes) failing(t *thing, steps int, fail func() string) string {
	begun := time.Now()
	var how string
	if t == p.daemon && p.rounds%8 >= 4 {
		p.daemon.process.Signal(syscall.SIGSTOP)
		how = "stops"
	} else {
		how = fail()
	}
	t.left = steps
	truth := &p.run.truth
	if t.deaf {
		truth.Stalls = append(truth.Stalls, invariants.Span{From: begun})
	}
	if t.idle {
		truth.LocalStalls = append(truth.LocalStalls, invariants.Span{From: begun})
	}
	return fmt.Sprintf("%s %s for %d steps", t.name, how, steps)
}

// next heals what has failed for long enough.
func (p *processes) next() {
	p.monitor()
	for _, t := range p.everything() {
		if t.left > 1 {
			t.left--
		} else if t.left == 1 && t.possible() {
			p.heal(t)
		}
	}
}

// monitor starts those of OVS and OVN again that have ended by themselves, as their
// own --monitor does where they are installed. ovn-controller 23.03 fails an assertion
// now and then when its Chassis row goes (if_status_mgr_clear() of if-status.c).
func (p *processes) monitor() {
	if p.daemon.left == 0 && p.daemon.ended() {
		p.run.t.Fatalf("seed %d, step %d: representord has ended by itself, with status %d", p.run.seed, p.run.counts.steps,
			p.daemon.process.ExitCode())
	}
	for _, t := range []*thing{p.northd, p.vswitchd, p.controller} {
		if t.left > 0 || !t.possible() || !t.ended() {
			continue
		}
		p.run.counts.crashes++
		p.run.note("%s has ended by itself and is started again", t.name)
		t.process = t.start()
	}
}

func (t *thing) ended() bool {
	select {
	case <-t.process.Done():
		return true
	default:
		return false
	}
}

func (t *thing) possible() bool {
	for _, n := range t.needs {
		if n.left > 0 {
			return false
		}
	}
	return true
}

func (p *processes) heal(t *thing) {
	p.run.note("%s is healed", t.name)
	t.heal()
	t.left = 0
	p.run.note("%s works again", t.name)
	// The stalls end when nothing that makes them fails.
	deaf, idle := false, false
	for _, other := range p.everything() {
		deaf = deaf || other.left > 0 && other.deaf
		idle = idle || other.left > 0 && other.idle
	}
	now := time.Now()
	if !deaf {
		end(p.run.truth.Stalls, now)
	}
	if !idle {
		end(p.run.truth.LocalStalls, now)
	}
}

func end(stalls []invariants.Span, now time.Time) {
	for i := range stalls {
		if stalls[i].To.IsZero() {
			stalls[i].To = now
		}
	}
}

// all heals everything.
func (p *processes) all() {
	p.rounds++
	p.works()
}

// works heals whatever fails.
func (p *processes) works() {
	for _, t := range p.everything() {
		if t.left > 0 {
			p.heal(t)
		}
	}
}

// panicked looks for a panic in what representord has written.
func panicked(log string) string {
	for _, sign := range []string{"panic:", "fatal error:", "DATA RACE", "\ngoroutine "} {
		if i := strings.Index(log, sign); i >= 0 {
			return log[i:min(len(log), i+3000)]
		}
	}
	return ""
}
