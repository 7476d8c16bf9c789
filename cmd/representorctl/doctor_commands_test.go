package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/doctor"
	"github.com/representord/representord/internal/explain/scenes"
	"github.com/representord/representord/test/servers"
)

// What the doctor prints for a database is run as it stands, in the situation that it is printed
// for, and then the check finds nothing any more.
func TestDoctor_EachCommandForADatabaseMendsWhatItIsPrintedFor(t *testing.T) {
	t.Parallel()
	local := func(args ...string) func(*clinic) { return func(c *clinic) { c.local.Ctl(c.t, args...) } }
	ours := servers.NewPKI(t).Client
	const netdev = "en3f0c1pf0vf000" // of the card that the doctor sees
	for _, tt := range []struct {
		name, check string
		breaks      func(*clinic)
		stays       bool // the command only looks
	}{
		{name: "no offload", check: "hw-offload", breaks: local("remove", "open", ".", "other_config", "hw-offload")},
		{name: "the userspace datapath", check: "bridge", breaks: local("set", "Bridge", "br-int", "datapath_type=netdev")},
		{name: "another card's number", check: "serial-published",
			breaks: local("set", "open", ".", `external_ids:ovn-cms-options="a,card-serial-number=OLD"`)},
		{name: "a representor by hand", check: "foreign-rows", breaks: local("add-port", "br-int", netdev)},
		{name: "a representor in a Port of another name", check: "foreign-rows",
			breaks: local("--", "--id=@i", "create", "Interface", "name="+netdev,
				"--", "--id=@p", "create", "Port", "name=vf0", "interfaces=@i", "--", "add", "Bridge", "br-int", "ports", "@p")},
		{name: "a representor in a bond", check: "foreign-rows", breaks: local("add-bond", "br-int", "bond0", netdev, "p1")},
		{name: "no Southbound", check: "identity", breaks: local("remove", "open", ".", "external_ids", "ovn-remote")},
		{name: "no name", check: "identity", breaks: local("remove", "open", ".", "external_ids", "system-id")},
		{name: "no bridge named", check: "identity", breaks: local("set", "open", ".", `external_ids:ovn-bridge=""`)},
		{name: "no Southbound for this chassis", check: "identity", breaks: local("set", "open", ".", `external_ids:ovn-remote-dpu1=""`)},
		{name: "one endpoint of two is none", check: "identity", stays: true, breaks: func(c *clinic) {
			c.local.Ctl(c.t, "set", "open", ".", `external_ids:ovn-remote="`+c.sb.Endpoint+`,tpc:192.0.2.1:6642"`)
		}},
		{name: "a Southbound elsewhere", check: "southbound", stays: true,
			breaks: local("set", "open", ".", "external_ids:ovn-remote=tcp:127.0.0.1:1")},
		{name: "no certificates", check: "certificates", breaks: local("set", "open", ".", "external_ids:ovn-remote=ssl:127.0.0.1:1")},
		{name: "another hostname", check: "chassis", stays: true, breaks: func(c *clinic) { c.sbctl("set", "Chassis", "dpu1", "hostname=old") }},
		{name: "our hostname on a row of before", check: "unique", breaks: func(c *clinic) {
			c.sbctl("chassis-add", "old", "geneve", "127.0.0.2", "--", "set", "Chassis", "old", "hostname=dpu1.example.com")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClinic(t)
			b := &bench{local: c.local, path: servers.Dir(t)}
			b.tools(t, map[string]*servers.OVSDB{"ovn-sbctl": c.sb, "ovs-vsctl": c.local})
			socket := daemon(t, self())
			tt.breaks(c)
			ill := c.check(socket, tt.check)
			if ill.Verdict != diagnose.Failed.String() && ill.Verdict != diagnose.Warning.String() {
				t.Fatalf("it finds nothing: %+v", ill)
			}
			fill := strings.NewReplacer("ssl:ADDRESS:6642", c.sb.Endpoint, "=ADDRESS", "=127.0.0.1", "=NAME", "=dpu1",
				"chassis-del NAME", "chassis-del old",
				"PRIVATE-KEY CERTIFICATE CA-CERT", strings.Join([]string{ours.PrivateKey, ours.Certificate, ours.CACert}, " "))
			ran := 0
			for _, command := range scenes.CommandsIn(ill.Remedy) {
				for part := range strings.SplitSeq(command, "; ") {
					if !inDatabases(part) {
						continue
					}
					ran++
					if err := b.run(fill.Replace(part)); err != nil {
						t.Error(err)
					}
				}
			}
			if ran == 0 {
				t.Errorf("no command for a database is in %q", ill.Remedy)
			}
			if got := c.check(socket, tt.check); got.Verdict != diagnose.OK.String() && !tt.stays {
				t.Errorf("after the commands of %q: %+v", ill.Remedy, got)
			}
		})
	}
}

// commandsFor are what the doctor prints for a companion that it sees so.
func commandsFor(t *testing.T, s companion.Sight) []string {
	t.Helper()
	h := doctor.Host{VSwitchd: s}
	check := "vswitchd"
	if s.Name == companion.Controller {
		h, check = doctor.Host{Controller: s}, companion.Controller
	}
	for _, c := range doctor.Examine(h).Checks {
		if c.Name == check {
			return scenes.CommandsIn(c.Remedy)
		}
	}
	t.Fatalf("there is no check %s", check)
	return nil
}

