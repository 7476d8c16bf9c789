package plug

import (
	"testing"
	"testing/synctest"

	"github.com/representord/representord/plug/plantest"
)

// An operator edited the row of a function that went a moment ago.
func TestEdit_OfARowWhoseFunctionIsAwayIsPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(away(), plantest.Asks("a", 0, 0))
		row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
		row.IfaceID = "b"
		c.actual = plantest.BridgeWith(row)
		r := c.reconciler(nil)
		r.Pass(t.Context())
		if row := c.rows()["pf0vf0"]; row.IfaceID == "b" {
			t.Errorf("the row is still b's: %+v", row)
		}
	})
}
