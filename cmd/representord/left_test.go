package main

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

func TestLeft_RowsOnTheBridgeThatWasMoveToTheOneThatIs(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"for all": "ovn-bridge", "for this chassis": "ovn-bridge-dpu1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			cl := newCloud(t, h)
			cl.ask(t, "vm0", 0)
			cl.ask(t, "vm1", 1)
			c := startService(t, newFakeCard(cardWith(3)), h.flags()...)
			h.opened(t, "pf0vf0", 100)
			h.opened(t, "pf0vf1", 101)
			await(t, c, "both are plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 2 })

			h.Ctl(t, "add-br", "br-new", "--", "set", "open", ".", "external_ids:"+key+"=br-new")
			servers.Until(t, "the rows are on the other bridge", func() bool {
				return slices.Equal(h.ports(t, "br-new"), []string{"pf0vf0", "pf0vf1"}) && len(h.ports(t, "br-int")) == 0
			})
			h.opened(t, "pf0vf0", 100)
			h.opened(t, "pf0vf1", 101)
			await(t, c, "both are plugged there", func(s api.Status) bool { return s.Ports[plan.Plugged] == 2 && s.Bridge == "br-new" })
			servers.Until(t, "the bridge that was is given back", func() bool {
				l, err := acquire(h.dir, "br-int")
				l.Release()
				return err == nil
			})
		})
	}
}

