package witness_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/servers"
	"github.com/representord/representord/test/witness"
)

const mac = "00:53:00:00:00:42"

func card() invariants.Card {
	return invariants.Card{
		PFs:   map[string]string{"card0 c1pf0": mac},
		VFs:   map[string]invariants.Netdev{"card0 c1pf0vf0": {Name: "n0", IfIndex: 10}, "card0 c1pf0vf1": {Name: "n1", IfIndex: 11}},
		Links: map[int]string{10: "n0", 11: "n1"},
	}
}

// accused is a test that is judged, in place of the one that runs.
type accused struct {
	testing.TB
	violations []string
}

func (a *accused) Errorf(format string, args ...any) {
	a.violations = append(a.violations, fmt.Sprintf(format, args...))
}

// plug does what representord would for a port and a VF.
func plug(t *testing.T, d *servers.OVSDB, lport string, vf int) {
	t.Helper()
	netdev := fmt.Sprint("n", vf)
	d.Ctl(t, "add-port", "br-int", netdev, "--", "set", "Interface", netdev, "external_ids:iface-id="+lport,
		"external_ids:representord-logical-port="+lport,
		fmt.Sprintf(`external_ids:representord-function="card0 c1pf0vf%d"`, vf),
		fmt.Sprintf(`external_ids:representord-request="pf-mac %s vf %d"`, mac, vf))
}

func TestWitness_WhatHasACauseIsNoViolationAndAnythingElseIs(t *testing.T) {
	t.Parallel()
	asks := func(vf int) map[string]invariants.Request {
		return map[string]invariants.Request{"a": {Kind: invariants.Asks, PFMAC: mac, VF: vf}}
	}
	for name, tt := range map[string]struct {
		do   func(t *testing.T, w *witness.Witness, d *servers.OVSDB)
		want string // part of the only violation
	}{
		"a plug that is asked for": {func(t *testing.T, w *witness.Witness, d *servers.OVSDB) {
			t.Helper()
			w.Requests(asks(0), func() {})
			plug(t, d, "a", 0)
		}, ""},
		"a plug of another function": {func(t *testing.T, w *witness.Witness, d *servers.OVSDB) {
			t.Helper()
			w.Requests(asks(0), func() {})
			plug(t, d, "a", 1)
		}, "plugged without a request"},
		"a removal without a cause": {func(t *testing.T, w *witness.Witness, d *servers.OVSDB) {
			t.Helper()
			w.Requests(asks(0), func() {})
			plug(t, d, "a", 0)
			w.Known()
			d.Ctl(t, "del-port", "n0")
		}, "removed without cause"},
		"a removal of what isn't asked for any more": {func(t *testing.T, w *witness.Witness, d *servers.OVSDB) {
			t.Helper()
			w.Requests(asks(0), func() {})
			plug(t, d, "a", 0)
			w.Known()
			w.Nothing(func() { d.Ctl(t, "del-port", "n0") }, "a")
		}, ""},
		"a removal by an operator": {func(t *testing.T, w *witness.Witness, d *servers.OVSDB) {
			t.Helper()
			w.Requests(asks(0), func() {})
			plug(t, d, "a", 0)
			w.Known()
			w.Removes(func() { d.Ctl(t, "del-port", "n0") }, "n0")
		}, ""},
		"a removal of a row whose name is another function's": {func(t *testing.T, w *witness.Witness, d *servers.OVSDB) {
			t.Helper()
			w.Requests(asks(0), func() {})
			plug(t, d, "a", 0)
			w.Known()
			w.Card(func() invariants.Card {
				c := card()
				c.VFs = map[string]invariants.Netdev{"card0 c1pf0vf0": {}, "card0 c1pf0vf1": {Name: "n0", IfIndex: 12}}
				return c
			})
			d.Ctl(t, "del-port", "n0")
		}, ""},
		"an edit of a row that is asked for": {func(t *testing.T, w *witness.Witness, d *servers.OVSDB) {
			t.Helper()
			w.Requests(asks(0), func() {})
			plug(t, d, "a", 0)
			d.Ctl(t, "set", "Interface", "n0", "external_ids:iface-id=b")
		}, "edited into what it must not be"},
		"what came and went while the server was away": {func(t *testing.T, w *witness.Witness, d *servers.OVSDB) {
			t.Helper()
			w.Requests(asks(0), func() {})
			plug(t, d, "a", 0)
			w.Known()
			w.Starts(d.Wipe)
			d.Ctl(t, "init")
		}, "removed without cause"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := servers.OpenVSwitch(t)
			d.Ctl(t, "add-br", "br-int")
			a := &accused{TB: t}
			w := witness.New(a, d.Endpoint, "br-int", card())
			tt.do(t, w, d)
			w.Close()
			if tt.want == "" && len(a.violations) > 0 || tt.want != "" && (len(a.violations) != 1 || !strings.Contains(a.violations[0], tt.want)) {
				t.Errorf("violations %q, want %q", a.violations, tt.want)
			}
		})
	}
}

func TestWitness_WhoSawNothingIsAMistake(t *testing.T) {
	t.Parallel()
	d := servers.OpenVSwitch(t)
	a := &accused{TB: t}
	witness.New(a, d.Endpoint, "br-int", card()).Close()
	if len(a.violations) != 1 || !strings.Contains(a.violations[0], "saw no change") {
		t.Errorf("violations: %q", a.violations)
	}
}

func TestWitness_WithoutOneAllIsDone(t *testing.T) {
	t.Parallel()
	var w *witness.Witness
	done := 0
	do := func() { done++ }
	w.Requests(nil, do)
	w.Nothing(do, "a")
	w.Card(func() invariants.Card { do(); return invariants.Card{} })
	w.Starts(do)
	w.Removes(do)
	w.Edits("n0", invariants.FieldIfaceID, "b", do)
	w.Deaf()()
	w.Known()
	w.Check()
	w.Close()
	if done != 6 {
		t.Errorf("%d of 6 things were done", done)
	}
}
