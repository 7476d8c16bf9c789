//go:build vm

package virtualdpu

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/test/servers"
)

// DPU is what is there for as long as a test runs. The processes that come and go
// belong to the test that starts and kills them.
type DPU struct {
	// Dir holds what the daemon has on disk: its socket, its lock.
	Dir     string
	Local   *servers.OVSDB
	Central *servers.Central
	// Client asks the daemon, whichever runs.
	Client *api.Client

	// top is the test that outlives all others: what is started on it stays.
	top *testing.T
}

// New starts the databases and ovn-northd, on a kernel that can forward.
func New(t *testing.T) *DPU {
	t.Helper()
	return NewIn(t, servers.OVN(t))
}

// NewIn is New with databases and an ovn-northd that run already.
func NewIn(t *testing.T, central *servers.Central) *DPU {
	t.Helper()
	d := &DPU{top: t, Dir: servers.Dir(t), Local: servers.OpenVSwitch(t), Central: central}
	for _, m := range []string{"openvswitch", "geneve"} {
		Run(t, "modprobe", m)
	}
	d.Client = api.NewClient(d.socket())
	return d
}

func (d *DPU) socket() string { return filepath.Join(d.Dir, "control.sock") }

// StartVSwitchd starts ovs-vswitchd on the kernel's datapath.
func (d *DPU) StartVSwitchd() *servers.Process {
	d.top.Helper()
	return servers.VSwitchdKernel(d.top, d.Local)
}

// StartController starts an ovn-controller that finds its Southbound at an endpoint.
func (d *DPU) StartController(southbound string) *servers.Process {
	d.top.Helper()
	return servers.Controller(d.top, d.Local, southbound)
}

// StartDaemon starts representord, with more options if need be, and returns when
// it answers.
func (d *DPU) StartDaemon(t *testing.T, options ...string) *servers.Process {
	t.Helper()
	return d.StartDaemonUnder(t, nil, options...)
}

// StartDaemonUnder starts representord by way of another program, such as setpriv.
func (d *DPU) StartDaemonUnder(t *testing.T, under []string, options ...string) *servers.Process {
	t.Helper()
	argv := slices.Concat(under, []string{
		Program(t, "representord"), "--ovs-db=" + d.Local.Endpoint, "--control-socket=" + d.socket(), "--run-dir=" + d.Dir,
		"--path.ovn-sysconf=" + d.Dir, "--path.udev=" + filepath.Join(d.Dir, "udev"), "--log-level=debug",
	}, options)
	daemon := servers.Start(d.top, "representord", argv...)
	servers.Until(t, "representord answers on its socket", func() bool {
		_, err := d.Client.Status(t.Context())
		return err == nil
	})
	return daemon
}

// Describe is everything one would look at after a failure.
func (d *DPU) Describe(daemon *servers.Process) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var b strings.Builder
	show := func(name string, v any, err error) {
		text, _ := json.MarshalIndent(v, "", "  ")
		fmt.Fprintf(&b, "%s: %v\n%s\n", name, err, text)
	}
	status, err := d.Client.Status(ctx)
	show("status", status, err)
	ports, err := d.Client.Ports(ctx)
	show("ports", ports, err)
	reps, err := d.Client.Representors(ctx)
	show("representors", reps, err)
	out, err := d.Local.TryCtl("show")
	fmt.Fprintf(&b, "ovs-vsctl show: %v\n%s\n", err, out)
	log := daemon.Log()
	fmt.Fprintf(&b, "end of representord's log:\n%s", log[max(0, len(log)-6000):])
	return b.String()
}

// Program is a program of ours, built by make build.
func Program(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make build, and this test from the top of the checkout", err)
	}
	return path
}

// Sim gives the simulated card one command, see test/dpusim/README.md.
func Sim(command string) error {
	if err := os.WriteFile("/sys/kernel/debug/dpusim/ctl", []byte(command+"\n"), 0); err != nil {
		log, _ := os.ReadFile("/sys/kernel/debug/dpusim/log")
		return fmt.Errorf("dpusim: %s: %w\n%s", command, err, log)
	}
	return nil
}

// Run runs a command to its end and returns what it printed.
func Run(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out)
}
