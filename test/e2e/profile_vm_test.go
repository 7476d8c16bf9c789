//go:build vm

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/representord/representord/internal/hypervisor"
	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/test/virtualdpu"
	"github.com/representord/representord/test/virtualhost"
)

// reporting is that what vf-reporter says on the hypervisor is all that a binding
// needs: nothing between a VF there and its port on br-int is written by hand.
func reporting() []scenario {
	return []scenario{
		{"the profile of a VF, piped into bind, plugs it on the DPU whose card it is, and packets cross", bindsWhatTheHostReports},
		{"a VF of a bonded PF is plugged, since its profile has the permanent MAC", bindsVFsOfABondedPF},
		{"a VF whose card has no VPD, or whose PF has no netdev, is refused with the reason", refusesWhatTheHostCannotKnow},
		{"a VF's serial number is that of its own VPD or its PF's, as Nova takes it, and one that differs is warned of",
			reportsTheSerialNumberThatNovaTakes},
	}
}

// The first card is ours; PF 0 of the second has the very MAC of the first one's, so
// that only the serial number tells them apart.
const (
	otherSerial = "MT2108X00002"
	secondPFMAC = "00:53:00:00:00:43"

	firstPF   = "0001:03:00.0"
	firstVF0  = "0001:03:01.0"
	firstVF1  = "0001:03:01.1"
	secondPF  = "0001:03:00.1" // of the first card
	secondVF0 = "0001:03:01.2"
	otherPF   = "0002:03:00.0" // of the second card
	otherVF0  = "0002:03:01.0"
)

// firstCard is the first card on the host, whose VFs are at the ends of card0's wires.
func firstCard(t *testing.T) {
	t.Helper()
	virtualhost.New(t, "bus add 0001:03-03",
		"dev add "+firstPF+" serial="+boardSerial+" mac="+pfMAC+" netdev=hpf0 vfs=2 vf-netdev=hpf0v",
		"peer "+firstVF0+" host0", "peer "+firstVF1+" host1")
	virtualhost.EnableVFs(t, firstPF, 2)
}

// addToHost gives the host more of what test/pcisim has, until the test ends.
func addToHost(t *testing.T, commands ...string) {
	t.Helper()
	if err := virtualhost.Sim(commands...); err != nil {
		t.Fatal(err)
	}
}

