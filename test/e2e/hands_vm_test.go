//go:build vm

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/internal/explain"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

// byHand is what operators, and vendors' set-ups, do to representors and rows.
func byHand() []scenario {
	return []scenario{
		{"an operator renames a plugged representor with two commands, and the row follows", letsAnOperatorRename},
		{"a link that an operator takes down stays down for some seconds and is set up again", letsAnOperatorTakeDown},
		{"a representor in a Linux bridge isn't plugged until the printed command frees it", waitsForALinuxBridge},
		{"a Port and its Interface of different names make room with the printed command", makesRoomForAPortOfAnotherName},
		{"a Port of the netdev's name, with an Interface of another, makes room with the printed command", makesRoomForAnInterfaceOfAnotherName},
		{"what the built-in plug provider left makes room with the printed command", makesRoomForALeftOver},
		{"what the built-in plug provider left goes by itself with adopt-ovn-vif", takesALeftOver},
		{"the integration bridge becomes another one, and the rows move there", movesToAnotherBridge},
	}
}

// up reports whether a netdev's link is set up.
func up(t *testing.T, netdev string) bool {
	t.Helper()
	flags, err := os.ReadFile(filepath.Join("/sys/class/net", netdev, "flags"))
	var n int
	if err == nil {
		_, err = fmt.Sscanf(string(flags), "0x%x", &n)
	}
	if err != nil {
		t.Fatalf("flags of %s: %v", netdev, err)
	}
	return n&1 != 0 // IFF_UP
}

