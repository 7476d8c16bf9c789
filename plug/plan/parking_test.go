package plan

import (
	"testing"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

// Somebody took away what the row is for, and the card doesn't tell what the request means.
func TestParking_ARowWithoutItsFunctionGetsItsNameBackForNothingElse(t *testing.T) {
	r := plantest.OurRow("a", "pf0vf0", 0, 0, 20)
	r.Marker.Function, r.IfaceID, r.Parked = "", "", "a"
	in := Input{
		Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Actual: plantest.BridgeWith(r),
		Index: testcard.Index(testcard.Netdev{PF: 1, VF: 0, Name: "pf0vf0", IfIndex: 20}),
	}
	for _, c := range planWith(in).Changes {
		if len(c.Edit) > 0 {
			t.Errorf("edited: %+v", c.Edit)
		}
	}
}