func TestDoctor_TheCommandsForACompanionDoWhatTheyArePrintedFor(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	controller, vswitchd := servers.Controller(t, c.local, c.sb.Endpoint), servers.VSwitchd(t, c.local)
	run := func(command string) string {
		t.Helper()
		return c.local.Tool(t, "sh", "-c", command)
	}
	for _, p := range []struct {
		name string
		pid  int
	}{{companion.Controller, controller.Pid()}, {companion.VSwitchd, vswitchd.Pid()}} {
		for _, command := range commandsFor(t, companion.Sight{Name: p.name, State: companion.Unknown}) {
			if got := run(command); !slices.ContainsFunc(strings.Split(got, "\n"), func(line string) bool {
				return strings.HasPrefix(strings.TrimSpace(line), fmt.Sprintf("%d %s", p.pid, p.name)) && strings.Contains(line, "--unixctl")
			}) {
				t.Errorf("%s says %q", command, got)
			}
		}
	}
	socket := filepath.Join(c.local.Dir, fmt.Sprintf("ovn-controller.%d.ctl", controller.Pid()))
	commands := commandsFor(t, companion.Sight{Name: companion.Controller, State: companion.Silent, Socket: socket})
	if len(commands) != 2 {
		t.Fatalf("the commands are %q", commands)
	}
	if got := run(commands[0]); !strings.HasPrefix(got, companion.Controller+" ") {
		t.Errorf("%s says %q", commands[0], got)
	}
	run(commands[1])
	<-controller.Done()
	if got := c.sb.Tool(t, "ovn-sbctl", "--db="+c.sb.Endpoint, "--no-leader-only", "--columns=name", "--bare", "list",
		"Chassis"); strings.TrimSpace(got) != "dpu1" {
		t.Errorf("after %s the Southbound has the chassis %q", commands[1], got)
	}
	vswitchd.Signal(syscall.SIGSTOP)
	for _, command := range commandsFor(t,
		companion.Sight{Name: companion.VSwitchd, State: companion.Silent, PID: vswitchd.Pid(), Stopped: true}) {
		run(command)
	}
	if got := c.searches(c.local.Endpoint)[0].Look(t.Context(), companionPatience); got.State != companion.Answers {
		t.Errorf("after the command it is %+v", got)
	}
}

func TestDoctor_TheCommandsForALocalDatabaseThatIsStoppedLetItGoOn(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*testing.T, *clinic){
		"nobody waits":        func(*testing.T, *clinic) {},
		"as many wait as can": crowd,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClinic(t)
			socket := daemon(t, self())
			c.local.Signal(syscall.SIGSTOP)
			before(t, c)
			ill := c.check(socket, "local-database")
			commands := scenes.CommandsIn(ill.Remedy)
			if ill.Verdict != diagnose.Failed.String() || !strings.Contains(ill.Finding, doctor.ErrSilent.Error()) || len(commands) != 2 {
				t.Fatalf("it finds %+v", ill)
			}
			var stopped []string
			for line := range strings.Lines(c.sb.Tool(t, "sh", "-c", commands[0])) {
				if f := strings.Fields(line); len(f) > 1 && strings.Contains(f[1], "T") && strings.Contains(line, c.local.Dir) {
					stopped = append(stopped, f[0])
				}
			}
			if len(stopped) != 1 {
				t.Fatalf("%s shows %q as stopped, want the database's process alone", commands[0], stopped)
			}
			c.sb.Tool(t, "sh", "-c", strings.Replace(commands[1], "PID", stopped[0], 1))
			servers.Until(t, "the database is well after "+commands[1], func() bool {
				return c.check(socket, "local-database").Verdict == diagnose.OK.String()
			})
		})
	}
}

// crowd makes connections to the local database until no more can wait.
func crowd(t *testing.T, c *clinic) {
	t.Helper()
	for {
		conn, err := net.Dial("unix", strings.TrimPrefix(c.local.Endpoint, "unix:"))
		if errors.Is(err, syscall.EAGAIN) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
}

func TestDoctor_ALocalDatabaseThatWasKilledIsToBeStarted(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	socket := daemon(t, self())
	c.local.Kill()
	ill := c.check(socket, "local-database")
	if ill.Verdict != diagnose.Failed.String() || !strings.Contains(ill.Finding, "connection refused") ||
		!strings.Contains(ill.Remedy, "`systemctl enable --now openvswitch-switch`") {
		t.Errorf("it finds %+v", ill)
	}
	c.local.Restart()
	if got := c.check(socket, "local-database"); got.Verdict != diagnose.OK.String() {
		t.Errorf("after its start: %+v", got)
	}
}

// Who may write is changed as it is printed, for a name that a shell would take apart as well.
func TestDoctor_TheCommandForASocketOfEverybodysTakesItFromThem(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	socket := filepath.Join(servers.Dir(t), "db's socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := os.Chmod(socket, 0o777); err != nil {
		t.Fatal(err)
	}
	ill := c.check(socket, "sockets")
	commands := scenes.CommandsIn(ill.Remedy)
	if ill.Verdict != diagnose.Warning.String() || len(commands) != 1 {
		t.Fatalf("it finds %+v", ill)
	}
	c.sb.Tool(t, "sh", "-c", commands[0])
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o775 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
