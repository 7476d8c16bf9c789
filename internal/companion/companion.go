// Package companion tells whether the programs that work beside representord answer:
// ovs-vswitchd, without which no new packet crosses the bridge, and ovn-controller,
// without which no port gets flows. The databases keep what both said last, so nothing in
// them shows that one is dead.
//
// Each is asked on its control socket, as ovs-appctl(8) does, for its version, and
// ovn-controller for what tells whether a plug provider is registered in it. Where that socket
// is depends on how the program was started. What can't be told is unknown, which is something
// else than dead.
package companion

import (
	"cmp"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// The companions, by the names of their programs.
const (
	VSwitchd   = "ovs-vswitchd"
	Controller = "ovn-controller"
)

// State is how it stands with a companion.
type State string

// The states.
const (
	// Answers: it answered.
	Answers State = "answers"
	// Silent: it takes connections and says nothing. It was stopped by a signal, hangs, or
	// is busy for longer than it was waited.
	Silent State = "silent"
	// Gone: it doesn't run.
	Gone State = "gone"
	// Unknown: it can't be told, which is no fault by itself.
	Unknown State = "unknown"
)

// Sight is what a look at a companion saw.
type Sight struct {
	// Name is that of the program, such as VSwitchd.
	Name  string `json:"name"`
	State State  `json:"state"`
	// Since is when a Watcher saw that state first, zero for a single look.
	Since time.Time `json:"since,omitzero"`
	// PID is its process id in our eyes, 0 when not known.
	PID int `json:"pid,omitempty"`
	// Socket is where it answers, or should, empty when not known. Version is the first line
	// of its answer.
	Socket  string `json:"socket,omitempty"`
	Version string `json:"version,omitempty"`
	// Stopped: a signal has stopped it, SIGSTOP for instance. False as well where /proc
	// doesn't show the process.
	Stopped bool `json:"stopped,omitempty"`
	// Forbidden: somebody with more rights could tell.
	Forbidden bool `json:"-"`
	// Why is what follows from, empty when it answers.
	Why string `json:"problem,omitempty"`
	// Providers tells of plug providers in an ovn-controller that answers, empty when that can't
	// be told.
	Providers Providers `json:"plug-providers,omitempty"`
	// Unit is the service of systemd that its process belongs to, ovn-controller.service for
	// instance; empty for none, and when that can't be told, as of what runs in a container.
	Unit string `json:"unit,omitempty"`
	// traceless: there is no pidfile, no socket and no process of it to be seen.
	traceless bool
}

// Without is what doesn't work without a companion.
func Without(name string) string {
	return map[string]string{
		VSwitchd:   "no packet that the kernel has no flow for crosses, and what is plugged now is not opened",
		Controller: "no port that is plugged now gets flows, and what changes in OVN doesn't come here",
	}[name]
}

// Search is where a companion is looked for.
type Search struct {
	Name string
	// Dirs are where its pidfile and its control socket may be, the likeliest first; none if
	// it isn't on this machine.
	Dirs []string
	// Endpoint is the local database that it was started with, Proc where proc(5) is mounted.
	Endpoint string
	Proc     string
}

// Searches gives where the companions of a local database are looked for: beside its
// socket, where the environment says, and where the packages of distributions put them,
// as ovs_rundir() of lib/dirs.c and ovn_rundir() of lib/ovn-dirs.c have it. They are on
// this machine if the database is.
func Searches(endpoint string, environment func(string) string) []Search {
	path, local := strings.CutPrefix(endpoint, "unix:")
	at := func(name, variable, usual string) Search {
		s := Search{Name: name, Endpoint: endpoint, Proc: "/proc"}
		for _, dir := range []string{filepath.Dir(path), environment(variable), usual} {
			same := func(other string) bool { return strings.TrimPrefix(dir, "/var") == strings.TrimPrefix(other, "/var") }
			if local && dir != "" && !slices.ContainsFunc(s.Dirs, same) {
				s.Dirs = append(s.Dirs, dir)
			}
		}
		return s
	}
	return []Search{
		at(VSwitchd, "OVS_RUNDIR", "/var/run/openvswitch"),
		at(Controller, "OVN_RUNDIR", "/var/run/ovn"),
	}
}

// promptly is within what a companion that is well answers.
const promptly = 200 * time.Millisecond

// Look looks once. It takes the patience, and some time to read /proc, at most.
func (s Search) Look(ctx context.Context, patience time.Duration) Sight {
	l := lines{}
	defer l.retain(nil)
	return s.look(ctx, patience, l)
}

// look is Look for one who looks again and again, and keeps the lines.
func (s Search) look(ctx context.Context, patience time.Duration, l lines) Sight {
	v := s.see(ctx, patience, l)
	v.Unit = s.unit(v.PID)
	if v.State == Answers && s.Name == Controller {
		v.Providers = providersIn(ctx, v.Socket, patience)
	}
	return v
}

// see tells how it stands with the companion.
func (s Search) see(ctx context.Context, patience time.Duration, l lines) Sight {
	if len(s.Dirs) == 0 {
		return Sight{Name: s.Name, State: Unknown, Why: "the local database is no unix socket's, so it isn't looked for on this machine"}
	}
	s.Dirs = s.own()
	e := evidence{search: s, pidfile: readPIDFiles(s.Dirs, s.Name), patience: patience}
	// While the one that ovs-appctl would ask answers, nothing else needs to be looked at.
	if usual := e.pidfile.socket; usual != "" {
		e.asked = s.ask(ctx, min(promptly, patience), l, usual)
		if a := e.asked[0]; a.version != "" && !s.foreign(a) {
			return e.judge()
		}
	}
	e.running, e.whole = s.processes()
	sockets := s.candidates(e.pidfile, e.running)
	l.retain(sockets)
	e.asked = slices.DeleteFunc(s.ask(ctx, patience, l, sockets...), s.foreign)
	if ctx.Err() != nil {
		return Sight{Name: s.Name, State: Unknown, Why: "it was not waited for: " + ctx.Err().Error()}
	}
	return e.judge()
}

// own are the directories in which its files may be: not those of another database, whose
// companion has its own there.
func (s Search) own() []string {
	path, _ := strings.CutPrefix(s.Endpoint, "unix:")
	ours, err := os.Stat(path)
	dirs := s.Dirs[:1:1]
	for _, dir := range s.Dirs[1:] {
		other, none := os.Stat(filepath.Join(dir, "db.sock"))
		if none != nil || err == nil && os.SameFile(ours, other) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// foreign reports whether a socket is that of a companion of another database: where it isn't
// beside ours, the process that listens may say so.
func (s Search) foreign(a answer) bool {
	if a.pid == 0 || filepath.Dir(a.socket) == filepath.Clean(s.Dirs[0]) {
		return false
	}
	p := s.process(a.pid)
	return len(p.args) > 0 && !p.serves(s)
}

// mostCandidates bounds how many sockets of a directory are asked, and mostAsked how many of
// all: those of processes that were killed stay.
const (
	mostCandidates = 16
	mostAsked      = 48
)

// candidates are the sockets that may be its own, the likeliest first: the one that
// ovs-appctl would ask, those of that name beside it, and those that the command lines of
// processes name.
func (s Search) candidates(file pidfile, running []process) []string {
	var all []string
	add := func(path string) {
		if path != "" && !slices.Contains(all, path) {
			all = append(all, path)
		}
	}
	add(file.socket)
	for _, p := range running {
		for _, path := range p.sockets(s) {
			add(path)
		}
	}
	for _, dir := range s.Dirs {
		for _, path := range s.named(dir) {
			add(path)
		}
	}
	return all[:min(len(all), mostAsked)]
}

// named are the sockets of its name in a directory, the newest first: a process that lives
// made its own after those that it follows.
func (s Search) named(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	made := map[string]time.Time{}
	for _, entry := range entries {
		n := entry.Name()
		if n == s.Name+".ctl" || strings.HasPrefix(n, s.Name+".") && strings.HasSuffix(n, ".ctl") {
			if info, err := entry.Info(); err == nil {
				made[filepath.Join(dir, n)] = info.ModTime()
			}
		}
	}
	all := slices.SortedFunc(maps.Keys(made), func(a, b string) int { return cmp.Or(made[b].Compare(made[a]), strings.Compare(a, b)) })
	return all[:min(len(all), mostCandidates)]
}

// ask asks all sockets at the same time, and keeps the lines of those that say nothing.
func (s Search) ask(ctx context.Context, patience time.Duration, l lines, sockets ...string) []answer {
	answers := make([]answer, len(sockets))
	var group sync.WaitGroup
	for i, socket := range sockets {
		kept := l.take(socket)
		group.Go(func() { answers[i] = ask(ctx, s.Name, socket, patience, kept) })
	}
	group.Wait()
	for _, a := range answers {
		if a.line != nil {
			l[a.socket] = a.line
		}
	}
	return answers
}
