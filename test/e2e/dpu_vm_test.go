//go:build vm

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/doctor"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/servers"
	"github.com/representord/representord/test/virtualdpu"
	"github.com/representord/representord/test/witness"
)

// patience bounds every wait. The virtual machine is emulated: what takes 50 ms
// on a DPU may take a second here.
const patience = time.Minute

// dpu is the virtual DPU with the cloud around it.
type dpu struct {
	machine *virtualdpu.DPU
	// top is the test that outlives all scenarios: what is started on it stays.
	top        *testing.T
	dir        string
	local      *servers.OVSDB
	central    *servers.Central
	vswitchd   *servers.Process
	controller *servers.Process
	daemon     *servers.Process
	client     *api.Client
	// witness judges the rows while a scenario wants that, see judged; nil otherwise.
	witness *witness.Witness
}

// TestVirtualDPU boots everything once; each scenario cleans up behind itself.
func TestVirtualDPU(t *testing.T) {
	d := start(t)
	for _, s := range slices.Concat(
		plugging(), carrying(), hosting(), reporting(), finding(), meaning(), requesting(), unplugging(), trusting(), booting(), failing(),
		measuring(), planning(), registering(), sizing(), dealing(), braking(), parking(), addressing(), byHand(), printing(),
	) {
		t.Run(s.name, func(t *testing.T) {
			defer d.reset(t)
			s.run(t, d)
		})
	}
}

// scenario is one thing that must hold.
type scenario struct {
	name string
	run  func(*testing.T, *dpu)
}

func start(t *testing.T) *dpu {
	t.Helper()
	v := virtualdpu.New(t)
	d := &dpu{machine: v, top: t, dir: v.Dir, local: v.Local, central: v.Central, client: v.Client}
	d.vswitchd = servers.VSwitchdKernel(d.top, d.local)
	d.controller = servers.Controller(d.top, d.local, d.central.SB.Endpoint)
	d.startDaemon(t)
	d.central.Nbctl(t, "ls-add", "net")
	servers.Until(t, "ovn-controller has made br-int", func() bool {
		_, err := d.local.TryCtl("br-exists", "br-int")
		return err == nil
	})
	d.awaitStatus(t, "the daemon sees all three of its sources", func(s api.Status) bool {
		return s.Role == api.Active && s.Southbound.Connected && s.Southbound.Complete && s.Southbound.ChassisKnown &&
			s.Local.BridgeFound && s.Devlink.Complete
	})
	return d
}

// startDaemon starts representord, with more options if need be.
func (d *dpu) startDaemon(t *testing.T, options ...string) {
	t.Helper()
	// A port that is deleted goes soon: how long it stays is another test's.
	d.daemon = d.machine.StartDaemon(t, slices.Concat([]string{"--unplug-grace=500ms"}, options)...)
}

// reset takes away what a scenario made and waits until nothing is left of it.
func (d *dpu) reset(t *testing.T) {
	t.Helper()
	d.witness.Close()
	d.witness = nil
	d.revive(t)
	var argv []string
	for _, lport := range d.logicalPorts(t) {
		argv = append(argv, "--", "lsp-del", lport)
	}
	if len(argv) > 0 {
		d.central.Nbctl(t, argv[1:]...)
	}
	d.await(t, "no port is left", func(ps []api.Port) bool {
		if slices.ContainsFunc(ps, func(p api.Port) bool { return p.Reason != nil && p.Reason.Code == reason.CodeMassUnplug }) {
			d.releaseHold(t)
		}
		return len(ps) == 0
	})
	if len(argv) > 0 {
		d.restartDaemon(t) // what went in one scenario doesn't count against the next
	}
	sim(t, "reset")
}

