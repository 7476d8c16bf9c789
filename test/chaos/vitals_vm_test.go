//go:build vm

package chaos

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// What a representord that leaks nothing may have more of, late than early.
const (
	moreDescriptors = 4
	moreKilobytes   = 24 << 10
	moreGoroutines  = 6
)

// vitals are what representord holds of the machine, looked at after each quiet.
type vitals struct {
	// looks are of the process that runs.
	looks []look
	// goroutines is how many there were at the very first.
	goroutines int
}

type look struct{ descriptors, kilobytes int }

func (l look) String() string {
	return fmt.Sprintf("%d descriptors, %d kB", l.descriptors, l.kilobytes)
}

func (l look) files() int  { return l.descriptors }
func (l look) memory() int { return l.kilobytes }

func least(looks []look, of func(look) int) int {
	n := of(looks[0])
	for _, l := range looks {
		n = min(n, of(l))
	}
	return n
}

func most(looks []look, of func(look) int) int {
	return -least(looks, func(l look) int { return -of(l) })
}

// look notes what the running process holds.
func (v *vitals) look(r *run) {
	r.t.Helper()
	pid := r.processes.daemon.process.Pid()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		r.t.Fatal(err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		r.t.Fatal(err)
	}
	resident := regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`).FindSubmatch(status)
	if resident == nil {
		r.t.Fatalf("no VmRSS in %s", status)
	}
	kilobytes, err := strconv.Atoi(string(resident[1]))
	if err != nil {
		r.t.Fatal(err)
	}
	v.looks = append(v.looks, look{len(files), kilobytes})
}

// died judges a process that has ended by what it left.
func (v *vitals) died(r *run) {
	r.t.Helper()
	if text := panicked(r.processes.daemon.process.Log()); text != "" {
		r.t.Fatalf("seed %d, step %d: representord panicked:\n%s", r.seed, r.counts.steps, text)
	}
	// Between two quiets it has a connection more or less open: what it leaks is what
	// it never has less of again.
	if n := len(v.looks); n >= 4 {
		early, late := v.looks[:n/2], v.looks[n/2:]
		descriptors := least(late, look.files) - most(early, look.files)
		kilobytes := least(late, look.memory) - most(early, look.memory)
		r.t.Logf("representord after %d quiets: %v, first %v", n, v.looks[n-1], v.looks[0])
		if descriptors > moreDescriptors || kilobytes > moreKilobytes {
			r.t.Errorf("representord holds more and more: %v", v.looks)
		}
	}
	v.looks = nil
}

// dump ends representord in the way that has Go's runtime list the goroutines, and
// counts them.
func (v *vitals) dump(r *run) int {
	r.t.Helper()
	daemon := r.processes.daemon.process
	before := daemon.Log()
	daemon.Signal(syscall.SIGQUIT)
	<-daemon.Done()
	return strings.Count(strings.TrimPrefix(daemon.Log(), before), "\ngoroutine ")
}

// baseline counts the goroutines of a fresh representord.
func (v *vitals) baseline(r *run) {
	r.t.Helper()
	v.goroutines = v.dump(r)
	v.looks = nil
	r.processes.daemon.heal()
	r.converge()
}

// judge ends the last process.
func (v *vitals) judge(r *run) {
	r.t.Helper()
	v.died(r)
	late := v.dump(r)
	r.t.Logf("%d goroutines early, %d late", v.goroutines, late)
	if v.goroutines == 0 || late > v.goroutines+moreGoroutines {
		r.t.Errorf("representord had %d goroutines when it was fresh, and %d at the end", v.goroutines, late)
	}
}
