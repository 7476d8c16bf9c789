package ovs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/test/servers"
)

func TestPlug_MakesExactlyTheRowsThatAreAskedFor(t *testing.T) {
	d, s := bridged(t)
	p := plugOf("pf0vf3", "lport-a")
	p.IfaceIDVer, p.MTURequest, p.Southbound = "version-1", 8900, "SB_Global 1"
	apply(t, s, plugging(p))

	got := row(t, s, "pf0vf3")
	want := Interface{
		UUID: got.UUID, Name: "pf0vf3", PortUUID: got.PortUUID, PortName: "pf0vf3", PortInterfaces: 1, Bridge: "br-int",
		IfaceID: "lport-a", IfaceIDVer: "version-1", Marker: p.Marker, Marked: true, MTURequest: 8900, Southbound: p.Southbound,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("view right after Apply (-want +got):\n%s", diff)
	}
	if got := d.Ctl(t, "list-ports", "br-int"); got != "pf0vf3" {
		t.Errorf("ports of the bridge: %q", got)
	}
	ids := d.Ctl(t, "get", "Interface", "pf0vf3", "external_ids")
	if want := `{iface-id=lport-a, iface-id-ver=version-1, representord-function="pci/0000:03:00.0 c1pf0vf3", ` +
		`representord-logical-port=lport-a, representord-request="pf-mac 00:53:00:00:00:42 pf0vf3", ` +
		`representord-southbound="SB_Global 1"}`; ids != want {
		t.Errorf("external_ids are\n%s, want\n%s", ids, want)
	}
	if got := d.Ctl(t, "get", "Interface", "pf0vf3", "type"); got != `""` {
		t.Errorf("type is %s, want empty", got)
	}
}

func TestPlug_WithoutMTUAndVersionLeavesBothUnset(t *testing.T) {
	d, s := bridged(t)
	apply(t, s, plugging(plugOf("pf0vf3", "lport-a")))
	if got := d.Ctl(t, "get", "Interface", "pf0vf3", "mtu_request"); got != "[]" {
		t.Errorf("mtu_request is %s, want none", got)
	}
	if got := d.Ctl(t, "get", "Interface", "pf0vf3", "external_ids"); strings.Contains(got, "iface-id-ver") {
		t.Errorf("external_ids are %s, want no iface-id-ver", got)
	}
}

func TestUnplug_LeavesNoRowBehind(t *testing.T) {
	d, s := bridged(t)
	before := dump(t, d)
	apply(t, s, plugging(plugOf("pf0vf3", "lport-a"), plugOf("pf0vf4", "lport-b")))
	apply(t, s, unplugging(row(t, s, "pf0vf3"), row(t, s, "pf0vf4")))
	if v := s.View(); len(v.Interfaces) != 1 || v.PortNames["pf0vf3"] {
		t.Errorf("right after Apply the view has interfaces %v", v.Interfaces)
	}
	if diff := cmp.Diff(before, dump(t, d)); diff != "" {
		t.Errorf("plugged and unplugged, the database differs:\n%s", diff)
	}
}

func TestApply_OneNameMayGoAndComeInOneTransaction(t *testing.T) {
	_, s := bridged(t)
	apply(t, s, plugging(plugOf("pf0vf3", "lport-a"), plugOf("pf0vf4", "lport-b")))
	a, b := row(t, s, "pf0vf3"), row(t, s, "pf0vf4")
	swap := Change{
		LogicalPorts: []string{"lport-a", "lport-b"},
		Unplug:       []Unplug{{Interface: a}, {Interface: b}},
		Plug:         []Plug{plugOf("pf0vf3", "lport-b"), plugOf("pf0vf4", "lport-a")},
	}
	apply(t, s, swap)
	if got := row(t, s, "pf0vf3"); got.IfaceID != "lport-b" || got.UUID == a.UUID {
		t.Errorf("pf0vf3 is %+v, want a new row for lport-b", got)
	}
	if got := row(t, s, "pf0vf4"); got.IfaceID != "lport-a" || got.UUID == b.UUID {
		t.Errorf("pf0vf4 is %+v, want a new row for lport-a", got)
	}
}

