package plan

import (
	"testing"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

func TestAdopt_ARowWithAnotherFunctionsNetdevOpenIsLeftToTheProvider(t *testing.T) {
	theirs := plantest.ForeignRow("pf0vf0", "a")
	theirs.OVNPlugged, theirs.Ofport, theirs.IfIndex = "representor", 5, 11
	x := testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11})
	in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: x, Actual: plantest.BridgeWith(theirs),
		Settings: Settings{AdoptOVNVIF: true}}
	if d := planWith(in); len(d.Changes) != 0 || statusOf(t, d, "a").State != Conflict {
		t.Errorf("planned %v", did(d))
	}
}