// onHost runs vf-reporter, and returns what it wrote to its two outputs and its exit status.
func onHost(t *testing.T, args ...string) (out, complaints string, status int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), virtualdpu.Program(t, "vf-reporter"), args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatalf("vf-reporter: %v", err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

// pipe runs vf-reporter profile VF | representorctl bind LPORT --profile - as a shell
// does, and returns all that both wrote, the former's exit status too unless it is 0,
// and the latter's exit status.
func (d *dpu) pipe(t *testing.T, vf, lport string, options ...string) (string, int) {
	t.Helper()
	const line = `vf=$1 lport=$2; shift 2
		{ "$VF_REPORTER" profile "$vf" || echo "vf-reporter ends with $?" >&2; } | "$REPRESENTORCTL" bind "$lport" --profile - "$@"`
	cmd := exec.CommandContext(t.Context(), "bash", append([]string{"-c", line, "bash", vf, lport}, options...)...)
	cmd.Env = append(cmd.Environ(),
		"VF_REPORTER="+virtualdpu.Program(t, "vf-reporter"), "REPRESENTORCTL="+virtualdpu.Program(t, "representorctl"),
		"OVN_NB_DB="+d.central.NB.Endpoint, "OVN_SB_DB="+d.central.SB.Endpoint)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", line, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// plugByProfile pipes a VF's profile into bind, waits until it is plugged on a netdev,
// and returns what was written.
func (d *dpu) plugByProfile(t *testing.T, vf, lport, netdev string) string {
	t.Helper()
	out, status := d.pipe(t, vf, lport, "--mtu=1500", "--wait=plugged", fmt.Sprintf("--timeout=%s", patience))
	if status != 0 || !strings.Contains(out, "plugged     yes") || !strings.Contains(out, "chassis     dpu1") {
		t.Fatalf("binding %s to %s: exit status %d\n%s", lport, vf, status, out)
	}
	d.awaitOn(t, lport, netdev)
	return out
}

func bindsWhatTheHostReports(t *testing.T, d *dpu) {
	const mac0, mac1, ip0, ip1 = "02:00:00:00:00:10", "02:00:00:00:00:11", "10.0.0.10", "10.0.0.11"
	d.unpublished(t)
	firstCard(t)
	addToHost(t, "bus add 0002:03-03", "dev add "+otherPF+" serial="+otherSerial+" mac="+pfMAC+" netdev=opf0 vfs=1 vf-netdev=opf0v")
	virtualhost.EnableVFs(t, otherPF, 1)
	d.secondChassis(t, "dpu2.example")
	d.central.Sbctl(t, "set", "Chassis", "dpu2", `other_config:ovn-cms-options="card-serial-number=`+otherSerial+`"`)
	sim(t, append(card(), vf0, vf1)...)
	d.inChassisRow(t, "card-serial-number="+boardSerial)
	d.central.Nbctl(t, "lsp-add", "net", "vm0", "--", "lsp-set-addresses", "vm0", mac0+" "+ip0, "--",
		"lsp-add", "net", "vm1", "--", "lsp-set-addresses", "vm1", mac1+" "+ip1, "--", "lsp-add", "net", "vm2")

	// The other card's first, when nothing of the first one's is plugged already.
	if out, status := d.pipe(t, otherVF0, "vm2"); status != 0 || !strings.Contains(out, "dpu2, hostname dpu2.example") {
		t.Fatalf("exit status %d:\n%s", status, out)
	}
	d.plugByProfile(t, firstVF0, "vm0", "pf0vf0")
	d.plugByProfile(t, "hpf0v1", "vm1", "pf0vf1")
	if _, _, requested := d.binding(t, "vm2"); requested != "dpu2" {
		t.Errorf("vm2 is requested on %q, want dpu2", requested)
	}
	d.wantUnasked(t, "vm2")
	d.wantOnBridge(t, "pf0vf0", "pf0vf1")
	zero, one := virtualhost.NewGuest(t, "hpf0v0", mac0, ip0+"/24"), virtualhost.NewGuest(t, "hpf0v1", mac1, ip1+"/24")
	datagram(t, zero, one)
	datagram(t, one, zero)
}

func bindsVFsOfABondedPF(t *testing.T, d *dpu) {
	d.unpublished(t)
	firstCard(t)
	addToHost(t, "dev add "+secondPF+" serial="+boardSerial+" mac="+secondPFMAC+" netdev=hpf1 vfs=1 vf-netdev=hpf1v",
		"peer "+secondVF0+" host2")
	virtualhost.EnableVFs(t, secondPF, 1)
	run(t, "modprobe", "bonding", "max_bonds=0")
	run(t, "ip", "link", "add", "hostbond", "type", "bond", "mode", "active-backup")
	t.Cleanup(func() { run(t, "ip", "link", "del", "hostbond") })
	for _, slave := range []string{"hpf0", "hpf1"} {
		run(t, "ip", "link", "set", slave, "down")
		run(t, "ip", "link", "set", slave, "master", "hostbond")
	}
	sim(t, append(card(),
		"port add card0 2 flavour=pcipf controller=1 external=1 pf=1 mac="+secondPFMAC+" netdev=pf1hpf",
		"port add card0 20 flavour=pcivf controller=1 external=1 pf=1 vf=0 netdev=pf1vf0 peer=host2")...)
	d.inChassisRow(t, "card-serial-number="+boardSerial)

	// The bond has the first slave's address, and gave it to the second.
	d.central.Nbctl(t, "lsp-add", "net", "vm0")
	out := d.plugByProfile(t, "hpf1v0", "vm0", "pf1vf0")
	for _, want := range []string{"uses the MAC " + pfMAC + ", while its permanent one", "vif-plug:representor:pf-mac=" + secondPFMAC} {
		if !strings.Contains(out, want) {
			t.Errorf("%q isn't in\n%s", want, out)
		}
	}
	if _, found := checked(t); !found[wordless{Stops: true, On: secondPF, Code: pci.CodeMACDiffers}] {
		t.Errorf("check found %v", found)
	}
}

// wordless is a hypervisor.Finding without its words.
type wordless struct {
	Stops bool
	On    string
	Code  reason.Code
}

// checked is what vf-reporter check finds, without its words, and its exit status.
func checked(t *testing.T) (status int, found map[wordless]bool) {
	t.Helper()
	out, complaints, status := onHost(t, "check", "-j")
	var answer struct{ Findings []hypervisor.Finding }
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatalf("vf-reporter check: exit status %d, %v: %s%s", status, err, out, complaints)
	}
	found = map[wordless]bool{}
	for _, f := range answer.Findings {
		if f.Stops && f.Remedy == "" {
			t.Errorf("no remedy for %q", f.Message)
		}
		found[wordless{f.Stops, f.On, f.Code}] = true
	}
	return status, found
}

// Three PFs of one card: the second says another number, and so do its VFs, and the
// third has no VPD.
func reportsTheSerialNumberThatNovaTakes(t *testing.T, _ *dpu) {
	const thirdPF, thirdVF0 = "0001:03:00.2", "0001:03:01.3"
	firstCard(t)
	addToHost(t,
		"dev add "+secondPF+" serial="+otherSerial+" mac="+secondPFMAC+" netdev=hpf1 vfs=1 vf-netdev=hpf1v vf-vpd=1",
		"dev add "+thirdPF+" mac=00:53:00:00:00:44 netdev=hpf2 vfs=1 vf-netdev=hpf2v")
	virtualhost.EnableVFs(t, secondPF, 1)
	virtualhost.EnableVFs(t, thirdPF, 1)
	wantListed(t, map[string]listed{
		firstVF0:  {"hpf0v0", 0, boardSerial, nil},
		firstVF1:  {"hpf0v1", 1, boardSerial, nil},
		secondVF0: {"hpf1v0", 0, otherSerial, nil},
		thirdVF0:  {"hpf2v0", 0, "", []reason.Code{pci.CodeNoVPD}},
	})
	status, found := checked(t)
	for _, want := range []wordless{
		{Stops: true, On: "0001:03:00", Code: pci.CodeNoVPD},
		{On: "0001:03:00", Code: pci.CodeSerialsDiffer},
	} {
		if !found[want] {
			t.Errorf("check found %v, not %v", found, want)
		}
	}
	if status != 5 {
		t.Errorf("check exits with %d, want 5", status)
	}
}

func refusesWhatTheHostCannotKnow(t *testing.T, d *dpu) {
	const bare, bareVF, hidden, hiddenVF = "0003:03:00.0", "0003:03:01.0", "0004:03:00.0", "0004:03:01.0"
	firstCard(t)
	addToHost(t, "bus add 0003:03-03", "bus add 0004:03-03",
		"dev add "+bare+" mac=00:53:00:00:00:44 netdev=bpf0 vfs=1 vf-netdev=bpf0v",
		"dev add "+hidden+" serial="+otherSerial+" mac=00:53:00:00:00:45 netdev=none vfs=1 vf-netdev=npf0v")
	virtualhost.EnableVFs(t, bare, 1)
	virtualhost.EnableVFs(t, hidden, 1)
	d.central.Nbctl(t, "lsp-add", "net", "vm0")

	for _, c := range []struct{ vf, reason string }{
		{bareVF, "card_serial_number is missing: card 0003:03:00 has no VPD"},
		{"npf0v0", "pf_mac_address is missing: PF " + hidden + " has no netdev here"},
	} {
		out, status := d.pipe(t, c.vf, "vm0")
		if status != 2 || !strings.Contains(out, "vf-reporter ends with 4") || !strings.Contains(out, c.reason) {
			t.Errorf("binding to %s: exit status %d: %s", c.vf, status, out)
		}
	}
	if left := d.central.Nbctl(t, "get", "Logical_Switch_Port", "vm0", "options"); left != "{}" {
		t.Errorf("options of a port that was not bound: %s", left)
	}

	// Without the serial number, the other values are told where those will do.
	options, complaints, status := onHost(t, "profile", bareVF, "--format=options", "--chassis=dpu1")
	if status != 0 || !strings.Contains(options, "vif-plug:representor:pf-mac=00:53:00:00:00:44\n") ||
		!strings.Contains(complaints, "no VPD") {
		t.Errorf("exit status %d: %s%s", status, options, complaints)
	}

	wantListed(t, map[string]listed{
		firstVF0: {"hpf0v0", 0, boardSerial, nil},
		firstVF1: {"hpf0v1", 1, boardSerial, nil},
		bareVF:   {"bpf0v0", 0, "", []reason.Code{pci.CodeNoVPD}},
		hiddenVF: {"npf0v0", 0, otherSerial, []reason.Code{pci.CodeNoNetdev}},
	})
	status, found := checked(t)
	for _, want := range []wordless{
		{Stops: true, On: "0003:03:00", Code: pci.CodeNoVPD},
		{Stops: true, On: hidden, Code: pci.CodeNoNetdev},
	} {
		if !found[want] {
			t.Errorf("check found %v, not %v", found, want)
		}
		delete(found, want)
	}
	for f := range found {
		if f.Stops {
			t.Errorf("check takes %v for an obstacle", f)
		}
	}
	if status != 5 {
		t.Errorf("check exits with %d, want 5", status)
	}
}

// listed is what vf-reporter list has to say of a VF: its netdev, its number, its
// card's serial number, and for what reasons its profile isn't complete.
type listed struct {
	netdev  string
	number  int
	serial  string
	missing []reason.Code
}

// wantListed compares the VFs that vf-reporter list shows, by address.
func wantListed(t *testing.T, want map[string]listed) {
	t.Helper()
	out, complaints, status := onHost(t, "list", "-j")
	var answer struct{ VFs []hypervisor.VF }
	if err := json.Unmarshal([]byte(out), &answer); err != nil || status != 0 {
		t.Fatalf("vf-reporter list: exit status %d, %v: %s%s", status, err, out, complaints)
	}
	got := map[string]listed{}
	for _, v := range answer.VFs {
		if v.Number == nil {
			t.Fatalf("VF %s has no number", v.Address)
		}
		l := listed{netdev: strings.Join(v.Netdevs, ","), number: *v.Number, serial: v.Serial}
		for _, m := range v.Missing {
			l.missing = append(l.missing, m.Code)
		}
		got[v.Address] = l
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("vf-reporter list has %v, want %v", got, want)
	}
}