func TestEdit_ChangesSingleKeysAndLeavesTheRest(t *testing.T) {
	d, s := bridged(t)
	p := plugOf("pf0vf3", "lport-a")
	p.IfaceIDVer, p.MTURequest = "version-1", 1500
	apply(t, s, plugging(p))
	d.Ctl(t, "set", "Interface", "pf0vf3", "external_ids:foreign=theirs", "external_ids:iface-id=edited", "options:x=y")
	servers.Until(t, "the view shows the edit", func() bool { return row(t, s, "pf0vf3").IfaceID == "edited" })

	old := row(t, s, "pf0vf3")
	mtu := 9000
	apply(t, s, Change{Edit: []Edit{{
		Interface:  old,
		Set:        map[string]string{KeyIfaceID: "lport-a", KeyRequest: "another"},
		Delete:     []string{KeyIfaceIDVer, "never-there"},
		MTURequest: &mtu,
	}}})
	want := old
	want.IfaceID, want.IfaceIDVer, want.MTURequest = "lport-a", "", 9000
	want.Marker.Request = "another"
	if diff := cmp.Diff(want, row(t, s, "pf0vf3")); diff != "" {
		t.Errorf("after the edit (-want +got):\n%s", diff)
	}
	if got := d.Ctl(t, "get", "Interface", "pf0vf3", "external_ids:foreign"); got != "theirs" {
		t.Errorf("another's key is %q", got)
	}

	none := 0
	apply(t, s, Change{Edit: []Edit{{Interface: row(t, s, "pf0vf3"), MTURequest: &none}}})
	if got := row(t, s, "pf0vf3").MTURequest; got != 0 {
		t.Errorf("the view's MTURequest is %d after it was cleared", got)
	}
	if got := d.Ctl(t, "get", "Interface", "pf0vf3", "mtu_request"); got != "[]" {
		t.Errorf("mtu_request is %s after it was cleared", got)
	}
}

func TestEdit_ForAdoptionRewritesTheMarksAndKeepsTheRow(t *testing.T) {
	d, s := bridged(t)
	d.Ctl(t, "add-port", "br-int", "pf0vf3", "--", "set", "Interface", "pf0vf3",
		"external_ids:iface-id=lport-a", "external_ids:ovn-plugged=representor")
	servers.Until(t, "the view has the port", func() bool { return s.View().Interfaces["pf0vf3"].OVNPlugged != "" })
	old := row(t, s, "pf0vf3")
	adoption := Change{Edit: []Edit{{Interface: old, Set: plugOf("pf0vf3", "lport-a").Marker.Keys(), Delete: []string{KeyOVNPlugged}}}}
	apply(t, s, adoption)
	got := row(t, s, "pf0vf3")
	if got.UUID != old.UUID || !got.Marked || got.OVNPlugged != "" {
		t.Errorf("adopted row is %+v", got)
	}
	if err := applyAll(t, s, []Change{adoption})[0]; !errors.Is(err, ErrChanged) {
		t.Errorf("adopting it twice: %v, want ErrChanged", err)
	}
}

// A port may go from one interface to another in one change, and in several of
// one Apply.
func TestEdit_APortMayMoveToAnotherInterface(t *testing.T) {
	d, s := bridged(t)
	apply(t, s, plugging(plugOf("pf0vf3", "lport-a")))
	move := unplugging(row(t, s, "pf0vf3"))
	move.Plug = []Plug{plugOf("pf0vf4", "lport-a")}
	apply(t, s, move)

	d.Ctl(t, "set", "Interface", "pf0vf4", "external_ids:iface-id=lport-b")
	servers.Until(t, "the edit is seen", func() bool { return row(t, s, "pf0vf4").IfaceID == "lport-b" })
	apply(t, s,
		plugging(plugOf("pf0vf5", "lport-b")),
		Change{Edit: []Edit{{Interface: row(t, s, "pf0vf4"), Set: map[string]string{KeyIfaceID: "lport-a"}}}})
	if got := row(t, s, "pf0vf4").IfaceID; got != "lport-a" {
		t.Errorf("pf0vf4 has %s", got)
	}
	if got := row(t, s, "pf0vf5").IfaceID; got != "lport-b" {
		t.Errorf("pf0vf5 has %s", got)
	}
}