// logicalPorts lists the names of all logical switch ports.
func (d *dpu) logicalPorts(t *testing.T) []string {
	t.Helper()
	var list struct{ Data [][]string }
	out := d.central.Nbctl(t, "--format=json", "--columns=name", "list", "Logical_Switch_Port")
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatalf("ovn-nbctl list: %v\n%s", err, out)
	}
	var names []string
	for _, row := range list.Data {
		names = append(names, row...)
	}
	return names
}

// sim gives the simulated card commands, see test/dpusim/README.md.
func sim(t *testing.T, commands ...string) {
	t.Helper()
	for _, c := range commands {
		if err := virtualdpu.Sim(c); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a command to its end and returns what it printed.
func run(t *testing.T, argv ...string) string {
	t.Helper()
	return virtualdpu.Run(t, argv...)
}

// request is a Neutron port: what the driver writes for a remote-managed one.
type request struct {
	lport   string
	pfMAC   string
	vf      string // "" for the PF itself
	mac     string // the port's own, with its address
	chassis string // "" for dpu1
	more    []string
}

// neutronPort creates logical switch ports the way Neutron's driver does, in one
// transaction.
func (d *dpu) neutronPort(t *testing.T, rs ...request) {
	t.Helper()
	var argv []string
	asked := map[string]invariants.Request{}
	for _, r := range rs {
		asked[r.lport] = r.asks()
		address := r.mac
		if address == "" {
			address = "unknown"
		}
		argv = append(argv, "--", "lsp-add", "net", r.lport, "--", "lsp-set-addresses", r.lport, address, "--", "lsp-set-options", r.lport)
		argv = append(argv, r.options()...)
	}
	d.witness.Requests(asked, func() { d.central.Nbctl(t, argv[1:]...) })
}

func (r request) options() []string {
	chassis := r.chassis
	if chassis == "" {
		chassis = "dpu1"
	}
	o := []string{"requested-chassis=" + chassis, "vif-plug-type=representor", "vif-plug-mtu-request=1500",
		"vif-plug:representor:pf-mac=" + r.pfMAC}
	if r.vf != "" {
		o = append(o, "vif-plug:representor:vf-num="+r.vf)
	}
	return append(o, r.more...)
}

// await waits until the daemon's ports are as wanted.
func (d *dpu) await(t *testing.T, what string, want func([]api.Port) bool) []api.Port {
	t.Helper()
	var ports []api.Port
	d.until(t, what, func() bool {
		answer, err := d.client.Ports(t.Context())
		if err != nil {
			return false
		}
		ports = answer.Ports
		return want(ports)
	})
	return ports
}

// awaitPort waits until a port is in a state, for one of the codes if any are given.
func (d *dpu) awaitPort(t *testing.T, lport string, state plan.State, codes ...reason.Code) api.Port {
	t.Helper()
	var found api.Port
	d.await(t, fmt.Sprintf("%s is %s %v", lport, state, codes), func(ps []api.Port) bool {
		for _, p := range ps {
			if p.LogicalPort != lport || p.State != state {
				continue
			}
			found = p
			if len(codes) == 0 {
				return true
			}
			for _, c := range codes {
				if p.Reason != nil && p.Reason.Code == c {
					return true
				}
			}
		}
		return false
	})
	return found
}

func (d *dpu) awaitStatus(t *testing.T, what string, want func(api.Status) bool) api.Status {
	t.Helper()
	var status api.Status
	d.until(t, what, func() bool {
		s, err := d.client.Status(t.Context())
		status = s
		return err == nil && want(s)
	})
	return status
}

// quiet waits for two more passes after everything that was done has been seen:
// what the daemon has not done by then it won't do.
func (d *dpu) quiet(t *testing.T) {
	t.Helper()
	before := d.awaitStatus(t, "the daemon answers", func(api.Status) bool { return true }).Passes
	// A key of ours in external_ids is a harmless reason for a pass.
	for i := range 2 {
		d.local.Ctl(t, "set", "Open_vSwitch", ".", fmt.Sprintf("external_ids:e2e-quiet=%d-%d", before, i))
		d.awaitStatus(t, "the daemon makes another pass", func(s api.Status) bool { return s.Passes > before+uint64(i) })
	}
}

// until waits for a condition; when it waited in vain the test fails with all
// that the daemon says.
func (d *dpu) until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		began := time.Now()
		if condition() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s\n%s", what, d.machine.Describe(d.daemon))
		}
		select {
		case <-t.Context().Done():
			t.Fatal("the test has ended")
		case <-time.After(max(20*time.Millisecond, servers.Rest(began))):
		}
	}
}

