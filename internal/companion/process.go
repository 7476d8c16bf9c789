package companion

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/representord/representord/internal/retry"
)

// process is one that /proc shows.
type process struct {
	pid  int
	args []string
	// stuck: it hangs in the kernel. Its command line, which is in its memory, isn't read then,
	// since whoever reads that may come to hang as well.
	stuck bool
}

// initialPIDNamespace is the name of the first PID namespace, in which every process is
// (PROC_PID_INIT_INO of include/linux/proc_ns.h).
const initialPIDNamespace = "pid:[4026531836]"

// processes are those of the program that work on our database. The view is whole if a
// process that isn't among them is none: nothing is hidden from us, by a namespace or by
// the option hidepid of proc(5), and no other process of that name may be the one.
func (s Search) processes() (running []process, whole bool) {
	namespace, err := os.Readlink(filepath.Join(s.Proc, "self/ns/pid"))
	// Whoever sees the command line of process 1, which has every right, sees all.
	whole = err == nil && namespace == initialPIDNamespace && read(s.Proc, "1/cmdline") != ""
	entries, err := os.ReadDir(s.Proc)
	if err != nil {
		return nil, false
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || strings.TrimSpace(read(s.Proc, entry.Name()+"/comm")) != s.Name {
			continue
		}
		p := s.process(pid)
		switch {
		case p.stuck:
			running = append(running, p)
		case len(p.args) == 0, isMonitor(p.args[0]): // a zombie; what restarts the one that counts
		case !p.serves(s):
			whole = false
		default:
			running = append(running, p)
		}
	}
	return running, whole
}

// process reads what /proc shows of one.
func (s Search) process(pid int) process {
	if s.stuck(pid) {
		return process{pid: pid, stuck: true}
	}
	p := process{pid: pid}
	if cmdline := strings.TrimRight(read(s.Proc, strconv.Itoa(pid)+"/cmdline"), "\x00"); cmdline != "" {
		p.args = strings.Split(cmdline, "\x00")
	}
	return p
}

// stuck tells whether a process waits in the kernel for longer than each does now and then.
func (s Search) stuck(pid int) bool {
	const looks, apart = 3, 20 * time.Millisecond
	for range looks {
		if s.state(pid) != stateStuck {
			return false
		}
		retry.Pause(apart)
	}
	return true
}

// read gives what a file of /proc holds, nothing if it can't be read.
func read(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return string(b)
}

// isMonitor knows the process that waits for the program's end and starts it again, by
// the title that monitor_daemon() of Open vSwitch's lib/daemon-unix.c gives it.
func isMonitor(title string) bool { return strings.Contains(title, ": monitoring pid ") }

// serves tells whether a process may work on our database: it names that one, or none.
func (p process) serves(s Search) bool {
	named := slices.DeleteFunc(slices.Clone(p.args[1:]), func(arg string) bool {
		return !strings.HasPrefix(arg, "unix:") && !strings.HasPrefix(arg, "tcp:") && !strings.HasPrefix(arg, "ssl:")
	})
	return len(named) == 0 || slices.ContainsFunc(named,
		func(n string) bool { return current(n) == current(s.Endpoint) || p.sameSocket(s, n) })
}

// sameSocket tells whether a process means our database by another name, as one does that has
// a file system of its own.
func (p process) sameSocket(s Search, named string) bool {
	path, local := strings.CutPrefix(named, "unix:")
	ours, too := strings.CutPrefix(s.Endpoint, "unix:")
	if !local || !too {
		return false
	}
	theirs, err := os.Stat(filepath.Join(s.Proc, strconv.Itoa(p.pid), "root", path))
	mine, none := os.Stat(ours)
	return err == nil && none == nil && os.SameFile(theirs, mine)
}

// current writes /var/run, which is a link to /run nearly everywhere, as that.
func current(endpoint string) string { return strings.Replace(endpoint, ":/var/run/", ":/run/", 1) }

// sockets are where a process may listen by its --unixctl, in its own file system too, if
// that is another one.
func (p process) sockets(s Search) []string {
	for i, arg := range p.args {
		path, ok := strings.CutPrefix(arg, "--unixctl=")
		if !ok && arg == "--unixctl" && i+1 < len(p.args) {
			path, ok = p.args[i+1], true
		}
		if !ok || path == "" || path == "none" {
			continue
		}
		in := []string{path}
		if !filepath.IsAbs(path) { // it is in a directory of its own, which may be any of these
			in = nil
			for _, dir := range s.Dirs {
				in = append(in, filepath.Join(dir, path))
			}
		}
		all := slices.Clone(in)
		for _, path := range in {
			all = append(all, filepath.Join(s.Proc, strconv.Itoa(p.pid), "root", path))
		}
		return all
	}
	return nil
}

// unit is the service of systemd in whose control group a process is, as cgroups(7) shows that:
// the last part of a path such as /system.slice/ovn-controller.service, in the hierarchy that
// all have (0) or that is systemd's own (name=systemd). What is below a service, in a scope or
// below another machine's group belongs to a container, and starting a service of that name
// anew would do something else to it.
func (s Search) unit(pid int) string {
	if pid <= 0 {
		return ""
	}
	for line := range strings.Lines(read(s.Proc, strconv.Itoa(pid)+"/cgroup")) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 || fields[1] != "" && fields[1] != "name=systemd" {
			continue
		}
		groups := strings.Split(strings.TrimPrefix(fields[2], "/"), "/")
		name := groups[len(groups)-1]
		foreign := slices.ContainsFunc(groups[:len(groups)-1], func(g string) bool { return !strings.HasSuffix(g, ".slice") })
		if strings.HasSuffix(name, ".service") && !foreign {
			return name
		}
	}
	return ""
}

// The states of a process that matter, as proc_pid_stat(5) has them.
const (
	stateStopped = 'T' // by a signal
	stateTraced  = 't' // by a debugger, from which no signal frees it
	stateStuck   = 'D'
)

// state is that of a process, 0 if it isn't to be seen.
func (s Search) state(pid int) byte {
	if pid <= 0 {
		return 0
	}
	stat := read(s.Proc, strconv.Itoa(pid)+"/stat")
	i := strings.LastIndexByte(stat, ')') // the name before may hold anything
	if i < 0 || len(stat) <= i+2 {
		return 0
	}
	return stat[i+2]
}