func TestApply_OneBadChangeHoldsUpNoOther(t *testing.T) {
	d, s := bridged(t)
	d.Ctl(t, "add-br", "br-other", "--", "add-port", "br-other", "pf0vf77")
	apply(t, s, plugging(plugOf("leaving", "lport-leaving")))
	stale := row(t, s, "leaving")
	stale.Marker.Function = "another"

	var changes []Change
	for n := range 128 {
		changes = append(changes, plugging(plugOf(fmt.Sprintf("pf0vf%d", n), fmt.Sprintf("lport-%d", n))))
	}
	changes = append(changes, unplugging(stale))
	changes[5].Plug = append(changes[5].Plug, plugOf("pf0vf77", "lport-more")) // a whole change fails, or nothing of it
	errs := applyAll(t, s, changes)
	for n, err := range errs {
		name := fmt.Sprintf("pf0vf%d", n)
		_, plugged := s.View().Interfaces[name]
		var refused *RefusedError
		switch n {
		case 77:
			if !errors.As(err, &refused) || s.View().Interfaces[name].Bridge != "br-other" {
				t.Errorf("the plug of a taken name: %v, want it refused", err)
			}
		case 5:
			if !errors.As(err, &refused) || plugged {
				t.Errorf("half of a change: %v, plugged %v, want all of it refused", err, plugged)
			}
		case 128:
			if !errors.Is(err, ErrChanged) {
				t.Errorf("the unplug of a changed row: %v, want ErrChanged", err)
			}
		default:
			if err != nil || !plugged {
				t.Errorf("change %d: %v, plugged %v", n, err, plugged)
			}
		}
	}
}

func TestApply_AThousandChangesAreDoneAndSeen(t *testing.T) {
	_, s := bridged(t)
	var changes []Change
	for n := range 1000 {
		changes = append(changes, plugging(plugOf(fmt.Sprintf("pf0vf%d", n), fmt.Sprintf("lport-%d", n))))
	}
	apply(t, s, changes...)
	v := s.View()
	var leaving []Change
	for n := range 1000 {
		i, ok := v.Interfaces[fmt.Sprintf("pf0vf%d", n)]
		if !ok || i.Bridge != "br-int" || i.PortInterfaces != 1 {
			t.Fatalf("pf0vf%d is not plugged: %+v", n, i)
		}
		leaving = append(leaving, unplugging(i))
	}
	apply(t, s, leaving...)
	if v := s.View(); len(v.Interfaces) != 1 {
		t.Errorf("%d interfaces are left, want the bridge's own", len(v.Interfaces))
	}
}

func TestApply_IsSeenInTheViewWhenItReturns(t *testing.T) {
	_, s := bridged(t)
	for n := range 200 {
		name := fmt.Sprintf("pf0vf%d", n%3)
		if i, ok := s.View().Interfaces[name]; ok {
			apply(t, s, unplugging(i))
			if s.View().PortNames[name] {
				t.Fatalf("round %d: %s was unplugged and is still seen", n, name)
			}
			continue
		}
		apply(t, s, plugging(plugOf(name, "lport")))
		if got := row(t, s, name); got.Bridge != "br-int" {
			t.Fatalf("round %d: %s was plugged and is seen as %+v", n, name, got)
		}
		apply(t, s, unplugging(row(t, s, name)))
	}
}

func TestApply_ATransactionTooLargeForTheConnectionIsRefusedAlone(t *testing.T) {
	_, s := bridged(t)
	huge := plugOf("pf0vf1", "lport-huge")
	huge.IfaceIDVer = strings.Repeat("x", 1<<20)
	errs := applyAll(t, s, []Change{plugging(plugOf("pf0vf0", "a")), plugging(huge), plugging(plugOf("pf0vf2", "c"))})
	if errs[0] != nil || errs[1] == nil || errs[2] != nil {
		t.Errorf("errors are %v, want one for the second change only", errs)
	}
	if !s.View().Complete {
		t.Error("the connection was lost over it")
	}
}

func TestApply_AValueThatNeedsEscapingArrivesAsItIs(t *testing.T) {
	_, s := bridged(t)
	for n, name := range []string{`a"b\c`, "tab\there", "line\nbreak", "<&>", "ünïcödé 端口 🙂", "\u2028", "[]", "{}", "named-uuid",
		strings.Repeat("l", 10000)} {
		netdev := fmt.Sprintf("pf0vf%d", n)
		apply(t, s, plugging(plugOf(netdev, name)))
		if got := row(t, s, netdev); got.IfaceID != name || got.Marker.LogicalPort != name {
			t.Errorf("plugged for %q, the view has %q", name, got.IfaceID)
		}
		apply(t, s, unplugging(row(t, s, netdev)))
	}
}

