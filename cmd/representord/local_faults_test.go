package main

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/servers"
)

// awaitPort waits until a port is in a state, for this code if there is one.
func awaitPort(t *testing.T, c *api.Client, lport string, state plan.State, code reason.Code) api.Port {
	t.Helper()
	var p api.OnePort
	servers.Until(t, fmt.Sprintf("%s is %s %s", lport, state, code), func() bool {
		var err error
		p, err = c.Port(t.Context(), lport)
		return err == nil && p.State == state && (code == "" && p.Reason == nil || p.Reason != nil && p.Reason.Code == code)
	})
	return p.Port
}

func TestLocal_ADiskThatIsFullHoldsUpItsPortAndIsOverWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(2))
	cl := newCloud(t, h)
	c := startService(t, f, h.flags()...)
	w := plugged(t, h, cl, c, 1)
	h.FillDisk(t)
	cl.ask(t, "late", 1)
	p := awaitPort(t, c, "late", plan.Pending, reason.CodeTransactionFailed)
	if !strings.Contains(p.Reason.Message, "I/O error") || !strings.Contains(p.Reason.Message, "tried again in") {
		t.Errorf("it says: %s", p.Reason.Message)
	}
	awaitPort(t, c, "vm0", plan.Plugged, "")
	s := await(t, c, "it was tried three times", func(s api.Status) bool { return s.Failures >= 3 })
	if s.Transactions != w.before.Transactions || !s.Local.Complete {
		t.Errorf("with the disk full: %+v", s)
	}
	h.FreeDisk(t)
	h.opened(t, "pf0vf1", 101)
	awaitPort(t, c, "late", plan.Plugged, "")
	awaitPort(t, c, "vm0", plan.Plugged, "")
}

func TestLocal_ADatabaseThatIsDeletedIsFilledAgainInOneTransaction(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(3))
	cl := newCloud(t, h)
	c := startService(t, f, h.flags()...)
	plugged(t, h, cl, c, 3)
	h.Wipe()
	h.Ctl(t, "init", "--", "set", "open", ".", "external_ids:system-id=dpu1", "external_ids:ovn-remote="+cl.Endpoint)
	awaitPort(t, c, "vm0", plan.Pending, reason.CodeBridgeMissing)
	if got, err := h.TryCtl("list-ports", "br-int"); err == nil {
		t.Errorf("the bridge was made, with %q", got)
	}
	seen := h.watchTransactions(t)
	h.Ctl(t, "add-br", "br-int")
	h.openedMany(t, 3)
	await(t, c, "all is plugged again", func(s api.Status) bool { return s.Ports[plan.Plugged] == 3 })
	if n := seen(); n != 1 {
		t.Errorf("it took %d transactions, want 1", n)
	}
}

// watchTransactions counts the transactions from here on in which Interface rows
// for logical ports come, as ovsdb-client monitor prints them, which may take a while.
func (h *host) watchTransactions(t *testing.T) (seen func() int) {
	t.Helper()
	p := servers.Start(t, "monitor", "ovsdb-client", "monitor", h.Endpoint, "Open_vSwitch", "Interface", "external_ids", "--format=json")
	servers.Until(t, "the database is watched", func() bool { return h.ready(t, p) })
	return func() (n int) {
		h.Ctl(t, "set", "Interface", "br-int", "external_ids:end=of-the-watch")
		servers.Until(t, "all that was done is told", func() bool { return strings.Contains(p.Log(), "of-the-watch") })
		for update := range strings.Lines(p.Log()) {
			if strings.Contains(update, `"insert"`) && strings.Contains(update, "representord-logical-port") {
				n++
			}
		}
		return n
	}
}

// ready reports whether a monitor follows: it shows a row that is made for that.
func (h *host) ready(t *testing.T, p *servers.Process) bool {
	t.Helper()
	h.Ctl(t, "--", "--id=@i", "create", "Interface", "name=probe", "--", "--id=@p", "create", "Port", "name=probe", "interfaces=@i", "--",
		"--id=@b", "create", "Bridge", "name=probe", "ports=@p", "--", "add", "open", ".", "bridges", "@b")
	h.Ctl(t, "del-br", "probe")
	return strings.Contains(p.Log(), "insert")
}