func TestLeft_WhatNothingAsksForStaysAndIsNamedWithTheCommand(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	cl := newCloud(t, h)
	cl.ask(t, "vm0", 0)
	c := startService(t, newFakeCard(cardWith(2)), h.flags("--unplug-grace=1m")...)
	h.opened(t, "pf0vf0", 100)
	await(t, c, "it is plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 1 })
	h.Ctl(t, "add-br", "br-new")
	h.markedRow(t, "br-int", "pf0vf1", "vm9") // nothing asks for it
	awaitPort(t, c, "vm9", plan.Held, reason.CodeUnplugGrace)
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-bridge=br-new")
	p := awaitPort(t, c, "vm9", plan.Conflict, reason.CodeForeignName)
	_, command, ok := strings.Cut(p.Reason.Message, "if nobody needs it: ")
	if !ok || command != "ovs-vsctl del-port pf0vf1" {
		t.Errorf("it says: %s", p.Reason.Message)
	}
	servers.Until(t, "the other row has moved", func() bool { return slices.Equal(h.ports(t, "br-new"), []string{"pf0vf0"}) })
	if got := h.ports(t, "br-int"); !slices.Equal(got, []string{"pf0vf1"}) {
		t.Errorf("br-int has %v", got)
	}
	h.Ctl(t, strings.Fields(command)[1:]...)
	servers.Until(t, "nothing is told of it any more", func() bool {
		_, err := c.Port(t.Context(), "vm9")
		return err != nil
	})
}

func TestLeft_RowsMoveThoughTheLocalServerDiesMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	cl := newCloud(t, h)
	cl.ask(t, "vm0", 0)
	cl.ask(t, "vm1", 1)
	c := startService(t, newFakeCard(cardWith(2)), h.flags()...)
	h.opened(t, "pf0vf0", 100)
	h.opened(t, "pf0vf1", 101)
	await(t, c, "both are plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 2 })
	h.Ctl(t, "add-br", "br-new", "--", "set", "open", ".", "external_ids:ovn-bridge=br-new")
	h.Kill()
	h.Restart()
	servers.Until(t, "the rows are on the other bridge", func() bool {
		return slices.Equal(h.ports(t, "br-new"), []string{"pf0vf0", "pf0vf1"}) && len(h.ports(t, "br-int")) == 0
	})
}

// Of two daemons with the same settings either may be the first to keep the present bridge,
// while the other one has yet to give back the one that was.
func TestLeft_WhoStoodByMovesTheRowsAsWellOnceTheirBridgeIsGivenBack(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	cl := newCloud(t, h)
	cl.ask(t, "vm0", 0)
	first, err := acquire(h.dir, "br-int")
	if err != nil {
		t.Fatal(err)
	}
	h.markedRow(t, "br-int", "pf0vf0", "vm0")
	c := startService(t, newFakeCard(cardWith(1)), h.flags()...)
	await(t, c, "it stands by", func(s api.Status) bool { return s.Role == api.Standby })
	h.Ctl(t, "add-br", "br-new", "--", "set", "open", ".", "external_ids:ovn-bridge=br-new")
	awaitPort(t, c, "vm0", plan.Conflict, reason.CodeForeignName)
	if got := h.ports(t, "br-int"); !slices.Equal(got, []string{"pf0vf0"}) {
		t.Errorf("while the bridge that was is kept, it has %v", got)
	}
	first.Release()
	servers.Until(t, "the row has moved", func() bool { return slices.Equal(h.ports(t, "br-new"), []string{"pf0vf0"}) })
}

// The database's lock is given back with the bridge, not with the next change of ours.
func TestLeft_WhoStandsByKeepsNobodyFromMovingTheRows(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	cl := newCloud(t, h)
	cl.ask(t, "vm0", 0)
	first := startService(t, newFakeCard(cardWith(1)), h.flags()...)
	h.opened(t, "pf0vf0", 100)
	await(t, first, "it is plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 1 })
	h.Ctl(t, "add-br", "br-new")
	other, err := acquire(h.dir, "br-new") // so that the first one stands by
	if err != nil {
		t.Fatal(err)
	}
	defer other.Release()
	socket := filepath.Join(h.dir, "second.sock")
	startService(t, newFakeCard(cardWith(1)), h.flags("--control-socket="+socket, "--run-dir="+servers.Dir(t))...)
	second := api.NewClient(socket)
	await(t, second, "it has locks of its own", func(s api.Status) bool { return s.Role == api.Active && s.Southbound.ChassisKnown })
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-bridge=br-new")
	await(t, first, "the first one stands by", func(s api.Status) bool { return s.Role == api.Standby })
	servers.Until(t, "the row has moved", func() bool { return slices.Equal(h.ports(t, "br-new"), []string{"pf0vf0"}) })
}

func TestLeft_RowsEndOnTheLastOfManyBridges(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	cl := newCloud(t, h)
	cl.ask(t, "vm0", 0)
	cl.ask(t, "vm1", 1)
	c := startService(t, newFakeCard(cardWith(2)), h.flags()...)
	await(t, c, "both have rows", func(api.Status) bool { return len(h.ports(t, "br-int")) == 2 })
	h.Ctl(t, "add-br", "br-1", "--", "add-br", "br-2")
	for range 3 {
		for _, b := range []string{"br-1", "br-int", "br-2"} {
			h.Ctl(t, "set", "open", ".", "external_ids:ovn-bridge="+b)
		}
	}
	servers.Until(t, "the rows are on the last one", func() bool {
		return len(h.ports(t, "br-2")) == 2 && len(h.ports(t, "br-1"))+len(h.ports(t, "br-int")) == 0
	})
	for _, b := range []string{"br-1", "br-int"} {
		servers.Until(t, b+" is given back", func() bool {
			l, err := acquire(h.dir, b)
			l.Release()
			return err == nil
		})
	}
}

func TestLeft_ABridgeThatIsOursAgainIsTakenAtOnce(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	a, err := agent.New(agent.Options{Config: h.config(), Log: slog.New(slog.DiscardHandler), Open: newFakeCard(cardWith(1)).open})
	if err != nil {
		t.Fatal(err)
	}
	k := newKeeper(a)
	k.Become(config.Identity{Bridge: "br-int"})
	k.leaveFor("br-new")
	k.Become(config.Identity{Bridge: "br-new"})
	present := k.take("br-new")
	k.clearLeft(k.Local.View(), present)
	if k.left["br-int"].lock == nil {
		t.Fatal("the bridge that was isn't locked")
	}
	k.giveUp(present)
	k.leaveFor("br-int")
	again := k.take("br-int")
	if again == nil {
		t.Fatalf("we keep ourselves from it: %+v", k.standing.Load())
	}
	k.giveUp(again)
}

func TestLeft_WhatAnotherKeepsIsNotTouched(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	cl := newCloud(t, h)
	cl.ask(t, "vm0", 0)
	first := startService(t, newFakeCard(cardWith(1)), h.flags()...)
	h.opened(t, "pf0vf0", 100)
	await(t, first, "it is plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 1 })
	h.Ctl(t, "add-br", "br-new")
	other, err := acquire(h.dir, "br-new")
	if err != nil {
		t.Fatal(err)
	}
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-bridge=br-new")
	await(t, first, "it stands by", func(s api.Status) bool { return s.Role == api.Standby })
	taken, err := acquire(h.dir, "br-int") // somebody else keeps the bridge that was ours
	if err != nil {
		t.Fatalf("a bridge that was ours is kept while another is waited for: %v", err)
	}
	defer taken.Release()
	other.Release()
	awaitPort(t, first, "vm0", plan.Conflict, reason.CodeForeignName)
	if got := h.ports(t, "br-int"); !slices.Equal(got, []string{"pf0vf0"}) {
		t.Errorf("br-int has %v", got)
	}
}
