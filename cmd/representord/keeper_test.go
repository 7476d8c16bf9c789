package main

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

func TestKeeper_AnotherBridgeIsFollowedWithoutARestart(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	cl := newCloud(t, h)
	cl.ask(t, "vm0", 0)
	c := startService(t, newFakeCard(cardWith(1)), h.flags()...)
	h.opened(t, "pf0vf0", 100)
	await(t, c, "the port is plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 1 })

	h.Ctl(t, "add-br", "br-new", "--", "del-port", "pf0vf0", "--", "set", "open", ".", "external_ids:ovn-bridge=br-new")
	servers.Until(t, "the port is on the other bridge", func() bool { return slices.Contains(h.ports(t, "br-new"), "pf0vf0") })
	await(t, c, "the status names the other bridge", func(s api.Status) bool { return s.Role == api.Active && s.Bridge == "br-new" })
	l, err := acquire(h.dir, "br-int")
	if err != nil {
		t.Fatalf("the first bridge was not given back: %v", err)
	}
	l.Release()
	if _, err := acquire(h.dir, "br-new"); err == nil {
		t.Error("the other bridge is kept without its lock")
	}
}

func TestKeeper_ABridgeThatAnotherKeepsIsNotTouchedWhateverTheDatabaseNames(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	cl := newCloud(t, h)
	cl.ask(t, "vm0", 0)
	h.Ctl(t, "add-br", "br-new")
	other, err := acquire(h.dir, "br-new")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Release()
	c := startService(t, newFakeCard(cardWith(1)), h.flags()...)
	servers.Until(t, "the port is on br-int", func() bool { return slices.Contains(h.ports(t, "br-int"), "pf0vf0") })

	h.Ctl(t, "set", "open", ".", "external_ids:ovn-bridge=br-new")
	s := await(t, c, "the daemon stands by", func(s api.Status) bool { return s.Role == api.Standby && s.Bridge == "br-new" })
	if !strings.Contains(s.RoleReason, "br-new.lock") {
		t.Errorf("why: %q", s.RoleReason)
	}
	if got := h.ports(t, "br-new"); len(got) > 0 {
		t.Errorf("br-new has %v", got)
	}
	if got := h.ports(t, "br-int"); !slices.Equal(got, []string{"pf0vf0"}) {
		t.Errorf("br-int, which is nobody's now, has %v", got)
	}
}

func TestKeeper_ALockFileThatWasRemovedIsMadeAnew(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	c := startService(t, newFakeCard(cardWith(1)), h.flags()...)
	await(t, c, "the daemon is active", func(s api.Status) bool { return s.Role == api.Active })
	if err := os.Remove(lockPath(h.dir, "br-int")); err != nil {
		t.Fatal(err)
	}
	// Any change makes the keeper go round.
	h.Ctl(t, "set", "open", ".", "external_ids:unrelated=1")
	servers.Until(t, "the bridge is locked again", func() bool {
		l, err := acquire(h.dir, "br-int")
		l.Release()
		return err != nil
	})
	await(t, c, "the daemon is active again", func(s api.Status) bool { return s.Role == api.Active })
}

func TestIdentity_WhoWeAreIsFollowed(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	cl := newCloud(t, h)
	h.Ctl(t, "remove", "open", ".", "external_ids", "system-id")
	c := startService(t, newFakeCard(cardWith(1)), h.flags()...)
	s := await(t, c, "the status says what is missing", func(s api.Status) bool { return len(s.Problems) > 0 })
	if !strings.Contains(s.Problems[0], "system-id") || s.Chassis != "" {
		t.Errorf("problems %q, chassis %q", s.Problems, s.Chassis)
	}
	h.Ctl(t, "set", "open", ".", "external_ids:system-id=dpu1", "external_ids:hostname=dpu1.example.com")
	s = await(t, c, "the chassis is known", func(s api.Status) bool { return s.Chassis == "dpu1" && s.Southbound.ChassisKnown })
	if s.Hostname != "dpu1.example.com" || len(s.Problems) > 0 || s.Southbound.Endpoint != cl.Endpoint {
		t.Errorf("%+v", s)
	}
	h.Ctl(t, "set", "open", ".", `external_ids:ovn-bridge-dpu1=""`)
	s = await(t, c, "there is no bridge", func(s api.Status) bool { return s.Role == api.Starting })
	if !strings.Contains(s.RoleReason, "ovn-bridge") {
		t.Errorf("why: %q", s.RoleReason)
	}
}

func TestKeeper_ADatabaseThatComesLaterIsWaitedFor(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.Kill()
	c := startService(t, newFakeCard(cardWith(1)), h.flags()...)
	s := await(t, c, "the daemon says what it waits for",
		func(s api.Status) bool { return strings.Contains(s.RoleReason, "local database") })
	if s.Role != api.Starting {
		t.Errorf("%+v", s)
	}
	h.Restart()
	await(t, c, "the daemon is active", func(s api.Status) bool { return s.Role == api.Active && s.Local.Complete })
	h.Kill()
	s = await(t, c, "the loss is noticed", func(s api.Status) bool { return !s.Local.Complete })
	if s.Role != api.Active || s.Bridge != "br-int" {
		t.Errorf("without the database the bridge is given up: %+v", s)
	}
}

func TestKeeper_TheReconcilerRunsOnlyOnTheBridgeThatIsLocked(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	s, err := agent.New(agent.Options{Config: h.config(), Log: slog.New(slog.DiscardHandler), Open: newFakeCard(cardWith(1)).open})
	if err != nil {
		t.Fatal(err)
	}
	k := newKeeper(s)
	// The switch has not been read yet, so it shows no bridge.
	k.Become(config.Identity{Bridge: "br-int"})
	tenure := k.round(t.Context(), nil)
	if tenure == nil || tenure.stop != nil {
		t.Fatalf("tenure %+v, want one in which no pass is made yet", tenure)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	watching := make(chan error, 1)
	go func() { watching <- s.Local.Run(ctx) }()
	servers.Until(t, "the reconciler runs", func() bool {
		tenure = k.round(ctx, tenure)
		return tenure != nil && tenure.stop != nil
	})
	if b := s.Local.View().Bridge; b != "br-int" {
		t.Errorf("the reconciler runs on %q", b)
	}
	k.giveUp(tenure)
	cancel()
	if err := <-watching; err != nil {
		t.Error(err)
	}
}
