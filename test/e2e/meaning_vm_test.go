//go:build vm

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

// meaning is which function a request means.
func meaning() []scenario {
	return []scenario{
		{"PFs of equal number on two controllers and two cards are told apart by their MAC", tellsEqualNumbersApart},
		{"a MAC that two PFs have plugs nothing, keeps what is plugged, and the controller decides", choosesNoneOfTwoPFs},
		{"the card's serial number decides between two cards, and refuses another card", obeysTheSerialNumber},
		{"a VF number that is written in any other way than plain decimal plugs nothing", refusesMalformedNumbers},
		{"a PF MAC that is missing or no unicast address plugs nothing", refusesMalformedMACs},
		{"without a number the PF itself is plugged, and an SF is not the VF of its number", plugsPFsAndSFs},
		{"functions of the DPU itself are never plugged, those of a host on controller 0 are", plugsExternalFunctionsOnly},
		{"a PF whose MAC is not known plugs nothing until it is", waitsForThePFsMAC},
		{"by setting, the NIC's own functions are plugged, and a PF's MAC is read from its uplink", obeysSettings},
	}
}

// vf and pf are the commands that add a host function and its representor.
func vf(card string, index, controller, number int, netdev string) string {
	return fmt.Sprintf("port add %s %d flavour=pcivf controller=%d external=1 pf=0 vf=%d netdev=%s", card, index, controller, number, netdev)
}

func pf(card string, index, controller int, mac, netdev string) string {
	return fmt.Sprintf("port add %s %d flavour=pcipf controller=%d external=1 pf=0 mac=%s netdev=%s", card, index, controller, mac, netdev)
}

// wantFunction looks at the identity that the daemon says it has plugged.
func (d *dpu) wantFunction(t *testing.T, lport, function string) {
	t.Helper()
	if p := d.awaitPort(t, lport, plan.Plugged); p.Function != function {
		t.Errorf("%s is plugged on %s, want %s", lport, p.Function, function)
	}
}

func (d *dpu) wantCandidates(t *testing.T, p api.Port, names ...string) {
	t.Helper()
	if !slices.Equal(p.Reason.Candidates, names) {
		t.Errorf("the candidates are %q, want %q", p.Reason.Candidates, names)
	}
	for _, name := range names {
		if !strings.Contains(p.Reason.Message, name) {
			t.Errorf("the reason doesn't name %s: %s", name, p.Reason.Message)
		}
	}
}

// option sets one option of a logical switch port.
func (d *dpu) option(t *testing.T, lport, key, value string) {
	t.Helper()
	d.central.Nbctl(t, "set", "Logical_Switch_Port", lport, fmt.Sprintf("options:%q=%q", key, value))
}

func tellsEqualNumbersApart(t *testing.T, d *dpu) {
	const mac1, mac2, mac3 = "00:53:00:00:00:01", "00:53:00:00:00:02", "00:53:00:00:00:03"
	sim(t, "dev add card0", "dev add card1",
		// Names, port indexes and the order of arrival mislead.
		vf("card1", 1, 1, 0, "c2pf0vf0"), vf("card0", 2, 2, 0, "c1pf0vf0"), vf("card0", 3, 1, 0, "pf1vf0"),
		pf("card0", 21, 2, mac2, "r2"), pf("card1", 20, 1, mac3, "r1"), pf("card0", 20, 1, mac1, "r0"))
	d.neutronPort(t, request{lport: "one", pfMAC: mac1, vf: "0"}, request{lport: "two", pfMAC: strings.ToUpper(mac2), vf: "0"},
		request{lport: "three", pfMAC: mac3, vf: "0"})
	d.awaitOn(t, "one", "pf1vf0")
	d.awaitOn(t, "two", "c1pf0vf0")
	d.awaitOn(t, "three", "c2pf0vf0")
	d.wantFunction(t, "one", "platform/card0 c1pf0vf0")
	d.wantFunction(t, "two", "platform/card0 c2pf0vf0")
	d.wantFunction(t, "three", "platform/card1 c1pf0vf0")
	d.wantOnBridge(t, "pf1vf0", "c1pf0vf0", "c2pf0vf0")
	// A controller that contradicts the MAC finds nothing, and never the other one.
	d.option(t, "one", "vif-plug:representor:controller", "2")
	p := d.awaitPort(t, "one", plan.Pending, reason.CodePFNotFound)
	d.wantCandidates(t, p, "platform/card0 c1pf0")
	d.wantOnBridge(t, "c1pf0vf0", "c2pf0vf0")
}

