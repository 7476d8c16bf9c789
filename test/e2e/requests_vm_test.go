//go:build vm

package e2e

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

// requesting is which rows of the Southbound ask us, and for what besides the
// function.
func requesting() []scenario {
	return []scenario{
		{"a chassis is asked by its name or its host name, and no other chassis' port is touched", heedsItsOwnPortsOnly},
		{"a port with a type, a parent, or another plug type is not plugged", plugsPlainPortsOnly},
		{"a port that the chassis is only an additional one for is not plugged, and kept where it is", plugsNothingAsAdditionalChassis},
		{"a port whose options alone name the chassis is not plugged", plugsNothingOnOptionsAlone},
		{"an MTU request is set, changed, put back and removed, and a malformed one is left out", followsTheMTURequest},
		{"iface-id-ver is copied, and ovn-controller claims the port by it", copiesIfaceIDVer},
		{"a port that Neutron unbinds and binds to another VF is plugged there", followsARebinding},
		{"a logical port may have any name", plugsAnyName},
	}
}

// binding is what the Southbound says of a port: type, parent_port and the names
// of its requested chassis.
func (d *dpu) binding(t *testing.T, lport string) (typ, parent, requested string) {
	t.Helper()
	get := func(column string) string {
		return d.central.Sbctl(t, "--bare", "--columns="+column, "find", "Port_Binding", fmt.Sprintf("logical_port=%q", lport))
	}
	if uuid := get("requested_chassis"); uuid != "" {
		requested = d.central.Sbctl(t, "--bare", "--columns=name", "list", "Chassis", uuid)
	}
	return get("type"), get("parent_port"), requested
}

// secondChassis registers dpu2 under a host name.
func (d *dpu) secondChassis(t *testing.T, host string) {
	t.Helper()
	d.central.Sbctl(t, "chassis-add", "dpu2", "geneve", "127.0.0.2", "--", "set", "Chassis", "dpu2", "hostname="+host)
	t.Cleanup(func() { d.central.Sbctl(t, "--if-exists", "chassis-del", "dpu2") })
}

// ownHost is the host name that ovn-controller registered.
func ownHost(t *testing.T) string {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return host
}

// wantUnasked: the daemon has nothing to say of these ports, though it has seen
// what came after them.
func (d *dpu) wantUnasked(t *testing.T, lports ...string) {
	t.Helper()
	for _, lport := range lports {
		d.awaitNoPort(t, lport)
		if out, status := d.ctl(t, "ports", lport); status != 3 {
			t.Errorf("representorctl ports %s exits with %d: %s", lport, status, out)
		}
	}
}

func heedsItsOwnPortsOnly(t *testing.T, d *dpu) {
	d.secondChassis(t, "other")
	sim(t, append(card(), vf0, vf1, vf("card0", 12, 1, 2, "pf0vf2"), vf("card0", 13, 1, 3, "pf0vf3"))...)
	d.neutronPort(t, request{lport: "theirs", pfMAC: pfMAC, vf: "2", chassis: "dpu2"},
		request{lport: "nobodys", pfMAC: pfMAC, vf: "3", chassis: "dpu9"},
		request{lport: "theirsagain", pfMAC: pfMAC, vf: "1", chassis: "dpu2"},
		request{lport: "name", pfMAC: pfMAC, vf: "0"}, request{lport: "host", pfMAC: pfMAC, vf: "1", chassis: ownHost(t)})
	d.awaitOn(t, "name", "pf0vf0")
	d.awaitOn(t, "host", "pf0vf1") // although another chassis' port names that VF
	if _, _, requested := d.binding(t, "theirs"); requested != "dpu2" {
		t.Fatalf("northd gives the port of dpu2 to %q", requested)
	}
	d.wantUnasked(t, "theirs", "nobodys", "theirsagain")
	d.wantOnBridge(t, "pf0vf0", "pf0vf1")
	d.bound(t, "host")
}

