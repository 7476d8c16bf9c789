package plan

import (
	"strings"
	"testing"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func TestLeftOver_OfABondOrAnotherProviderIsLeftAlone(t *testing.T) {
	bonded, other := plantest.BuiltIn("n0", "p0"), plantest.BuiltIn("n1", "p1")
	bonded.PortName, bonded.PortInterfaces = "bond0", 2
	other.OVNPlugged = "somebody"
	in := Input{Asked: plantest.Trusted(), Index: testcard.Index(), Actual: plantest.BridgeWith(bonded, other),
		Settings: Settings{AdoptOVNVIF: true}}
	if d := planWith(in); len(d.Changes) != 0 || len(d.Unconfirmed) != 0 || statusOf(t, d, "p0").State != Conflict ||
		statusOf(t, d, "p1").State != Conflict {
		t.Errorf("planned %v, ports %+v", did(d), d.Ports)
	}
}

// The setting is named where it is a way out.
func TestLeftOver_TheSettingIsNamedWhereItHelps(t *testing.T) {
	bonded, other := plantest.BuiltIn("pf0vf0", "old"), plantest.BuiltIn("pf0vf0", "old")
	bonded.PortName, bonded.PortInterfaces = "bond0", 2
	other.OVNPlugged = "somebody"
	for name, tt := range map[string]struct {
		row         ovs.Interface
		adopt, want bool
	}{
		"the provider's":              {plantest.BuiltIn("pf0vf0", "old"), false, true},
		"that is set":                 {plantest.BuiltIn("pf0vf0", "old"), true, false},
		"in a bond":                   {bonded, false, false},
		"another provider's":          {other, false, false},
		"in a bond, and it is set":    {bonded, true, false},
		"another's, and it is set so": {other, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: testcard.Index(testcard.OneVF()),
				Actual:   plantest.BridgeWith(tt.row),
				Settings: Settings{AdoptOVNVIF: tt.adopt}}
			for _, lport := range []string{"a", "old"} {
				s := statusOf(t, Plan(in), lport)
				if s.Reason == nil || strings.Contains(s.Reason.Message, "adopt-ovn-vif") != tt.want {
					t.Errorf("%s: %+v", lport, s.Reason)
				}
			}
		})
	}
}

func TestLeftOver_ARowOfOursThatTheProviderMarkedWhileWeRunIsLeftToIt(t *testing.T) {
	r := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	r.OVNPlugged = "representor"
	in := Input{Asked: plantest.Trusted(), Index: testcard.Index(testcard.OneVF()), Actual: plantest.BridgeWith(r),
		Settings:        Settings{AdoptOVNVIF: true},
		TakenByProvider: map[string]bool{r.UUID: true}}
	if d := planWith(in); len(d.Changes) != 0 || reason.CodeOf(statusOf(t, d, "a").Reason) != reason.CodeBuiltInProvider {
		t.Errorf("planned %v, ports %+v", did(d), d.Ports)
	}
	in.TakenByProvider = nil // it did before we were started
	if d := planWith(in); len(d.Changes) != 1 {
		t.Errorf("planned %v, ports %+v", did(d), d.Ports)
	}
}
