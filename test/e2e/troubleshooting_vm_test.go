//go:build vm

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/representord/representord/internal/diagnose"
)

// TestTroubleshooting breaks a DPU in five ways that a newcomer may, finds out why with
// no more than representorctl doctor and explain, does what these print, and sees the
// port plugged. What it printed is in docs/troubleshooting.md, and is held to it.
func TestTroubleshooting(t *testing.T) {
	w := newWard(t)
	stories := []struct {
		name string
		run  func(*testing.T, *story)
	}{
		{"wrong-mac", wrongMAC},
		{"vf-not-enabled", vfNotEnabled},
		{"serial-not-published", serialNotPublished},
		{"foreign-port", foreignPort},
		{"eswitch-legacy", eswitchLegacy},
	}
	if !atLength {
		stories = stories[:1] // which shows every check and every step
	}
	for i, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			defer w.reset(t)
			told := &story{ward: w}
			if i == 0 {
				told.proof = " -v"
			}
			s.run(t, told)
			w.compare(t, s.name, told.String())
		})
	}
	w.write(t)
}

// The DPU's card, of a host whose PF has pfMAC and as many VFs as the host enables.
func (w *ward) card(t *testing.T, mode string) {
	t.Helper()
	sim(t, "dev add card0 serial="+boardSerial+" mode="+mode,
		"port add card0 0 flavour=physical port=0 netdev=p0",
		"port add card0 1 flavour=pcipf controller=1 external=1 pf=0 mac="+pfMAC+" netdev=pf0hpf")
}

// vfs are the first VFs' representors, which the card's firmware shows on the DPU
// once the host has the VFs.
func (w *ward) vfs(t *testing.T, number int) {
	t.Helper()
	for n := range number {
		sim(t, fmt.Sprintf("port add card0 %d flavour=pcivf controller=1 external=1 pf=0 vf=%d netdev=pf0vf%d", 10+n, n, n))
	}
}

// ask makes vm1, which asks for a VF.
func (w *ward) ask(t *testing.T, mac string) {
	t.Helper()
	w.must(t, "ovn-nbctl lsp-add net1 vm1 -- lsp-set-options vm1 requested-chassis=dpu1 vif-plug-type=representor "+
		"vif-plug:representor:pf-mac="+mac+" vif-plug:representor:vf-num=3")
}

// One digit of the PF's MAC is another one.
func wrongMAC(t *testing.T, s *story) {
	s.card(t, "switchdev")
	s.vfs(t, 4)
	s.ask(t, "00:53:00:00:00:24")
	s.failsAt(t, diagnose.PF)
	s.doctor(t, []string{"ports"})
	s.explain(t)
	s.mend(t, "central", `ovn-nbctl set Logical_Switch_Port vm1 'options:"vif-plug:representor:pf-mac"=`+pfMAC+`'`)
	s.works(t)
}

// The host has no VF yet.
func vfNotEnabled(t *testing.T, s *story) {
	host(t)
	s.card(t, "switchdev")
	s.ask(t, pfMAC)
	s.failsAt(t, diagnose.Function)
	s.doctor(t, []string{"ports"})
	s.explain(t)
	const echo = "echo 4 >/sys/class/net/%s/device/sriov_numvfs"
	s.prints(t, fmt.Sprintf(echo, "PF"))
	s.show(t, "hypervisor", fmt.Sprintf(echo, "ens1f0"), 0)
	s.vfs(t, 4)
	s.works(t)
}

// The daemon was told not to publish the card's serial number, which nobody else does.
// So Neutron, and bind as well, find no chassis for the port.
func serialNotPublished(t *testing.T, s *story) {
	host(t)
	enable(t, 4)
	s.card(t, "switchdev")
	s.vfs(t, 4)
	s.published(t, true)
	s.restart(t, "register-card-serial: false")
	s.must(t, "ovs-vsctl remove Open_vSwitch . external_ids ovn-cms-options -- remove Open_vSwitch . external_ids representord-card-serial")
	s.published(t, false)
	s.must(t, "ovn-nbctl lsp-add net1 vm1")
	s.failsAt(t, diagnose.PortBinding)
	const bind = "vf-reporter profile ens1f0v3 | representorctl bind vm1 --profile -"
	s.show(t, "hypervisor", bind, 6)
	s.explain(t)
	s.prints(t, "ssh HYPERVISOR vf-reporter profile VF | representorctl bind vm1 --profile -")
	s.prints(t, "representorctl doctor")
	s.doctor(t, []string{"serial-published"})
	s.mend(t, "dpu", `ovs-vsctl set Open_vSwitch . 'external_ids:"ovn-cms-options"="card-serial-number=`+boardSerial+`"'`)
	s.published(t, true)
	s.show(t, "hypervisor", bind, 0)
	s.works(t)
}

