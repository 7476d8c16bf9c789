package plug

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn"
)

// Somebody deleted representord-function, and the name is dealt anew: by its request the row is
// for another function.
func TestLeak_ARowThatLostItsFunctionIsClosedWhenItsNameIsDealtAnew(t *testing.T) {
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
				if row, there := c.rows()["pf0vf0"]; there || !isReady(r) {
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

// The card can't tell whether a request, in other words than the row's, means what the row was
// asked for.
func TestARowThatLostItsFunctionStaysWhileItsRequestMayMeanTheSame(t *testing.T) {
	onCard := func(vf int) ovn.Binding {
		b := asks("a", 0, vf)
		b.Request.Query.CardSerial = "MT1" // which isn't known
		return b
	}
	for name, tt := range map[string]struct {
		request string
		asks    ovn.Binding
		netdev  netdev
		want    []string
	}{
		"the row's own request means its netdev": {vfQuery(0, 0).String(), onCard(0), oneVF(), []string{"~pf0vf0"}},
		"the card tells of neither":              {onCard(0).Request.Query.String() + "7", onCard(0), oneVF(), nil},
		"the names were dealt anew": {onCard(0).Request.Query.String(), onCard(0), netdev{pf: 0, vf: 7, name: "pf0vf0", ifindex: 10},
			[]string{"-pf0vf0"}},
		"another VF is asked for": {vfQuery(0, 0).String(), onCard(1), oneVF(), []string{"-pf0vf0"}},
	} {
		t.Run(name, func(t *testing.T) {
			row := ourRow("a", "pf0vf0", 0, 0, 10)
			row.Marker.Function, row.Marker.Request = "", tt.request
			d := planWith(Input{Asked: trusted(tt.asks), Actual: bridgeWith(row), Index: indexOf(tt.netdev)}, tt.asks)
			if !slices.Equal(did(d), tt.want) {
				t.Errorf("planned %q, want %q", did(d), tt.want)
			}
		})
	}
}
