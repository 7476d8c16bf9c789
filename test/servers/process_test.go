package servers

import (
	"strings"
	"syscall"
	"testing"

	"github.com/representord/representord/test/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

func TestProcess_IsGoneAfterItsTest(t *testing.T) {
	var pid int
	t.Run("inner", func(t *testing.T) {
		p := Start(t, "sleeper", "sleep", "1000")
		pid = p.Pid()
		if err := syscall.Kill(pid, 0); err != nil {
			t.Fatalf("the process doesn't run: %v", err)
		}
	})
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("signalling the process after its test: %v, want ESRCH", err)
	}
}

func TestProcess_AMissingProgramIsToldWithItsDebianPackage(t *testing.T) {
	for program, want := range map[string]string{
		"ovn-northd-missing": "ovn-host",
		"ovs-missing":        "openvswitch-switch",
	} {
		if _, err := find(program); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("find(%q) = %v, want an error naming %s", program, err, want)
		}
	}
	if got := debianPackage("ovn-northd"); got != "ovn-central" {
		t.Errorf("debianPackage(ovn-northd) = %s", got)
	}
}

func TestOVSDB_SurvivesKillAndRestart(t *testing.T) {
	d := OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	endpoint := d.Endpoint
	d.Kill()
	if _, err := d.TryCtl("--timeout=1", "list-br"); err == nil {
		t.Fatal("ovs-vsctl reached a server that was killed")
	}
	d.Restart()
	if got := d.Ctl(t, "list-br"); got != "br-int" || d.Endpoint != endpoint {
		t.Errorf("after the restart: bridges %q at %s, want br-int at %s", got, d.Endpoint, endpoint)
	}
	d.Wipe()
	if got := d.Ctl(t, "list-br"); got != "" {
		t.Errorf("after a wipe: bridges %q, want none", got)
	}
}

func TestVSwitchd_GivesSimulatedNetdevsOfportAndIfIndex(t *testing.T) {
	d := OpenVSwitch(t)
	VSwitchd(t, d)
	d.Ctl(t, "add-br", "br-int", "--", "add-port", "br-int", "pf0vf0")
	SetIfIndex(t, d, "pf0vf0", 77)
	Until(t, "the port has an ofport and the ifindex", func() bool {
		return d.Ctl(t, "--bare", "--columns=ofport,ifindex", "list", "Interface", "pf0vf0") == "1\n77"
	})
}

func TestVSwitchd_IsFoundByItsPidfileAlsoAfterItWasKilled(t *testing.T) {
	d := OpenVSwitch(t)
	VSwitchd(t, d).Kill()
	VSwitchd(t, d)
	if got := d.Tool(t, "ovs-appctl", "version"); !strings.HasPrefix(got, "ovs-vswitchd ") {
		t.Errorf("ovs-appctl reaches %q", got)
	}
}