func TestLocal_AServerThatDiesOrHangsChangesNoRow(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(2))
	cl := newCloud(t, h)
	c := startService(t, f, h.flags("--probe-interval=1s")...)
	w := plugged(t, h, cl, c, 2)
	h.Kill()
	await(t, c, "the loss is told", func(s api.Status) bool { return !s.Local.Complete && s.Local.Problem != "" })
	h.Restart()
	await(t, c, "the database is read again", func(s api.Status) bool {
		return s.Local.Complete && s.Ports[plan.Plugged]+s.Ports[plan.Pending] == 2
	})
	h.openedMany(t, 2) // what ovs-vswitchd finds out is not kept on disk
	await(t, c, "all is well again", func(s api.Status) bool { return s.Ports[plan.Plugged] == 2 })
	now := h.interfaces(t)
	for uuid := range w.rows {
		if now[uuid] == "" {
			t.Errorf("row %s is gone", uuid)
		}
	}
	w.rows = now
	h.Signal(syscall.SIGSTOP)
	defer h.Signal(syscall.SIGCONT)
	await(t, c, "it is told that it hangs", func(s api.Status) bool { return !s.Local.Complete && s.Local.Problem != "" })
	h.Signal(syscall.SIGCONT)
	await(t, c, "all is well again", func(s api.Status) bool { return s.Local.Complete && s.Ports[plan.Plugged] == 2 })
	w.wantUntouched(t)
}

func TestLocal_WithoutOVSVSwitchdEveryPortHasOneRowAndThereIsNoChurn(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(3))
	cl := newCloud(t, h)
	c := startService(t, f, h.flags()...)
	cl.askMany(t, 3)
	for _, lport := range []string{"vm0", "vm1", "vm2"} {
		awaitPort(t, c, lport, plan.Pending, reason.CodeAwaitingOfport)
	}
	s := await(t, c, "the daemon answers", func(api.Status) bool { return true })
	w := &watchman{h, c, h.interfaces(t), s}
	for range 3 {
		w.wantUntouched(t)
	}
	if got := h.ports(t, "br-int"); !slices.Equal(got, []string{"pf0vf0", "pf0vf1", "pf0vf2"}) {
		t.Errorf("br-int has %v", got)
	}
}

func TestLocal_WhatAnOperatorDoesToARowOfOursIsPutBack(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(1))
	cl := newCloud(t, h)
	h.Ctl(t, "add-br", "br-ex")
	c := startService(t, f, h.flags()...)
	plugged(t, h, cl, c, 1)
	ifaceID := func() string { out, _ := h.TryCtl("get", "Interface", "pf0vf0", "external_ids:iface-id"); return out }

	h.witness.Edits("pf0vf0", invariants.FieldIfaceID, "edited", func() {
		h.Ctl(t, "set", "Interface", "pf0vf0", "external_ids:iface-id=edited", "external_ids:somebody=elses")
	})
	servers.Until(t, "iface-id is put back", func() bool { return ifaceID() == "vm0" })
	h.witness.Edits("pf0vf0", invariants.FieldIfaceID, "", func() { h.Ctl(t, "remove", "Interface", "pf0vf0", "external_ids", "iface-id") })
	servers.Until(t, "iface-id is back", func() bool { return ifaceID() == "vm0" })
	if got := h.Ctl(t, "get", "Interface", "pf0vf0", "external_ids:somebody"); got != "elses" {
		t.Errorf("somebody else's key became %q", got)
	}
	h.witness.Removes(func() { h.Ctl(t, "del-port", "br-int", "pf0vf0") }, "pf0vf0")
	h.opened(t, "pf0vf0", 100)
	awaitPort(t, c, "vm0", plan.Plugged, "")

	// On another bridge it is not ours to judge: that it is in the way is all we say.
	h.witness.Removes(func() {
		row := h.Ctl(t, "get", "Port", "pf0vf0", "_uuid")
		h.Ctl(t, "remove", "Bridge", "br-int", "ports", row, "--", "add", "Bridge", "br-ex", "ports", row)
	}, "pf0vf0")
	p := awaitPort(t, c, "vm0", plan.Conflict, reason.CodeForeignName)
	if !strings.Contains(p.Reason.Message, `"br-ex"`) || !slices.Equal(h.ports(t, "br-ex"), []string{"pf0vf0"}) {
		t.Errorf("moved to another bridge: %+v; br-ex has %v", p.Reason, h.ports(t, "br-ex"))
	}
	h.Ctl(t, "del-port", "br-ex", "pf0vf0")
	h.opened(t, "pf0vf0", 100)
	awaitPort(t, c, "vm0", plan.Plugged, "")
}

