package main

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

func happened() []plug.Event {
	return []plug.Event{
		{Number: 1, At: noon().Add(-2 * time.Hour), LogicalPort: uuid, To: plan.Pending, Reason: &reason.Reason{
			Code: reason.CodeFunctionNotFound, Message: "PF pci/0000:03:00.0 c1pf0 (MAC 00:53:00:00:00:42) has no VF 3: it has only VFs " +
				"0-2; enable that VF on the host (sriov_numvfs of the PF), or correct vif-plug:representor:vf-num",
		}},
		{Number: 2, At: noon().Add(-time.Hour), LogicalPort: uuid, From: plan.Pending, To: plan.Plugged, Netdev: "pf0vf3"},
		{Number: 3, At: noon().Add(-time.Minute), LogicalPort: "odd \x1b[31mname", From: plan.Plugged, Netdev: "pf0vf4"},
	}
}

// after is what a daemon gives of events.
func after(events []plug.Event) func(uint64) []plug.Event {
	return func(n uint64) []plug.Event { return events[min(n, uint64(len(events))):] }
}

func TestEvents_ArePrintedOldestFirst(t *testing.T) {
	socket := daemonWith(t, facts(), api.Server{Events: after(happened())})
	golden(t, "events", run1(t, socket, "", nil, "events").String())
	golden(t, "events-json", run1(t, socket, "", nil, "events", "-j").String())
	golden(t, "events-none", run1(t, daemonWith(t, facts(), api.Server{Events: after(nil)}), "", nil, "events").String())
	golden(t, "events-no-daemon", run1(t, absent(t), "", nil, "events").String())
}

// stream is a standard output that can be read while it is written to.
type stream struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *stream) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func TestEvents_FollowGoesOnUntilItIsInterrupted(t *testing.T) {
	var mu sync.Mutex
	events := happened()[:1]
	socket := daemonWith(t, facts(), api.Server{Events: func(n uint64) []plug.Event {
		mu.Lock()
		defer mu.Unlock()
		return after(events)(n)
	}})
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out stream
	p := program{stdin: strings.NewReader(""), stdout: &out, stderr: io.Discard, now: noon, version: "1.2.3"}
	done := make(chan int, 1)
	go func() { done <- p.run(ctx, []string{"--control-socket", socket, "events", "--follow", "-j"}) }()
	servers.Until(t, "the first event is shown", func() bool { return strings.Count(out.String(), "\n") == 1 })
	mu.Lock()
	events = happened()
	mu.Unlock()
	servers.Until(t, "those that follow are shown", func() bool { return strings.Count(out.String(), "\n") == 3 })
	interrupt()
	if status := <-done; status != exitOK {
		t.Errorf("status %d", status)
	}
	for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if !strings.HasPrefix(line, `{"number":`+string(rune('1'+i))) {
			t.Errorf("line %d is %s", i, line)
		}
	}
}
