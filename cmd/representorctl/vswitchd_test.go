package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/representord/representord/doctor"
	"github.com/representord/representord/test/servers"
)

// pidfile writes what a pidfile of ovs-vswitchd holds.
func pidfile(t *testing.T, dir, holds string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "ovs-vswitchd.pid"), []byte(holds), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The databases say nothing of it.
func TestTheDoctorSeesThatOVSVSwitchdWasKilled(t *testing.T) {
	c := newClinic(t)
	vswitchd := servers.VSwitchd(t, c.local)
	socket := daemon(t, self())
	c.wantVSwitchd(socket, doctor.OK, "ovs-vswitchd answers: pid ")
	vswitchd.Kill()
	out := c.wantVSwitchd(socket, doctor.Fail, "ovs-vswitchd doesn't run: ")
	if out.status != exitUnhealthy {
		t.Errorf("status %d", out.status)
	}
}

// Containers start it so, and ovsdb-server has its pidfile there all the same.
func TestTheDoctorFindsNoFaultWithAnOVSVSwitchdThatWasStartedAnotherWay(t *testing.T) {
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
			if out := c.wantVSwitchd(daemon(t, self()), doctor.OK, "ovs-vswitchd answers: pid "); out.status != exitOK {
				t.Errorf("status %d", out.status)
			}
		})
	}
}

// wantVSwitchd wants the check to come out as nothing else does: the only FAIL there can
// be is its own, apart from capabilities, which are the test machine's business.
func (c *clinic) wantVSwitchd(socket string, verdict doctor.Verdict, finding string) outcome {
	c.t.Helper()
	var d doctor.Diagnosis
	out := c.doctor(socket, "-j")
	if err := json.Unmarshal([]byte(out.stdout), &d); err != nil {
		c.t.Fatalf("%v\n%s%s", err, out.stdout, out.stderr)
	}
	found := false
	for _, check := range d.Checks {
		switch {
		case check.Name == "vswitchd":
			found = true
			if check.Verdict != verdict || !strings.HasPrefix(check.Finding, finding) {
				c.t.Errorf("%+v, want %s, %s", check, verdict, finding)
			}
		case check.Verdict != doctor.OK && check.Name != "capabilities":
			c.t.Errorf("%+v", check)
		}
	}
	if !found {
		c.t.Error("there is no such check")
	}
	return out
}
