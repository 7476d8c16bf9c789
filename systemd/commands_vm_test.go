//go:build vm && full

package systemd_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/doctor"
	"github.com/representord/representord/test/servers"
)

// theirs are the units of Open vSwitch, OVN and systemd that are taken as Debian has them.
func theirs() []string {
	return []string{
		"openvswitch-switch.service", "ovsdb-server.service", "ovs-vswitchd.service",
		"ovn-controller.service", "ovn-northd.service", "ovn-ovsdb-server-nb.service", "ovn-ovsdb-server-sb.service",
		"systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket",
		"network.target", "network-pre.target", "-.slice", "system.slice",
	}
}

// startsAtBoot has ovs-vswitchd's clock begin when it starts, the first time.
const startsAtBoot = `[Service]
ExecStart=
ExecStart=/usr/bin/env bash -c 'mkdir /run/unit-test/booted && \
  exec unshare --fork --time --monotonic=-$$(cut -d. -f1 /proc/uptime) "$$0" "$$@" || exec "$$0" "$$@"' \
  /usr/share/openvswitch/scripts/ovs-ctl --no-ovsdb-server --no-monitor --no-record-hostname start --no-mlockall
`

// host is a machine under systemd, with Open vSwitch and OVN as Debian starts them, and with
// more ports of its card than that of its PF.
type host struct {
	t      *testing.T
	inside func(...string) []string
}

