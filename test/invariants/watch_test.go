package invariants

import (
	"slices"
	"testing"
	"time"

	"github.com/representord/representord/test/servers"
)

// stream collects what a Watch hears.
type stream struct {
	*Watch
	t     *testing.T
	heard []Batch
}

func watching(t *testing.T, d *servers.OVSDB) *stream {
	t.Helper()
	w := NewWatch(t.Context(), d.Endpoint)
	t.Cleanup(w.Close)
	s := &stream{Watch: w, t: t}
	s.sync()
	return s
}

// sync waits until what was done before has been heard of.
func (s *stream) sync() {
	s.t.Helper()
	servers.Until(s.t, "the stream is whole", func() bool { return s.Sync(s.t.Context()) == nil })
	s.heard = append(s.heard, s.Take()...)
}

// since returns the changes of this row since it was last asked for.
func (s *stream) since() []Change {
	s.t.Helper()
	s.sync()
	var all []Change
	for _, b := range s.heard {
		all = append(all, b.Changes...)
	}
	s.heard = nil
	return all
}

func database(t *testing.T) (*servers.OVSDB, Operator) {
	t.Helper()
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	return d, Operator{Endpoint: d.Endpoint, Bridge: "br-int"}
}

func add(t *testing.T, o Operator, name string) string {
	t.Helper()
	uuid, err := o.Add(t.Context(), name, "", "lp-"+name)
	if err != nil {
		t.Fatal(err)
	}
	return uuid
}

func TestWatch_TheStreamHasEveryChangeOfARow(t *testing.T) {
	d, o := database(t)
	s := watching(t, d)
	s.since()
	uuid := add(t, o, "n0")
	want := Row{UUID: uuid, Name: "n0", Bridge: "br-int", Marks: Marks{IfaceID: "lp-n0"}}
	got := s.since()
	if len(got) != 1 || got[0].Old != nil || *got[0].New != want {
		t.Fatalf("changes %+v, want the new row %+v", got, want)
	}
	for field, value := range map[Field]string{FieldFunction: "f", FieldRequest: "r", FieldLogicalPort: "l",
		FieldIfaceID: "i", FieldMTU: "1400"} {
		if err := o.Write(t.Context(), want, field, value); err != nil {
			t.Fatal(err)
		}
		got = s.since()
		if len(got) != 1 || *got[0].Old != want || got[0].New.get(field) != value || got[0].New.with(field, want.Marks) != want.Marks {
			t.Fatalf("changes %+v of %+v, want field %d to be %q", got, want, field, value)
		}
		want = *got[0].New
	}
	if err := o.Remove(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got = s.since(); len(got) != 1 || got[0].New != nil || *got[0].Old != want {
		t.Fatalf("changes %+v, want %+v gone", got, want)
	}
}

func TestWatch_ARemovalAndReturnBetweenTwoLooksIsSeen(t *testing.T) {
	d, o := database(t)
	first := add(t, o, "n0")
	s := watching(t, d)
	s.since()
	if err := o.Remove(t.Context(), Row{UUID: first}); err != nil {
		t.Fatal(err)
	}
	second := add(t, o, "n0")
	got := s.since()
	if len(got) != 2 || got[0].uuid() != first || got[1].uuid() != second {
		t.Errorf("changes %+v, want %s gone and %s new", got, first, second)
	}
}

func TestWatch_AServerKilledAndBackInventsNothing(t *testing.T) {
	d, o := database(t)
	add(t, o, "n0")
	s := watching(t, d)
	s.since()
	before := time.Now()
	d.Kill()
	d.Restart()
	uuid := add(t, o, "n1")
	s.sync()
	var got []string
	for _, b := range s.heard {
		if b.After.Before(before) {
			t.Errorf("a change from %v on, before the server was killed", b.After)
		}
		for _, c := range b.Changes {
			got = append(got, c.uuid())
		}
	}
	if !slices.Equal(got, []string{uuid}) {
		t.Errorf("changes of %v, want of %s only", got, uuid)
	}
}

func TestWatch_AWipedDatabaseIsHeardAsRowsGone(t *testing.T) {
	d, o := database(t)
	uuid := add(t, o, "n0")
	s := watching(t, d)
	s.since()
	d.Wipe()
	d.Ctl(t, "init")
	gone := 0
	for _, c := range s.since() {
		if c.New != nil {
			t.Errorf("change %+v of an empty database", c)
		}
		if c.uuid() == uuid {
			gone++
		}
	}
	if gone != 1 {
		t.Errorf("the row went %d times, want once", gone)
	}
}
