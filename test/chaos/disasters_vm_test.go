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
		{"mute", 2, 2, 1, d.mute},
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
		switch d.run.name {
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
		if n -= weight(x); n >= 0 {
			continue
		}
		d.run.processes.works()
		d.run.note("%s:", x.name)
		d.run.counts.disasters[x.name]++
		d.begun = time.Time{}
		return x.do()
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
		d.look()
		if d.begun.IsZero() {
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

// slow has the Southbound answer slowly while ports go and names are exchanged.
func (d *disasters) slow() string {
	r := d.run
	late := min(r.probe*3/4, 2500*time.Millisecond)
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

// mute has a driver fail to tell of a port while representord is stopped, or starts anew: the
// kernel's list of ports ends there, and before Linux 6.2 nothing says so.
func (d *disasters) mute() string {
	c := d.run.card
	all := slices.Sorted(maps.Keys(c.now.VFs))
	if len(all) == 0 {
		return "no VF to be mute"
	}
	f := all[d.run.draw.IntN(len(all))]
	says := func(how string) { c.sim(c.port("fail-hwaddr", f)+" "+how, func(*invariants.Card) {}) }
	how := d.without(func() { says("on") })
	d.run.wait(8 * time.Second)
	says("off")
	// Of that nobody is told, and what is new would wait for the next audit.
	card := c.cards()[0]
	c.sim("port add "+card+" 9 flavour=pcipf controller=9 external=0 pf=9 netdev=none", func(*invariants.Card) {})
	c.sim("port del "+card+" 9", func(*invariants.Card) {})
	return "the driver can't tell of " + f + " for 8 s, " + how
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
