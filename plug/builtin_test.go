package plug

import (
	"slices"
	"testing"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
)

func TestABuiltInPlugProviderIsReportedByItsRows(t *testing.T) {
	c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
	// Adopting what it took while we run would be a fight.
	r := c.reconciler(func(cfg *Config) { cfg.Settings.AdoptOVNVIF = true })
	r.Pass(t.Context())
	taken := c.rows()["pf0vf0"]
	taken.OVNPlugged = "representor"
	elsewhere := foreignRow("other", "x")
	elsewhere.OVNPlugged, elsewhere.Bridge = "representor", "br-ex"
	theirs := foreignRow("pf0vf9", "z")
	theirs.OVNPlugged = "representor"
	c.actual = bridgeWith(theirs, taken, elsewhere)
	c.truth["z"] = asks("z", 0, 9) // the provider saw it before us
	rep := r.Pass(t.Context())
	if !slices.Equal(rep.BuiltIn, []string{"pf0vf0", "pf0vf9"}) {
		t.Errorf("reported: %q", rep.BuiltIn)
	}
	if s := find(t, rep, "a"); s.State != Conflict || codeOf(s.Reason) != reason.CodeBuiltInProvider {
		t.Errorf("a row of ours with the other mark: %+v", s)
	}
	if c.applied != 1 {
		t.Errorf("%d changes, want the first plug alone: there is no fight", c.applied)
	}
	c.actual = bridgeWith([]ovs.Interface{}...)
	if rep := r.Pass(t.Context()); len(rep.BuiltIn) != 0 {
		t.Errorf("still reported: %q", rep.BuiltIn)
	}
}

func TestARowThatTheBuiltInPlugProviderTookBeforeWeStartedIsAdopted(t *testing.T) {
	c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
	taken := ourRow("a", "pf0vf0", 0, 0, 10)
	taken.OVNPlugged = "representor"
	c.actual = bridgeWith(taken)
	rep := c.reconciler(func(cfg *Config) { cfg.Settings.AdoptOVNVIF = true }).Pass(t.Context())
	if s := find(t, rep, "a"); s.State != Plugged || c.rows()["pf0vf0"].UUID != taken.UUID {
		t.Errorf("%+v with %+v", s, c.rows()["pf0vf0"])
	}
}

func TestARowWithAnotherFunctionsNetdevOpenIsNotAdopted(t *testing.T) {
	theirs := foreignRow("pf0vf0", "a")
	theirs.OVNPlugged, theirs.Ofport, theirs.IfIndex = "representor", 5, 11
	x := indexOf(oneVF(), netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11})
	in := Input{Asked: trusted(asks("a", 0, 0)), Index: x, Actual: bridgeWith(theirs), Settings: Settings{AdoptOVNVIF: true}}
	if d := planWith(in); len(d.Changes) != 0 || statusOf(t, d, "a").State != Conflict {
		t.Errorf("planned %v", did(d))
	}
}
