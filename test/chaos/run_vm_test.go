//go:build vm

package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/servers"
	"github.com/representord/representord/test/virtualdpu"
)

const (
	bridge = "br-int"
	// patience bounds what is waited for within a step.
	patience = 80 * time.Second
	// lag is what representord may take to act upon what it has been told, on two
	// processors that emulate everything. The time in which those stand still doesn't count.
	lag = 3 * time.Second
	// cardLag is the same for what the kernel shows.
	cardLag = 1500 * time.Millisecond
	// unplugGrace is what a removal for the Southbound's sake waits at least.
	unplugGrace = time.Second
)

// run is one run of chaos.
type run struct {
	t    *testing.T
	seed uint64
	world
	// cluster is the Southbound, nil for one that is none.
	cluster *servers.Cluster
	// draw decides everything that is done, and nothing else draws from it.
	draw *rand.Rand
	dpu  *virtualdpu.DPU

	asked     *asked
	card      *cardState
	processes *processes
	operator  *operator
	disasters *disasters
	notify    *notify

	watch *invariants.Watch
	pulse *invariants.Pulse
	state invariants.State
	truth invariants.Truth
	// acceptance follows when representord accepts a Southbound, looked is when it was last asked.
	acceptance acceptance
	looked     time.Time
	// opened follows what ovs-vswitchd and the datapath have open, vports what that has.
	opened invariants.Opened
	vports map[int]bool

	vitals vitals
	counts counts
	// trail is what was done, for whoever must understand a violation.
	trail []string
}

// counts is what the last line tells.
type counts struct {
	steps, transactions, kills, crashes, convergences int
	disasters                                         map[string]int
}

// Chaos runs for a time, and then has everything settle once more.
func chaos(t *testing.T, seed uint64, duration time.Duration, in world) {
	t.Helper()
	r := start(t, seed, in)
	// Whatever ends the test, how to have it again is told.
	defer func() {
		if t.Failed() {
			t.Logf("what was done last:\n%s", strings.Join(r.trail[max(0, len(r.trail)-1000):], "\n"))
			t.Logf("to repeat this: make chaos SEED=%d MINUTES=%d WORLD=%s", seed, max(1, int((duration+time.Minute-1)/time.Minute)), in.name)
		}
		t.Logf("chaos: %d steps, seed %d, %d transactions, %d kills, %d crashes of others, %d convergences", r.counts.steps, seed,
			r.counts.transactions, r.counts.kills, r.counts.crashes, r.counts.convergences)
		t.Logf("disasters: %v", r.counts.disasters)
		t.Logf("a wrong netdev was open %d times, for %v at most, of which representord had %v; the last disaster's leaks were closed within "+
			"%v of its time, %v at most",
			r.opened.Count, r.opened.Longest, r.opened.Acting, r.disasters.closed, r.disasters.longest)
	}()
	r.converge()
	r.vitals.baseline(r)
	for began := time.Now(); time.Since(began) < duration; {
		for range 15 + r.draw.IntN(11) {
			r.step()
		}
		r.converge()
	}
	r.vitals.judge(r)
}

func start(t *testing.T, seed uint64, in world) *run {
	t.Helper()
	r := &run{t: t, seed: seed, world: in, draw: rand.New(rand.NewPCG(seed, 0)), counts: counts{disasters: map[string]int{}}}
	if in.clustered {
		var central *servers.Central
		central, r.cluster = servers.OVNClustered(t, 3)
		r.dpu = virtualdpu.NewIn(t, central)
	} else {
		r.dpu = virtualdpu.New(t)
	}
	r.truth = invariants.Truth{
		Bridge: bridge, Requests: map[string]invariants.Timeline[invariants.Request]{},
		Lag: lag, CardLag: cardLag, Grace: in.grace, Unclaimed: in.unclaimed, UnplugGrace: unplugGrace, Hold: in.hold, GrownUp: 70 * time.Second,
	}
	r.notify = newNotify(r)
	r.disasters = &disasters{run: r}
	r.processes = startProcesses(r)
	r.dpu.Central.Nbctl(t, "ls-add", "net")
	r.registerOther()
	r.asked = newAsked(r)
	r.card = newCard(r)
	r.operator = &operator{run: r, hand: invariants.Operator{Endpoint: r.dpu.Local.Endpoint, Bridge: bridge}}
	r.watch = invariants.NewWatch(t.Context(), r.dpu.Local.Endpoint)
	t.Cleanup(r.watch.Close)
	r.pulse = invariants.NewPulse()
	t.Cleanup(r.pulse.Close)
	r.await("representord sees all of its sources", func() string {
		s, err := r.dpu.Client.Status(t.Context())
		if err != nil || !s.Southbound.Complete || !s.Southbound.ChassisKnown || !s.Local.BridgeFound || !s.Devlink.Complete {
			return fmt.Sprintf("%+v, %v", s, err)
		}
		return ""
	})
	if in.full {
		r.note("%s", r.asked.fill())
	}
	return r
}