func choosesNoneOfTwoPFs(t *testing.T, d *dpu) {
	sim(t, append(card(), vf0, vf1)...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.awaitOn(t, "vm0", "pf0vf0")
	d.bound(t, "vm0")
	before := d.row(t, "pf0vf0")
	sim(t, vf("card0", 30, 2, 0, "c2vf0"), vf("card0", 31, 2, 1, "c2vf1"), pf("card0", 32, 2, pfMAC, "c2hpf"))
	d.until(t, "the daemon knows the second PF", func() bool {
		reps, err := d.client.Representors(t.Context())
		return err == nil && slices.ContainsFunc(reps.Representors, func(r api.Representor) bool { return r.Netdev == "c2hpf" })
	})
	d.neutronPort(t, request{lport: "vm1", pfMAC: pfMAC, vf: "1"})
	p := d.awaitPort(t, "vm1", plan.Pending, reason.CodePFAmbiguous)
	d.wantCandidates(t, p, "platform/card0 c1pf0", "platform/card0 c2pf0")
	p = d.awaitPort(t, "vm0", plan.Plugged)
	if len(p.Warnings) != 1 || p.Warnings[0].Code != reason.CodePFAmbiguous {
		t.Errorf("what stays plugged is warned of as %+v, want %s", p.Warnings, reason.CodePFAmbiguous)
	}
	d.wantUntouched(t, "pf0vf0", before)
	d.wantOnBridge(t, "pf0vf0")
	// A restart knows no more than the marker says, and that is enough.
	d.restartDaemon(t)
	d.awaitPort(t, "vm1", plan.Pending, reason.CodePFAmbiguous)
	d.awaitPort(t, "vm0", plan.Plugged)
	d.wantUntouched(t, "pf0vf0", before)
	// It follows its function, too.
	rename(t, [2]string{"pf0vf0", "renamed"})
	d.awaitOn(t, "vm0", "renamed")
	d.wantOnBridge(t, "renamed")
	d.option(t, "vm1", "vif-plug:representor:controller", "2")
	d.awaitOn(t, "vm1", "c2vf1")
	d.wantFunction(t, "vm1", "platform/card0 c2pf0vf1")
	row := d.row(t, "renamed")
	d.option(t, "vm0", "vif-plug:representor:controller", "1")
	d.await(t, "vm0 is plugged without a warning", func(ps []api.Port) bool {
		return slices.ContainsFunc(ps, func(p api.Port) bool {
			return p.LogicalPort == "vm0" && p.State == plan.Plugged && len(p.Warnings) == 0
		})
	})
	if now := d.row(t, "renamed"); now.uuid != row.uuid || !strings.Contains(now.marks, "controller 1") {
		t.Errorf("row %+v, was %+v; want the same, marked with the new request", now, row)
	}
}

func obeysTheSerialNumber(t *testing.T, d *dpu) {
	const other = "00:53:00:00:00:99"
	sim(t, "dev add card0 serial=MT2108X00001", "dev add card1 serial=MT2108X00002", "dev add card2",
		pf("card0", 1, 1, pfMAC, "r0"), vf("card0", 10, 1, 0, "a0"), vf("card0", 11, 1, 1, "a1"),
		pf("card1", 1, 1, pfMAC, "r1"), vf("card1", 10, 1, 0, "b0"), vf("card1", 11, 1, 1, "b1"),
		pf("card2", 1, 1, other, "r2"), vf("card2", 10, 1, 0, "c0"))
	// What is asked while one card only is seen has one meaning.
	d.awaitStatus(t, "all cards are seen", func(s api.Status) bool { return s.Devlink.Complete && s.Devlink.Representors == 8 })
	serial := func(s string) []string { return []string{"vif-plug:representor:card-serial-number=" + s} }
	d.neutronPort(t, request{lport: "neither", pfMAC: pfMAC, vf: "0"},
		request{lport: "second", pfMAC: pfMAC, vf: "0", more: serial("MT2108X00002")},
		request{lport: "elsewhere", pfMAC: pfMAC, vf: "1", more: serial("MT2108X00003")},
		request{lport: "lower", pfMAC: pfMAC, vf: "1", more: serial("mt2108x00002")},
		request{lport: "unsaid", pfMAC: other, vf: "0", more: serial("MT2108X00003")})
	d.awaitOn(t, "second", "b0")
	p := d.awaitPort(t, "neither", plan.Pending, reason.CodePFAmbiguous)
	d.wantCandidates(t, p, "platform/card0 c1pf0", "platform/card1 c1pf0")
	for _, lport := range []string{"elsewhere", "lower"} {
		p = d.awaitPort(t, lport, plan.Pending, reason.CodeSerialMismatch)
		d.wantCandidates(t, p, "platform/card0 c1pf0", "platform/card1 c1pf0")
	}
	d.awaitPort(t, "unsaid", plan.Pending, reason.CodeSerialUnknown)
	d.wantOnBridge(t, "b0")
}

// listed is what representorctl says of the ports.
func (d *dpu) listed(t *testing.T) (table string, ports []api.Port) {
	t.Helper()
	table, status := d.ctl(t, "ports")
	if status != 0 {
		t.Errorf("representorctl ports exits with %d: %s", status, table)
	}
	out, status := d.ctl(t, "ports", "-j")
	var answer api.Ports
	if err := json.Unmarshal([]byte(out), &answer); err != nil || status != 0 {
		t.Fatalf("representorctl ports -j exits with %d: %v\n%s", status, err, out)
	}
	return table, answer.Ports
}

func refusesMalformedNumbers(t *testing.T, d *dpu) {
	values := []string{"abc", "3x", "-1", "+1", "00", "0x0", "1.0", " 1", "65535", "65536", "4294967296", "1 ", "٣"}
	// Whatever one may take them for is there.
	commands := append(card(), vf0, vf1, vf("card0", 13, 1, 3, "pf0vf3"), vf("card0", 14, 1, 65535, "pf0vf65535"),
		vf("card0", 15, 1, 65534, "pf0vf65534"))
	sim(t, commands...)
	var requests []request
	for i, value := range values {
		requests = append(requests, request{lport: fmt.Sprintf("bad%02d", i), pfMAC: pfMAC, vf: value})
	}
	d.neutronPort(t, append(requests, request{lport: "good", pfMAC: pfMAC, vf: "65534"})...)
	d.awaitOn(t, "good", "pf0vf65534")
	table, ports := d.listed(t)
	if len(ports) != len(values)+1 {
		t.Errorf("%d ports are listed, want %d", len(ports), len(values)+1)
	}
	for i, value := range values {
		p := ports[i]
		if p.LogicalPort != requests[i].lport || p.State != plan.Invalid || p.Function != "" || p.Reason == nil ||
			p.Reason.Code != reason.CodeInvalidOption || p.Reason.Option != "vif-plug:representor:vf-num" || p.Reason.Value != value {
			t.Errorf("vf-num %q reads %+v, reason %+v", value, p, p.Reason)
		}
		if n := strings.Count(table, fmt.Sprintf("\n%-36s  invalid ", requests[i].lport)); n != 1 {
			t.Errorf("%s is in the table %d times as invalid", requests[i].lport, n)
		}
	}
	if strings.Count(table, "invalid-option: ") != len(values) || strings.Count(table, "  plugged ") != 1 {
		t.Errorf("the table is\n%s", table)
	}
	if out, status := d.ctl(t, "ports", "bad05"); status != 3 || !strings.Contains(out, "option vif-plug:representor:vf-num=0x0") {
		t.Errorf("representorctl ports bad05 exits with %d:\n%s", status, out)
	}
	d.wantOnBridge(t, "pf0vf65534")
	// Corrected, one is plugged at once.
	d.option(t, "bad01", "vif-plug:representor:vf-num", "3")
	d.awaitOn(t, "bad01", "pf0vf3")
}

func refusesMalformedMACs(t *testing.T, d *dpu) {
	sim(t, append(card(), vf0, "port add card0 3 flavour=pcipf controller=2 external=1 pf=0 mac=00:00:00:00:00:00 netdev=zero",
		vf("card0", 12, 2, 0, "zerovf0"))...)
	values := []string{"", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:53:00:00:00:42", "00-53-00-00-00-42", "0053.0000.0042",
		"00:53:00:00:00:42:00:01", "0:53:0:0:0:42"}
	var requests []request
	for i, value := range values {
		requests = append(requests, request{lport: fmt.Sprintf("bad%d", i), pfMAC: value, vf: "0"})
	}
	d.neutronPort(t, append(requests, request{lport: "good", pfMAC: pfMAC, vf: "0"})...)
	d.awaitOn(t, "good", "pf0vf0")
	for i, value := range values {
		p := d.awaitPort(t, requests[i].lport, plan.Invalid, reason.CodeInvalidOption)
		if p.Reason.Option != "vif-plug:representor:pf-mac" || p.Reason.Value != value {
			t.Errorf("pf-mac %q reads %+v", value, p.Reason)
		}
	}
	d.wantOnBridge(t, "pf0vf0")
}

func plugsPFsAndSFs(t *testing.T, d *dpu) {
	sim(t, append(card(), vf0, vf1, "port add card0 40 flavour=pcisf controller=1 external=1 pf=0 sf=1 netdev=pf0sf1 peer=hostsf1")...)
	const sf = "vif-plug:representor:sf-num="
	d.neutronPort(t, request{lport: "pf", pfMAC: pfMAC}, request{lport: "sf", pfMAC: pfMAC, more: []string{sf + "1"}},
		request{lport: "none", pfMAC: pfMAC, more: []string{sf + "0"}}, request{lport: "both", pfMAC: pfMAC, vf: "1", more: []string{sf + "1"}})
	d.awaitOn(t, "pf", "pf0hpf")
	d.awaitOn(t, "sf", "pf0sf1")
	d.wantFunction(t, "pf", "platform/card0 c1pf0")
	d.wantFunction(t, "sf", "platform/card0 c1pf0sf1")
	d.awaitPort(t, "none", plan.Pending, reason.CodeFunctionNotFound)
	d.awaitPort(t, "both", plan.Invalid, reason.CodeInvalidOption)
	d.wantOnBridge(t, "pf0hpf", "pf0sf1")
	d.bound(t, "pf")
	d.bound(t, "sf")
	// An empty number is none, and is followed to the VF of that number.
	d.central.Nbctl(t, "set", "Logical_Switch_Port", "sf", `options:"vif-plug:representor:sf-num"=""`,
		`options:"vif-plug:representor:vf-num"="1"`)
	d.awaitOn(t, "sf", "pf0vf1")
	d.wantOnBridge(t, "pf0hpf", "pf0vf1")
}

func plugsExternalFunctionsOnly(t *testing.T, d *dpu) {
	const mac0 = "00:53:00:00:00:a0"
	local := func(index int, what string) string {
		return fmt.Sprintf("port add card0 %d controller=0 external=0 pf=0 %s", index, what)
	}
	sim(t, append(card(), vf0, local(50, "flavour=pcipf mac=00:53:00:00:00:a1 netdev=ownpf"), local(51, "flavour=pcivf vf=0 netdev=ownvf0"),
		local(52, "flavour=pcivf vf=5 netdev=ownvf5"),
		"dev add card1", pf("card1", 1, 0, mac0, "c0hpf"), vf("card1", 2, 0, 0, "c0vf0"))...)
	d.neutronPort(t, request{lport: "own", pfMAC: "00:53:00:00:00:a1", vf: "0"}, request{lport: "ownpf", pfMAC: "00:53:00:00:00:a1"},
		request{lport: "five", pfMAC: pfMAC, vf: "5"}, request{lport: "host", pfMAC: pfMAC, vf: "0"},
		request{lport: "zero", pfMAC: mac0, vf: "0"})
	d.awaitOn(t, "host", "pf0vf0")
	d.awaitOn(t, "zero", "c0vf0")
	d.wantFunction(t, "zero", "platform/card1 c0pf0vf0")
	for _, lport := range []string{"own", "ownpf"} {
		p := d.awaitPort(t, lport, plan.Pending, reason.CodePFNotFound)
		if !strings.Contains(p.Reason.Message, "local-functions") {
			t.Errorf("the reason doesn't name the setting: %s", p.Reason.Message)
		}
	}
	d.awaitPort(t, "five", plan.Pending, reason.CodeFunctionNotFound)
	d.wantOnBridge(t, "pf0vf0", "c0vf0")
}

func waitsForThePFsMAC(t *testing.T, d *dpu) {
	const zero = "00:00:00:00:00:00"
	sim(t, "dev add card0", pf("card0", 1, 1, zero, "hpf1"), vf("card0", 10, 1, 0, "c1vf0"),
		pf("card0", 2, 2, zero, "hpf2")+" nofn=1", vf("card0", 11, 2, 0, "c2vf0"), vf("card0", 12, 1, 1, "c1vf1"))
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	p := d.awaitPort(t, "vm0", plan.Pending, reason.CodePFMACUnknown)
	d.wantCandidates(t, p, "platform/card0 c1pf0", "platform/card0 c2pf0")
	d.wantOnBridge(t)
	// A MAC that is set here is notified of.
	run(t, "devlink", "port", "function", "set", "platform/card0/1", "hw_addr", pfMAC)
	before := d.awaitOn(t, "vm0", "c1vf0")
	// One that the host changes is not; it is seen when devlink is read next. What
	// is plugged stays, and new requests need the MAC that the PF has now.
	const later = "00:53:00:00:00:43"
	sim(t, "port mac card0 1 "+later, vf("card0", 13, 1, 2, "c1vf2"))
	d.neutronPort(t, request{lport: "vm1", pfMAC: pfMAC, vf: "1"}, request{lport: "vm2", pfMAC: later, vf: "2"})
	d.awaitOn(t, "vm2", "c1vf2")
	d.awaitPort(t, "vm1", plan.Pending)
	if now := d.awaitOn(t, "vm0", "c1vf0"); now.uuid != before.uuid {
		t.Errorf("row %+v, was %+v; want it kept", now, before)
	}
	d.wantOnBridge(t, "c1vf0", "c1vf2")
}

func obeysSettings(t *testing.T, d *dpu) {
	const uplink, host, part = "00:53:00:00:00:30", "00:53:00:00:00:31", "00:53:00:00:00:32"
	// A plain NIC, whose own PF has no port but the uplink, another whose uplink is a port of
	// an instance of its own, and an old DPU, whose driver tells the PF's MAC in a file alone.
	sim(t, "dev add nic", "port add nic 0 flavour=physical port=0 netdev=eno1 mac="+uplink,
		"port add nic 1 flavour=pcivf controller=0 external=0 pf=0 vf=0 netdev=eno1_0",
		"dev add nic2", "dev add nic2.eth on=nic2", "port add nic2.eth 0 flavour=physical port=0 netdev=eno2 mac="+part,
		"port add nic2 1 flavour=pcivf controller=0 external=0 pf=0 vf=0 netdev=eno2_0",
		"dev add card0", "port add card0 0 flavour=physical port=0 netdev=p0",
		pf("card0", 1, 1, "00:00:00:00:00:00", "hpf"), vf("card0", 10, 1, 0, "pf0vf0"))
	d.neutronPort(t, request{lport: "own", pfMAC: uplink, vf: "0"}, request{lport: "host", pfMAC: host, vf: "0"},
		request{lport: "part", pfMAC: part, vf: "0"})
	d.awaitPort(t, "own", plan.Pending, reason.CodePFMACUnknown)
	d.awaitPort(t, "part", plan.Pending, reason.CodePFMACUnknown)
	d.awaitPort(t, "host", plan.Pending, reason.CodePFMACUnknown)
	dir := filepath.Join(d.dir, "sys", "class", "net", "p0", "smart_nic", "pf")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	// sysfs as it is has the file nowhere; whose netdev p0 is must be told alike.
	ifindex, err := os.ReadFile("/sys/class/net/p0/ifindex")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "..", "..", "ifindex"), ifindex, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config"),
		[]byte("MAC        : "+host+"\nMaxTxRate  : 0\nState      : Follow\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.restartDaemon(t, "--local-functions", "--path.sysfs="+filepath.Join(d.dir, "sys"))
	defer d.restartDaemon(t)
	d.awaitOn(t, "own", "eno1_0")
	d.awaitOn(t, "host", "pf0vf0")
	d.awaitOn(t, "part", "eno2_0")
	d.wantFunction(t, "part", "platform/nic2 c0pf0vf0 local")
	d.wantFunction(t, "own", "platform/nic c0pf0vf0 local")
	d.wantFunction(t, "host", "platform/card0 c1pf0vf0")
}
