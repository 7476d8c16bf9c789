package main

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/representord/representord/internal/explain/scenes"
	"github.com/representord/representord/test/servers"
)

// bench are real databases, and OVN's and Open vSwitch's own tools that find them.
type bench struct {
	nb, sb, local *servers.OVSDB
	path          string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		nb: servers.NewOVSDB(t, "nb", servers.SchemaOVNNorthbound), sb: servers.NewOVSDB(t, "sb", servers.SchemaOVNSouthbound),
		local: servers.OpenVSwitch(t), path: servers.Dir(t),
	}
	b.tools(t, map[string]*servers.OVSDB{"ovn-nbctl": b.nb, "ovn-sbctl": b.sb, "ovs-vsctl": b.local})
	b.nb.Tool(t, "ovn-nbctl", "--db="+b.nb.Endpoint, "--no-leader-only", "init", "--", "ls-add", "net1")
	b.sb.Tool(t, "ovn-sbctl", "--db="+b.sb.Endpoint, "--no-leader-only", "init", "--", "chassis-add", "dpu1", "geneve", "127.0.0.1")
	return b
}

// tools lets tools find their databases.
func (b *bench) tools(t *testing.T, all map[string]*servers.OVSDB) {
	t.Helper()
	for tool, d := range all {
		more := ""
		if tool == "ovs-vsctl" {
			more = " --no-wait" // there is no ovs-vswitchd
		}
		script := fmt.Sprintf("#!/bin/sh\nPATH=${PATH#%s:}\nexec %s --db=%s --timeout=60%s \"$@\"\n", b.path, tool, d.Endpoint, more)
		servers.Script(t, filepath.Join(b.path, tool), script)
	}
}

// run runs a command as it is printed.
func (b *bench) run(command string) error {
	_, err := b.local.TryTool("sh", "-c", "PATH="+b.path+":$PATH\n"+command)
	if err != nil && strings.Contains(command, " list Logical_Switch_Port ") && strings.Contains(err.Error(), "no row") {
		return nil // that is what it was to tell
	}
	return err
}

// make puts a scene into the databases.
func (b *bench) make(t *testing.T, s *scenes.Scene) {
	t.Helper()
	for _, lport := range slices.Sorted(maps.Keys(s.World.Answers)) {
		argv := []string{"ovn-nbctl", "--db=" + b.nb.Endpoint, "--no-leader-only", "--", "lsp-add", "net1", lport, "--", "lsp-set-options", lport}
		for key, value := range s.World.Answers[lport].Options {
			if value != "" {
				argv = append(argv, key+"="+strconv.Quote(value))
			}
		}
		b.nb.Tool(t, argv...)
	}
	b.local.Ctl(t, "add-br", "br-int", "--", "add-br", "br-ex")
	if dp := s.World.Actual.DatapathType; dp != "" {
		b.local.Ctl(t, "set", "Bridge", "br-int", "datapath_type="+dp)
	}
	for name, i := range s.World.Actual.Interfaces {
		b.local.Ctl(t, "--may-exist", "add-br", i.Bridge, "--", "--id=@i", "create", "Interface", "name="+name,
			"--", "--id=@p", "create", "Port", "name="+i.PortName, "interfaces=@i", "--", "add", "Bridge", i.Bridge, "ports", "@p")
		if i.IfaceID != "" {
			b.local.Ctl(t, "set", "Interface", name, "external_ids:iface-id="+i.IfaceID)
		}
		if i.OVNPlugged != "" {
			b.local.Ctl(t, "set", "Interface", name, "external_ids:ovn-plugged="+i.OVNPlugged)
		}
	}
}

func TestExplain_TheCommandsThatChangeAPortTakeOneThatIsNamedLikeAnOption(t *testing.T) {
	for name, s := range map[string]scenes.Scene{
		"set": {Port: "-x", World: scenes.With(scenes.Asks("-x", "vif-plug:representor:vf-num", "3x"))},
		"remove": {Port: "--if-exists",
			World: scenes.With(scenes.Asks("--if-exists", "vif-plug:representor:card-serial-number", "MT2242X00001"))},
		"list": {Port: "-v", World: scenes.With()},
	} {
		b := newBench(t)
		b.make(t, &s)
		ran := 0
		for _, step := range scenes.Explained(t, s.World.Daemon(t), s.Port).Steps {
			for _, command := range scenes.CommandsIn(step.Remedy) {
				if !strings.HasPrefix(command, "ovn-nbctl ") {
					continue
				}
				ran++
				if err := b.run(filled(command)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		if ran == 0 {
			t.Errorf("%s: no command was run", name)
		}
	}
}

// understood parses the arguments of a command of ours as that would.
func understood(args []string) error {
	cmd, rest, err := (&program{}).command().Find(args)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// What can't be run on any machine is read at least.
func TestExplain_EachCommandIsReadByAShellAndOursByUs(t *testing.T) {
	var script strings.Builder
	for _, s := range scenes.All() {
		for _, step := range scenes.Explained(t, s.World.Daemon(t), s.Port).Steps {
			for _, command := range scenes.CommandsIn(step.Remedy) {
				script.WriteString(command + "\n")
				for part := range strings.SplitSeq(strings.ReplaceAll(command, " | ", "; "), "; ") {
					if args, ours := strings.CutPrefix(part, name+" "); ours {
						if err := understood(strings.Fields(args)); err != nil {
							t.Errorf("scene %s, step %s: %s: %v", s.Name, step.Name, part, err)
						}
					}
				}
			}
		}
	}
	if out, err := exec.CommandContext(t.Context(), "sh", "-n", "-c", script.String()).CombinedOutput(); err != nil {
		t.Errorf("%v: %s\n%s", err, out, script.String())
	}
}

// inDatabases reports whether a command is for the databases, so that it can be run on any machine.
func inDatabases(command string) bool {
	tool, _, _ := strings.Cut(command, " ")
	return slices.Contains([]string{"ovn-nbctl", "ovn-sbctl", "ovs-vsctl"}, tool)
}

// filled puts a value where the reader is to put one.
func filled(command string) string {
	return strings.NewReplacer("=MAC'", "=00:53:00:00:00:42'", "=NUMBER'", "=0'", "=VALUE'", "=1'").Replace(command)
}

// A command that we print does what it is printed for: the tool takes it, in the situation in
// which it is printed.
func TestExplain_EachCommandForADatabaseIsTakenByItsToolInItsScene(t *testing.T) {
	ran := 0
	for _, s := range scenes.All() {
		t.Run(s.Name, func(t *testing.T) {
			e := scenes.Explained(t, s.World.Daemon(t), s.Port)
			var b *bench
			for _, step := range e.Steps {
				for i, command := range strings.Split(step.Remedy, "`") {
					if i%2 == 0 || !inDatabases(command) {
						continue
					}
					if b == nil {
						b = newBench(t)
						b.make(t, &s)
					}
					ran++
					if err := b.run(filled(command)); err != nil {
						t.Errorf("step %s: %v", step.Name, err)
					}
				}
			}
		})
	}
	if ran < 10 {
		t.Errorf("only %d commands were run", ran)
	}
}
