package servers

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// OVSDB is an ovsdb-server with one database file. It can be killed and started
// again; its endpoint, its files and what is in them stay.
type OVSDB struct {
	// Endpoint is "unix:" and the path of the socket.
	Endpoint string
	// Dir holds everything of this server: socket, database, logs. Servers that
	// belong to it (ovs-vswitchd, ovn-controller) have it as their run directory.
	Dir string
	// Name is the name of the server in messages and of its files.
	Name string

	tb      testing.TB
	schema  string
	options []string
	process *Process
	// earlier is how much of the log is of servers before the present one.
	earlier int
}

// OpenVSwitch starts an ovsdb-server on a fresh Open_vSwitch database, with the
// one row in its root table that ovs-vsctl init makes.
func OpenVSwitch(tb testing.TB) *OVSDB {
	tb.Helper()
	d := NewOVSDB(tb, "conf", SchemaOpenVSwitch)
	d.Ctl(tb, "init")
	return d
}

// Schemas as Debian installs them.
const (
	SchemaOpenVSwitch   = "/usr/share/openvswitch/vswitch.ovsschema"
	SchemaOVNNorthbound = "/usr/share/ovn/ovn-nb.ovsschema"
	SchemaOVNSouthbound = "/usr/share/ovn/ovn-sb.ovsschema"
)

// NewOVSDB starts an ovsdb-server on a fresh database of a schema. The options
// are added to its command line, more remotes for instance.
func NewOVSDB(tb testing.TB, name, schema string, options ...string) *OVSDB {
	tb.Helper()
	dir := Dir(tb)
	d := &OVSDB{
		Endpoint: "unix:" + filepath.Join(dir, name+".sock"),
		Dir:      dir,
		Name:     name,
		tb:       tb,
		schema:   schema,
		options:  options,
	}
	d.create()
	d.start()
	return d
}

// File is the path of the database file.
func (d *OVSDB) File() string { return filepath.Join(d.Dir, d.Name+".db") }

func (d *OVSDB) socket() string { return strings.TrimPrefix(d.Endpoint, "unix:") }

func (d *OVSDB) create() {
	d.tb.Helper()
	if _, err := run(d.Dir, "ovsdb-tool", "create", d.File(), d.schema); err != nil {
		d.tb.Fatal(err)
	}
}

func (d *OVSDB) start() {
	d.tb.Helper()
	argv := append([]string{
		// See FillDisk: a write beyond the limit is to fail, not to kill.
		"env", "--ignore-signal=XFSZ", program(d.tb, "ovsdb-server"), d.File(),
		"--remote=punix:" + d.socket(),
		"--unixctl=" + filepath.Join(d.Dir, d.Name+".ctl"),
		"-vconsole:info", "-vsyslog:off",
	}, d.options...)
	// The socket of one that was killed is still there, and must not be taken for
	// the new one's.
	if err := os.Remove(d.socket()); err != nil && !os.IsNotExist(err) {
		d.tb.Fatal(err)
	}
	if d.process != nil {
		d.earlier = len(d.process.Log())
	}
	d.process = startIn(d.tb, d.Dir, d.Name+"-ovsdb-server", argv...)
	awaitSocket(d.tb, d.process, d.socket())
}

// Ctl runs ovs-vsctl --no-wait on the database and returns what it printed.
func (d *OVSDB) Ctl(tb testing.TB, args ...string) string {
	tb.Helper()
	out, err := d.TryCtl(args...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// TryCtl is Ctl for what may fail.
func (d *OVSDB) TryCtl(args ...string) (string, error) {
	return run(d.Dir, append([]string{"ovs-vsctl", "--db=" + d.Endpoint, "--no-wait", "--timeout=60"}, args...)...)
}

// Tool runs a client program in the server's directory and environment and
// returns what it printed, ovn-nbctl for instance.
func (d *OVSDB) Tool(tb testing.TB, argv ...string) string {
	tb.Helper()
	out, err := run(d.Dir, argv...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// TryTool is Tool for what may fail.
func (d *OVSDB) TryTool(argv ...string) (string, error) { return run(d.Dir, argv...) }

// Pid is the server's process id, another one after Restart.
func (d *OVSDB) Pid() int { return d.process.Pid() }

// Log is everything that the server has written on its console so far, over all
// its restarts.
func (d *OVSDB) Log() string { return d.process.Log() }

// Signal sends the server a signal: SIGSTOP makes it hang, SIGCONT wakes it.
func (d *OVSDB) Signal(sig syscall.Signal) { d.process.Signal(sig) }

// Kill ends the server as a crash would (SIGKILL) and waits until it is gone.
// What it committed is in its file.
func (d *OVSDB) Kill() { d.process.Kill() }

// Restart kills the server if it runs and starts it on the same file and socket.
func (d *OVSDB) Restart() {
	d.tb.Helper()
	d.Kill()
	d.start()
}

// Wipe is Restart with a fresh, entirely empty database.
func (d *OVSDB) Wipe() {
	d.tb.Helper()
	d.Kill()
	if err := os.Remove(d.File()); err != nil {
		d.tb.Fatal(err)
	}
	d.create()
	d.start()
}

// SetOptions changes the options that Restart and Wipe start the server with.
func (d *OVSDB) SetOptions(options ...string) { d.options = slices.Clone(options) }

// patience bounds every wait for what happens at once on a machine with nothing else
// to do. One that is overloaded may hold it up for many seconds.
const patience = time.Minute

// awaitSocket waits until a server accepts connections, and fails at once if the
// server ended instead.
func awaitSocket(tb testing.TB, p *Process, path string) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for {
		c, err := net.Dial("unix", path)
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-p.Done():
			tb.Fatalf("%s ended at once: %s", p.name, p.tail())
		case <-time.After(2 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s doesn't listen: %v", p.name, err)
		}
	}
}