func TestApply_WithoutConnectionOrBridgeSaysSo(t *testing.T) {
	d := servers.OpenVSwitch(t)
	idle := New(Options{Endpoint: d.Endpoint})
	if err := applyAll(t, idle, []Change{plugging(plugOf("pf0vf0", "a"))})[0]; !errors.Is(err, ErrNotConnected) {
		t.Errorf("before Run: %v, want ErrNotConnected", err)
	}
	s := start(t, d)
	if err := applyAll(t, s, []Change{plugging(plugOf("pf0vf0", "a"))})[0]; !errors.Is(err, ErrBridgeMissing) {
		t.Errorf("without the bridge: %v, want ErrBridgeMissing", err)
	}
	if errs := applyAll(t, s, nil); len(errs) != 0 {
		t.Errorf("no changes: %v", errs)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	d.Ctl(t, "add-br", "br-int")
	servers.Until(t, "the bridge is seen", func() bool { return s.View().BridgeUUID != "" })
	if err := s.Apply(canceled, []Change{plugging(plugOf("pf0vf0", "a"))})[0]; !errors.Is(err, context.Canceled) {
		t.Errorf("with a canceled context: %v, want context.Canceled", err)
	}
}

// A server that hangs must neither hold up Apply for ever nor be believed.
func TestApply_OnAHangingServerEndsWithAnUnknownResult(t *testing.T) {
	const probe = 5 * time.Second // one that a busy machine misses ends the connection before its time
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	s := startWith(t, Options{Endpoint: d.Endpoint, Probe: probe, Log: logTo(t)})
	if err := s.Apply(t.Context(), []Change{plugging(plugOf("pf0vf1", "b"))})[0]; err != nil {
		t.Fatal(err)
	}
	d.Signal(stop)
	begin := time.Now()
	err := s.Apply(t.Context(), []Change{plugging(plugOf("pf0vf0", "a"))})[0]
	if !errors.Is(err, ErrNotConnected) || !strings.Contains(err.Error(), "not known") {
		t.Errorf("%v, want ErrNotConnected and that the result is not known", err)
	}
	if took := time.Since(begin); took > 2*probe+30*time.Second {
		t.Errorf("it took %v with a probe interval of %v", took, probe)
	}
	servers.Until(t, "the view says that it isn't connected", func() bool { return !s.View().Complete })
	d.Signal(cont)
	servers.Until(t, "it is connected again", func() bool { return s.View().Complete })
	// The server had the transaction in its socket: it may have been done.
	if i, ok := s.View().Interfaces["pf0vf0"]; ok && i.IfaceID != "a" {
		t.Errorf("half a change was done: %+v", i)
	}
}

// A server that is killed in the middle has done a change as a whole or not at
// all, and what Apply said was done is done.
func TestApply_AServerKilledInTheMiddleLeavesOnlyWholeChanges(t *testing.T) {
	d, s := bridged(t)
	committed, unknown := map[string]bool{}, 0
	for round := range 5 {
		since := s.View().Since
		var changes []Change
		for n := range 300 {
			a := fmt.Sprintf("r%dn%da", round, n)
			changes = append(changes, plugging(plugOf(a, a), plugOf(a+"b", a+"b")))
		}
		killed := make(chan struct{})
		go func() {
			defer close(killed)
			first := fmt.Sprintf("r%dn%da", round, 70*round)
			for begin := time.Now(); round > 0 && time.Since(begin) < 10*time.Second && !s.View().PortNames[first]; {
				<-time.After(100 * time.Microsecond)
			}
			d.Kill()
		}()
		for n, err := range applyAll(t, s, changes) {
			switch {
			case err == nil:
				committed[changes[n].LogicalPorts[0]] = true
			case errors.Is(err, ErrNotConnected):
				unknown++
			default:
				t.Errorf("change %d: %v", n, err)
			}
		}
		<-killed
		d.Restart()
		servers.Until(t, "the view is complete and of the new server", func() bool {
			v := s.View()
			return v.Complete && v.Since.After(since) && v.PortNames["br-int"]
		})
	}
	v := s.View()
	for name := range committed {
		if v.Interfaces[name].Bridge != "br-int" {
			t.Errorf("%s was committed and is gone", name)
		}
	}
	for name := range v.Interfaces {
		if twin := name + "b"; strings.HasSuffix(name, "a") && v.Interfaces[twin].Bridge != "br-int" {
			t.Errorf("%s was plugged without %s", name, twin)
		}
	}
	if len(committed) == 0 || unknown == 0 {
		t.Errorf("%d changes committed, %d cut off: the server was not killed in the middle", len(committed), unknown)
	}
}
