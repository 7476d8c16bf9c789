package ovs

import (
	"context"
	"errors"
	"testing"

	"github.com/representord/representord/test/servers"
)

// running starts a Switch, and gives what stops it.
func running(t *testing.T, endpoint, bridge string) (*Switch, func()) {
	t.Helper()
	s := New(Options{Endpoint: endpoint})
	s.SetBridge(bridge)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	servers.Until(t, "the bridge is read", func() bool { return s.View().Complete && s.View().BridgeUUID != "" })
	return s, stop
}

func lockPlug(netdev string) []Change {
	return []Change{{LogicalPorts: []string{netdev}, Plug: []Plug{{
		Netdev: netdev, IfaceID: netdev,
		Marker: Marker{LogicalPort: netdev, Function: "pci/0000:03:00.0 c1pf0", Request: "pf-mac 00:53:00:00:00:42"},
	}}}}
}

func TestLock_OnlyOneOfTwoWritesToABridgeWhateverTheirRunDirectories(t *testing.T) {
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int", "--", "add-br", "br-two")
	first, stop := running(t, d.Endpoint, "br-int")
	second, _ := running(t, d.Endpoint, "br-int")
	if err := first.Apply(t.Context(), lockPlug("one"))[0]; err != nil {
		t.Fatal(err)
	}
	if err := second.Apply(t.Context(), lockPlug("two"))[0]; !errors.Is(err, ErrLocked) {
		t.Errorf("the second one: %v, want ErrLocked", err)
	}
	if err := first.Apply(t.Context(), lockPlug("three"))[0]; err != nil {
		t.Errorf("the first one again: %v", err)
	}
	other, _ := running(t, d.Endpoint, "br-two")
	if err := other.Apply(t.Context(), lockPlug("four"))[0]; err != nil {
		t.Errorf("one of another bridge: %v", err)
	}
	stop()
	servers.Until(t, "the second one takes over", func() bool { return second.Apply(t.Context(), lockPlug("two"))[0] == nil })
}

func TestLock_IsGivenBackByWhoWritesNoMore(t *testing.T) {
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	first, _ := running(t, d.Endpoint, "br-int")
	second, stop := running(t, d.Endpoint, "br-int")
	if err := first.Apply(t.Context(), lockPlug("one"))[0]; err != nil {
		t.Fatal(err)
	}
	first.GiveBack()
	first.GiveBack() // there is nothing to give back
	servers.Until(t, "the second one writes", func() bool { return second.Apply(t.Context(), lockPlug("two"))[0] == nil })
	stop()
	servers.Until(t, "the first one writes again", func() bool { return first.Apply(t.Context(), lockPlug("three"))[0] == nil })
}

func TestLock_IsThatOfTheBridgeThatIsWrittenTo(t *testing.T) {
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int", "--", "add-br", "br-two")
	s, _ := running(t, d.Endpoint, "br-int")
	if err := s.Apply(t.Context(), lockPlug("one"))[0]; err != nil {
		t.Fatal(err)
	}
	s.SetBridge("br-two")
	servers.Until(t, "it writes to the other bridge", func() bool { return s.Apply(t.Context(), lockPlug("two"))[0] == nil })
	if v := s.View(); v.Interfaces["two"].Bridge != "br-two" {
		t.Errorf("the row is on bridge %q", v.Interfaces["two"].Bridge)
	}
	old, _ := running(t, d.Endpoint, "br-int")
	if err := old.Apply(t.Context(), lockPlug("three"))[0]; err != nil {
		t.Errorf("who has the bridge that was left: %v", err)
	}
}

func TestLock_IsAskedForAgainAfterAChangeThatWasGivenUp(t *testing.T) {
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	s, _ := running(t, d.Endpoint, "br-int")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Apply(over, lockPlug("one"))[0]; err == nil {
		t.Fatal("a change was made after its time")
	}
	servers.Until(t, "a change is made", func() bool { return s.Apply(t.Context(), lockPlug("one"))[0] == nil })
}
