package plug

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/test/servers"
)

// desk is a local database of a real server, in which an operator works with what we print.
type desk struct {
	*servers.OVSDB
	cloud *cloud
	local *ovs.Switch
	r     *Reconciler
}

// newDesk has VF 0 at a netdev of this name, port "a" that asks for it, and what ovs-vsctl
// is told to make.
func newDesk(t *testing.T, netdevName string, edit func(*Config), commands ...string) *desk {
	t.Helper()
	d := &desk{OVSDB: servers.OpenVSwitch(t), cloud: newCloud(testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: netdevName, IfIndex: 10}),
		plantest.Asks("a", 0, 0))}
	d.Ctl(t, "add-br", "br-int", "--", "add-br", "br-ex")
	for _, c := range commands {
		d.sh(t, c)
	}
	d.local = ovs.New(ovs.Options{Endpoint: d.Endpoint})
	d.local.SetBridge("br-int")
	runSwitch(t, d.local)
	d.r = d.cloud.reconciler(func(cfg *Config) {
		cfg.Switch = d.local
		if edit != nil {
			edit(cfg)
		}
	})
	d.settle(t)
	return d
}

// runSwitch lets a switch follow its database until the test ends, or until what it gives is called.
func runSwitch(t *testing.T, s *ovs.Switch) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// await waits until the view is as wanted.
func (d *desk) await(t *testing.T, what string, want func(ovs.View) bool) {
	t.Helper()
	servers.Until(t, what, func() bool {
		v := d.local.View()
		return v.Complete && want(v)
	})
}

// sh runs a command as it is printed, with the shell that every machine has.
func (d *desk) sh(t *testing.T, command string) {
	t.Helper()
	bin := filepath.Join(d.Dir, "bin")
	script := fmt.Sprintf("#!/bin/sh\nPATH=${PATH#%s:}\nexec ovs-vsctl --db=%s --no-wait --timeout=60 \"$@\"\n", bin, d.Endpoint)
	servers.Script(t, filepath.Join(bin, "ovs-vsctl"), script)
	t.Logf("$ %s", command)
	d.Tool(t, "sh", "-c", "PATH="+bin+":$PATH\n"+command)
}

// settle waits until the view has everything that was written before.
func (d *desk) settle(t *testing.T) {
	t.Helper()
	mark := fmt.Sprintf("mark%d", d.r.Report().Passes)
	d.Ctl(t, "set", "Open_vSwitch", ".", "external_ids:mark="+mark)
	servers.Until(t, "the view has it all", func() bool {
		v := d.local.View()
		return v.Complete && v.BridgeUUID != "" && v.ExternalIDs["mark"] == mark
	})
}

// commandsIn are the commands of a remedy.
func commandsIn(remedy string) []string {
	var all []string
	for i, part := range strings.Split(remedy, "`") {
		if i%2 == 1 {
			all = append(all, part)
		}
	}
	return all
}

const marksOfOurs = " external_ids:representord-logical-port=a external_ids:representord-function=x external_ids:representord-request=y"

