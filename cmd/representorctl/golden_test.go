package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/cardserial/register"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/explain/scenes"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/leaks"
	"github.com/representord/representord/test/servers"
)

func TestMain(m *testing.M) { leaks.Main(m) }

//nolint:gochecknoglobals // flags of a test binary are global
var update = flag.Bool("update", false, "write the golden files")

// daemon serves facts on a socket until the test ends.
func daemon(t *testing.T, facts api.Facts) string {
	t.Helper()
	return daemonWith(t, facts, api.Server{})
}

// daemonWith serves facts, and does as asked.
func daemonWith(t *testing.T, facts api.Facts, server api.Server) string {
	t.Helper()
	if server.Release == nil {
		server.Release = func(seen []plug.Holding) (released, held []plug.Holding) { return seen, nil }
	}
	return scenes.Serve(t, facts, server)
}

// absent is a path where no daemon listens.
func absent(t *testing.T) string {
	t.Helper()
	return filepath.Join(servers.Dir(t), "control.sock")
}

// outcome is everything that one run of the program shows.
type outcome struct {
	status         int
	stdout, stderr string
}

func (o outcome) String() string {
	return fmt.Sprintf("exit status %d\n--- standard output\n%s--- standard error\n%s", o.status, o.stdout, o.stderr)
}

func run1(t *testing.T, socket, stdin string, read func() (representor.Card, error), args ...string) outcome {
	t.Helper()
	var stdout, stderr strings.Builder
	p := program{
		stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr, now: noon, version: "1.2.3", commit: "0123456789ab",
		readCard: func(context.Context, representor.Settings) (representor.Card, error) { return read() },
	}
	status := p.run(t.Context(), append([]string{"--control-socket", socket}, args...))
	hide := func(s string) string { return strings.ReplaceAll(s, socket, "SOCKET") }
	return outcome{status, hide(stdout.String()), hide(stderr.String())}
}

func wholeCard() (representor.Card, error) { return dpu(), nil }

func noCard() (representor.Card, error) {
	return representor.Card{}, errors.New("the kernel has no devlink: is this a DPU?")
}

const mac = "00:53:00:00:00:42"

