//go:build vm

package systemd_test

import (
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

// These tests are for the virtual machine of test/vm, with the simulated card of
// test/dpusim. They run the unit as it is, under a systemd that is the first
// process of its own PID namespace and knows only the units given here.

// watchdog is one that is noticed here, and that an emulated machine which stands still
// for a few seconds doesn't set off.
const watchdog = 15 * time.Second

// A DPU boots with what an earlier boot left in conf.db: vm0 under a name that is
// another function's now, and vm1 under the right one.
const leftBehind = `
ovs-vsctl --no-wait -t 20 init
ovs-vsctl --no-wait -t 20 add-br br-int -- set open . external_ids:system-id=dpu1
for n in 0 1; do
	ovs-vsctl --no-wait -t 20 add-port br-int uvf$n -- set Interface uvf$n external_ids:iface-id=vm$n \
		external_ids:representord-logical-port=vm$n \
		external_ids:representord-function="\"platform/unit c1pf0vf$((n == 0 ? 7 : n))\"" \
		external_ids:representord-request="\"pf-mac 00:53:00:00:00:42 vf $((n == 0 ? 7 : n))\""
done
`

func TestUnit_BootsPlugsAndRestartsUnderSystemd(t *testing.T) {
	sim(t,
		"dev add unit serial=MT2108X00001",
		"port add unit 0 flavour=physical port=0 netdev=up0",
		"port add unit 1 flavour=pcipf controller=1 external=1 pf=0 mac=00:53:00:00:00:42 netdev=upf0hpf",
		"port add unit 10 flavour=pcivf controller=1 external=1 pf=0 vf=0 netdev=uvf0",
		"port add unit 11 flavour=pcivf controller=1 external=1 pf=0 vf=1 netdev=uvf1",
		"port add unit 12 flavour=pcivf controller=1 external=1 pf=0 vf=2 netdev=uvf2",
	)
	t.Cleanup(func() { sim(t, "reset") })
	install(t)
	inside := boot(t, "/run/unit-test/units")
	systemctl := func(args ...string) string { return run(t, inside(append([]string{"systemctl"}, args...)...)...) }
	property := func(name string) string { return systemctl("show", "--value", "--property="+name, unit) }

	await(t, "ovs-vswitchd starts", func() bool { _, err := os.Stat("/run/unit-test/vswitchd"); return err == nil })
	b, err := os.ReadFile("/run/unit-test/vswitchd")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(string(b)); !slices.Equal(got, []string{"uvf1"}) {
		t.Errorf("when ovs-vswitchd starts br-int has %v, want uvf1 alone: uvf0 is another function's", got)
	}

	started := time.Now()
	client := api.NewClient(api.DefaultSocket)
	status := func() (s api.Status) {
		await(t, "the daemon answers", func() bool {
			var err error
			s, err = client.Status(t.Context())
			return err == nil
		})
		return s
	}
	if s := status(); s.Role != api.Active || s.Bridge != "br-int" || s.Southbound.Connected {
		t.Errorf("without a Southbound: %+v", s)
	}
	if got := run(t, "stat", "--format=%A %U %G", api.DefaultSocket); got != "srw-rw---- root daemon" {
		t.Errorf("the control socket is %s, want srw-rw---- root daemon", got)
	}

	endpoint := southbound(t)
	await(t, "vm2 is plugged", func() bool {
		return vsctl(t, "--if-exists", "get", "Interface", "uvf2", "external_ids:iface-id") == "vm2"
	})
	// The one capability that is left is enough.
	await(t, "the link of uvf2 is up", func() bool { return strings.Contains(run(t, "ip", "link", "show", "uvf2"), ",UP") })
	await(t, "a watchdog that hears nothing would have been noticed", func() bool { return time.Since(started) > watchdog+time.Second })
	if got := property("NRestarts"); got != "0" {
		t.Errorf("%s restarts with a watchdog of %s", got, watchdog)
	}
	if got := property("StatusText"); !strings.Contains(got, "southbound connected to "+endpoint) {
		t.Errorf("systemd shows the status %q", got)
	}

	// The watchdog's signal is SIGABRT, at which a Go program exits as it does after a panic.
	for _, signal := range []string{"KILL", "ABRT"} {
		first := status().PID
		systemctl("kill", "--signal="+signal, unit)
		await(t, "systemd has started it again after SIG"+signal, func() bool {
			s, err := client.Status(t.Context())
			return err == nil && s.PID != first && s.Role == api.Active && s.Passes > 0
		})
	}

	systemctl("stop", "representord.service")
	if got := property("Result") + " " + property("ExecMainStatus"); got != "success 0" {
		t.Errorf("after stop: %s", got)
	}
	if got := vsctl(t, "list-ports", "br-int"); !strings.Contains(got, "uvf2") {
		t.Errorf("after stop br-int has %q, want the ports to stay", got)
	}
}

// install puts the program and the units where systemd finds them. What is
// written to the machine is gone with it.
func install(t *testing.T) {
	t.Helper()
	installUnits(t, map[string]string{
		// A watchdog that would be noticed here, and what the unit says to add for control-group.
		unit + ".d/test.conf": fmt.Sprintf("[Service]\nWatchdogSec=%d\n", watchdog/time.Second) +
			"Group=daemon\nEnvironment=REPRESENTORD_CONTROL_GROUP=daemon\n" +
			"StandardError=append:/run/unit-test/representord.log\n", // there is no journal
		"boot.target": early + "Wants=representord.service ovs-vswitchd.service\n",
		"ovsdb-server.service": early + "[Service]\nType=forking\nPIDFile=/run/openvswitch/ovsdb-server.pid\n" +
			"RuntimeDirectory=openvswitch\nRuntimeDirectoryPreserve=yes\n" +
			"ExecStartPre=ovsdb-tool create /run/unit-test/conf.db " + servers.SchemaOpenVSwitch + "\n" +
			"ExecStart=ovsdb-server /run/unit-test/conf.db --remote=punix:/run/openvswitch/db.sock --pidfile=/run/openvswitch/ovsdb-server.pid " +
			"--unixctl=/run/unit-test/conf.ctl --detach --log-file=/run/unit-test/ovsdb.log\n" +
			"ExecStartPost=/bin/bash -e /run/unit-test/left-behind\n",
		// What matters is when it would start, and what it would see then.
		"ovs-vswitchd.service": early +
			"Requires=ovsdb-server.service\nAfter=ovsdb-server.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\n" +
			"ExecStart=/bin/sh -c 'ovs-vsctl --no-wait list-ports br-int >/run/unit-test/vswitchd.new && mv /run/unit-test/vswitchd.new " +
			"/run/unit-test/vswitchd'\n",
	})
	write(t, "/run/unit-test/left-behind", leftBehind, 0o644)
}

// early begins a unit that waits for nothing.
const early = "[Unit]\nDefaultDependencies=no\n"

// installUnits puts the programs, our unit and others where systemd finds them.
func installUnits(t *testing.T, units map[string]string) {
	t.Helper()
	for _, name := range []string{"representord", "representorctl"} {
		program, err := os.ReadFile(filepath.Join("bin", name))
		if err != nil {
			t.Fatalf("%v: run make build, and this test from the top of the checkout", err)
		}
		write(t, filepath.Join("/usr/sbin", name), string(program), 0o755)
	}
	t.Cleanup(func() {
		for _, path := range []string{"/usr/sbin/representord", "/usr/sbin/representorctl", "/run/unit-test",
			"/run/openvswitch", "/run/systemd"} {
			if err := os.RemoveAll(path); err != nil {
				t.Error(err)
			}
		}
	})
	write(t, filepath.Join("/run/unit-test/units", unit), read(t, filepath.Join("systemd", unit)), 0o644)
	for _, name := range []string{"basic.target", "sysinit.target", "shutdown.target", "local-fs.target"} {
		write(t, filepath.Join("/run/unit-test/units", name), early, 0o644)
	}
	for name, content := range units {
		write(t, filepath.Join("/run/unit-test/units", name), content, 0o644)
	}
}

// boot starts systemd with the units that are on a path, and gives what makes a command one
// that runs in its namespaces: systemd refuses a client whose process id means nothing to it.
// Killing unshare ends it and everything below it.
func boot(t *testing.T, units string) (inside func(...string) []string) {
	t.Helper()
	p := servers.Start(t, "systemd", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--cgroup", "--uts",
		"env", "container=test", "SYSTEMD_UNIT_PATH="+units, "SYSTEMD_LOG_TARGET=kmsg",
		"/lib/systemd/systemd", "--system", "--unit=boot.target")
	t.Cleanup(func() {
		if t.Failed() {
			tell(t)
		}
	})
	first := ""
	await(t, "unshare has forked", func() bool {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", p.Pid()))
		first = strings.TrimSpace(string(b))
		return err == nil && first != ""
	})
	return func(argv ...string) []string {
		return append([]string{"nsenter", "--target=" + first, "--pid", "--mount"}, argv...)
	}
}

// southbound starts a Southbound that asks for what was left behind of vm1, and
// for vm2, and names it in the local database.
func southbound(t *testing.T) (endpoint string) {
	t.Helper()
	sb := servers.NewOVSDB(t, "sb", servers.SchemaOVNSouthbound, "--remote=ptcp:0:127.0.0.1")
	endpoint = "tcp:127.0.0.1:" + sb.Port(t) // the unit has a /tmp of its own
	sbctl := func(args ...string) string {
		return sb.Tool(t, append([]string{"ovn-sbctl", "--db=" + sb.Endpoint, "--no-leader-only", "--timeout=30"}, args...)...)
	}
	sbctl("init")
	sbctl("chassis-add", "dpu1", "geneve", "127.0.0.1")
	chassis := sbctl("--bare", "--columns=_uuid", "list", "Chassis", "dpu1")
	for vf := 1; vf <= 2; vf++ {
		sbctl("--id=@dp", "create", "Datapath_Binding", fmt.Sprintf("tunnel_key=%d", vf), "--",
			"create", "Port_Binding", fmt.Sprintf("logical_port=vm%d", vf), "datapath=@dp", "tunnel_key=1", "requested_chassis="+chassis,
			"options:vif-plug-type=representor", `options:vif-plug\:representor\:pf-mac="00:53:00:00:00:42"`,
			fmt.Sprintf(`options:vif-plug\:representor\:vf-num="%d"`, vf))
	}
	vsctl(t, "set", "open", ".", "external_ids:ovn-remote="+endpoint)
	return endpoint
}

func sim(t *testing.T, commands ...string) {
	t.Helper()
	if err := os.WriteFile("/sys/kernel/debug/dpusim/ctl", []byte(strings.Join(commands, "\n")+"\n"), 0); err != nil {
		t.Fatalf("dpusim: %v", err)
	}
}

// await waits until a condition holds. The machine is emulated: what takes 50 ms
// elsewhere may take seconds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		select {
		case <-t.Context().Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func vsctl(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, append([]string{"ovs-vsctl", "--no-wait", "--timeout=30"}, args...)...)
}

// run executes a program to its end and returns what it wrote on standard output.
func run(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", argv, err, out)
	}
	return strings.TrimSpace(string(out))
}

// tell gives what systemd and the units have logged.
func tell(t *testing.T) {
	t.Helper()
	for _, argv := range [][]string{
		{"sh", "-c", "dmesg | grep -E 'systemd|service'"},
		{"cat", "/run/unit-test/representord.log"},
	} {
		out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
		t.Logf("%v: %v\n%s", argv, err, out[max(0, len(out)-16<<10):])
	}
}
