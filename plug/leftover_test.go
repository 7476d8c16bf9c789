package plug

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

func adopting(cfg *Config) { cfg.Settings.AdoptOVNVIF, cfg.Grace = true, 0 }

func TestLeftOver_TheWayOutIsNamed(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	c.actual = plantest.BridgeWith(plantest.BuiltIn("pf0vf0", "old"))
	rep := c.reconciler(nil).Pass(t.Context())
	for _, lport := range []string{"old", "a"} { // the one that it was for, and the one that it is in the way of
		s := find(t, rep, lport)
		if s.State != plan.Conflict || reason.CodeOf(s.Reason) != reason.CodeBuiltInLeftOver ||
			!strings.Contains(s.Reason.Message, "ovs-vsctl del-port pf0vf0") {
			t.Errorf("%+v", s)
		}
	}
	if c.applied != 0 {
		t.Errorf("%d changes", c.applied)
	}
}

func TestLeftOver_WhatIsAskedForOrMayBeIsNone(t *testing.T) {
	for name, edit := range map[string]func(*cloud){
		"it is asked for": func(c *cloud) { c.view = plantest.Trusted(plantest.Asks("old", 0, 0)) },
		"only the options say so": func(c *cloud) {
			c.view = plantest.Trusted(plantest.Classified(plantest.Asks("old", 0, 0), southbound.Kept))
		},
		"the Southbound is away":     func(c *cloud) { c.view.Connected = false },
		"it isn't read":              func(c *cloud) { c.view.Complete = false },
		"our Chassis row is missing": func(c *cloud) { c.view.ChassisKnown = false },
		"the row is another bridge's": func(c *cloud) {
			r := plantest.BuiltIn("pf0vf0", "old")
			r.Bridge = "br-ex"
			c.actual = plantest.BridgeWith(r)
		},
		"the local database is read in part": func(c *cloud) { c.actual.Complete = false },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(testcard.Index())
				c.actual = plantest.BridgeWith(plantest.BuiltIn("pf0vf0", "old"))
				edit(c)
				for _, b := range c.view.Bindings {
					c.truth[b.LogicalPort] = b
				}
				r := c.reconciler(adopting)
				run(t, r)
				elapse(10 * time.Minute)
				if c.applied != 0 {
					t.Errorf("%d changes", c.applied)
				}
				for _, s := range r.Report().Ports {
					if reason.CodeOf(s.Reason) == reason.CodeBuiltInLeftOver {
						t.Errorf("%+v", s)
					}
				}
			})
		})
	}
}

func TestLeftOver_GoesOnTheSouthboundsWordAfterItsGraceWhenAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		c.silent = true
		c.actual = plantest.BridgeWith(plantest.BuiltIn("pf0vf0", "old"))
		r := c.reconciler(adopting)
		run(t, r)
		elapse(10 * time.Minute)
		if s := find(t, r.Report(), "old"); s.State != plan.Held || reason.CodeOf(s.Reason) != reason.CodeRequestUnverified ||
			len(c.rows()) != 1 {
			t.Fatalf("unconfirmed: %+v", s)
		}
		c.with(func() { c.silent = false })
		for reason.CodeOf(find(t, r.Report(), "old").Reason) != reason.CodeUnplugGrace {
			elapse(10 * time.Millisecond)
		}
		if c.rows()["pf0vf0"].OVNPlugged == "" {
			t.Fatalf("it goes without its grace: %+v", c.rows())
		}
		elapse(defaultGrace)
		if row := c.rows()["pf0vf0"]; row.OVNPlugged != "" || row.IfaceID != "a" || !row.Marked {
			t.Errorf("the row is %+v, want a's", row)
		}
		if s := find(t, r.Report(), "a"); s.State != plan.Plugged {
			t.Errorf("the port that it was in the way of: %+v", s)
		}
	})
}

func TestLeftOver_IsHeldAsRowsOfOursAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index())
		c.actual = plantest.BridgeWith(plantest.BuiltIn("n0", "p0"), plantest.BuiltIn("n1", "p1"), plantest.BuiltIn("n2", "p2"))
		r := c.reconciler(adopting)
		run(t, r)
		elapse(defaultHold - time.Second)
		if s := find(t, r.Report(), "p0"); len(c.rows()) != 3 || s.State != plan.Held || reason.CodeOf(s.Reason) != reason.CodeMassUnplug {
			t.Fatalf("%d rows, %+v", len(c.rows()), s)
		}
		elapse(2 * time.Second)
		if len(c.rows()) != 0 || len(r.Report().Ports) != 0 {
			t.Errorf("after the hold: %v, %+v", c.rows(), r.Report().Ports)
		}
	})
}

// The command that is printed for a left-over is run as it stands.
func TestLeftOver_TheCommandThatIsPrintedMakesRoom(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "pf0vf0", nil,
		"ovs-vsctl add-port br-int pf0vf0 -- set Interface pf0vf0 external_ids:iface-id=old external_ids:ovn-plugged=representor")
	s := find(t, d.r.Pass(t.Context()), "a")
	commands := commandsIn(plan.RemedyOf(d.local.View(), s.Reason, s.Reason.Candidates[0]))
	if reason.CodeOf(s.Reason) != reason.CodeBuiltInLeftOver || len(commands) != 1 {
		t.Fatalf("commands %q for %+v", commands, s)
	}
	d.sh(t, commands[0])
	d.settle(t)
	rep := d.r.Pass(t.Context())
	if r := d.local.View().Interfaces["pf0vf0"]; r.Marker.LogicalPort != "a" || r.OVNPlugged != "" || len(rep.Ports) != 1 {
		t.Errorf("the row is %+v, the ports %+v", r, rep.Ports)
	}
}

// As does the one for a row that both have marked.
func TestBothMarks_TheCommandThatIsPrintedGivesTheRowBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "pf0vf0", nil)
	d.r.Pass(t.Context())
	d.Ctl(t, "set", "Interface", "pf0vf0", "external_ids:ovn-plugged=representor")
	d.settle(t)
	s := find(t, d.r.Pass(t.Context()), "a")
	_, command, ok := strings.Cut(s.Reason.Message, "it is ours again after: ")
	if s.State != plan.Conflict || !ok {
		t.Fatalf("%+v", s)
	}
	d.sh(t, command)
	d.settle(t)
	// there is no ovs-vswitchd
	if s := find(t, d.r.Pass(t.Context()), "a"); s.State != plan.Pending || reason.CodeOf(s.Reason) != reason.CodeAwaitingOfport {
		t.Errorf("%+v", s)
	}
}

// What is removed is what was looked at: the database is asked to compare.
func TestLeftOver_OnARealServerGoesAndOneThatChangedStays(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "pf0vf9", func(cfg *Config) { cfg.Settings.AdoptOVNVIF = true },
		"ovs-vsctl add-port br-int n0 -- set Interface n0 external_ids:iface-id=old external_ids:ovn-plugged=representor")
	stale := d.local.View()
	d.Ctl(t, "set", "Interface", "n0", "external_ids:iface-id=new")
	d.settle(t)
	err := d.local.Apply(t.Context(),
		[]ovs.Change{{LogicalPorts: []string{"old"}, Unplug: []ovs.Unplug{{Interface: stale.Interfaces["n0"], LeftOver: true}}}})[0]
	if err == nil {
		t.Fatal("a row was removed that is another port's by now")
	}
	d.r.Pass(t.Context())
	if _, still := d.local.View().Interfaces["n0"]; still {
		t.Errorf("it is still there: %+v", d.r.Report().Ports)
	}
}
