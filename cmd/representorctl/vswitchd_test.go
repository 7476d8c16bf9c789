package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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

func listen(t *testing.T, path string) *net.UnixListener {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestOVSVSwitchdIsSeenByTheSocketThatItsPidfileNames(t *testing.T) {
	for name, tt := range map[string]struct {
		arrange func(dir string)
		pid     int
		err     error
	}{
		"runs": {func(dir string) {
			pidfile(t, dir, "812\n")
			listen(t, filepath.Join(dir, "ovs-vswitchd.812.ctl"))
		}, 812, nil},
		"killed": {func(dir string) {
			pidfile(t, dir, "812\n")
			l := listen(t, filepath.Join(dir, "ovs-vswitchd.812.ctl"))
			l.SetUnlinkOnClose(false)
			_ = l.Close()
		}, 812, syscall.ECONNREFUSED},
		"killed, and its socket is gone": {func(dir string) { pidfile(t, dir, "812\n") }, 812, fs.ErrNotExist},
		"no pidfile":                     {func(string) {}, 0, fs.ErrNotExist},
		"a pidfile that is empty":        {func(dir string) { pidfile(t, dir, "") }, 0, errors.New("holds no process id")},
		"a pidfile that holds no id":     {func(dir string) { pidfile(t, dir, "-1\n") }, 0, errors.New("holds no process id")},
	} {
		t.Run(name, func(t *testing.T) {
			dir := servers.Dir(t)
			tt.arrange(dir)
			v := lookAtVSwitchd(t.Context(), "unix:"+filepath.Join(dir, "db.sock"))
			if v.PID != tt.pid || v.PIDFile != filepath.Join(dir, "ovs-vswitchd.pid") {
				t.Errorf("%+v, want pid %d", v, tt.pid)
			}
			if (tt.pid != 0) != (v.Socket == filepath.Join(dir, fmt.Sprintf("ovs-vswitchd.%d.ctl", tt.pid))) {
				t.Errorf("socket %q", v.Socket)
			}
			if !errors.Is(v.Err, tt.err) && (tt.err == nil || !strings.Contains(fmt.Sprint(v.Err), tt.err.Error())) {
				t.Errorf("%v, want %v", v.Err, tt.err)
			}
		})
	}
}

func TestOVSVSwitchdWasStoppedWhereOVSDBServerHasItsPidfileStill(t *testing.T) {
	dir := servers.Dir(t)
	if v := lookAtVSwitchd(t.Context(), "unix:"+filepath.Join(dir, "db.sock")); v.Beside {
		t.Errorf("%+v of an empty folder", v)
	}
	if err := os.WriteFile(filepath.Join(dir, "ovsdb-server.pid"), []byte("811\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v := lookAtVSwitchd(t.Context(), "unix:"+filepath.Join(dir, "db.sock")); !v.Beside || !errors.Is(v.Err, fs.ErrNotExist) {
		t.Errorf("%+v", v)
	}
}

func TestOVSVSwitchdOfADatabaseThatIsRemoteIsNotLookedFor(t *testing.T) {
	for _, endpoint := range []string{"tcp:192.0.2.1:6640", "ssl:192.0.2.1:6640"} {
		if v := lookAtVSwitchd(t.Context(), endpoint); v != (doctor.VSwitchd{}) {
			t.Errorf("%s: %+v", endpoint, v)
		}
	}
}

// The databases say nothing of it.
func TestTheDoctorSeesThatOVSVSwitchdWasKilled(t *testing.T) {
	c := newClinic(t)
	vswitchd := servers.VSwitchd(t, c.local)
	socket := daemon(t, self())
	c.wantVSwitchd(socket, doctor.OK, fmt.Sprintf("ovs-vswitchd runs: pid %d", vswitchd.Pid()))
	vswitchd.Kill()
	out := c.wantVSwitchd(socket, doctor.Fail, "ovs-vswitchd doesn't run: nobody listens on ")
	if out.status != exitUnhealthy {
		t.Errorf("status %d", out.status)
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
