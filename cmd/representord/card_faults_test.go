package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/servers"
)

// altered is a card with other netdevs: by VF of the first PF, a name each, "" for
// none, under other ifindexes than before.
func altered(c representor.Card, names map[int]string) representor.Card {
	c.Ports, c.Links = slices.Clone(c.Ports), maps.Clone(c.Links)
	for i, p := range c.Ports {
		name, is := names[int(p.VF.Value)]
		if p.Flavour != devlink.FlavourPCIVF || !is {
			continue
		}
		delete(c.Links, p.IfIndex)
		c.Ports[i].IfIndex = 0
		if name != "" {
			c.Ports[i].IfIndex = p.IfIndex + 1000
			c.Links[p.IfIndex+1000] = representor.Link{Name: name, MTU: 1500, Settled: true}
		}
	}
	return c
}

// withMACs is a card whose PFs, as many as there are MACs, have these.
func withMACs(c representor.Card, macs ...representor.MAC) representor.Card {
	ports := slices.DeleteFunc(slices.Clone(c.Ports), func(p devlink.Port) bool { return p.Flavour == devlink.FlavourPCIPF })
	for i, mac := range macs {
		pf := c.Ports[0]
		pf.Index, pf.PF = uint32(5000+i), devlink.Some(uint16(i))
		pf.Function = &devlink.Function{HWAddr: mac[:]}
		ports = append(ports, pf)
	}
	c.Ports = ports
	return c
}

// The names are dealt anew at a reboot, and what is on disk says what they were.
func TestCard_ANameThatIsAnotherFunctionsAfterARebootGoesWithoutAnySouthbound(t *testing.T) {
	t.Parallel()
	before := cardWith(3)
	h, f := newJudgedHost(t, before)
	cl := newCloud(t, h)
	c, stop := startStoppable(t, h, f, h.flags()...)
	w := plugged(t, h, cl, c, 2)
	stop()
	cl.Kill()
	h.Ctl(t, "remove", "Interface", "pf0vf0", "ofport", "1", "--", "remove", "Interface", "pf0vf0", "ifindex", "100")
	h.becomes(f, altered(before, map[int]string{0: "", 2: "pf0vf0"}))
	c = startService(t, f, h.flags()...)
	await(t, c, "the leak is told", func(s api.Status) bool { return s.Leaks == 1 && !s.Southbound.Connected })
	if got := h.ports(t, "br-int"); !slices.Equal(got, []string{"pf0vf1"}) {
		t.Errorf("br-int has %v", got)
	}
	h.witness.Check()
	cl.Restart()
	awaitPort(t, c, "vm0", plan.Pending, reason.CodeNoNetdev)
	awaitPort(t, c, "vm1", plan.Plugged, "")
	now := h.interfaces(t)
	for uuid := range now {
		if was, is := w.rows[uuid]; is && was != now[uuid] {
			t.Errorf("a row that stayed has changed")
		}
	}
}

func TestCard_ANetdevThatComesAndGoesKeepsItsRowAndOneThatIsRenamedMoves(t *testing.T) {
	t.Parallel()
	before := cardWith(2)
	h, f := newJudgedHost(t, before)
	cl := newCloud(t, h)
	c := startService(t, f, h.flags()...)
	w := plugged(t, h, cl, c, 2)
	h.becomes(f, altered(before, map[int]string{0: ""}))
	awaitPort(t, c, "vm0", plan.Pending, reason.CodeNoNetdev)
	w.wantUntouched(t)
	h.becomes(f, altered(before, map[int]string{0: "pf0vf0"}))
	h.Ctl(t, "set", "Interface", "pf0vf0", "ifindex=1100") // as ovs-vswitchd, which opened it again
	awaitPort(t, c, "vm0", plan.Plugged, "")
	if now := h.interfaces(t); !slices.Equal(slices.Sorted(maps.Keys(now)), slices.Sorted(maps.Keys(w.rows))) {
		t.Errorf("the rows are %v, and were %v", now, w.rows)
	}

	h.becomes(f, altered(before, map[int]string{0: "ens1f0c1vf0"}))
	h.opened(t, "ens1f0c1vf0", 1100)
	s := await(t, c, "the pass that moved it is reported", func(s api.Status) bool { return s.Transactions > w.before.Transactions })
	awaitPort(t, c, "vm0", plan.Plugged, "")
	if got := h.ports(t, "br-int"); !slices.Equal(got, []string{"ens1f0c1vf0", "pf0vf1"}) || s.Transactions != w.before.Transactions+1 {
		t.Errorf("br-int has %v after %d transactions, want 1", got, s.Transactions-w.before.Transactions)
	}
}

