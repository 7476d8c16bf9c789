//go:build vm && full

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

// fate is one way in which a program doesn't answer, and what is told of it.
type fate struct {
	what string
	do   func(*testing.T, *servers.Process)
	undo func(*testing.T, *servers.Process) // nil for one that is dead
	// state is the daemon's word for it. Doctor's remedy has NAME where the program's name is.
	state   companion.State
	verdict diagnose.Verdict
	remedy  string
}

// tellsOfTheDead has both die at a time, in each of the ways: the daemon looks at each for
// itself, every few seconds.
func tellsOfTheDead(t *testing.T, d *dpu) {
	d.judged(t)
	a, b := twoPorts(t, d)
	process := map[string]func() *servers.Process{
		companion.VSwitchd:   func() *servers.Process { return d.vswitchd },
		companion.Controller: func() *servers.Process { return d.controller },
	}
	both := []string{companion.VSwitchd, companion.Controller}
	answer := func() {
		for _, name := range both {
			d.tells(t, name, companion.Answers, diagnose.OK, "")
		}
	}
	answer()
	for _, f := range []fate{
		{"stopped", func(_ *testing.T, p *servers.Process) { p.Signal(syscall.SIGSTOP) },
			func(_ *testing.T, p *servers.Process) { p.Signal(syscall.SIGCONT) }, companion.Silent, diagnose.Failed, "kill -CONT "},
		// A process that is frozen hangs: no signal has stopped it.
		{"hung", freeze, thaw, companion.Silent, diagnose.Warning, "version"},
		{"killed", func(_ *testing.T, p *servers.Process) { kill(p) }, nil, companion.Gone, diagnose.Failed, "systemctl start NAME"},
	} {
		for _, name := range both {
			t.Logf("%s is %s", name, f.what)
			f.do(t, process[name]())
		}
		for _, name := range both {
			d.tells(t, name, f.state, f.verdict, strings.ReplaceAll(f.remedy, "NAME", name))
		}
		if d.row(t, "pf0vf0").uuid != a.uuid || d.row(t, "pf0vf1").uuid != b.uuid {
			t.Errorf("a row is another one while both are %s", f.what)
		}
		for _, name := range both {
			if f.undo != nil {
				f.undo(t, process[name]())
			}
		}
		if f.undo == nil {
			d.revive(t)
		}
		answer()
	}
	d.awaitPort(t, "vm0", plan.Plugged)
	d.awaitPort(t, "vm1", plan.Plugged)
}

// tells wants the line of status, the metric and the doctor's check to be of one mind.
func (d *dpu) tells(t *testing.T, name string, state companion.State, verdict diagnose.Verdict, remedy string) {
	t.Helper()
	var seen companion.Sight
	d.awaitStatus(t, fmt.Sprintf("%s is seen as %s", name, state), func(s api.Status) bool {
		for _, c := range s.Companions {
			if c.Name == name {
				seen = c
			}
		}
		return seen.State == state
	})
	answers := state == companion.Answers
	out, _ := d.ctl(t, "status")
	if warned := strings.Contains(out, "WARNING     "+name+" has not "); warned == answers {
		t.Errorf("%s is %s, and status says\n%s", name, state, out)
	}
	want := map[bool]float64{true: 1, false: 0}[answers]
	if got, ok := d.sample(t, `representord_companion_answers{companion="`+name+`"}`); !ok || got != want {
		t.Errorf("%s is %s, and the metric is %v, %v", name, state, got, ok)
	}
	c := d.diagnosed(t, map[string]string{companion.VSwitchd: "vswitchd", companion.Controller: "ovn-controller"}[name])
	if c.Verdict != verdict.String() || !strings.Contains(c.Remedy, remedy) {
		t.Errorf("%s is %s, and doctor says %+v, want %s with %q", name, state, c, verdict, remedy)
	}
	t.Logf("%-16s %-8s metric %v  doctor %-4s %s | %s", name, state, want, c.Verdict, c.Finding, c.Remedy)
}

// freezer is a control group of the unified hierarchy whose processes don't run
// (cgroup.freeze of cgroup-v2.rst).
func freezer(t *testing.T, p *servers.Process) string {
	t.Helper()
	const root = "/run/freezer"
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("cgroup2", root, "cgroup2", 0, ""); err != nil && err != syscall.EBUSY {
		t.Fatalf("cgroup2: %v", err)
	}
	group := filepath.Join(root, fmt.Sprintf("frozen-%d", p.Pid()))
	if err := os.MkdirAll(group, 0o755); err != nil {
		t.Fatal(err)
	}
	return group
}

func freeze(t *testing.T, p *servers.Process) {
	t.Helper()
	group := freezer(t, p)
	put(t, filepath.Join(group, "cgroup.procs"), fmt.Sprint(p.Pid()))
	put(t, filepath.Join(group, "cgroup.freeze"), "1")
	servers.Until(t, "it is frozen", func() bool {
		b, err := os.ReadFile(filepath.Join(group, "cgroup.events"))
		return err == nil && strings.Contains(string(b), "frozen 1")
	})
}

func thaw(t *testing.T, p *servers.Process) {
	t.Helper()
	group := freezer(t, p)
	put(t, filepath.Join(group, "cgroup.freeze"), "0")
	put(t, filepath.Join("/run/freezer", "cgroup.procs"), fmt.Sprint(p.Pid()))
	servers.Until(t, "the group is empty, and removed", func() bool { return syscall.Rmdir(group) == nil })
	if err := syscall.Unmount("/run/freezer", syscall.MNT_DETACH); err != nil {
		t.Errorf("cgroup2: %v", err)
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
