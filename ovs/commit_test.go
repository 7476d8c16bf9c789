package ovs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"
	"pgregory.net/rapid"

	"github.com/representord/representord/internal/dbconn"
)

// scripted answers transactions as a server does whose mind about each netdev is
// made up: what it refuses at once, and what only when all is to be committed.
type scripted struct {
	guarded  map[string]bool // the change of this netdev fails in a wait
	violates map[string]bool // the plug of this netdev violates a constraint
	kind     string          // the error of a violation
	limit    int             // most plugs in a transaction, 0 for no limit
	sent     int
	largest  int
	done     map[string]bool
}

func (s *scripted) Transact(_ context.Context, ops ...ovsdb.Operation) ([]ovsdb.OperationResult, error) {
	s.sent++
	var names []string
	for _, op := range ops {
		if op.Op == ovsdb.OperationInsert && op.Table == tablePort {
			names = append(names, fmt.Sprint(op.Row["name"]))
		}
	}
	s.largest = max(s.largest, len(names))
	if s.limit != 0 && len(names) > s.limit {
		return nil, dbconn.ErrTooLarge
	}
	results := make([]ovsdb.OperationResult, len(ops), len(ops)+1)
	for n, op := range ops {
		if op.Op == ovsdb.OperationWait && op.Table == tableInterface && s.guarded[fmt.Sprint(op.Rows[0]["name"])] {
			results[n].Error = "timed out"
			return results, nil // those after it are null
		}
	}
	for _, name := range names {
		if s.violates[name] {
			results = results[:len(ops)+1]
			results[len(ops)] = ovsdb.OperationResult{Error: s.kind, Details: "row " + name}
			return results, nil
		}
	}
	for _, name := range names {
		if s.done[name] {
			return nil, errors.New("plugged twice: " + name)
		}
		s.done[name] = true
	}
	return results, nil
}

func (s *scripted) Err() error { return nil }

// lost is a connection that ends before it answers.
type lost struct{ sent int }

func (l *lost) Transact(context.Context, ...ovsdb.Operation) ([]ovsdb.OperationResult, error) {
	l.sent++
	return nil, l.Err()
}

func (l *lost) Err() error { return errors.New("gone") }

// guardedChange plugs a netdev and depends on the row of another one.
func guardedChange(name string) Change {
	return Change{Unplug: []Unplug{{Interface: ours("old-"+name, "l")}}, Plug: []Plug{plugOf(name, name)}}
}

func commitAll(s *scripted, changes []Change) []error { return committed(s, changes).errs }

func committed(s *scripted, changes []Change) committer {
	c := committer{conn: s, changes: changes, errs: make([]error, len(changes))}
	all := make([]int, len(changes))
	for n := range all {
		all[n] = n
	}
	c.run(context.Background(), all)
	return c
}

func names(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("vf%03d", i))
	}
	return all
}

func TestCommit_OneBadChangeOfManyCostsFewTransactions(t *testing.T) {
	for _, c := range []struct {
		what string
		server
		most int
	}{
		{"none is bad", server{}, 1},
		{"a guard fails, which the server tells", server{guarded: "old-vf077"}, 3},
		{"a constraint is violated, which it tells of all", server{violates: "vf077"}, 1 + 2*7},
	} {
		s := &scripted{
			guarded: map[string]bool{c.guarded: true}, violates: map[string]bool{c.violates: true},
			kind: "constraint violation", done: map[string]bool{},
		}
		var changes []Change
		for _, name := range names(128) {
			changes = append(changes, guardedChange(name))
		}
		done := committed(s, changes)
		if split := done.counted.Splits > 0; done.counted.Transactions != uint64(s.sent) || split != (c.most > 1) {
			t.Errorf("%s: it counts %+v, %d transactions were sent", c.what, done.counted, s.sent)
		}
		for n, err := range done.errs {
			bad := n == 77 && c.most > 1
			if (err != nil) != bad {
				t.Errorf("%s: change %d: %v", c.what, n, err)
			}
		}
		if s.sent > c.most+2 { // two chunks more, because of their size
			t.Errorf("%s: %d transactions, want %d at most", c.what, s.sent, c.most+2)
		}
	}
}

type server struct{ guarded, violates string }

