package plug

import (
	"slices"
	"testing"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

func TestBuiltIn_APlugProviderIsReportedByItsRows(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	// Adopting what it took while we run would be a fight.
	r := c.reconciler(func(cfg *Config) { cfg.Settings.AdoptOVNVIF = true })
	r.Pass(t.Context())
	taken := c.rows()["pf0vf0"]
	taken.OVNPlugged = "representor"
	elsewhere := plantest.ForeignRow("other", "x")
	elsewhere.OVNPlugged, elsewhere.Bridge = "representor", "br-ex"
	theirs := plantest.ForeignRow("pf0vf9", "z")
	theirs.OVNPlugged = "representor"
	c.actual = plantest.BridgeWith(theirs, taken, elsewhere)
	c.truth["z"] = plantest.Asks("z", 0, 9) // the provider saw it before us
	rep := r.Pass(t.Context())
	if !slices.Equal(rep.BuiltIn, []string{"pf0vf0", "pf0vf9"}) {
		t.Errorf("reported: %q", rep.BuiltIn)
	}
	if s := find(t, rep, "a"); s.State != plan.Conflict || reason.CodeOf(s.Reason) != reason.CodeBuiltInProvider {
		t.Errorf("a row of ours with the other mark: %+v", s)
	}
	if c.applied != 1 {
		t.Errorf("%d changes, want the first plug alone: there is no fight", c.applied)
	}
	c.actual = plantest.BridgeWith([]ovs.Interface{}...)
	if rep := r.Pass(t.Context()); len(rep.BuiltIn) != 0 {
		t.Errorf("still reported: %q", rep.BuiltIn)
	}
}

func TestBuiltIn_ARowThatThePlugProviderTookBeforeWeStartedIsAdopted(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	taken := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	taken.OVNPlugged = "representor"
	c.actual = plantest.BridgeWith(taken)
	rep := c.reconciler(func(cfg *Config) { cfg.Settings.AdoptOVNVIF = true }).Pass(t.Context())
	if s := find(t, rep, "a"); s.State != plan.Plugged || c.rows()["pf0vf0"].UUID != taken.UUID {
		t.Errorf("%+v with %+v", s, c.rows()["pf0vf0"])
	}
}
