package ovs

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/test/servers"
)

const (
	stop = syscall.SIGSTOP
	cont = syscall.SIGCONT
)

func TestView_FollowsTheDatabase(t *testing.T) {
	d := servers.OpenVSwitch(t)
	s := start(t, d)
	if v := s.View(); v.Bridge != "br-int" || v.BridgeUUID != "" || v.Problem != "" {
		t.Errorf("without the bridge the view is %+v", v)
	}
	d.Ctl(t, "set", "Open_vSwitch", ".", "external_ids:system-id=dpu1", "external_ids:ovn-remote=unix:/x",
		"--", "set-ssl", "/key", "/cert", "/ca")
	servers.Until(t, "external_ids and SSL are seen", func() bool {
		v := s.View()
		return v.ExternalIDs["system-id"] == "dpu1" && v.SSL == SSL{PrivateKey: "/key", Certificate: "/cert", CACert: "/ca"}
	})
	d.Ctl(t, "del-ssl", "--", "clear", "Open_vSwitch", ".", "external_ids")
	servers.Until(t, "SSL and external_ids are gone", func() bool {
		v := s.View()
		return v.SSL == SSL{} && len(v.ExternalIDs) == 0
	})
	d.Ctl(t, "add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=system")
	servers.Until(t, "the bridge is seen", func() bool {
		v := s.View()
		return v.BridgeUUID != "" && v.DatapathType == "system" && v.PortNames["br-int"]
	})
	d.Ctl(t, "add-bond", "br-int", "bond0", "eth0", "eth1", "--", "set", "Interface", "eth1", "external_ids:iface-id=x", "type=internal")
	servers.Until(t, "the bond is seen", func() bool {
		v := s.View()
		i := v.Interfaces["eth1"]
		return v.PortNames["bond0"] && !v.PortNames["eth1"] && i.IfaceID == "x" && i.PortName == "bond0" &&
			i.PortInterfaces == 2 && i.Bridge == "br-int" && i.Type == "internal"
	})
}

func TestSwitch_AnotherBridgeIsFollowed(t *testing.T) {
	d, s := bridged(t)
	d.Ctl(t, "add-port", "br-int", "p")
	servers.Until(t, "the port is seen", func() bool { return s.View().PortNames["p"] })
	first := s.View().BridgeUUID
	d.Ctl(t, "del-br", "br-int", "--", "add-br", "br-int")
	servers.Until(t, "the new bridge is seen, and empty", func() bool {
		v := s.View()
		return v.BridgeUUID != "" && v.BridgeUUID != first && len(v.Interfaces) == 1
	})
	s.SetBridge("br-later")
	servers.Until(t, "the other name is followed", func() bool {
		v := s.View()
		return v.Bridge == "br-later" && v.BridgeUUID == ""
	})
	d.Ctl(t, "add-br", "br-later")
	servers.Until(t, "the other bridge is seen", func() bool { return s.View().BridgeUUID != "" })
}

func TestView_EveryStateOfAnOptionalColumnIsFollowed(t *testing.T) {
	d, s := bridged(t)
	d.Ctl(t, "add-port", "br-int", "p")
	servers.Until(t, "the port is seen", func() bool { _, seen := s.View().Interfaces["p"]; return seen })
	for _, step := range []struct {
		set  string
		want Interface
	}{
		{"mtu_request=1400", Interface{MTURequest: 1400}},
		{"mtu_request=9000", Interface{MTURequest: 9000}},
		{"mtu_request=[]", Interface{}},
		{"ofport=-1", Interface{Ofport: -1}},
		{"error=bad", Interface{Ofport: -1, Error: "bad"}},
		{"error=worse", Interface{Ofport: -1, Error: "worse"}},
		{"error=[]", Interface{Ofport: -1}},
		{"ofport=7", Interface{Ofport: 7}},
		{"ifindex=4294967295", Interface{Ofport: 7, IfIndex: 4294967295}},
		{"ifindex=3", Interface{Ofport: 7, IfIndex: 3}},
		{"ifindex=[]", Interface{Ofport: 7}},
		{"ofport=[]", Interface{}},
	} {
		d.Ctl(t, "set", "Interface", "p", step.set)
		servers.Until(t, step.set+" is seen", func() bool {
			i := row(t, s, "p")
			got := Interface{MTURequest: i.MTURequest, Ofport: i.Ofport, Error: i.Error, IfIndex: i.IfIndex}
			return got == step.want
		})
	}
}

