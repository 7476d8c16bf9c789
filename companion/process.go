package companion

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// process is one that /proc shows.
type process struct {
	pid  int
	args []string
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
	whole = err == nil && namespace == initialPIDNamespace && len(read(s.Proc, "1/cmdline")) > 0
	entries, err := os.ReadDir(s.Proc)
	if err != nil {
		return nil, false
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || strings.TrimSpace(string(read(s.Proc, entry.Name()+"/comm"))) != s.Name {
			continue
		}
		p := process{pid: pid, args: arguments(read(s.Proc, entry.Name()+"/cmdline"))}
		switch {
		case len(p.args) == 0, isMonitor(p.args[0]): // a zombie; what restarts the one that counts
		case !p.serves(s.Endpoint):
			whole = false
		default:
			running = append(running, p)
		}
	}
	return running, whole
}

// read gives what a file of /proc holds, nothing if it can't be read.
func read(dir, name string) []byte {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil
	}
	return b
}

func arguments(cmdline []byte) []string {
	var args []string
	for arg := range bytes.SplitSeq(bytes.TrimRight(cmdline, "\x00"), []byte{0}) {
		args = append(args, string(arg))
	}
	if len(args) == 1 && args[0] == "" {
		return nil
	}
	return args
}

// isMonitor knows the process that waits for the program's end and starts it again, by
// the title that monitor_daemon() of Open vSwitch's lib/daemon-unix.c gives it.
func isMonitor(title string) bool { return strings.Contains(title, ": monitoring pid ") }

// serves tells whether a process may work on a database: it names that one, or none.
func (p process) serves(endpoint string) bool {
	named := slices.DeleteFunc(slices.Clone(p.args[1:]), func(arg string) bool {
		return !strings.HasPrefix(arg, "unix:") && !strings.HasPrefix(arg, "tcp:") && !strings.HasPrefix(arg, "ssl:")
	})
	return len(named) == 0 || slices.ContainsFunc(named, func(n string) bool { return current(n) == current(endpoint) })
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
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.Dirs[0], path)
		}
		return []string{path, filepath.Join(s.Proc, strconv.Itoa(p.pid), "root", path)}
	}
	return nil
}

// stopped tells whether a signal has stopped a process: T, or t of one that is traced, as
// its state (proc_pid_stat(5)).
func (s Search) stopped(pid int) bool {
	b := read(s.Proc, strconv.Itoa(pid)+"/stat")
	i := bytes.LastIndexByte(b, ')') // the name before may hold anything
	return pid > 0 && i >= 0 && len(b) > i+2 && (b[i+2] == 'T' || b[i+2] == 't')
}