// said counts the lines of the daemon's log that have a text.
func (d *dpu) said(text string) (n int) {
	for line := range strings.Lines(d.daemon.Log()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// plugged is a card with vm0 plugged on VF 0, whose link was seen to be up.
func (d *dpu) plugged(t *testing.T) row {
	t.Helper()
	d.restartDaemon(t) // with a log of its own
	d.judged(t)
	d.changes(t, func() { sim(t, append(card(), vf0)...) })
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.awaitPort(t, "vm0", plan.Plugged)
	d.bound(t, "vm0")
	d.until(t, "the link is up", func() bool { return up(t, "pf0vf0") })
	d.quiet(t)
	if n := d.said("link set up"); n != 1 {
		t.Errorf("that the link was set up is logged %d times", n)
	}
	return d.row(t, "pf0vf0")
}

func letsAnOperatorRename(t *testing.T, d *dpu) {
	before := d.plugged(t)
	d.changes(t, func() { run(t, "sh", "-c", "ip link set pf0vf0 down; ip link set pf0vf0 name rep0") })
	after := d.awaitOn(t, "vm0", "rep0")
	if after.marks != before.marks {
		t.Errorf("row %+v, was %+v; want one with the same marks", after, before)
	}
	d.until(t, "the link is up again by itself", func() bool { return up(t, "rep0") })
	d.awaitPort(t, "vm0", plan.Plugged)
	d.bound(t, "vm0")
	d.quiet(t)
	for _, want := range []string{"was taken down", "link set up again"} {
		if n := d.said(want); n != 1 {
			t.Errorf("%q is logged %d times", want, n)
		}
	}
}

func letsAnOperatorTakeDown(t *testing.T, d *dpu) {
	before := d.plugged(t)
	began := time.Now()
	run(t, "ip", "link", "set", "pf0vf0", "down")
	d.until(t, "it is said", func() bool { return d.said("was taken down") == 1 })
	if time.Since(began) < 4*time.Second && up(t, "pf0vf0") {
		t.Errorf("the link is up after %v", time.Since(began))
	}
	d.until(t, "the link is up again", func() bool { return up(t, "pf0vf0") })
	if took := time.Since(began); took < 4*time.Second {
		t.Errorf("the link was left alone for %v, want about 5s", took)
	}
	d.quiet(t)
	if n := d.said("link set up again"); n != 1 {
		t.Errorf("that it was set up again is logged %d times", n)
	}
	d.wantUntouched(t, "pf0vf0", before)
}

// explained is what representorctl explain says of a port.
func (d *dpu) explained(t *testing.T, lport string) (e explain.Explanation) {
	t.Helper()
	out, status := d.ctl(t, "explain", lport, "-j")
	if err := json.Unmarshal([]byte(out), &e); err != nil {
		t.Fatalf("exit status %d, %v\n%s", status, err, out)
	}
	return e
}

// remedy is the one command that representorctl explain prints for a port.
func (d *dpu) remedy(t *testing.T, lport string) string {
	t.Helper()
	e := d.explained(t, lport)
	var commands []string
	for i, part := range strings.Split(e.Remedy, "`") {
		if i%2 == 1 {
			commands = append(commands, part)
		}
	}
	if len(commands) != 1 {
		t.Fatalf("want one command in: %s", e.Remedy)
	}
	return commands[0]
}

// sh runs a command as it is printed, where ovs-vsctl finds this test's database.
func (d *dpu) sh(t *testing.T, command string) {
	t.Helper()
	bin, err := os.MkdirTemp(d.dir, "bin")
	if err != nil {
		t.Fatal(err)
	}
	tool, err := exec.LookPath("ovs-vsctl")
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec %s --db=%s --timeout=60 \"$@\"\n", tool, d.local.Endpoint)
	servers.Script(t, filepath.Join(bin, "ovs-vsctl"), script)
	t.Logf("# %s", command)
	run(t, "sh", "-c", "PATH="+bin+":$PATH\n"+command)
}

func waitsForALinuxBridge(t *testing.T, d *dpu) {
	d.judged(t)
	d.changes(t, func() { sim(t, append(card(), vf0)...) })
	run(t, "ip", "link", "add", "trusted0", "type", "bridge")
	t.Cleanup(func() { run(t, "ip", "link", "del", "trusted0") })
	run(t, "ip", "link", "set", "pf0vf0", "master", "trusted0")
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	p := d.awaitPort(t, "vm0", plan.Pending, reason.CodeNetdevHasMaster)
	if !strings.Contains(p.Reason.Message, "trusted0") {
		t.Errorf("the bridge isn't named: %s", p.Reason.Message)
	}
	d.quiet(t)
	d.wantGone(t, "pf0vf0")
	d.sh(t, d.remedy(t, "vm0"))
	d.awaitPort(t, "vm0", plan.Plugged)
	d.bound(t, "vm0")
	// Now it is Open vSwitch's, which is a master too, and the bridge can't have it.
	if out, err := exec.Command("ip", "link", "set", "pf0vf0", "master", "trusted0").CombinedOutput(); err == nil {
		t.Errorf("the bridge took it from Open vSwitch: %s", out)
	}
	d.quiet(t)
	d.awaitPort(t, "vm0", plan.Plugged)
}

// makesRoom has something made that is in vm0's way, and is taken away by what is printed.
func (d *dpu) makesRoom(t *testing.T, code reason.Code, made, command string, stays ...string) {
	t.Helper()
	sim(t, append(card(), vf0)...)
	d.sh(t, made)
	d.judged(t)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.awaitPort(t, "vm0", plan.Conflict, code)
	got := d.remedy(t, "vm0")
	if got != command {
		t.Errorf("the command is %s, want %s", got, command)
	}
	d.witness.Removes(func() { d.sh(t, got) })
	d.awaitPort(t, "vm0", plan.Plugged)
	for _, port := range stays {
		if _, err := d.local.TryCtl("port-to-br", port); err != nil {
			t.Errorf("%s went along: %v", port, err)
		}
	}
}

func makesRoomForAPortOfAnotherName(t *testing.T, d *dpu) {
	t.Cleanup(func() { d.local.Ctl(t, "--if-exists", "del-br", "vendor0") })
	d.makesRoom(t, reason.CodeForeignName, "ovs-vsctl add-br vendor0 -- add-port vendor0 other0 -- set Interface other0 type=internal"+
		" -- --id=@i create Interface name=pf0vf0 -- --id=@p create Port name=pf0vf0port interfaces=@i -- add Bridge vendor0 ports @p",
		"ovs-vsctl del-port pf0vf0port", "other0")
	d.bound(t, "vm0")
}

func makesRoomForAnInterfaceOfAnotherName(t *testing.T, d *dpu) {
	t.Cleanup(func() { d.local.Ctl(t, "--if-exists", "del-br", "vendor0") })
	d.makesRoom(t, reason.CodeForeignName, "ovs-vsctl add-br vendor0 -- --id=@i create Interface name=inner0 type=internal"+
		" -- --id=@p create Port name=pf0vf0 interfaces=@i -- add Bridge vendor0 ports @p",
		"ovs-vsctl del-port pf0vf0")
	d.bound(t, "vm0")
}

// leftByProvider makes a row as the provider built into ovn-controller does.
const leftByProvider = "ovs-vsctl add-port br-int pf0vf0 -- set Interface pf0vf0 external_ids:iface-id=long-gone " +
	"external_ids:ovn-plugged=representor"

func makesRoomForALeftOver(t *testing.T, d *dpu) {
	d.makesRoom(t, reason.CodeBuiltInLeftOver, leftByProvider, "ovs-vsctl del-port pf0vf0")
	d.bound(t, "vm0")
}

func takesALeftOver(t *testing.T, d *dpu) {
	d.restartDaemon(t, "--adopt-ovn-vif")
	defer d.restartDaemon(t)
	sim(t, append(card(), vf0)...)
	d.sh(t, leftByProvider)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.awaitPort(t, "vm0", plan.Plugged)
	d.awaitNoPort(t, "long-gone")
	d.bound(t, "vm0")
}

func movesToAnotherBridge(t *testing.T, d *dpu) {
	sim(t, append(card(), vf0)...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.awaitPort(t, "vm0", plan.Plugged)
	d.bound(t, "vm0")
	defer func() {
		d.local.Ctl(t, "set", "Open_vSwitch", ".", "external_ids:ovn-bridge=br-int")
		servers.Until(t, "the row is back", func() bool { return slices.Contains(d.bridgePorts(t), "pf0vf0") })
		d.local.Ctl(t, "remove", "Open_vSwitch", ".", "external_ids", "ovn-bridge", "--", "--if-exists", "del-br", "br-two")
		d.awaitPort(t, "vm0", plan.Plugged)
	}()
	d.local.Ctl(t, "set", "Open_vSwitch", ".", "external_ids:ovn-bridge=br-two") // ovn-controller makes it
	servers.Until(t, "the row is on the other bridge", func() bool {
		out, err := d.local.TryCtl("port-to-br", "pf0vf0")
		return err == nil && out == "br-two"
	})
	d.awaitPort(t, "vm0", plan.Plugged)
	d.bound(t, "vm0")
	if got := d.bridgePorts(t); len(got) > 0 {
		t.Errorf("br-int still has %v", got)
	}
}