// Whatever fails, each change that can be done is done once, each other one says
// why not, and the number of transactions is bounded.
func TestCommit_EveryChangeGetsItsOwnVerdict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := names(rapid.IntRange(1, 200).Draw(t, "changes"))
		s := &scripted{
			guarded: map[string]bool{}, violates: map[string]bool{}, kind: "constraint violation", done: map[string]bool{},
			limit: rapid.SampledFrom([]int{0, 1, 7}).Draw(t, "limit"),
		}
		var changes []Change
		for _, name := range all {
			changes = append(changes, guardedChange(name))
			switch rapid.IntRange(0, 9).Draw(t, name) {
			case 0:
				s.guarded["old-"+name] = true
			case 1:
				s.violates[name] = true
			}
		}
		errs := commitAll(s, changes)
		for n, name := range all {
			var refused *RefusedError
			switch {
			case s.guarded["old-"+name]:
				if !errors.Is(errs[n], ErrChanged) || s.done[name] {
					t.Errorf("%s: %v, want ErrChanged", name, errs[n])
				}
			case s.violates[name]:
				if !errors.As(errs[n], &refused) || refused.Details != "row "+name || s.done[name] {
					t.Errorf("%s: %v, want its own refusal", name, errs[n])
				}
			case errs[n] != nil || !s.done[name]:
				t.Errorf("%s: %v, done %v", name, errs[n], s.done[name])
			}
		}
		if s.sent > 2*len(all) {
			t.Errorf("%d transactions for %d changes", s.sent, len(all))
		}
		if s.largest > maxChanges {
			t.Errorf("a transaction of %d changes", s.largest)
		}
	})
}

func TestCommit_AFullDiskIsNotTriedAgainForEveryChange(t *testing.T) {
	for _, kind := range []string{"I/O error", "resources exhausted"} {
		s := &scripted{violates: map[string]bool{"vf000": true}, kind: kind, done: map[string]bool{}}
		var changes []Change
		for _, name := range names(50) {
			changes = append(changes, plugging(plugOf(name, name)))
		}
		for n, err := range commitAll(s, changes) {
			var refused *RefusedError
			if !errors.As(err, &refused) || refused.Kind != kind {
				t.Errorf("change %d: %v, want %s", n, err, kind)
			}
		}
		if s.sent != 1 {
			t.Errorf("%d transactions, want 1", s.sent)
		}
	}
}

func TestCommit_ALostConnectionEndsItAll(t *testing.T) {
	conn := &lost{}
	c := committer{
		conn:    conn,
		changes: []Change{plugging(plugOf("a", "a")), plugging(plugOf("b", "b"))},
		errs:    make([]error, 2),
	}
	c.run(t.Context(), []int{0, 1})
	if conn.sent != 1 || !errors.Is(c.errs[0], ErrNotConnected) || !errors.Is(c.errs[1], ErrNotConnected) {
		t.Errorf("%d transactions, errors %v", conn.sent, c.errs)
	}
}

func TestCommit_TheDatapathGuardConcernsOnlyPlugs(t *testing.T) {
	tr := build(target{name: "br-int"}, []Change{unplugging(ours("pf0vf03", "a")), plugging(plugOf("pf0vf04", "b"))})
	results := make([]ovsdb.OperationResult, len(tr.ops))
	n := slices.IndexFunc(tr.purposes, func(p purpose) bool { return p.scope == scopePlugs })
	results[n].Error = "timed out"
	f := tr.judge(results)
	if f == nil || f.scope != scopePlugs || f.final || !errors.Is(f.err, ErrChanged) {
		t.Errorf("a failed datapath guard is judged as %+v", f)
	}
	only := build(target{name: "br-int"}, []Change{unplugging(ours("pf0vf03", "a"))})
	if slices.ContainsFunc(only.purposes, func(p purpose) bool { return p.scope == scopePlugs }) {
		t.Error("an unplug alone depends on the datapath")
	}
}

func TestCommit_AShortAnswerIsNoSuccess(t *testing.T) {
	tr := build(target{name: "br-int"}, []Change{plugging(plugOf("pf0vf04", "b"))})
	if f := tr.judge(nil); f == nil || f.err == nil {
		t.Errorf("no results at all are judged as %+v", f)
	}
	if f := tr.judge(make([]ovsdb.OperationResult, len(tr.ops))); f != nil {
		t.Errorf("results without error are judged as %+v", f)
	}
}

func TestCommit_TheEstimatedSizeIsNeverFarBelowTheRealOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z0-9:. -]{0,300}`)
		p := plugOf("pf0vf"+text.Draw(t, "netdev"), text.Draw(t, "lport"))
		p.IfaceIDVer = text.Draw(t, "ver")
		p.MTURequest = 9000
		i := ours("pf0vf03", text.Draw(t, "row's lport"))
		i.PortName += text.Draw(t, "port name")
		c := Change{
			Plug: []Plug{p}, Unplug: []Unplug{{Interface: i}},
			Edit: []Edit{{Interface: i, Set: map[string]string{"a": text.Draw(t, "set")}, Delete: []string{text.Draw(t, "delete")},
				MTURequest: ptr(1)}},
		}
		estimate, actual := size(c), 0
		for _, op := range build(target{}, []Change{c}).ops {
			if op.Op == ovsdb.OperationComment {
				continue
			}
			b, err := op.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			actual += len(b)
		}
		if actual > 2*estimate {
			t.Errorf("estimated %d bytes, it has %d", estimate, actual)
		}
	})
}