// row is what the local database has under a netdev's name, empty for a row that
// isn't there. marks are those keys of external_ids that are the daemon's business,
// and others the rest of them.
type row struct {
	uuid, ifaceID, ofport, ifindex, mtu, typ, marks, others string
}

func (d *dpu) row(t *testing.T, netdev string) row {
	t.Helper()
	// A key that isn't there is an empty line; the last one is never empty.
	out, err := d.local.TryCtl("--if-exists", "get", "Interface", netdev,
		"external_ids:iface-id", "ofport", "ifindex", "mtu_request", "type", "external_ids", "_uuid")
	if err != nil {
		t.Fatal(err)
	}
	if out == "" {
		return row{}
	}
	lines := strings.Split(out, "\n")
	if len(lines) == 6 { // the first was empty, and trimmed
		lines = slices.Insert(lines, 0, "")
	}
	if text, err := strconv.Unquote(lines[0]); err == nil {
		lines[0] = text
	}
	r := row{ifaceID: lines[0], ofport: lines[1], ifindex: lines[2], mtu: lines[3], typ: strings.Trim(lines[4], `"`), uuid: lines[6]}
	for _, pair := range strings.Split(strings.Trim(lines[5], "{}"), ", ") {
		// Where ovs-vswitchd was slow to open a netdev, it was asked again.
		attempt := strings.HasPrefix(pair, "representord-attempt=")
		if strings.HasPrefix(pair, "representord-") && !attempt || strings.HasPrefix(pair, "iface-id") {
			r.marks += pair + "\n"
		} else {
			r.others += pair + "\n"
		}
	}
	return r
}

// bridgePorts lists what is on the integration bridge, tunnels apart.
func (d *dpu) bridgePorts(t *testing.T) []string {
	t.Helper()
	ports := strings.Fields(d.local.Ctl(t, "list-ports", "br-int"))
	return slices.DeleteFunc(ports, func(name string) bool { return strings.HasPrefix(name, "ovn-") })
}

// bound waits until ovn-controller has claimed the port and installed its flows.
func (d *dpu) bound(t *testing.T, lport string) {
	t.Helper()
	d.until(t, "Port_Binding "+lport+" is up", func() bool {
		out, err := d.central.TrySbctl("--bare", "--columns=up", "find", "Port_Binding", "logical_port="+strconv.Quote(lport))
		return err == nil && strings.TrimSpace(out) == "true"
	})
}

// kill ends a process the hard way, and waits for it.
func kill(p *servers.Process) {
	p.Signal(syscall.SIGKILL)
	<-p.Done()
}

// ctl runs representorctl against the daemon, and returns its exit status too.
func (d *dpu) ctl(t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(virtualdpu.Program(t, "representorctl"),
		append([]string{"--control-socket=" + filepath.Join(d.dir, "control.sock")}, args...)...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("representorctl: %v", err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// diagnosed is one check of the doctor's.
func (d *dpu) diagnosed(t *testing.T, name string) doctor.PrintedCheck {
	t.Helper()
	file := filepath.Join(d.dir, "doctor.yaml")
	text := fmt.Sprintf("ovs-db: %s\npath.ovn-sysconf: %s\n", d.local.Endpoint, d.dir)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := d.ctl(t, "doctor", "-j", "--config", file)
	var all doctor.Printed
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range all.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("the doctor has no check %s:\n%s", name, out)
	return doctor.PrintedCheck{}
}
