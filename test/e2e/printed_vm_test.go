//go:build vm

package e2e

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/doctor"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/virtualdpu"
)

// printing is that a tool takes what is printed for a card, in the situation that it is
// printed for. What changes a database is tried in cmd/representorctl, and what is for a
// service in systemd.
func printing() []scenario {
	return []scenario{
		{"what explain prints for a card is taken where it is printed", takesWhatExplainPrints},
	}
}

// printed is a command, what its reader replaces, and a part of what it says then.
type printed struct {
	command, fills, says string
	// refused: what the kernel says to it is what the reader is to see.
	refused bool
}

// takes runs the commands of a remedy, which must be these besides those for the Northbound.
func takes(t *testing.T, remedy string, want []printed) {
	t.Helper()
	var got []string
	for i, part := range strings.Split(remedy, "`") {
		if i%2 == 1 && !strings.HasPrefix(part, "ovn-nbctl ") {
			got = append(got, part)
		}
	}
	var commands []string
	for _, p := range want {
		commands = append(commands, p.command)
	}
	if !slices.Equal(got, commands) {
		t.Errorf("it prints %q, want %q: %s", got, commands, remedy)
	}
	for _, p := range want {
		command := p.command
		if word, with, ok := strings.Cut(p.fills, "="); ok {
			command = strings.ReplaceAll(command, word, with)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(virtualdpu.Program(t, "vf-reporter"))+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		t.Logf("# %s\n%.600s", command, out)
		if (err != nil) != p.refused || !strings.Contains(string(out), p.says) {
			t.Errorf("# %s\n%s%v; want it to say %q", command, out, err, p.says)
		}
	}
}

func takesWhatExplainPrints(t *testing.T, d *dpu) {
	host(t)
	enable(t, 4)
	vf := func(number string, options ...string) request {
		return request{lport: "vm0", pfMAC: pfMAC, vf: number, more: options}
	}
	for _, tt := range []struct {
		name  string
		card  []string
		asks  request
		code  reason.Code
		want  []printed
		plugs bool
	}{
		{
			name: "no netdev", asks: vf("0"), code: reason.CodeNoNetdev,
			card: append(card(), "port add card0 10 flavour=pcivf controller=1 external=1 pf=0 vf=0 netdev=late"),
			want: []printed{{command: "devlink port show; ip netns", says: "platform/card0/10"}},
		},
		{
			name: "two ports for one VF", asks: vf("0"), code: reason.CodeFunctionAmbiguous,
			card: append(card(), vf0, "port add card0 11 flavour=pcivf controller=1 external=1 pf=0 vf=0 netdev=twin0"),
			want: []printed{{command: "devlink port show", says: "platform/card0/11"}, {command: "devlink dev reload platform/card0"}},
		},
		{
			name: "a PF without MAC", asks: vf("0"), code: reason.CodePFMACUnknown, plugs: true,
			card: []string{"dev add card0 serial=MT2108X00001", "port add card0 1 flavour=pcipf controller=1 external=1 pf=0 netdev=pf0hpf", vf0},
			want: []printed{{command: "devlink port function set platform/card0/1 hw_addr MAC", fills: "MAC=" + pfMAC}},
		},
		{
			name: "a PF of another MAC", asks: vf("0"), code: reason.CodePFNotFound,
			card: []string{"dev add card0", "port add card0 1 flavour=pcipf controller=1 external=1 pf=0 mac=00:53:00:00:00:24 netdev=pf0hpf", vf0},
			want: []printed{{command: "vf-reporter list", says: pfMAC}},
		},
		{
			name: "no such VF", asks: vf("3"), code: reason.CodeFunctionNotFound, card: append(card(), vf0),
			want: []printed{
				{command: "vf-reporter list", says: "ens1f0v3"},
				{command: "ls -d /sys/class/net/PF/device/virtfn3", fills: "PF=ens1f0", says: "virtfn3"},
				{command: "echo 4 >/sys/class/net/PF/device/sriov_numvfs", fills: "PF=ens1f0"},
			},
		},
		{
			name: "no such VF below others", asks: vf("0"), code: reason.CodeFunctionNotFound, card: append(card(), vf1),
			want: []printed{
				{command: "vf-reporter list", says: "ens1f0v0"},
				{command: "devlink port show; dmesg | tail -n 50", says: "platform/card0/11"},
			},
		},
		{
			name: "no such SF", asks: vf("", "vif-plug:representor:sf-num=7"), code: reason.CodeFunctionNotFound, card: card(), plugs: true,
			want: []printed{
				{command: "devlink port add platform/card0 flavour pcisf pfnum 0 sfnum 7 controller 1"},
				{command: "devlink port function set DEVICE/INDEX state active", fills: "DEVICE/INDEX=platform/card0/32768"},
			},
		},
		{
			name: "a port of InfiniBand", asks: vf("0"), code: reason.CodeNotEthernet, card: append(card(), vf0+" type=ib"), plugs: true,
			want: []printed{{command: "devlink port set platform/card0/10 type eth"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sim(t, "reset")
			sim(t, tt.card...)
			d.neutronPort(t, tt.asks)
			defer func() {
				d.central.Nbctl(t, "lsp-del", "vm0")
				d.awaitNoPort(t, "vm0")
			}()
			d.awaitPort(t, "vm0", plan.Pending, tt.code)
			takes(t, d.explained(t, "vm0").Remedy, tt.want)
			if tt.plugs {
				d.awaitPort(t, "vm0", plan.Plugged)
			}
		})
	}
	t.Run("a PF of this machine's own whose uplink is elsewhere", func(t *testing.T) { d.bringsTheUplinkBack(t) })
	t.Run("a VF of another MAC than its port", func(t *testing.T) { d.setsTheFunctionsAddress(t) })
}

// bringsTheUplinkBack is for a NIC that is its own host, of which the uplink alone tells the MAC.
func (d *dpu) bringsTheUplinkBack(t *testing.T) {
	t.Helper()
	const uplink = "00:53:00:00:00:30"
	sim(t, "reset", "dev add nic", "port add nic 0 flavour=physical port=0 netdev=eno1 mac="+uplink,
		"port add nic 1 flavour=pcivf controller=0 external=0 pf=0 vf=0 netdev=eno1_0")
	run(t, "ip", "netns", "add", "elsewhere")
	defer run(t, "ip", "netns", "del", "elsewhere")
	run(t, "ip", "link", "set", "eno1", "netns", "elsewhere")
	d.restartDaemon(t, "--local-functions")
	defer d.restartDaemon(t)
	d.neutronPort(t, request{lport: "own", pfMAC: uplink, vf: "0"})
	d.awaitPort(t, "own", plan.Pending, reason.CodePFMACUnknown)
	takes(t, d.explained(t, "own").Remedy, []printed{{
		command: "ip -n NAMESPACE link set NETDEV netns 1", fills: "NAMESPACE link set NETDEV=elsewhere link set eno1",
	}})
	d.awaitPort(t, "own", plan.Plugged)
}

// toldAt is the remedy of one step of an explanation.
func (d *dpu) toldAt(t *testing.T, lport, step string) string {
	t.Helper()
	for _, s := range d.explained(t, lport).Steps {
		if s.Name == step {
			return s.Remedy
		}
	}
	return ""
}

// setsTheFunctionsAddress is for a VF that is plugged and has another MAC than its port.
func (d *dpu) setsTheFunctionsAddress(t *testing.T) {
	t.Helper()
	const mac = "02:00:00:00:00:10"
	sim(t, append([]string{"reset"}, append(card(), vf0+" mac=02:00:00:00:00:99", vf1+" nofn=1")...)...)
	d.restartDaemon(t, "--program-hw-addr")
	defer d.restartDaemon(t)
	d.neutronPort(t, request{lport: "vm1", pfMAC: pfMAC, vf: "1", mac: "02:00:00:00:00:11 10.0.0.11"})
	d.until(t, "the driver's refusal is told", func() bool {
		p, err := d.client.Port(t.Context(), "vm1")
		return err == nil && slices.ContainsFunc(p.Warnings, func(r reason.Reason) bool { return r.Code == reason.CodeHWAddrFailed })
	})
	takes(t, d.toldAt(t, "vm1", diagnose.Function), []printed{{
		command: "devlink port function set platform/card0/11 hw_addr MAC", fills: "MAC=" + mac, says: "Operation not supported", refused: true,
	}})
	d.restartDaemon(t)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0", mac: mac + " 10.0.0.10"})
	d.awaitPort(t, "vm0", plan.Plugged)
	takes(t, d.toldAt(t, "vm0", diagnose.Function), []printed{{command: "devlink port function set platform/card0/10 hw_addr " + mac}})
	if says := run(t, "devlink", "port", "show", "platform/card0/10"); !strings.Contains(says, "hw_addr "+mac) {
		t.Error(says)
	}
}

func takesWhatDoctorPrints(t *testing.T, d *dpu) {
	for _, tt := range []struct {
		name, check string
		card        []string
		want        []printed
		mends       bool
	}{
		{name: "no card", check: "devlink", want: []printed{{command: "modprobe mlx5_core"}, {command: "devlink port show"}}},
		{
			name: "no card that answers", check: "devlink", card: append(card(), "dev hang card0 10000"),
			want: []printed{{command: "devlink port show; dmesg | tail -n 50", says: "platform/card0/1"}},
		},
		{
			name: "no list of devices", check: "eswitch", card: append(card(), "dev hang card0 10000"),
			want: []printed{{command: "devlink dev", says: "platform/card0"}},
		},
		{
			name: "a port that can't be read", check: "devlink",
			card: append(card(), vf0, "port fail-hwaddr card0 10 on"),
			want: []printed{{command: "devlink port show; dmesg | tail -n 50", says: "platform/card0/1"}},
		},
		{
			name: "no host", check: "host-functions", card: []string{"dev add card0", "port add card0 0 flavour=physical port=0 netdev=p0"},
			want: []printed{{command: "devlink port show", says: "platform/card0/0"}},
		},
		{
			name: "a PF without MAC", check: "host-functions", mends: true,
			card: []string{"dev add card0", "port add card0 1 flavour=pcipf controller=1 external=1 pf=0 netdev=pf0hpf"},
			want: []printed{{command: "devlink port function set platform/card0/1 hw_addr MAC", fills: "MAC=" + pfMAC}},
		},
		{
			name: "two PFs with one MAC", check: "duplicate-macs", mends: true,
			card: append(card(), "port add card0 2 flavour=pcipf controller=1 external=1 pf=1 mac="+pfMAC+" netdev=pf1hpf"),
			want: []printed{{
				command: "devlink port function set DEVICE/INDEX hw_addr MAC",
				fills:   "DEVICE/INDEX hw_addr MAC=platform/card0/2 hw_addr 00:53:00:00:00:43",
			}},
		},
		{
			name: "no serial number", check: "serial",
			card: []string{"dev add card0", "port add card0 1 flavour=pcipf controller=1 external=1 pf=0 mac=" + pfMAC + " netdev=pf0hpf"},
			want: []printed{{command: "devlink dev info", says: "platform/card0"}},
		},
		{
			name: "the eswitch in legacy mode", check: "eswitch", mends: true, card: append(card(), "dev add card1 mode=legacy"),
			want: []printed{{command: "devlink dev eswitch set platform/card1 mode switchdev"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sim(t, "reset")
			if len(tt.card) > 0 {
				sim(t, tt.card...)
			}
			ill := d.diagnosed(t, tt.check)
			if ill.Verdict == diagnose.OK.String() {
				t.Fatalf("it finds nothing: %+v", ill)
			}
			takes(t, ill.Remedy, tt.want)
			if got := d.diagnosed(t, tt.check); tt.mends && got.Verdict != diagnose.OK.String() {
				t.Errorf("after the command it finds %+v", got)
			}
		})
	}
	sim(t, append([]string{"reset"}, card()...)...)
	// A kernel that has no devlink, or lists a device and not its eswitch's mode, isn't to be had
	// here: what is printed for it is run where its reader is sent to.
	h := doctor.Host{CardErr: fs.ErrNotExist, Eswitches: map[devlink.Handle]doctor.Eswitch{{}: {Err: errors.New("no answer")}}}
	for _, c := range doctor.Examine(h).Checks {
		switch c.Name {
		case "devlink":
			takes(t, c.Remedy, []printed{{command: "devlink dev show", says: "platform/card0"}})
		case "eswitch":
			takes(t, c.Remedy, []printed{{command: "devlink dev eswitch show DEVICE", fills: "DEVICE=platform/card0", says: "mode switchdev"}})
		}
	}
	t.Run("a clock that was never set", func(t *testing.T) { d.setsTheClock(t) })
}

// setsTheClock has the machine believe in a year before there was such a card, as one without
// a battery does.
func (d *dpu) setsTheClock(t *testing.T) {
	t.Helper()
	began, now := time.Now(), time.Now().UTC()
	run(t, "date", "-u", "-s", "2001-01-01 00:00:00")
	c := d.diagnosed(t, "clock")
	now = now.Add(time.Since(began))
	takes(t, c.Remedy, []printed{{command: "date -u -s TIME", fills: "TIME='" + now.Format(time.DateTime) + "'"}})
	if got := d.diagnosed(t, "clock"); c.Verdict != diagnose.Failed.String() || got.Verdict != diagnose.OK.String() {
		t.Errorf("it finds %+v, and after the command %+v", c, got)
	}
}