func TestSwitch_AKilledServerIsNoticedAndReturnedTo(t *testing.T) {
	d, s := bridged(t)
	apply(t, s, plugging(plugOf("pf0vf3", "lport-a")))
	before := s.View()
	since := before.Since
	for range 3 {
		d.Kill()
		servers.Until(t, "the view says that it isn't connected", func() bool { return !s.View().Complete })
		v := s.View()
		if v.Problem == "" {
			t.Error("the view doesn't say why it isn't complete")
		}
		if !v.Since.After(since) {
			t.Errorf("it isn't connected since %s, and was since %s", v.Since, since)
		}
		since = v.Since
		v.Complete, v.Problem, v.Since = true, "", before.Since
		if diff := cmp.Diff(before, v); diff != "" {
			t.Errorf("the last content isn't kept while not connected:\n%s", diff)
		}
		if err := applyAll(t, s, []Change{plugging(plugOf("pf0vf4", "lport-b"))})[0]; !errors.Is(err, ErrNotConnected) {
			t.Errorf("Apply while not connected: %v, want ErrNotConnected", err)
		}
		d.Restart()
		servers.Until(t, "the view is complete again", func() bool { return s.View().Complete })
		v = s.View()
		if !v.Since.After(since) {
			t.Errorf("it is connected again since %s, and was not since %s", v.Since, since)
		}
		since, v.Since = v.Since, before.Since
		if diff := cmp.Diff(before, v); diff != "" {
			t.Errorf("after the restart the view differs:\n%s", diff)
		}
	}
}

func TestSwitch_AWipedDatabaseIsSeenAsItIs(t *testing.T) {
	d, s := bridged(t)
	apply(t, s, plugging(plugOf("pf0vf3", "lport-a")))
	d.Wipe()
	servers.Until(t, "the empty database is seen", func() bool {
		v := s.View()
		return v.Complete && len(v.Interfaces) == 0 && len(v.PortNames) == 0 && v.BridgeUUID == "" && v.Bridge == "br-int"
	})
	d.Ctl(t, "init", "--", "add-br", "br-int")
	servers.Until(t, "the bridge is seen", func() bool { return s.View().BridgeUUID != "" })
	apply(t, s, plugging(plugOf("pf0vf3", "lport-a")))
	if got := row(t, s, "pf0vf3"); got.Bridge != "br-int" {
		t.Errorf("plugged again, it is %+v", got)
	}
}

func TestSwitch_AServerThatStartsLateIsWaitedFor(t *testing.T) {
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	d.Kill()
	s := New(Options{Endpoint: d.Endpoint, Log: logTo(t)})
	s.SetBridge("br-int")
	runSwitch(t, s)
	servers.Until(t, "the view says what is wrong", func() bool {
		v := s.View()
		return !v.Complete && v.Problem != "" && v.Bridge == "br-int"
	})
	d.Restart()
	servers.Until(t, "the view is complete", func() bool { return s.View().Complete && s.View().BridgeUUID != "" })
}

func TestNotify_IsCalledForEveryKindOfChange(t *testing.T) {
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	var calls atomic.Int64
	s := New(Options{Endpoint: d.Endpoint, Notify: func() { calls.Add(1) }})
	runSwitch(t, s)
	seen := int64(0)
	wait := func(what string) {
		t.Helper()
		servers.Until(t, "Notify was called for "+what, func() bool { return calls.Load() > seen })
		// What was called already may have been for something before.
		seen = calls.Load()
	}
	wait("the first view")
	s.SetBridge("br-int")
	servers.Until(t, "the bridge is seen", func() bool { return s.View().BridgeUUID != "" })
	wait("the bridge's name")
	d.Ctl(t, "add-port", "br-int", "p")
	servers.Until(t, "the port is seen", func() bool { return s.View().PortNames["p"] })
	wait("a port")
	d.Kill()
	servers.Until(t, "the loss is seen", func() bool { return !s.View().Complete })
	wait("the loss of the connection")
}

