package plug

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/test/servers"
)

// realSwitch is a Switch on a real ovsdb-server, where transactions have the size that
// they have.
func realSwitch(t *testing.T) *ovs.Switch {
	t.Helper()
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	s := ovs.New(ovs.Options{Endpoint: d.Endpoint, Probe: time.Hour})
	s.SetBridge("br-int")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	servers.Until(t, "the bridge is read", func() bool { return s.View().Complete && s.View().BridgeUUID != "" })
	return s
}

// The DPU is rebooted, and the kernel deals the names out anew: every ethN is another
// function's.
func TestNamesDealtAnew_AfterOnePassNoRowIsUnderAnotherFunctionsName(t *testing.T) {
	for _, n := range []int{132, 254, 1000} {
		for _, connected := range []bool{true, false} {
			for name, dealt := range map[string]func(i int) int{
				"in a ring":  func(i int) int { return (i + 1) % n },
				"one on":     func(i int) int { return i + 1 },
				"turned end": func(i int) int { return n - 1 - i },
			} {
				t.Run(fmt.Sprintf("%d names %s, Southbound %v", n, name, connected), func(t *testing.T) {
					dealAnew(t, n, connected, dealt)
				})
			}
		}
	}
}

func dealAnew(t *testing.T, n int, connected bool, dealt func(int) int) {
	t.Helper()
	var before, after []testcard.Netdev
	var bs []southbound.Binding
	for i := range n {
		pf, vf := i%2, i/2
		before = append(before, testcard.Netdev{PF: pf, VF: vf, Name: fmt.Sprintf("eth%d", i), IfIndex: uint32(100 + i)})
		after = append(after, testcard.Netdev{PF: pf, VF: vf, Name: fmt.Sprintf("eth%d", dealt(i)), IfIndex: uint32(5000 + i)})
		bs = append(bs, plantest.Asks(plantest.UUIDNamed(i), pf, vf))
	}
	c, s := newCloud(testcard.Index(before...), bs...), realSwitch(t)
	edit := func(cfg *Config) { cfg.Switch = s }
	c.reconciler(edit).Pass(t.Context())
	if got := len(s.View().Interfaces) - 1; got != n {
		t.Fatalf("%d rows of %d before the reboot", got, n)
	}
	c.with(func() {
		c.index = testcard.Index(after...)
		if !connected {
			c.view = southbound.View{Problem: "connecting"}
		}
	})
	r := c.reconciler(edit)
	rep := r.Pass(t.Context())
	right := 0
	for name, i := range s.View().Interfaces {
		switch found, ok := c.index.ByNetdev(name); {
		case !i.Marked:
		case ok && i.Marker.Function == found.Function.String():
			right++
		default:
			t.Fatalf("%s, a row for %s, has the name of %s", name, i.Marker.Function, found.Function)
		}
	}
	if right != n {
		t.Errorf("%d of %d rows are under their functions' names", right, n)
	}
	if rep.Failures != 0 {
		t.Errorf("%d changes were refused", rep.Failures)
	}
	select {
	case <-r.Ready():
	default:
		t.Error("ovs-vswitchd may not start")
	}
}

// Every port is bound to the next one's function, by an operator who has released the
// hold, or by a control plane that meant it: one change of all of them fits into no
// transaction.
func TestJoin_AGroupThatIsTooLargeForATransactionIsStillDone(t *testing.T) {
	const n = 300
	var devs []testcard.Netdev
	var bs, moved []southbound.Binding
	for i := range n {
		devs = append(devs, testcard.Netdev{PF: 0, VF: i, Name: fmt.Sprintf("pf0vf%d", i), IfIndex: uint32(100 + i)})
		bs = append(bs, plantest.Asks(plantest.UUIDNamed(i), 0, i))
		moved = append(moved, plantest.Asks(plantest.UUIDNamed(i), 0, (i+1)%n))
	}
	c, s := newCloud(testcard.Index(devs...), bs...), realSwitch(t)
	r := c.reconciler(func(cfg *Config) { cfg.Switch, cfg.MassUnplugHold = s, time.Nanosecond })
	r.Pass(t.Context())
	c.with(func() {
		c.view = plantest.Trusted(moved...)
		for _, b := range moved {
			c.truth[b.LogicalPort] = b
		}
	})
	r.Pass(t.Context()) // notes what waits
	r.Pass(t.Context())
	for i := range n {
		row := s.View().Interfaces[fmt.Sprintf("pf0vf%d", (i+1)%n)]
		if row.IfaceID != plantest.UUIDNamed(i) {
			t.Fatalf("VF %d's row is %q's, want %q's", (i+1)%n, row.IfaceID, plantest.UUIDNamed(i))
		}
	}
}