// registerOther makes the Chassis row of another DPU, which nobody runs.
func (r *run) registerOther() {
	r.t.Helper()
	r.dpu.Central.Sbctl(r.t, "chassis-add", "dpu2", "geneve", "127.0.0.2")
}

// step does one thing, waits for a time that is drawn too, and checks.
func (r *run) step() {
	r.counts.steps++
	r.processes.next()
	n := r.draw.IntN(100)
	for i, do := range []func() string{r.asked.step, r.card.step, r.processes.step, r.operator.step, r.disasters.step} {
		if n -= r.weights[i]; n < 0 {
			what := do()
			r.note("step %d: %s", r.counts.steps, what)
			break
		}
	}
	pause := []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond, 400 * time.Millisecond}[r.draw.IntN(4)]
	select {
	case <-r.t.Context().Done():
	case <-time.After(pause):
	}
	r.check()
}

// note adds to the trail.
func (r *run) note(format string, args ...any) {
	r.trail = append(r.trail, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
	if os.Getenv("CHAOS_TRAIL") != "" {
		fmt.Fprintln(os.Stdout, r.trail[len(r.trail)-1])
	}
}

// check judges all that has happened since it was last called.
func (r *run) check() {
	r.t.Helper()
	r.asked.acknowledge()
	batches := r.watch.Take()
	vports, err := virtualdpu.Vports() // after all that was said of them
	if err != nil {
		r.t.Fatal(err)
	}
	now, accepted := time.Now(), r.accepted()
	truth := r.truth.Stalled(r.pulse)
	truth.Accepted = accepted
	var found []invariants.Violation
	for _, b := range batches {
		var broken []invariants.Violation
		r.state, broken = invariants.Judge(r.state, b, truth)
		found = append(found, broken...)
		r.counts.transactions++
		for _, c := range b.Changes {
			r.note("    %s", c)
		}
		found = append(found, r.opened.Look(r.state, r.vports, truth, b.Before)...)
	}
	r.vports = vports
	found = append(found, r.opened.Look(r.state, vports, truth, now)...)
	r.opened.Settle(vports)
	found = append(found, invariants.Overdue(r.state, truth, now)...)
	if len(found) > 0 {
		for _, v := range found {
			r.t.Errorf("violation: %s", v)
		}
		r.t.Fatalf("seed %d, step %d\n%s", r.seed, r.counts.steps, r.dpu.Describe(r.processes.daemon.process))
	}
}

// converge lets everything run and waits until all is as it must be.
func (r *run) converge() {
	r.t.Helper()
	r.processes.all()
	r.await("all is as asked", func() string {
		if err := r.watch.Sync(r.t.Context()); err != nil {
			return err.Error()
		}
		r.check()
		r.disasters.look()
		if n := r.opened.Open(); n > 0 {
			return fmt.Sprintf("%d netdevs are open under rows of other functions", n)
		}
		if !r.asked.settled() {
			return "the Southbound has not all that was asked"
		}
		return r.unsettled()
	})
	r.counts.convergences++
	r.note("converged")
	r.truth = r.truth.Stalled(r.pulse).Forget(time.Now())
	r.trail = r.trail[max(0, len(r.trail)-5000):]
	r.vitals.look(r)
}

// unsettled compares what is asked with what is there.
func (r *run) unsettled() string {
	ports, err := r.dpu.Client.Ports(r.t.Context())
	if err != nil {
		return err.Error()
	}
	return scene{bridge: bridge, requests: r.asked.now(), card: r.card.now, rows: r.state.Rows(), ports: ports.Ports}.unsettled()
}

// await waits until nothing is wrong any more.
func (r *run) await(what string, wrong func() string) {
	r.t.Helper()
	deadline := time.Now().Add(r.patience)
	told := ""
	for {
		r.processes.monitor()
		problem := wrong()
		if problem != told {
			told = problem
			r.note("not yet: %s", problem)
		}
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("seed %d, step %d: waited in vain until %s: %s\n%s", r.seed, r.counts.steps, what, problem,
				r.dpu.Describe(r.processes.daemon.process))
		}
		select {
		case <-r.t.Context().Done():
			r.t.Fatal("the test has ended")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// wait lets a time pass in which the checker looks.
func (r *run) wait(d time.Duration) {
	r.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		select {
		case <-r.t.Context().Done():
			return
		case <-time.After(min(50*time.Millisecond, time.Until(end)+time.Millisecond)):
		}
		r.check()
	}
}

// chosen is the world that the environment names.
func chosen(t *testing.T) world {
	t.Helper()
	name, only := os.Getenv("CHAOS_WORLD"), os.Getenv("CHAOS_ONLY")
	if name == "" {
		name = "small"
	}
	w, known := worlds()[name]
	if !known {
		t.Fatalf("CHAOS_WORLD: there is no world %q", name)
	}
	if only != "" { // whoever names some disasters wants to see them
		w.weights = [5]int{40, 20, 3, 2, 35}
	}
	return w
}

// setting reads one from the environment.
func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func (r *run) socket(name string) string { return filepath.Join(r.dpu.Dir, name) }