// Snapshots are coalesced: a flood of changes makes few of them, and the last one
// is shown all the same.
func TestView_AFloodOfChangesMakesFewSnapshots(t *testing.T) {
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	var views atomic.Int64
	s := New(Options{Endpoint: d.Endpoint, Probe: time.Hour, Notify: func() { views.Add(1) }})
	s.SetBridge("br-int")
	runSwitch(t, s)
	servers.Until(t, "the view is complete", func() bool { return s.View().Complete })

	other := New(Options{Endpoint: d.Endpoint, Probe: time.Hour})
	other.SetBridge("br-int")
	runSwitch(t, other)
	servers.Until(t, "the other one is complete", func() bool { return other.View().Complete })
	apply(t, other, plugging(plugOf("p", "lport")))
	views.Store(0)
	const updates = 1000
	began := time.Now()
	c := other.conn
	for n := range updates {
		tr := transaction{}
		tr.edit(0, Edit{Interface: row(t, other, "p"), Set: map[string]string{KeyIfaceIDVer: fmt.Sprint(n)}})
		if _, err := c.Transact(t.Context(), tr.ops...); err != nil {
			t.Fatal(err)
		}
	}
	servers.Until(t, "the last change is seen", func() bool {
		return s.View().Interfaces["p"].IfaceIDVer == fmt.Sprint(updates-1)
	})
	took := time.Since(began)
	if n := views.Load(); n > int64(took/minPause)+2 {
		t.Errorf("%d changes made %d snapshots in %v", updates, n, took)
	}
}

func TestView_ASingleChangeIsSeenAtOnce(t *testing.T) {
	d, s := bridged(t)
	other := start(t, d)
	apply(t, other, plugging(plugOf("p", "lport")))
	servers.Until(t, "the port is seen", func() bool { return s.View().PortNames["p"] })
	best := time.Hour
	for n := range 20 {
		ver := fmt.Sprint(n)
		apply(t, other, Change{Edit: []Edit{{Interface: row(t, other, "p"), Set: map[string]string{KeyIfaceIDVer: ver}}}})
		begin := time.Now()
		servers.Until(t, "the edit is seen", func() bool { return s.View().Interfaces["p"].IfaceIDVer == ver })
		best = min(best, time.Since(begin))
	}
	if best > 50*time.Millisecond {
		t.Errorf("the fastest of 20 changes took %v to be seen by another client", best)
	}
}

// The client shows a transaction table by table. A view must not: an interface
// whose port is not there yet would be taken for somebody else's.
func TestView_ShowsNoHalfOfATransaction(t *testing.T) {
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	other, s := start(t, d), start(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	looked := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ { // all the time, so that many looks fall into a transaction
			s.refresh(ctx, s.conn)
			v := s.View()
			for name, i := range v.Interfaces {
				if i.Bridge != "br-int" || i.PortName != name || i.PortInterfaces != 1 || !v.PortNames[name] {
					t.Errorf("half a transaction is seen: %+v", i)
				}
			}
			if !v.Complete || len(v.Interfaces) != len(v.PortNames) {
				t.Errorf("complete %v with %d interfaces and %d ports", v.Complete, len(v.Interfaces), len(v.PortNames))
			}
		}
		looked <- n
	}()
	for round := range 20 {
		var c Change
		for n := range 40 {
			name := fmt.Sprintf("pf0vf%d", n)
			if i, ok := other.View().Interfaces[name]; ok {
				c.Unplug = append(c.Unplug, Unplug{Interface: i})
			}
			if (n+round)%3 != 0 {
				c.Plug = append(c.Plug, plugOf(name, name))
			}
		}
		apply(t, other, c)
	}
	cancel()
	if n := <-looked; n < 50 {
		t.Errorf("only %d looks", n)
	}
}