func TestGoldenOutputs(t *testing.T) {
	quiet := facts()
	quiet.Report.Ports = nil
	starting := api.Facts{
		Daemon: api.Daemon{Version: "1.2.3", PID: 9, Started: noon(), Role: api.Starting,
			RoleReason: "the local database: dial unix /run/openvswitch/db.sock: no such file or directory"},
		Local:         ovs.View{Problem: "dial unix /run/openvswitch/db.sock: no such file or directory"},
		LocalEndpoint: "unix:/run/openvswitch/db.sock",
		Southbound:    southbound.View{Problem: "no chassis name yet"},
		Index:         representor.NewIndex(representor.Card{Problem: "the kernel has no devlink"}, representor.Settings{}),
	}
	standby := facts()
	standby.Role, standby.RoleReason = api.Standby, "another representord has this bridge: pid 811 holds /run/representord/br-int.lock"
	held := facts()
	held.Report.Holds = []plug.Holding{
		{Code: reason.CodeSouthboundReplaced, Until: noon().Add(100 * time.Second)},
		{Code: reason.CodeMassUnplug, Until: noon().Add(time.Minute), Ports: []string{"a", "b", "odd \x1b[31mname", "d", "e", "f"}},
	}
	held.Report.BuiltIn = []string{"pf0vf3", "pf0vf4"}
	held.Companions[1].Providers = companion.Registered
	dead := facts()
	dead.Companions = []companion.Sight{
		{Name: companion.VSwitchd, State: companion.Silent, PID: 361,
			Why: "no answer within 5s on /run/openvswitch/ovs-vswitchd.361.ctl", Since: noon().Add(-3 * time.Minute)},
		{Name: companion.Controller, State: companion.Gone,
			Why: "the process that wrote /var/run/ovn/ovn-controller.pid has ended", Since: noon().Add(-40 * time.Second)},
	}
	unseen := facts()
	unseen.Companions[1] = companion.Sight{Name: companion.Controller, State: companion.Unknown,
		Why: "neither a pidfile nor a control socket of its is in /var/run/openvswitch, /var/run/ovn"}
	dry := facts()
	dry.DryRun = true
	dry.Southbound.ChassisKnown = false
	dry.Problems = []string{`external_ids:ovn-remote: "tpc:192.0.2.1:6642" is no endpoint; it is left out`}
	dry.Report.Planned = []ovs.Change{{
		LogicalPorts: []string{uuid}, Why: "asked for",
		Plug: []ovs.Plug{{Netdev: "en3f0c1pf0vf000", IfaceID: uuid, Marker: ovs.Marker{Function: "pci/0000:03:00.0 c1pf0vf0"}, MTURequest: 1442}},
	}}
	carded := facts()
	carded.Southbound.CMSOptions = "enable-chassis-as-gw,card-serial-number=MT2314XZ00YA"
	carded.Serials = register.Report{
		Key: "ovn-cms-options", Options: "enable-chassis-as-gw,card-serial-number=MT2314XZ00YA,card-serial-number=MT2025K30970",
		Cards: []register.Card{
			{Handle: devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}, HostFacing: true, Serial: "MT2314XZ00YA",
				From: representor.SerialFromDevlink, Published: true, Ours: true},
			{Handle: devlink.Handle{Bus: "pci", Device: "0000:04:00.0"}, HostFacing: true, Serial: "MT2025K30970",
				From: representor.SerialFromVPD, Published: true},
		},
	}
	hidden := carded
	hidden.Southbound.HiddenFromOldNeutron = true
	hidden.Serials.Foreign = []string{"MT9"} // which goes before what concerns old releases only
	uncarded := facts()
	uncarded.Southbound.ChassisKnown = false
	uncarded.Serials = register.Report{
		Key: "ovn-cms-options", Problem: "the local Open vSwitch database refused the change: I/O error", Failed: true,
		Stale: []string{"MT2314XZ00YA"}, Foreign: []string{"odd \x1b[31mnumber"},
		Cards: []register.Card{
			{
				Handle: devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}, HostFacing: true, Serial: "N/A", From: representor.SerialFromVPD,
				Reason: &reason.Reason{Code: "serial-placeholder",
					Message: `the serial number "N/A" of pci/0000:03:00.0 (the card's VPD) is not published: ` +
						`it is a placeholder, as cards without a number have it; have the card's vendor set it`},
			},
			{
				Handle: devlink.Handle{Bus: "pci", Device: "0000:04:00.0"},
				Reason: &reason.Reason{Code: register.CodeNotHostFacing, Message: "pci/0000:04:00.0 has no functions of another host"},
			},
		},
	}
	for _, c := range []struct {
		name  string
		facts *api.Facts // nil: no daemon
		card  func() (representor.Card, error)
		stdin string
		args  []string
	}{
		{name: "status", facts: new(facts()), args: []string{"status"}},
		{name: "status-json", facts: new(facts()), args: []string{"status", "--json"}},
		{name: "status-starting", facts: &starting, args: []string{"status"}},
		{name: "status-standby", facts: &standby, args: []string{"status"}},
		{name: "status-dry-run", facts: &dry, args: []string{"status"}},
		{name: "status-held", facts: &held, args: []string{"status"}},
		{name: "status-held-json", facts: &held, args: []string{"status", "-j"}},
		{name: "release-hold", facts: &held, args: []string{"release-hold"}},
		{name: "release-hold-json", facts: &held, args: []string{"release-hold", "-j"}},
		{name: "release-hold-nothing-held", facts: new(facts()), args: []string{"release-hold"}},
		{name: "release-hold-standby", facts: &standby, args: []string{"release-hold"}},
		{name: "release-hold-no-daemon", args: []string{"release-hold"}},
		{name: "status-companions-dead", facts: &dead, args: []string{"status"}},
		{name: "status-companion-unknown", facts: &unseen, args: []string{"status"}},
		{name: "status-no-daemon", args: []string{"status"}},
		{name: "ports", facts: new(facts()), args: []string{"ports"}},
		{name: "ports-json", facts: new(facts()), args: []string{"ports", "-j"}},
		{name: "ports-none", facts: &quiet, args: []string{"ports"}},
		{name: "ports-starting", facts: &starting, args: []string{"ports"}},
		{name: "ports-starting-json", facts: &starting, args: []string{"ports", "-j"}},
		{name: "ports-standby", facts: &standby, args: []string{"ports"}},
		{name: "port-starting", facts: &starting, args: []string{"ports", uuid}},
		{name: "port-standby", facts: &standby, args: []string{"ports", uuid}},
		{name: "ports-no-daemon", args: []string{"ports"}},
		{name: "port-plugged", facts: new(facts()), args: []string{"ports", uuid}},
		{name: "port-plugged-json", facts: new(facts()), args: []string{"ports", uuid, "-j"}},
		{name: "port-conflict", facts: new(facts()), args: []string{"ports", "taken"}},
		{name: "port-invalid", facts: new(facts()), args: []string{"ports", "odd \x1b[31mname"}},
		{name: "port-unknown", facts: new(facts()), args: []string{"ports", "nobody"}},
		{name: "port-unknown-json", facts: new(facts()), args: []string{"ports", "nobody", "-j"}},
		{name: "representors", facts: new(facts()), args: []string{"representors"}},
		{name: "representors-json", facts: new(facts()), args: []string{"representors", "-j"}},
		{name: "representors-incomplete", facts: &starting, args: []string{"representors"}},
		{name: "representors-kernel", facts: new(facts()), card: wholeCard, args: []string{"representors", "--kernel"}},
		{name: "representors-no-daemon", card: wholeCard, args: []string{"representors"}},
		{name: "representors-no-daemon-no-card", card: noCard, args: []string{"representors"}},
		{name: "representors-file", args: []string{"representors", "--devlink-json", "testdata/bluefield-6.8.json"}},
		{name: "representors-file-json", args: []string{"representors", "--devlink-json", "testdata/bluefield-5.4.json", "-j"}},
		{name: "draw", facts: new(facts()), args: []string{"draw"}},
		{name: "draw-starting", facts: &starting, args: []string{"draw"}},
		{name: "draw-no-daemon", card: wholeCard, args: []string{"draw", "-o", "-"}},
		{name: "draw-no-daemon-no-card", card: noCard, args: []string{"draw"}},
		{name: "draw-file", args: []string{"draw", "--devlink-json", "testdata/bluefield-6.8.json"}},
		{name: "draw-json", args: []string{"draw", "-j"}},
		{name: "lookup-plugged", facts: new(facts()), args: []string{"lookup", "--pf-mac", mac, "--vf", "0"}},
		{name: "lookup-plugged-json", facts: new(facts()), args: []string{"lookup", "--pf-mac", mac, "--vf", "0", "-j"}},
		{name: "lookup-settling", facts: new(facts()), args: []string{"lookup", "--pf-mac", mac, "--vf=1"}},
		{name: "lookup-no-netdev", facts: new(facts()), args: []string{"lookup", "--pf-mac", mac, "--vf=2"}},
		{name: "lookup-no-netdev-json", facts: new(facts()), args: []string{"lookup", "--pf-mac", mac, "--vf=2", "-j"}},
		{name: "lookup-not-found", facts: new(facts()), args: []string{"lookup", "--pf-mac", mac, "--vf=3", "--controller", "1"}},
		{name: "lookup-not-found-json", facts: new(facts()), args: []string{"lookup", "--pf-mac", mac, "--vf=3", "-j"}},
		{name: "lookup-other-card", facts: new(facts()), args: []string{"lookup", "--pf-mac", mac, "--card-serial-number", "MT1"}},
		{name: "lookup-bad-vf", facts: new(facts()), args: []string{"lookup", "--pf-mac", mac, "--vf", "3x"}},
		{name: "lookup-empty-vf", facts: new(facts()), args: []string{"lookup", "--pf-mac", mac, "--vf", ""}},
		{name: "lookup-vf-and-sf", facts: new(facts()), args: []string{"lookup", "--pf-mac", mac, "--vf", "1", "--sf", "2"}},
		{name: "lookup-no-mac", facts: new(facts()), args: []string{"lookup", "--vf", "1"}},
		{name: "lookup-no-daemon", card: wholeCard, args: []string{"lookup", "--pf-mac", mac, "--vf", "0"}},
		{name: "lookup-file", args: []string{"lookup", "--devlink-json", "testdata/bluefield-6.8.json", "--pf-mac", mac, "--vf", "0"}},
		{name: "lookup-file-json", args: []string{"lookup", "--devlink-json", "testdata/bluefield-6.8.json", "--pf-mac", mac, "--vf", "0", "-j"}},
		{name: "lookup-file-local", args: []string{"lookup", "--devlink-json", "testdata/bluefield-6.8.json", "--pf-mac", mac, "--sf", "88"}},
		{name: "lookup-file-missing", args: []string{"lookup", "--devlink-json", "testdata/missing.json", "--pf-mac", mac}},
		{name: "lookup-stdin", stdin: `{"port":{"pci/0000:06:00.0/1":{"type":"eth","netdev":"pf0hpf","flavour":"pcipf","pfnum":0,` +
			`"function":{"hw_addr":"` + mac + `"}}}}`, args: []string{"lookup", "--devlink-json", "-", "--pf-mac", mac}},
		{name: "lookup-stdin-malformed", stdin: `{"port":{"nonsense":{"flavour":"pcipf"}}}`,
			args: []string{"lookup", "--devlink-json", "-", "--pf-mac", mac}},
		{name: "lookup-stdin-nonsense", stdin: "pci/0000:06:00.0/1: type eth", args: []string{"lookup", "--devlink-json", "-", "--pf-mac", mac}},
		{name: "serial", facts: &carded, args: []string{"serial"}},
		{name: "serial-old-neutron", facts: &hidden, args: []string{"serial"}},
		{name: "serial-old-neutron-json", facts: &hidden, args: []string{"serial", "-j"}},
		{name: "serial-json", facts: &carded, args: []string{"serial", "-j"}},
		{name: "serial-refused", facts: &uncarded, args: []string{"serial"}},
		{name: "serial-refused-json", facts: &uncarded, args: []string{"serial", "-j"}},
		{name: "serial-no-card", facts: new(facts()), args: []string{"serial"}},
		{name: "serial-incomplete", facts: &starting, args: []string{"serial"}},
		{name: "serial-no-daemon", args: []string{"serial"}},
		{name: "status-serial-refused", facts: &uncarded, args: []string{"status"}},
		{name: "usage-unknown-command", args: []string{"stauts"}},
		{name: "usage-unknown-flag", args: []string{"status", "--vf"}},
		{name: "usage-too-many-arguments", args: []string{"ports", "a", "b"}},
		{name: "usage-two-sources", args: []string{"representors", "--kernel", "--devlink-json", "x"}},
		{name: "version", args: []string{"--version"}},
		{name: "help", args: []string{"--help"}},
		{name: "help-draw", args: []string{"draw", "--help"}},
		{name: "help-lookup", args: []string{"lookup", "--help"}},
		{name: "help-bind", args: []string{"bind", "--help"}},
		{name: "help-unbind", args: []string{"unbind", "--help"}},
		{name: "help-serial", args: []string{"serial", "--help"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			socket := absent(t)
			if c.facts != nil {
				socket = daemon(t, *c.facts)
			}
			read := c.card
			if read == nil {
				read = func() (representor.Card, error) {
					t.Error("the kernel was asked")
					return representor.Card{}, nil
				}
			}
			golden(t, c.name, run1(t, socket, c.stdin, read, c.args...).String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
	checkWidth(t, got)
}

// checkWidth: tables and entries fit 80 columns, but for messages on standard error, which
// go to logs as well, JSON, drawings, and lines that hold one long name.
func checkWidth(t *testing.T, got string) {
	t.Helper()
	_, stdout, both := strings.Cut(got, "--- standard output\n")
	if !both {
		stdout = got
	}
	stdout, _, _ = strings.Cut(stdout, "--- standard error\n")
	if strings.HasPrefix(stdout, "{") || strings.HasPrefix(stdout, "<svg") || strings.Contains(stdout, "Usage:") {
		return
	}
	for line := range strings.Lines(stdout) {
		if line = strings.TrimRight(line, "\n"); width(line) > columns && strings.Contains(strings.TrimSpace(line), " ") {
			t.Errorf("wider than %d columns: %s", columns, line)
		}
	}
}