func plugsPlainPortsOnly(t *testing.T, d *dpu) {
	sim(t, append(card(), vf0, vf1, vf("card0", 12, 1, 2, "pf0vf2"), vf("card0", 13, 1, 3, "pf0vf3"), vf("card0", 14, 1, 4, "pf0vf4"))...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.awaitOn(t, "vm0", "pf0vf0")
	options := func(lport, vf string) []string {
		return append([]string{"lsp-set-options", lport}, request{pfMAC: pfMAC, vf: vf}.options()...)
	}
	and := func(commands ...[]string) []string {
		var argv []string
		for _, c := range commands {
			argv = append(append(argv, "--"), c...)
		}
		return argv[1:]
	}
	d.central.Nbctl(t, and(
		[]string{"lsp-add", "net", "child", "vm0", "7"}, options("child", "2"),
		[]string{"lsp-add", "net", "localport"}, []string{"lsp-set-type", "localport", "localport"}, options("localport", "3"),
		[]string{"lsp-add", "net", "other"}, options("other", "4"),
		[]string{"set", "Logical_Switch_Port", "other", "options:vif-plug-type=another"},
		[]string{"lsp-add", "net", "plain"}, options("plain", "1"),
	)...)
	d.awaitOn(t, "plain", "pf0vf1")
	if _, parent, requested := d.binding(t, "child"); parent != "vm0" || requested != "dpu1" {
		t.Fatalf("the sub-port has parent %q and is for %q", parent, requested)
	}
	if typ, _, requested := d.binding(t, "localport"); typ != "localport" || requested != "dpu1" {
		t.Fatalf("the port with a type has type %q and is for %q", typ, requested)
	}
	d.wantUnasked(t, "child", "localport", "other")
	d.wantOnBridge(t, "pf0vf0", "pf0vf1")
	// A plugged port that gets a type doesn't ask any more.
	d.central.Nbctl(t, "lsp-set-type", "plain", "localport")
	d.awaitNoPort(t, "plain")
	d.wantOnBridge(t, "pf0vf0")
}

func plugsNothingAsAdditionalChassis(t *testing.T, d *dpu) {
	d.secondChassis(t, "other")
	sim(t, append(card(), vf0, vf1)...)
	d.neutronPort(t, request{lport: "arriving", pfMAC: pfMAC, vf: "1", chassis: "dpu2,dpu1"},
		request{lport: "vm0", pfMAC: pfMAC, vf: "0", chassis: "dpu1,dpu2"})
	d.awaitOn(t, "vm0", "pf0vf0")
	d.bound(t, "vm0")
	before := d.row(t, "pf0vf0")
	if _, _, requested := d.binding(t, "arriving"); requested != "dpu2" {
		t.Fatalf("northd gives the arriving port to %q", requested)
	}
	d.wantUnasked(t, "arriving")
	d.wantOnBridge(t, "pf0vf0")
	transactions := d.transactions(t)
	// Our Chassis row goes and comes again: northd forgets us meanwhile, and dpu2 stands in
	// for us, but the option names us.
	restartController := func(while func()) {
		t.Helper()
		servers.StopController(t, d.local, d.controller)
		d.awaitPort(t, "vm0", plan.Held, reason.CodeChassisMissing)
		while()
		d.quiet(t)
		d.controller = servers.Controller(d.top, d.local, d.central.SB.Endpoint)
	}
	restartController(func() {
		d.until(t, "dpu2 stands in for us", func() bool {
			_, _, requested := d.binding(t, "vm0")
			return requested == "dpu2"
		})
	})
	d.awaitPort(t, "vm0", plan.Plugged)
	d.option(t, "vm0", "requested-chassis", "dpu2,dpu1")
	d.awaitPort(t, "vm0", plan.Held, reason.CodeRequestEvidence)
	restartController(func() {})
	d.awaitPort(t, "vm0", plan.Held, reason.CodeRequestEvidence)
	d.quiet(t)
	d.option(t, "vm0", "requested-chassis", "dpu1")
	d.awaitPort(t, "vm0", plan.Plugged)
	if n := d.transactions(t) - transactions; n != 0 {
		t.Errorf("%d transactions, want none", n)
	}
	d.wantKept(t, "pf0vf0", before)
	// The migration is over: there, and then here.
	d.option(t, "vm0", "requested-chassis", "dpu2")
	d.awaitNoPort(t, "vm0")
	d.option(t, "arriving", "requested-chassis", "dpu1")
	d.awaitOn(t, "arriving", "pf0vf1")
	d.wantOnBridge(t, "pf0vf1")
}

// Any chassis' certificate may write options of any Port_Binding, but only northd
// requested_chassis. While northd is slow to put them back, the test is such a
// writer. And two hosts may have one host name.
func plugsNothingOnOptionsAlone(t *testing.T, d *dpu) {
	d.secondChassis(t, ownHost(t))
	sim(t, append(card(), vf0, vf1, vf("card0", 12, 1, 2, "pf0vf2"))...)
	d.central.Nbctl(t, "lsp-add", "net", "stolen", "--", "lsp-add", "net", "twin", "--", "set", "Logical_Switch_Port", "twin",
		"options:requested-chassis=dpu2",
		"--", "lsp-add", "net", "marker", "--", "set", "Logical_Switch_Port", "marker", "options:requested-chassis=dpu1")
	for lport, chassis := range map[string]string{"stolen": "", "twin": "dpu2", "marker": "dpu1"} {
		d.until(t, "northd has set requested_chassis of "+lport, func() bool {
			_, _, requested := d.binding(t, lport)
			return requested == chassis
		})
	}
	d.central.Northd.Signal(syscall.SIGSTOP)
	defer d.central.Northd.Signal(syscall.SIGCONT)
	write := func(r request) {
		t.Helper()
		argv := []string{"set", "Port_Binding",
			strings.TrimSpace(d.central.Sbctl(t, "--bare", "--columns=_uuid", "find", "Port_Binding", "logical_port="+r.lport))}
		for _, o := range r.options() {
			key, value, _ := strings.Cut(o, "=")
			argv = append(argv, fmt.Sprintf("options:%q=%q", key, value))
		}
		d.central.Sbctl(t, argv...)
	}
	write(request{lport: "stolen", pfMAC: pfMAC, vf: "0"})
	write(request{lport: "twin", pfMAC: pfMAC, vf: "2", chassis: ownHost(t)})
	write(request{lport: "marker", pfMAC: pfMAC, vf: "1"})
	d.awaitOn(t, "marker", "pf0vf1")
	d.wantUnasked(t, "stolen", "twin")
	d.wantOnBridge(t, "pf0vf1")
	d.central.Northd.Signal(syscall.SIGCONT)
	d.awaitNoPort(t, "marker") // northd put the options back
	d.wantOnBridge(t)
}

func followsTheMTURequest(t *testing.T, d *dpu) {
	const key = "vif-plug-mtu-request"
	sim(t, append(card(), vf0)...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	first := d.awaitOn(t, "vm0", "pf0vf0")
	if first.mtu != "1500" {
		t.Errorf("mtu_request %s, want 1500", first.mtu)
	}
	await := func(mtu string) {
		t.Helper()
		d.until(t, "mtu_request is "+mtu, func() bool { return d.row(t, "pf0vf0").mtu == mtu })
	}
	d.option(t, "vm0", key, "8942")
	await("8942")
	d.until(t, "the netdev has the MTU", func() bool {
		link, err := netlink.LinkByName("pf0vf0")
		return err == nil && link.Attrs().MTU == 8942
	})
	d.local.Ctl(t, "set", "Interface", "pf0vf0", "mtu_request=1400")
	await("8942")
	d.option(t, "vm0", key, "67")
	d.await(t, "vm0 is plugged with a warning", func(ps []api.Port) bool {
		return len(ps) == 1 && ps[0].State == plan.Plugged && len(ps[0].Warnings) == 1 &&
			ps[0].Warnings[0].Code == reason.CodeIgnoredOption &&
			ps[0].Warnings[0].Option == key && ps[0].Warnings[0].Value == "67"
	})
	await("[]")
	if out, status := d.ctl(t, "ports"); status != 0 || !strings.Contains(out, "warning: ignored-option: ") {
		t.Errorf("representorctl ports exits with %d:\n%s", status, out)
	}
	d.option(t, "vm0", key, "1500")
	await("1500")
	d.central.Nbctl(t, "remove", "Logical_Switch_Port", "vm0", "options", key)
	await("[]")
	if now := d.awaitOn(t, "vm0", "pf0vf0"); now.uuid != first.uuid {
		t.Errorf("row %+v, was %+v; want it kept", now, first)
	}
	if p := d.awaitPort(t, "vm0", plan.Plugged); len(p.Warnings) != 0 {
		t.Errorf("warnings %+v, want none", p.Warnings)
	}
}

func copiesIfaceIDVer(t *testing.T, d *dpu) {
	const key = "iface-id-ver"
	version := func() string {
		return strings.Trim(d.local.Ctl(t, "--if-exists", "get", "Interface", "pf0vf0", "external_ids:"+key), `"`)
	}
	sim(t, append(card(), vf0)...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0", more: []string{key + "=a b/1"}})
	before := d.awaitOn(t, "vm0", "pf0vf0")
	if v := version(); v != "a b/1" {
		t.Errorf("%s is %q", key, v)
	}
	d.bound(t, "vm0")
	d.option(t, "vm0", key, "2")
	d.until(t, "the row has the new version", func() bool { return version() == "2" })
	d.bound(t, "vm0")
	d.central.Nbctl(t, "remove", "Logical_Switch_Port", "vm0", "options", key)
	d.until(t, "the row has no version", func() bool { return version() == "" })
	if now := d.awaitOn(t, "vm0", "pf0vf0"); now.uuid != before.uuid {
		t.Errorf("row %+v, was %+v; want it kept", now, before)
	}
	d.bound(t, "vm0")
}

func followsARebinding(t *testing.T, d *dpu) {
	_, other := twoPorts(t, d)
	sim(t, vf("card0", 12, 1, 2, "pf0vf2"))
	d.central.Nbctl(t, "clear", "Logical_Switch_Port", "vm0", "options")
	d.awaitNoPort(t, "vm0")
	d.wantOnBridge(t, "pf0vf1")
	d.central.Nbctl(t, append([]string{"lsp-set-options", "vm0"}, request{pfMAC: pfMAC, vf: "2"}.options()...)...)
	d.awaitOn(t, "vm0", "pf0vf2")
	d.wantOnBridge(t, "pf0vf1", "pf0vf2")
	d.wantUntouched(t, "pf0vf1", other)
	d.bound(t, "vm0")
}

func plugsAnyName(t *testing.T, d *dpu) {
	names := []string{"zwei Wörter, \"日本\" \\ {a=b}; $(reboot)", strings.Repeat("long", 60)}
	sim(t, append(card(), vf0, vf1)...)
	d.neutronPort(t, request{lport: names[0], pfMAC: pfMAC, vf: "0"}, request{lport: names[1], pfMAC: pfMAC, vf: "1"})
	for i, name := range names {
		d.awaitOn(t, name, fmt.Sprintf("pf0vf%d", i))
		d.bound(t, name)
		if out, status := d.ctl(t, "ports", name); status != 0 {
			t.Errorf("representorctl ports %q exits with %d: %s", name, status, out)
		}
	}
	before := []row{d.row(t, "pf0vf0"), d.row(t, "pf0vf1")}
	d.restartDaemon(t) // what is read back from the markers is the same
	for i, name := range names {
		d.awaitPort(t, name, plan.Plugged)
		d.wantUntouched(t, fmt.Sprintf("pf0vf%d", i), before[i])
	}
	table, ports := d.listed(t)
	if len(ports) != 2 || !strings.Contains(table, "日本") {
		t.Errorf("representorctl ports lists %d ports:\n%s", len(ports), table)
	}
}
