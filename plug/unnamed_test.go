package plug

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/ovn"
)

// Somebody deleted representord-function. Nobody but the Southbound knows then what the row
// is for, and the name is dealt anew.
func TestParking_ARowThatLostItsFunctionIsNobodysUntilItIsAskedFor(t *testing.T) {
	for name, tt := range map[string]struct{ ifaceID, parked string }{
		"it is parked":           {"", "a"},
		"the machine boots anew": {"a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(indexOf(netdev{pf: 0, vf: 0}, netdev{pf: 0, vf: 7, name: "pf0vf0", ifindex: 20}))
				row := ourRow("a", "pf0vf0", 0, 0, 0)
				row.Marker.Function, row.IfaceID, row.Parked = "", tt.ifaceID, tt.parked
				c.actual, c.view = bridgeWith(row), ovn.View{Problem: "connecting"}
				r := c.reconciler(nil)
				run(t, r)
				elapse(time.Minute)
				if row := c.rows()["pf0vf0"]; row.IfaceID != "" || !isReady(r) {
					t.Fatalf("VF 7 is %s's; ready: %v", row.IfaceID, isReady(r))
				}
				c.with(func() {
					c.index, c.view = indexOf(oneVF()), trusted(asks("a", 0, 0))
					c.truth["a"] = asks("a", 0, 0)
				})
				r.Poke()
				elapse(10 * time.Second)
				if row := c.rows()["pf0vf0"]; row.IfaceID != "a" || row.Marker.Function != vfFunction(0, 0).String() {
					t.Errorf("asked for: %+v", row)
				}
			})
		})
	}
}

// A row that lost its function stays while the card can't tell whether the request, in other
// words than the row's, means what the row was asked for.
func TestARowThatLostItsFunctionStaysWhileItsRequestMayMeanTheSame(t *testing.T) {
	row := ourRow("a", "pf0vf0", 0, 0, 10)
	row.Marker.Function = ""
	onItsCard := asks("a", 0, 0)
	onItsCard.Request.Query.CardSerial = "MT1"
	in := Input{Asked: trusted(onItsCard), Actual: bridgeWith(row), Index: indexOf(oneVF())} // the card's serial number isn't known
	if d := planWith(in, onItsCard); len(d.Changes) != 0 {
		t.Errorf("planned %q", did(d))
	}
	another := asks("a", 0, 1)
	another.Request.Query.CardSerial = "MT1"
	in.Asked = trusted(another)
	if d := planWith(in, another); len(did(d)) != 1 {
		t.Errorf("another VF is asked for: planned %q", did(d))
	}
}