// A script that fights for a row gets it put back, a few times at once, and then
// about once a second.
func TestLocal_AFightForARowIsFoughtAtABoundedRate(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(2))
	cl := newCloud(t, h)
	c := startService(t, f, h.flags()...)
	w := plugged(t, h, cl, c, 1)
	var waits api.OnePort
	// The script is fast: if it were slower than rows are put back, there would be no fight.
	script := invariants.Operator{Endpoint: h.Endpoint, Bridge: "br-int"}
	row := invariants.Row{UUID: h.Ctl(t, "get", "Interface", "pf0vf0", "_uuid")}
	began, edits := time.Now(), 0
	servers.Until(t, "the row waits to be put back", func() bool {
		edits++
		value := fmt.Sprint("edited", edits)
		h.witness.Edits("pf0vf0", invariants.FieldIfaceID, value, func() {
			if err := script.Write(t.Context(), row, invariants.FieldIfaceID, value); err != nil {
				t.Error(err)
			}
		})
		var err error
		waits, err = c.Port(t.Context(), "vm0")
		return err == nil && waits.Reason != nil && strings.Contains(waits.Reason.Message, "changed too often")
	})
	s := await(t, c, "the daemon answers", func(api.Status) bool { return true })
	most := 10 * (1 + uint64(time.Since(began)/retry.Window))
	if n := s.Transactions - w.before.Transactions; n < 5 || n > most || waits.State != plan.Pending {
		t.Errorf("%d changes for %d edits, want about ten; the port: %+v", n, edits, waits)
	}
	cl.ask(t, "other", 1)
	h.opened(t, "pf0vf1", 101)
	awaitPort(t, c, "other", plan.Plugged, "")
	awaitPort(t, c, "vm0", plan.Plugged, "")
	if got := h.Ctl(t, "get", "Interface", "pf0vf0", "external_ids:iface-id"); got != "vm0" {
		t.Errorf("iface-id is %s in the end", got)
	}
}

func TestLocal_RowsOfTheBuiltInPlugProvider(t *testing.T) {
	t.Parallel()
	theirs := func(t *testing.T, h *host, netdev, lport string) string {
		t.Helper()
		h.Ctl(t, "add-port", "br-int", netdev, "--", "set", "Interface", netdev, "external_ids:iface-id="+lport,
			"external_ids:ovn-plugged=representor", "external_ids:somebody=elses", "ofport=9", "ifindex=100")
		return h.Ctl(t, "get", "Interface", netdev, "_uuid")
	}
	t.Run("are left alone, and shown", func(t *testing.T) {
		t.Parallel()
		h, f := newJudgedHost(t, cardWith(2))
		cl := newCloud(t, h)
		theirs(t, h, "pf0vf0", "vm0")
		theirs(t, h, "pf0vf1", "nobody")
		before := h.interfaces(t)
		cl.ask(t, "vm0", 0)
		c := startService(t, f, h.flags()...)
		awaitPort(t, c, "vm0", plan.Conflict, reason.CodeBuiltInProvider)
		s := await(t, c, "the status says so", func(s api.Status) bool {
			return slices.Equal(s.BuiltInProvider, []string{"pf0vf0", "pf0vf1"})
		})
		(&watchman{h, c, before, s}).wantUntouched(t)
	})
	t.Run("are adopted by setting: the row stays, the marks are ours", func(t *testing.T) {
		t.Parallel()
		h, f := newJudgedHost(t, cardWith(2))
		cl := newCloud(t, h)
		row := theirs(t, h, "pf0vf0", "vm0")
		theirs(t, h, "pf0vf1", "nobody")
		cl.ask(t, "vm0", 0)
		// That is what the setting allows, and no more.
		for field, value := range map[invariants.Field]string{
			invariants.FieldLogicalPort: "vm0", invariants.FieldFunction: "pci/0000:03:00.0 c1pf0vf0",
			invariants.FieldRequest: "pf-mac " + pfMAC + " vf 0",
		} {
			h.witness.Edits("pf0vf0", field, value, func() {})
		}
		c := startService(t, f, h.flags("--adopt-ovn-vif")...)
		if p := awaitPort(t, c, "vm0", plan.Plugged, ""); p.Ofport != 9 {
			t.Errorf("adopted: %+v", p)
		}
		ids := h.Ctl(t, "get", "Interface", "pf0vf0", "external_ids")
		if now := h.Ctl(t, "get", "Interface", "pf0vf0", "_uuid"); now != row || strings.Contains(ids, "ovn-plugged") ||
			!strings.Contains(ids, "representord-logical-port=vm0") || !strings.Contains(ids, "somebody=elses") {
			t.Errorf("the row is %s and was %s, with %s", now, row, ids)
		}
		await(t, c, "what nobody asks for is left alone, and shown",
			func(s api.Status) bool { return slices.Equal(s.BuiltInProvider, []string{"pf0vf1"}) })
	})
	t.Run("that were ours are not fought for", func(t *testing.T) {
		t.Parallel()
		h, f := newJudgedHost(t, cardWith(1))
		cl := newCloud(t, h)
		c := startService(t, f, h.flags("--adopt-ovn-vif")...)
		w := plugged(t, h, cl, c, 1)
		h.Ctl(t, "set", "Interface", "pf0vf0", "external_ids:ovn-plugged=representor")
		w.rows = h.interfaces(t)
		awaitPort(t, c, "vm0", plan.Conflict, reason.CodeBuiltInProvider)
		await(t, c, "the status says so", func(s api.Status) bool { return slices.Equal(s.BuiltInProvider, []string{"pf0vf0"}) })
		w.wantUntouched(t)
		h.Ctl(t, "remove", "Interface", "pf0vf0", "external_ids", "ovn-plugged")
		awaitPort(t, c, "vm0", plan.Plugged, "")
	})
}
