package ovs

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/test/servers"
)

// start runs a Switch on the database, until the test ends.
func start(tb testing.TB, d *servers.OVSDB) *Switch {
	tb.Helper()
	return startWith(tb, Options{Endpoint: d.Endpoint, Log: logTo(tb)})
}

// startWith probes a server so rarely, unless told otherwise, that it may be as slow as
// it likes.
func startWith(tb testing.TB, o Options) *Switch {
	tb.Helper()
	o.Probe = cmp.Or(o.Probe, time.Hour)
	s := New(o)
	s.SetBridge("br-int")
	runSwitch(tb, s)
	servers.Until(tb, "the view is complete", func() bool { return s.View().Complete })
	return s
}

func runSwitch(tb testing.TB, s *Switch) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				tb.Errorf("Run: %v, want nil after its context ended", err)
			}
		case <-time.After(time.Minute):
			tb.Error("Run didn't return after its context ended")
		}
	})
}

func logTo(tb testing.TB) *slog.Logger {
	tb.Helper()
	if _, ok := tb.(*testing.B); ok {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// bridged is a database with a bridge br-int, and a Switch that shows it.
func bridged(tb testing.TB) (*servers.OVSDB, *Switch) {
	tb.Helper()
	d := servers.OpenVSwitch(tb)
	d.Ctl(tb, "add-br", "br-int")
	return d, start(tb, d)
}

// plugOf is a plug of a netdev for a logical port.
func plugOf(netdev, lport string) Plug {
	return Plug{
		Netdev:  netdev,
		IfaceID: lport,
		Marker: Marker{
			LogicalPort: lport,
			Function:    "pci/0000:03:00.0 c1" + netdev,
			Request:     "pf-mac 00:53:00:00:00:42 " + netdev,
		},
	}
}

func plugging(plugs ...Plug) Change {
	c := Change{Plug: plugs, Why: "asked for"}
	for _, p := range plugs {
		c.LogicalPorts = append(c.LogicalPorts, p.IfaceID)
	}
	return c
}

func unplugging(rows ...Interface) Change {
	c := Change{Why: "withdrawn"}
	for _, i := range rows {
		c.Unplug = append(c.Unplug, Unplug{Interface: i})
		c.LogicalPorts = append(c.LogicalPorts, i.Marker.LogicalPort)
	}
	return c
}

// apply applies changes that must all succeed.
func apply(tb testing.TB, s *Switch, changes ...Change) {
	tb.Helper()
	for n, err := range applyAll(tb, s, changes) {
		if err != nil {
			tb.Fatalf("change %d: %v", n, err)
		}
	}
}

func applyAll(tb testing.TB, s *Switch, changes []Change) []error {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	errs := s.Apply(ctx, changes)
	if len(errs) != len(changes) {
		tb.Fatalf("%d errors for %d changes", len(errs), len(changes))
	}
	return errs
}

// row returns an interface that must be in the view.
func row(tb testing.TB, s *Switch, name string) Interface {
	tb.Helper()
	i, ok := s.View().Interfaces[name]
	if !ok {
		tb.Fatalf("no Interface %s in the view", name)
	}
	return i
}

// dump is everything in the tables that a Switch may write to, except for what
// changes by itself, to compare before and after.
func dump(tb testing.TB, d *servers.OVSDB) string {
	tb.Helper()
	var b strings.Builder
	for _, table := range []string{"Bridge", "Port", "Interface"} {
		fmt.Fprintln(&b, d.Ctl(tb, "--format=json", "list", table))
	}
	return b.String()
}
