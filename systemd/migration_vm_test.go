//go:build vm && full

package systemd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/test/virtualhost"
)

// bothPlugged is what representorctl ports prints then.
const bothPlugged = `(?s)vm0 +plugged .*vm1 +plugged `

// pause is for how long at most traffic may stop while ovn-controller starts anew: its new
// flows replace the old ones at once, and the emulated machine has seconds of its own.
const pause = 3 * time.Second

// The test does what docs/migration.md says, each command as it stands there, with two
// ports plugged and datagrams crossing in both directions all the while.
func TestMigration_EachStepOfThePageKeepsThePortsAndWhatCrosses(t *testing.T) {
	h := newHost(t, vfPort(0), vfPort(1))
	m := &migration{host: h, page: read(t, "docs/migration.md")}
	m.begin(t)
	t.Run("from the provider to representord", func(t *testing.T) {
		h.t = t
		defer h.tell()
		m.crossing(t, func() {
			m.step(t, "look", `Total samples: [1-9]`, `iface-id=vm0, .*ovn-plugged=representor`, `iface-id=vm1, .*ovn-plugged=representor`)
			m.step(t, "flows")
			m.install(t)
			m.step(t, "start")
			h.await("representord leaves the rows alone", "representorctl ports -j | grep built-in-provider")
			m.shows(t, "doctor", `FAIL +plug-provider`)
			m.step(t, "put-back")
			m.step(t, "restart")
			m.shows(t, "without", `none is registered in ovn-controller`)
			m.step(t, "adopt")
			m.step(t, "take-over")
			m.shows(t, "plugged", bothPlugged)
			m.step(t, "tidy")
		})
		h.must("test -z \"$(ovs-vsctl --bare --columns=name find Interface external_ids:ovn-plugged=representor)\"")
		m.shows(t, "plugged", bothPlugged)
		h.must("! grep ^adopt-ovn-vif /etc/representord/representord.yaml")
	})
	t.Run("and back", func(t *testing.T) {
		h.t = t
		defer h.tell()
		m.crossing(t, func() {
			m.step(t, "before", bothPlugged)
			m.step(t, "stop")
			m.step(t, "hand-back")
			m.step(t, "take-back")
			m.step(t, "restart-back")
			m.shows(t, "look-back", `Total samples: [1-9]`)
			m.step(t, "look-back", `ovn-plugged=representor`)
			m.step(t, "tidy-back")
		})
		h.must("test -z \"$(ovs-vsctl --bare --columns=name find Interface 'external_ids:representord-logical-port!=\"\"')\"")
	})
	t.Run("with the finer drop-in the provider isn't registered either", func(t *testing.T) {
		h.t = t
		defer h.tell()
		m.crossing(t, func() {
			// Debian 12's setpriv has no such option, and this is how somebody learns of that.
			if out, err := h.sh(m.commands(t, "setpriv")); (err == nil) != strings.Contains(out, "--seccomp-filter") {
				t.Errorf("step setpriv: %v\n%s", err, out)
			}
			m.step(t, "mask")
			m.step(t, "finer")
			m.step(t, "restart")
			h.must("systemctl start representord")
			m.shows(t, "without", `none is registered in ovn-controller`)
		})
		h.must("systemctl show -p ExecStart ovn-controller | grep no-generic-netlink.bpf")
		h.must("grep 'Seccomp:.*2' /proc/$(cat /run/ovn/ovn-controller.pid)/status")
		h.must("systemctl stop representord")
	})
}

// vfPort is a VF's port on the simulated card, with the host's end.
func vfPort(n int) string {
	return fmt.Sprintf("port add unit %d flavour=pcivf controller=1 external=1 pf=0 vf=%d netdev=uvf%[2]d peer=host%[2]d", 10+n, n)
}

// migration is a DPU on the way.
type migration struct {
	*host
	page   string
	guests [2]*virtualhost.Guest
	// rows are the Interface rows and the Chassis row, which are to stay.
	rows string
}

