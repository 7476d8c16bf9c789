package plan

import (
	"testing"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

func TestMaster_APortThatAsksForABridgedFunctionTakesNoOthersRow(t *testing.T) {
	in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: testcard.Index(testcard.Bridged()),
		Actual: plantest.BridgeWith(plantest.OurRow("old", "pf0vf0", 0, 0, 10))}
	if d := planWith(in, plantest.Asks("old", 0, 0), plantest.Asks("a", 0, 0)); len(d.Changes) != 0 {
		t.Errorf("planned %v", did(d))
	}
}