func TestCard_AMACThatSeveralPFsHaveOrNoneHasTakesNoRow(t *testing.T) {
	t.Parallel()
	before := cardWith(3)
	h, f := newJudgedHost(t, before)
	cl := newCloud(t, h)
	c := startService(t, f, h.flags()...)
	w := plugged(t, h, cl, c, 2)
	ours, other := representor.MAC{0, 0x53, 0, 0, 0, 0x42}, representor.MAC{0, 0x53, 0, 0, 0, 0x43}

	h.becomes(f, withMACs(before, ours, ours))
	cl.ask(t, "vm2", 2)
	awaitPort(t, c, "vm2", plan.Pending, reason.CodePFAmbiguous)
	w.wantUntouched(t)
	h.becomes(f, withMACs(before, representor.MAC{}))
	awaitPort(t, c, "vm2", plan.Pending, reason.CodePFMACUnknown)
	w.wantUntouched(t)
	h.becomes(f, withMACs(before, other))
	awaitPort(t, c, "vm2", plan.Pending, reason.CodePFNotFound)
	w.wantUntouched(t)
	h.becomes(f, withMACs(before, ours, other))
	h.opened(t, "pf0vf2", 102)
	await(t, c, "all are plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 3 })
}

func TestCard_WithoutDevlinkNothingIsConcluded(t *testing.T) {
	t.Parallel()
	before := cardWith(2)
	h, f := newJudgedHost(t, before)
	cl := newCloud(t, h)
	c, stop := startStoppable(t, h, f, h.flags()...)
	w := plugged(t, h, cl, c, 1)
	blind := func(c *api.Client, lport string) {
		t.Helper()
		h.becomes(f, representor.Card{Problem: "no devlink here"})
		cl.ask(t, lport, 1)
		p := awaitPort(t, c, lport, plan.Pending, reason.CodeNoDevlink)
		if !strings.Contains(p.Reason.Message, "no devlink here") {
			t.Errorf("it says: %s", p.Reason.Message)
		}
	}
	blind(c, "late")
	w.wantUntouched(t)
	stop()
	again := startService(t, f, h.flags()...)
	await(t, again, "both ports are known", func(s api.Status) bool { return s.Ports[plan.Plugged]+s.Ports[plan.Pending] == 2 })
	w.c, w.before = again, await(t, again, "companion answers", func(api.Status) bool { return true })
	w.wantUntouched(t)
	h.becomes(f, before)
	h.opened(t, "pf0vf1", 101)
	awaitPort(t, again, "late", plan.Plugged, "")
	awaitPort(t, again, "vm0", plan.Plugged, "")
}

func TestCard_ThousandsOfEventsAreAFewPasses(t *testing.T) {
	t.Parallel()
	const events = 20_000
	h, f := newJudgedHost(t, cardWith(3))
	cl := newCloud(t, h)
	c := startService(t, f, h.flags()...)
	w := plugged(t, h, cl, c, 3)
	for i := range events {
		c := cardWith(3)
		c.Links[900] = representor.Link{Name: fmt.Sprint("other", i%7), MTU: 1400 + i%100, Settled: true}
		f.become(c)
	}
	w.wantUntouched(t)
	s := await(t, c, "all is well", func(s api.Status) bool { return s.Ports[plan.Plugged] == 3 })
	if passes := s.Passes - w.before.Passes; passes > events/2 {
		t.Errorf("%d passes for %d events", passes, events)
	}
}

func TestCard_OfTwoPortsForOneFunctionTheOneThatHasItKeepsIt(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(1))
	cl := newCloud(t, h)
	c := startService(t, f, h.flags()...)
	w := plugged(t, h, cl, c, 1)
	cl.ask(t, "a-smaller-name", 0)
	awaitPort(t, c, "a-smaller-name", plan.Conflict, reason.CodeFunctionTaken)
	w.wantUntouched(t)
	cl.forget(t, "vm0")
	servers.Until(t, "the other port has the function", func() bool {
		return h.Ctl(t, "--if-exists", "get", "Interface", "pf0vf0", "external_ids:iface-id") == "a-smaller-name"
	})
}