func newHost(t *testing.T, card ...string) *host {
	t.Helper()
	units := map[string]string{
		"boot.target": early + "Wants=systemd-journald.service openvswitch-switch.service representord.service\n" +
			"Wants=ovn-controller.service ovn-ovsdb-server-nb.service ovn-ovsdb-server-sb.service\n",
	}
	for _, name := range theirs() {
		path := filepath.Join("/lib/systemd/system", name)
		if _, err := os.Stat(path); err == nil { // systemd has some of its own without a file
			units[name] = read(t, path)
		}
	}
	installUnits(t, units)
	administered(t)
	write(t, "/etc/default/openvswitch-switch", "OVS_CTL_OPTS=--no-mlockall\n", 0o644)
	write(t, "/etc/openvswitch/system-id.conf", "dpu1\n", 0o644) // ovs-ctl sets it whenever it starts something
	t.Cleanup(func() {
		// The kernel keeps the datapath.
		reset := exec.Command("sh", "-c", "ovs-dpctl del-dp ovs-system; "+
			"rm -rf /etc/openvswitch/conf.db /etc/openvswitch/system-id.conf /etc/ovn /run/ovn /var/lib/ovn")
		if out, err := reset.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	sim(t, append([]string{"dev add unit serial=MT2108X00001",
		"port add unit 1 flavour=pcipf controller=1 external=1 pf=0 mac=00:53:00:00:00:42 netdev=upf0hpf"}, card...)...)
	t.Cleanup(func() { sim(t, "reset") })
	h := &host{t: t, inside: boot(t, administration+":/run/unit-test/units")}
	h.await("Open vSwitch and the Southbound run",
		"for unit in ovs-vswitchd ovn-controller ovn-ovsdb-server-sb representord; do systemctl is-active $unit || exit 1; done")
	h.must("ovs-vsctl set Open_vSwitch . external_ids:system-id=dpu1 external_ids:hostname=dpu1.example.com " +
		"external_ids:ovn-remote=unix:/run/ovn/ovnsb_db.sock " +
		"external_ids:ovn-encap-type=geneve external_ids:ovn-encap-ip=127.0.0.1")
	return h
}

// administration is where an operator's units and drop-ins are, before those of packages.
const administration = "/etc/systemd/system"

// administered makes that empty for as long as the test runs: what is there is this machine's.
func administered(t *testing.T) {
	t.Helper()
	run(t, "mount", "-t", "tmpfs", "tmpfs", administration)
	t.Cleanup(func() { run(t, "umount", "--lazy", administration) })
}

// sh runs a line as an operator's shell does.
func (h *host) sh(line string) (string, error) {
	argv := h.inside("bash", "-c", line)
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (h *host) must(line string) string {
	h.t.Helper()
	out, err := h.sh(line)
	if err != nil {
		h.t.Fatalf("# %s\n%s\n%v", line, out, err)
	}
	return out
}

// await waits until a line succeeds.
func (h *host) await(what, line string) {
	h.t.Helper()
	await(h.t, what, func() bool { _, err := h.sh(line); return err == nil })
}

// checks are what the doctor finds, in the order of the names.
func (h *host) checks(names []string) []doctor.PrintedCheck {
	h.t.Helper()
	argv := h.inside("representorctl", "doctor", "-j")
	out, err := exec.Command(argv[0], argv[1:]...).Output()
	var d doctor.Printed
	if jsonErr := json.Unmarshal(out, &d); jsonErr != nil {
		h.t.Fatalf("%v, %v: %s", err, jsonErr, out)
	}
	var found []doctor.PrintedCheck
	for _, name := range names {
		i := slices.IndexFunc(d.Checks, func(c doctor.PrintedCheck) bool { return c.Name == name })
		if i < 0 {
			h.t.Fatalf("there is no check %s", name)
		}
		found = append(found, d.Checks[i])
	}
	return found
}

// well reports whether these checks find nothing.
func (h *host) well(names []string) bool {
	return !slices.ContainsFunc(h.checks(names), func(c doctor.PrintedCheck) bool { return c.Verdict != diagnose.OK.String() })
}

// ill reports whether each finds something, and says what to do.
func ill(checks []doctor.PrintedCheck) bool {
	return !slices.ContainsFunc(checks, func(c doctor.PrintedCheck) bool { return c.Verdict == diagnose.OK.String() || c.Remedy == "" })
}

// What the doctor prints for a service is run as it stands, in the situation that it is
// printed for, and then the checks find nothing any more.
func TestCommands_EachThatIsPrintedForAServiceMendsWhatItIsPrintedFor(t *testing.T) {
	h := newHost(t)
	const (
		noPower = "/run/unit-test/units/representord.service.d"
		booting = "/run/unit-test/units/ovs-vswitchd.service.d"
		// crosses sends nine packets over the bridge.
		crosses = "ip address replace 192.0.2.1/24 dev br-int; ip link set br-int up; ping -b -c 9 -l 9 -W 1 192.0.2.255"
	)
	for _, tt := range []struct {
		name   string
		checks []string
		breaks string
		prints []string // each a command, in this order
		mends  string   // what else is to be done
		stays  bool     // until the datapath is made anew
		after  string   // tidies up
	}{
		{name: "an ovn-northd that never ran", checks: []string{"ovn-version"}, prints: []string{"systemctl enable --now ovn-northd"}},
		{
			name: "no daemon", checks: []string{"daemon"}, breaks: "systemctl disable --now representord",
			prints: []string{"systemctl enable --now representord; journalctl -u representord"},
		},
		{
			name: "a daemon that hangs", checks: []string{"daemon"}, breaks: "systemctl kill --signal=STOP representord",
			prints: []string{"systemctl restart representord; journalctl -u representord"},
		},
		{
			name: "no Open vSwitch, and no datapath", checks: []string{"local-database", "upcalls"},
			breaks: "systemctl disable --now openvswitch-switch; systemctl stop ovsdb-server; ovs-dpctl del-dp ovs-system",
			prints: []string{"systemctl enable --now openvswitch-switch", "systemctl enable --now openvswitch-switch"},
		},
		{
			// Open vSwitch 3.1.0 thinks that there are no CPUs while the clock is below 10 s (count_cpu_cores
			// in lib/ovs-thread.c). More than two, which test/vm-tests doesn't give it, hide that
			// (dpif_netlink_calculate_n_handlers in lib/dpif-netlink.c).
			name: "an ovs-vswitchd that gets no packet", checks: []string{"upcalls"}, stays: true,
			breaks: "systemctl stop openvswitch-switch; ovs-dpctl del-dp ovs-system; mkdir -p " + booting + "; " +
				"cat >" + booting + "/booting.conf <<'END'\n" + startsAtBoot + "END\n" +
				"systemctl daemon-reload; systemctl start openvswitch-switch; " +
				crosses + "; true",
			prints: []string{"systemctl restart openvswitch-switch"},
			mends: crosses + "; " + crosses + "; ovs-dpctl show | grep hit:[1-9] && rm -r " + booting +
				" /run/unit-test/booted && systemctl daemon-reload",
		},
		{
			name: "no ovs-vswitchd", checks: []string{"vswitchd"},
			breaks: crosses + "; systemctl stop ovs-vswitchd; " + crosses + "; ovs-dpctl show",
			prints: []string{"systemctl start ovs-vswitchd"},
		},
		{
			name: "the packets that nobody took meanwhile", checks: []string{"upcalls"}, stays: true,
			prints: []string{"ovs-dpctl show", "ovs-appctl upcall/show"},
		},
		{
			name: "no ovn-controller, and nothing that it makes", checks: []string{"ovn-controller", "bridge", "chassis"},
			breaks: "systemctl stop ovn-controller; ovs-vsctl --if-exists del-br br-int; ovn-sbctl --if-exists chassis-del dpu1",
			prints: []string{
				"systemctl start ovn-controller",
				"systemctl start ovn-controller; tail -n 50 /var/log/ovn/ovn-controller.log",
				"systemctl start ovn-controller; tail -n 50 /var/log/ovn/ovn-controller.log",
			},
		},
		{
			name: "an ovn-controller that takes nothing over", checks: []string{"serial-published"},
			breaks: "kill -STOP $(cat /run/ovn/ovn-controller.pid); ovn-sbctl remove Chassis dpu1 other_config ovn-cms-options",
			prints: []string{"systemctl status ovn-controller; tail -n 50 /var/log/ovn/ovn-controller.log"},
			mends:  "kill -CONT $(cat /run/ovn/ovn-controller.pid)",
		},
		{
			name: "another name for the next start", checks: []string{"system-id-override"}, breaks: "echo dpu2 >/etc/ovn/system-id-override",
			prints: []string{"systemctl restart ovn-controller representord"},
			after:  "rm /etc/ovn/system-id-override; systemctl restart ovn-controller representord",
		},
		{
			name: "the same name, written again", checks: []string{"system-id-override"}, breaks: "echo dpu1 >/etc/ovn/system-id-override",
			prints: []string{"systemctl restart representord"}, after: "rm /etc/ovn/system-id-override",
		},
		{
			name: "no power over links", checks: []string{"capabilities"},
			breaks: "mkdir -p " + noPower + "; printf '[Service]\\nCapabilityBoundingSet=\\n' >" + noPower +
				"/no.conf; systemctl daemon-reload; systemctl restart representord",
			prints: []string{"systemctl cat representord"},
			mends:  "rm -r " + noPower + "; systemctl daemon-reload; systemctl restart representord",
		},
		{
			name: "a Southbound of an older schema", checks: []string{"ovn-version"},
			breaks: `sed 's/^\( *"version": "\)[^"]*/\120.17.0/' ` + servers.SchemaOVNSouthbound + " >/run/unit-test/old.ovsschema; " +
				"ovsdb-client convert unix:/run/ovn/ovnsb_db.sock /run/unit-test/old.ovsschema",
			prints: []string{"systemctl restart ovn-ovsdb-server-sb"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.t = t
			defer h.tell()
			h.must(tt.breaks)
			var checks []doctor.PrintedCheck
			await(t, "the doctor finds it", func() bool {
				checks = h.checks(tt.checks)
				return ill(checks)
			})
			var printed []string
			for _, c := range checks {
				for i, command := range strings.Split(c.Remedy, "`") {
					if i%2 == 0 {
						continue
					}
					printed = append(printed, command)
					h.runs(command)
				}
			}
			if !slices.Equal(printed, tt.prints) {
				t.Errorf("it prints %q, want %q", printed, tt.prints)
			}
			h.must(tt.mends)
			if !tt.stays {
				await(t, "the checks find nothing any more", func() bool { return h.well(tt.checks) })
			}
			h.must(tt.after)
		})
	}
}

// runs has a printed command run, each part of which must succeed: that of a service's state
// tells by its exit status, too, that the service runs. What the journal has is the service's,
// and a log has something.
func (h *host) runs(command string) {
	h.t.Helper()
	for part := range strings.SplitSeq(command, "; ") {
		out := h.must(part)
		service, journal := strings.CutPrefix(part, "journalctl -u ")
		if journal && !strings.Contains(out, service+"[") || strings.HasPrefix(part, "tail ") && !strings.Contains(out, "|INFO|") {
			h.t.Errorf("%s: there is nothing of it:\n%s", part, out)
		}
	}
}

// tell shows the services of a test that has failed.
func (h *host) tell() {
	if h.t.Failed() {
		out, _ := h.sh("systemctl --no-pager status 'ov*' representord; representorctl doctor; journalctl --no-hostname -o short-monotonic | " +
			"tail -n 50")
		h.t.Log(out)
	}
}