// Somebody has tried it by hand.
func foreignPort(t *testing.T, s *story) {
	s.card(t, "switchdev")
	s.vfs(t, 4)
	s.must(t, "ovs-vsctl add-port br-int pf0vf3")
	s.ask(t, pfMAC)
	s.failsAt(t, diagnose.Others)
	s.doctor(t, []string{"foreign-rows", "ports"})
	s.explain(t)
	s.mend(t, "dpu", "ovs-vsctl del-port pf0vf3")
	s.works(t)
}

// The card came up as if it were a plain NIC.
func eswitchLegacy(t *testing.T, s *story) {
	s.card(t, "legacy")
	s.vfs(t, 4)
	s.ask(t, pfMAC)
	s.failsAt(t, diagnose.PF)
	s.doctor(t, []string{"eswitch", "host-functions", "ports"})
	s.explain(t)
	s.mend(t, "dpu", "devlink dev eswitch set platform/card0 mode switchdev")
	s.works(t)
}

// host is the hypervisor that the card is plugged into, with a PF and no VF.
func host(t *testing.T) {
	t.Helper()
	newHost(t, "bus add 0001:03-03", "dev add "+firstPF+" serial="+boardSerial+" mac="+pfMAC+" netdev=ens1f0 vfs=8 vf-netdev=ens1f0v")
}

// doctor shows what representorctl doctor says. These checks must warn or FAIL, and no
// other; it is the exit status of documentation that goes with it.
func (s *story) doctor(t *testing.T, ill []string) {
	t.Helper()
	d := s.examined(t)
	var got []string
	for _, c := range d.Checks {
		if c.Verdict == "warn" || c.Verdict == "FAIL" {
			got = append(got, c.Name)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(ill) {
		t.Errorf("these checks find something: %q, want %q", got, ill)
	}
	status := 0
	if !d.Healthy {
		status = 9
	}
	s.show(t, "dpu", "representorctl doctor"+s.proof, status)
}

// explain shows why vm1 isn't plugged.
func (s *story) explain(t *testing.T) {
	t.Helper()
	s.show(t, "dpu", "representorctl explain vm1"+s.proof, 3)
}

// mend does what was printed.
func (s *story) mend(t *testing.T, machine, command string) {
	t.Helper()
	s.prints(t, command)
	s.show(t, machine, command, 0)
}

// prints wants something to be among what was printed, however the lines are broken.
func (s *story) prints(t *testing.T, want string) {
	t.Helper()
	if !strings.Contains(unbroken(s.String()), want) {
		t.Errorf("nothing has printed %q:\n%s", want, s)
	}
}

// works waits until vm1 does, and shows that explain says so.
func (s *story) works(t *testing.T) {
	t.Helper()
	s.until(t, "vm1 is plugged, and up in OVN", func() bool {
		e, err := s.explained()
		return err == nil && e.Plugged && e.Why == "every step is as it should be"
	})
	s.show(t, "dpu", "representorctl explain vm1 | head -n 3", 0)
	if _, status := s.sh(t, "representorctl explain vm1"); status != 0 {
		t.Errorf("explain of a plugged port ends with %d", status)
	}
}

func (s *story) failsAt(t *testing.T, step string) {
	t.Helper()
	s.until(t, fmt.Sprintf("vm1 fails at %s", step), func() bool {
		e, err := s.explained()
		return err == nil && e.FailedStep == step
	})
	if e, err := s.explained(); err != nil || e.FailedStep != step || e.Remedy == "" {
		t.Fatalf("%+v, %v; want it to fail at %s with a remedy", e, err, step)
	}
}

// published waits until the Southbound has, or hasn't, the card's serial number.
func (w *ward) published(t *testing.T, want bool) {
	t.Helper()
	w.until(t, fmt.Sprintf("the Chassis row has the serial number: %v", want), func() bool {
		out, status := w.sh(t, "ovn-sbctl get Chassis dpu1 other_config:ovn-cms-options")
		return status == 0 && strings.Contains(out, boardSerial) == want
	})
}

// restart starts the daemon anew with a configuration file, or without one.
func (w *ward) restart(t *testing.T, config string) {
	t.Helper()
	const dir = "/etc/representord"
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if config != "" {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/representord.yaml", []byte(config+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w.start(t)
}
