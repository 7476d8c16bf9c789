package plug

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

// story is events in short.
func story(events []Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, e.LogicalPort+" "+string(e.From)+">"+string(e.To)+" "+string(reason.CodeOf(e.Reason)))
	}
	return out
}

func TestEvents_TellEveryChangeOfStateOnce(t *testing.T) {
	c := newCloud(testcard.Index(), plantest.Asks("a", 0, 0))
	r := c.reconciler(nil)
	r.Pass(t.Context())
	r.Pass(t.Context())
	c.with(func() { c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}) })
	r.Pass(t.Context())
	r.Pass(t.Context())
	c.with(func() { c.view, c.truth = plantest.Trusted(), map[string]southbound.Binding{} })
	r.Pass(t.Context())
	all := r.Events(0)
	want := []string{"a >pending function-not-found", "a pending>plugged ", "a plugged> withdrawn"}
	if diff := cmp.Diff(want, story(all)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if all[0].Number != 1 || all[1].Netdev != "pf0vf0" || all[2].At.IsZero() {
		t.Errorf("%+v", all)
	}
	if diff := cmp.Diff(want[1:], story(r.Events(1))); diff != "" {
		t.Errorf("after the first (-want +got)\n%s", diff)
	}
	if got := r.Events(3); len(got) != 0 {
		t.Errorf("after the last there are %v", got)
	}
}

func TestEvents_TheLastThousandAreRemembered(t *testing.T) {
	var r ring
	for range 2*eventsMost + 7 {
		r.add(Event{Reason: &reason.Reason{}})
	}
	got := r.after(0)
	if len(got) != eventsMost {
		t.Fatalf("%d events, want %d", len(got), eventsMost)
	}
	for i, e := range got {
		if want := uint64(eventsMost + 8 + i); e.Number != want {
			t.Fatalf("event %d has number %d, want %d", i, e.Number, want)
		}
	}
	if got := r.after(2*eventsMost + 5); len(got) != 2 || got[0].Number != 2*eventsMost+6 {
		t.Errorf("the last two are %v", got)
	}
}
