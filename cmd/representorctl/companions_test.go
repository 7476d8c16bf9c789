package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/doctor"
	"github.com/representord/representord/test/servers"
)

// pidfile writes what a pidfile of ovs-vswitchd holds.
func pidfile(t *testing.T, dir, holds string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "ovs-vswitchd.pid"), []byte(holds), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDoctor_SeesAPlugProviderThatHasPluggedNothingYet(t *testing.T) {
	c := newClinic(t)
	servers.VSwitchd(t, c.local)
	servers.ControllerWithPlugProvider(t, c.local, c.sb.Endpoint)
	socket := daemon(t, self())
	servers.Until(t, "the doctor sees it", func() bool {
		got := c.check(socket, "plug-provider")
		if got.Verdict == diagnose.OK.String() {
			t.Fatalf("%+v", got)
		}
		return got.Verdict == diagnose.Failed.String() && strings.Contains(got.Remedy, "belongs to no unit of systemd here") &&
			c.check(socket, "built-in-provider").Verdict == diagnose.OK.String()
	})
	if status := c.doctor(socket).status; status != exitUnhealthy {
		t.Errorf("status %d", status)
	}
}

// The databases say nothing of it.
func TestDoctor_SeesThatACompanionWasKilled(t *testing.T) {
	c := newClinic(t)
	vswitchd, controller := servers.VSwitchd(t, c.local), servers.Controller(t, c.local, c.sb.Endpoint)
	socket := daemon(t, self())
	c.wantCompanions(socket, map[string]doctor.PrintedCheck{
		"vswitchd": {Verdict: diagnose.OK.String(),
			Finding: fmt.Sprintf("ovs-vswitchd answers: pid %d, ovs-vswitchd (Open vSwitch) ", vswitchd.Pid())},
		"ovn-controller": {Verdict: diagnose.OK.String(),
			Finding: fmt.Sprintf("ovn-controller answers: pid %d, ovn-controller ", controller.Pid())},
	})
	vswitchd.Kill()
	controller.Kill()
	out := c.wantCompanions(socket, map[string]doctor.PrintedCheck{
		"vswitchd":       {Verdict: diagnose.Failed.String(), Finding: "ovs-vswitchd doesn't run: the process that wrote "},
		"ovn-controller": {Verdict: diagnose.Failed.String(), Finding: "ovn-controller doesn't run: nobody listens on "},
		"plug-provider":  {Verdict: diagnose.Unknown.String(), Finding: "whether a plug provider is registered in ovn-controller can't be told"},
	})
	if out.status != exitUnhealthy {
		t.Errorf("status %d", out.status)
	}
}

// Containers start it so, and ovsdb-server has its pidfile there all the same.
func TestDoctor_FindsNoFaultWithAnOVSVSwitchdThatWasStartedAnotherWay(t *testing.T) {
	for name, options := range map[string][]string{
		"with --unixctl, and a pidfile": {"--unixctl=DIR/ovs-vswitchd.ctl", "--pidfile=DIR/ovs-vswitchd.pid"},
		"with --unixctl, without one":   {"--unixctl=DIR/ovs-vswitchd.ctl"},
		"without a pidfile":             {},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClinic(t)
			if err := os.WriteFile(filepath.Join(c.local.Dir, "ovsdb-server.pid"), []byte("811\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			for i := range options {
				options[i] = strings.ReplaceAll(options[i], "DIR", c.local.Dir)
			}
			servers.VSwitchdWith(t, c.local, options...)
			servers.Controller(t, c.local, c.sb.Endpoint)
			out := c.wantCompanions(daemon(t, self()), map[string]doctor.PrintedCheck{
				"vswitchd":       {Verdict: diagnose.OK.String(), Finding: "ovs-vswitchd answers: pid "},
				"ovn-controller": {Verdict: diagnose.OK.String(), Finding: "ovn-controller answers: pid "},
			})
			if out.status != exitOK {
				t.Errorf("status %d", out.status)
			}
		})
	}
}

// wantCompanions wants these checks to come out so, by the beginning of what they find, and
// no other to find fault, apart from capabilities, which are the test machine's business.
func (c *clinic) wantCompanions(socket string, want map[string]doctor.PrintedCheck) outcome {
	c.t.Helper()
	out, d := c.sure(socket)
	found := 0
	for _, check := range d.Checks {
		w, named := want[check.Name]
		switch {
		case named:
			found++
			if check.Verdict != w.Verdict || !strings.HasPrefix(check.Finding, w.Finding) {
				c.t.Errorf("%+v, want %+v", check, w)
			}
		case check.Verdict != diagnose.OK.String() && check.Name != "capabilities":
			c.t.Errorf("%+v", check)
		}
	}
	if found != len(want) {
		c.t.Errorf("%d of the checks are there, want %d", found, len(want))
	}
	return out
}
