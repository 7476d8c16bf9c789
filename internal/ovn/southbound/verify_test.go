package southbound

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/ovn"
)

func TestVerify_AVerdictIsTheTruthAboutPortsThatTheViewDoesNotShow(t *testing.T) {
	d, w := southbound(t)
	us, other := w.us(), w.chassis("dpu2")
	w.add("asked", us, nil)
	w.add("another's", other, nil)
	w.add("listed", nil, map[string]string{"requested-chassis": "x,dpu1"})
	additional := w.port("additional", other, nil)
	additional["requested_additional_chassis"] = us
	w.insert("Port_Binding", additional)
	unplugged := w.port("unplugged", us, nil)
	unplugged["options"] = ovsdb.OvsMap{GoMap: map[any]any{}}
	unplugged["up"] = true
	w.insert("Port_Binding", unplugged)

	f := follow(t, dpu1(d.Endpoint))
	f.untilDispositions(map[string]Disposition{"asked": Asked, "additional": Kept, "unplugged": Withdrawn})
	want := map[string]Disposition{
		"asked": Asked, "another's": Withdrawn, "listed": Kept, "additional": Kept, "unplugged": Withdrawn, "gone": Gone,
	}
	// One by one, and so many that they are asked about in another way.
	for _, more := range []int{0, 10 * maxScans} {
		ports := slices.Collect(maps.Keys(want))
		for i := range more {
			name := fmt.Sprint("gone-", i)
			ports, want[name] = append(ports, name), Gone
		}
		got := f.verify(ports...)
		if diff := cmp.Diff(want, dispositions(got.Bindings)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if !got.ChassisKnown || got.Identity != f.View().Identity {
			t.Errorf("the verdict says %+v", got)
		}
		for port, b := range got.Bindings {
			if b.LogicalPort != port || b.Why == "" || b.Up != (port == "unplugged") {
				t.Errorf("%s: %+v", port, b)
			}
		}
		if got.Bindings["asked"].Request.Query != f.View().Bindings["asked"].Request.Query {
			t.Error("the verdict's request is not the view's")
		}
	}
}

func TestVerify_APortThatLeftTheViewIsFoundWhateverBecameOfIt(t *testing.T) {
	d, w := southbound(t)
	us, other := w.us(), w.chassis("dpu2")
	for _, port := range []string{"stays", "moved", "deleted", "made again for another", "made again for us"} {
		w.add(port, us, nil)
	}
	f := follow(t, dpu1(d.Endpoint))
	f.until("all are there", func(v View) bool { return len(v.Bindings) == 5 })
	w.update("moved", ovsdb.Row{"requested_chassis": other})
	w.remove("deleted")
	w.remove("made again for another")
	w.add("made again for another", other, nil)
	w.remove("made again for us")
	w.add("made again for us", us, nil)
	f.untilDispositions(map[string]Disposition{"stays": Asked, "made again for us": Asked})
	want := map[string]Disposition{
		"stays": Asked, "moved": Withdrawn, "deleted": Gone, "made again for another": Withdrawn, "made again for us": Asked,
	}
	if diff := cmp.Diff(want, dispositions(f.verify(slices.Collect(maps.Keys(want))...).Bindings)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestVerify_WithoutOurChassisRowOnlyRowsThatAreKnownAreAskedFor(t *testing.T) {
	d, w := southbound(t)
	w.add("seen", w.us(), map[string]string{"requested-chassis": "dpu1,dpu2"})
	w.add("never seen", nil, map[string]string{"requested-chassis": "dpu1,dpu2"})
	f := follow(t, dpu1(d.Endpoint))
	f.untilDispositions(map[string]Disposition{"seen": Asked})
	gone := where("Chassis", "name", "dpu1")
	gone.Op = ovsdb.OperationDelete
	w.transact(gone)
	f.until("our Chassis row is gone", func(v View) bool { return ready(v) && !v.ChassisKnown })
	got := f.verify("seen", "never seen")
	if want := (map[string]Disposition{"seen": Kept}); got.ChassisKnown || !cmp.Equal(want, dispositions(got.Bindings)) {
		t.Errorf("the verdict is %+v", got)
	}
}

func TestVerify_TheRowsThatAreRememberedAreBounded(t *testing.T) {
	s := New(Options{})
	for i := range 100 {
		rows := map[string]model.Model{}
		for j := range 100 {
			uuid := fmt.Sprintf("%d-%d", i, j)
			rows[uuid] = &ovn.PortBinding{UUID: uuid, LogicalPort: "lp-" + uuid}
		}
		s.remember(classifyAll(rows, us(), nil))
		if known, _ := s.knownRows([]string{fmt.Sprintf("lp-%d-7", i)}); len(known) != 1 {
			t.Fatal("a row of the last view is not remembered")
		}
	}
	if len(s.rows) > 1500 {
		t.Errorf("%d rows are remembered for a view of 100", len(s.rows))
	}
}

func TestVerify_AVerdictWithoutPortsStillSaysWhoAnswered(t *testing.T) {
	d, _ := southbound(t)
	f := follow(t, dpu1(d.Endpoint))
	v := f.untilReady()
	if got := f.verify(); !got.ChassisKnown || got.Identity != v.Identity || len(got.Bindings) != 0 {
		t.Errorf("the verdict says %+v", got)
	}
}

func TestVerify_AVerdictOnThousandsOfPortsTakesManySmallRequests(t *testing.T) {
	d, w := southbound(t)
	us := w.us()
	var ports []string
	want := map[string]Disposition{}
	for range 10 {
		var ops []ovsdb.Operation
		for range 100 {
			name := fmt.Sprintf("a-logical-port-with-a-name-of-a-usual-length-%d", len(ports))
			ports, want[name] = append(ports, name, name+"-gone"), Asked
			want[name+"-gone"] = Gone
			ops = append(ops, insert("Port_Binding", w.port(name, us, nil)))
		}
		w.transact(ops...)
	}
	f := follow(t, dpu1(d.Endpoint))
	f.untilReady()
	if diff := cmp.Diff(want, dispositions(f.verify(ports...).Bindings)); diff != "" {
		t.Errorf("(-want +got)\n%.2000s", diff)
	}
	// As after a restart, with rows on the bridge that aren't in the view.
	f.mu.Lock()
	clear(f.rows)
	f.mu.Unlock()
	if diff := cmp.Diff(want, dispositions(f.verify(ports...).Bindings)); diff != "" {
		t.Errorf("without rows that are known: (-want +got)\n%.2000s", diff)
	}
}

func TestVerify_APortWhoseNameCannotBeAskedAboutIsLeftOutAndHoldsUpNoOther(t *testing.T) {
	d, w := southbound(t)
	w.add("asked", w.us(), nil)
	f := follow(t, dpu1(d.Endpoint))
	f.untilReady()
	hostile := strings.Repeat("x", 1<<20)
	want := map[string]Disposition{"gone": Gone, "asked": Asked}
	if got := dispositions(f.verify("gone", hostile, "asked").Bindings); !cmp.Equal(want, got) {
		t.Errorf("gone %d, asked %d, %d ports", got["gone"], got["asked"], len(got))
	}
	var all []string
	for i := range 2 * maxScans {
		all = append(all, hostile+fmt.Sprint(i))
	}
	if got := f.verify(all...); len(got.Bindings) != 0 {
		t.Errorf("%d ports have a disposition", len(got.Bindings))
	}
	want["asked too"] = Gone
	if got := dispositions(f.verify(append(all, "gone", "asked", "asked too")...).Bindings); !cmp.Equal(want, got) {
		t.Errorf("%d ports have a disposition, want 3", len(got))
	}
}

func TestVerify_NamesThatMeanSomethingElsewhereAreOnlyNames(t *testing.T) {
	d, w := southbound(t)
	us := w.us()
	names := []string{`"`, `\`, "a b", "a,b", `["set",[]]`, "\u2028", "ü", "%s", "\x01", ""}
	want := map[string]Disposition{}
	for _, name := range names {
		w.add(name, us, nil)
		want[name] = Asked
	}
	f := follow(t, dpu1(d.Endpoint))
	f.untilDispositions(want)
	if diff := cmp.Diff(want, dispositions(f.verify(names...).Bindings)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestVerify_WithoutATrustworthyServerThereIsNoVerdict(t *testing.T) {
	d, _ := southbound(t)
	f := follow(t, dpu1(d.Endpoint))
	f.untilReady()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Verify(ended, []string{"lp"}); !errors.Is(err, ErrUntrusted) || !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	d.Kill()
	if _, err := f.Verify(t.Context(), []string{"lp"}); !errors.Is(err, ErrUntrusted) {
		t.Errorf("with the server killed: %v", err)
	}
	f.until("the loss is noticed", func(v View) bool { return !v.Connected })
	if _, err := f.Verify(t.Context(), []string{"lp"}); !errors.Is(err, ErrUntrusted) {
		t.Errorf("without a connection: %v", err)
	}
	never := New(Options{})
	if _, err := never.Verify(t.Context(), []string{"lp"}); !errors.Is(err, ErrUntrusted) {
		t.Errorf("without Run: %v", err)
	}
}