// begin has the provider plug two ports, and two VMs talk over them.
func (m *migration) begin(t *testing.T) {
	t.Helper()
	m.must("systemctl disable --now representord; systemctl start ovn-northd; ovn-nbctl ls-add net1")
	for n := range m.guests {
		m.must(fmt.Sprintf("ovn-nbctl lsp-add net1 vm%d -- lsp-set-addresses vm%[1]d '02:00:00:00:00:1%[1]d 10.0.0.1%[1]d' -- "+
			"lsp-set-options vm%[1]d requested-chassis=dpu1 vif-plug-type=representor "+
			"vif-plug:representor:pf-mac=00:53:00:00:00:42 vif-plug:representor:vf-num=%[1]d", n))
		m.await("the provider has plugged a port", fmt.Sprintf("ovs-vsctl get Interface uvf%d external_ids:ovn-plugged | grep representor", n))
		m.must(fmt.Sprintf("ip link set uvf%d up", n)) // which the provider leaves to others
		m.guests[n] = virtualhost.NewGuest(t, fmt.Sprintf("host%d", n), fmt.Sprintf("02:00:00:00:00:1%d", n), fmt.Sprintf("10.0.0.1%d/24", n))
	}
	if err := virtualhost.Crosses(m.guests[0], m.guests[1], 90*time.Second); err != nil {
		t.Fatalf("before anything is done: %v\n%s", err, m.must("ovs-vsctl show; ovn-sbctl show; tail -n 30 /var/log/ovn/ovn-controller.log"))
	}
	m.rows = m.must(m.lasting())
}

// lasting prints what is to stay the same through every step.
func (m *migration) lasting() string {
	return "for netdev in uvf0 uvf1; do ovs-vsctl get Interface $netdev _uuid ofport external_ids:iface-id; done; " + chassis
}

// install does what the package does, but for starting: its drop-in and its configuration. The machine is one that went
// back before, so the drop-in is behind a link.
func (m *migration) install(t *testing.T) {
	t.Helper()
	m.must("mkdir -p $(dirname " + ourDropIn + ") && ln -s /dev/null " + ourDropIn)
	write(t, packaged, read(t, "systemd/"+dropIn), 0o644)
	write(t, "/etc/representord/representord.yaml", read(t, "systemd/representord.yaml"), 0o644)
	t.Cleanup(func() {
		if err := os.RemoveAll("/etc/representord"); err != nil {
			t.Error(err)
		}
	})
}

// crossing does something while datagrams cross in both directions, and says how many were lost.
func (m *migration) crossing(t *testing.T, do func()) {
	t.Helper()
	streams := []*virtualhost.Stream{virtualhost.NewStream(t, m.guests[0], m.guests[1]), virtualhost.NewStream(t, m.guests[1], m.guests[0])}
	do()
	for i, s := range streams {
		sent, lost, err := s.Stop()
		if err != nil {
			t.Error(err)
		}
		t.Logf("from vm%d to vm%d: %d datagrams sent, %d a second; %d lost", i, 1-i, sent, virtualhost.StreamRate, lost)
		if most := int(pause/time.Second) * virtualhost.StreamRate; lost > most {
			t.Errorf("%d of %d datagrams are lost, want %d at most", lost, sent, most)
		}
	}
}

// commands are those of a step of the page, which is named in a comment before them. The
// stand-in of what this machine lacks is told from outside.
func (m *migration) commands(t *testing.T, name string) string {
	t.Helper()
	block := regexp.MustCompile(`(?s)<!-- step ` + name + " -->\n( *)```sh\n(.*?)\n *```").FindStringSubmatch(m.page)
	if block == nil {
		t.Fatalf("docs/migration.md has no step %s", name)
	}
	var lines []string
	for line := range strings.Lines(block[2]) {
		lines = append(lines, strings.TrimPrefix(line, block[1])) // of a list's item
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	// Debian 12's setpriv can't do so yet, and make install has put nothing in /usr/share.
	return strings.NewReplacer(
		"/usr/bin/setpriv --seccomp-filter", filepath.Join(here, ".cache/bin/nonetlink")+" -filter",
		"/usr/share/representord/no-generic-netlink.bpf", filepath.Join(here, "systemd", generic),
	).Replace(strings.Join(lines, ""))
}

// step does one, each of whose commands must succeed, says what that printed, and wants that to
// have what the patterns say, and the rows to be as they were.
func (m *migration) step(t *testing.T, name string, patterns ...string) {
	t.Helper()
	commands := m.commands(t, name)
	out := m.must("set -e\n" + commands)
	t.Logf("step %s:\n%s\n%s", name, commands, out)
	for _, p := range patterns {
		if !regexp.MustCompile(p).MatchString(out) {
			t.Errorf("step %s prints no %s", name, p)
		}
	}
	m.await("the rows are as they were", fmt.Sprintf("test \"$(%s)\" = '%s'", m.lasting(), m.rows))
}

// shows waits until what a step prints has a pattern. It changes nothing.
func (m *migration) shows(t *testing.T, name, pattern string) {
	t.Helper()
	commands, out := m.commands(t, name), ""
	await(t, "step "+name+" prints "+pattern, func() bool {
		out, _ = m.sh(commands)
		return regexp.MustCompile(pattern).MatchString(out)
	})
	t.Logf("step %s:\n%s\n%s", name, commands, out)
}
