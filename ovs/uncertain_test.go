package ovs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/representord/representord/test/servers"
)

// Whoever decides by an older view takes the change for one that was never made.
func TestUncertain_NoViewIsCompleteBeforeItShowsWhatBecameOfTheChange(t *testing.T) {
	t.Parallel()
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	s := startWith(t, Options{Endpoint: d.Endpoint, Probe: time.Minute, Log: logTo(t)})
	defer d.Signal(syscall.SIGCONT)
	if err := s.Apply(t.Context(), []Change{plugging(plugOf("pf0vf1", "b"))})[0]; err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(ctx context.Context, key string) error{
		"rows": func(ctx context.Context, key string) error {
			return s.Apply(ctx, []Change{plugging(plugOf(key, key))})[0]
		},
		"root": func(ctx context.Context, key string) error {
			return s.EditRoot(ctx, RootEdit{Planned: s.View().ExternalIDs, Set: map[string]string{key: "x"}})
		},
	} {
		there := func(v View, key string) bool { return v.Interfaces[key].Name != "" || v.ExternalIDs[key] != "" }
		for round := range 2 {
			key := fmt.Sprint(name, round)
			d.Signal(syscall.SIGSTOP)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			err := edit(ctx, key)
			cancel()
			if !errors.Is(err, ErrUncertain) {
				t.Errorf("%s: given up while the server hangs: %v, want %v", name, err, ErrUncertain)
			}
			if v := s.View(); v.Complete || !strings.Contains(v.Problem, "not known whether") {
				t.Errorf("%s: complete %v while nobody knows whether the change was made: %s", name, v.Complete, v.Problem)
			}
			d.Signal(syscall.SIGCONT)
			var first View
			servers.Until(t, "the view is complete again", func() bool { first = s.View(); return first.Complete })
			servers.Until(t, "another change is made", func() bool { return edit(t.Context(), key+"x") == nil })
			if later := there(s.View(), key); later != there(first, key) {
				t.Errorf("%s: the first complete view shows the change: %v; a later one: %v", name, there(first, key), later)
			}
		}
	}
}

func TestUncertain_NothingMoreIsSentAfterAMissingAnswer(t *testing.T) {
	conn := &lost{}
	c := committer{conn: conn, errs: make([]error, 2*maxChanges)}
	var all []int
	for n := range c.errs {
		c.changes, all = append(c.changes, plugging(plugOf(fmt.Sprint("n", n), fmt.Sprint("p", n)))), append(all, n)
	}
	c.run(t.Context(), all)
	first, last := c.errs[0], c.errs[len(c.errs)-1]
	if conn.sent != 1 || !errors.Is(first, ErrUncertain) || errors.Is(last, ErrUncertain) || !errors.Is(last, ErrNotConnected) {
		t.Errorf("%d transactions; the first change: %v; the last: %v", conn.sent, first, last)
	}
}