// What we print for a row that is in the way is run as it stands, and then the port has its
// row and nobody else lost one.
func TestMakeRoom_TheCommandThatIsPrintedMakesRoomForThePortAndTakesNothingElseAlong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		netdev string // "pf0vf0" unless set
		made   []string
		code   reason.Code
		says   []string
		stays  []string // Ports and Interfaces that are still there
	}{
		{
			name: "a plain port", made: []string{"ovs-vsctl add-port br-int pf0vf0"}, code: reason.CodeForeignName,
			says: []string{`on bridge "br-int"`, "ovs-vsctl del-port pf0vf0"},
		},
		{
			name: "a port on another bridge", made: []string{"ovs-vsctl add-port br-ex pf0vf0 -- add-port br-ex p0"},
			code: reason.CodeForeignName,
			says: []string{`on bridge "br-ex"`}, stays: []string{"p0"},
		},
		{
			name: "a row of ours that somebody moved", made: []string{"ovs-vsctl add-port br-ex pf0vf0 -- set Interface pf0vf0" + marksOfOurs},
			code: reason.CodeForeignName, says: []string{`on bridge "br-ex"`},
		},
		{
			name: "a Port of another name, as a vendor's default bridges have", netdev: "en3f0pf0sf0",
			made: []string{"ovs-vsctl -- --id=@i create Interface name=en3f0pf0sf0 -- --id=@p create Port name=pf0sf0 interfaces=@i -- add " +
				"Bridge br-ex ports @p"},
			code: reason.CodeForeignName, says: []string{`in Port "pf0sf0", on bridge "br-ex"`, "ovs-vsctl del-port pf0sf0"},
		},
		{
			name: "a Port of the netdev's name, with an Interface of another", code: reason.CodeForeignName,
			made: []string{"ovs-vsctl -- --id=@i create Interface name=x0 type=internal -- --id=@p create Port name=pf0vf0 interfaces=@i -- add " +
				"Bridge br-ex ports @p"},
			says: []string{`a Port whose Interface is "x0", on bridge "br-ex"`, "ovs-vsctl del-port pf0vf0"},
		},
		{
			name: "a bond's member", made: []string{"ovs-vsctl add-bond br-ex bond0 pf0vf0 p1 p2"}, code: reason.CodeForeignName,
			says: []string{`in Port "bond0", on bridge "br-ex"`}, stays: []string{"bond0", "p1", "p2"},
		},
		{
			name: "an Interface that has the port's iface-id",
			made: []string{"ovs-vsctl add-port br-int tap0 -- set Interface tap0 external_ids:iface-id=a"},
			code: reason.CodeForeignIfaceID, says: []string{"ovs-vsctl del-port tap0"},
		},
		{
			name: "an Interface of another name than its Port that has the port's iface-id", code: reason.CodeForeignIfaceID,
			made: []string{"ovs-vsctl -- --id=@i create Interface name=tap0 external_ids:iface-id=a -- --id=@p create Port name=vnet0 " +
				"interfaces=@i -- add Bridge br-int ports @p"},
			says: []string{"ovs-vsctl del-port vnet0"},
		},
		{
			name: "a bond's member that has the port's iface-id", code: reason.CodeForeignIfaceID,
			made:  []string{"ovs-vsctl add-bond br-int bond0 p1 p2 -- set Interface p1 external_ids:iface-id=a"},
			stays: []string{"bond0", "p1", "p2"},
		},
		{
			name: "the bridge's own interface that has the port's iface-id", code: reason.CodeForeignIfaceID,
			made: []string{"ovs-vsctl set Interface br-int external_ids:iface-id=a"}, stays: []string{"br-int"},
		},
		{
			name: "a name that a shell would take apart", netdev: "a&b$(c) ;d", code: reason.CodeForeignName,
			made: []string{"ovs-vsctl add-port br-int 'a&b$(c) ;d'"}, says: []string{`ovs-vsctl del-port 'a&b$(c) ;d'`},
		},
		{
			name: "a name with a quote", netdev: "it's", code: reason.CodeForeignName,
			made: []string{`ovs-vsctl add-port br-int "it's"`}, says: []string{`ovs-vsctl del-port 'it'\''s'`},
		},
		{
			name: "a name that looks like an option", netdev: "-rf", code: reason.CodeForeignName,
			made: []string{"ovs-vsctl add-port br-int -rf"}, says: []string{"ovs-vsctl del-port -rf"},
		},
		{
			name: "a bond's member whose name looks like an option", netdev: "--if-exists", code: reason.CodeForeignName,
			made: []string{"ovs-vsctl add-bond br-ex bond0 --if-exists p1"}, stays: []string{"bond0", "p1"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.netdev == "" {
				tt.netdev = "pf0vf0"
			}
			d := newDesk(t, tt.netdev, nil, tt.made...)
			s := find(t, d.r.Pass(t.Context()), "a")
			if s.State != plan.Conflict || reason.CodeOf(s.Reason) != tt.code {
				t.Fatalf("%+v", s)
			}
			v := d.local.View()
			commands := commandsIn(plan.RemedyOf(v, s.Reason, s.Reason.Candidates[0]))
			if len(commands) != 1 || !strings.Contains(s.Reason.Message, commands[0]) {
				t.Fatalf("the remedy has the commands %q, and the reason says: %s", commands, s.Reason.Message)
			}
			for _, want := range tt.says {
				if !strings.Contains(s.Reason.Message, want) {
					t.Errorf("%q is not in: %s", want, s.Reason.Message)
				}
			}
			d.sh(t, commands[0])
			d.settle(t)
			d.r.Pass(t.Context())
			now := d.local.View()
			if r := now.Interfaces[tt.netdev]; r.Marker.LogicalPort != "a" || r.Bridge != "br-int" || r.IfaceID != "a" {
				t.Errorf("after the command the row is %+v", r)
			}
			for _, name := range slices.Concat(tt.stays, []string{"br-int", "br-ex"}) {
				if _, row := now.Interfaces[name]; !row && !now.PortNames[name] {
					t.Errorf("%s is gone", name)
				}
			}
		})
	}
}

// Where no command would do without harm none is printed, but where to look.
func TestMakeRoom_WhatCannotBeTakenAwayAloneIsShownAndNotDeleted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, made, says string }{
		{"a bond of the netdev's name", "ovs-vsctl add-bond br-ex pf0vf0 p1 p2", "made anew under another name"},
		{"a bridge of the netdev's name", "ovs-vsctl add-br pf0vf0", `the local port of bridge "pf0vf0"`},
		{
			"a port that two bridges hold", "ovs-vsctl -- --id=@i create Interface name=pf0vf0 -- --id=@p create Port name=pf0vf0 interfaces=@i" +
				" -- add Bridge br-int ports @p -- add Bridge br-ex ports @p", "several ports or bridges hold it",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, "pf0vf0", nil, tt.made)
			s := find(t, d.r.Pass(t.Context()), "a")
			if s.State != plan.Conflict || reason.CodeOf(s.Reason) != reason.CodeForeignName || !strings.Contains(s.Reason.Message, tt.says) {
				t.Fatalf("%+v", s)
			}
			commands := commandsIn(plan.RemedyOf(d.local.View(), s.Reason, s.Reason.Candidates[0]))
			if !slices.Equal(commands, []string{"ovs-vsctl show"}) {
				t.Errorf("commands %q", commands)
			}
			d.sh(t, commands[0])
		})
	}
}
