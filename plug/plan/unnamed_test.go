package plan

import (
	"slices"
	"testing"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

// The card can't tell whether a request, in other words than the row's, means what the row was
// asked for.
func TestARowThatLostItsFunctionStaysWhileItsRequestMayMeanTheSame(t *testing.T) {
	onCard := func(vf int) ovn.Binding {
		b := plantest.Asks("a", 0, vf)
		b.Request.Query.CardSerial = "MT1" // which isn't known
		return b
	}
	for name, tt := range map[string]struct {
		request string
		asks    ovn.Binding
		netdev  testcard.Netdev
		want    []string
	}{
		"the row's own request means its netdev": {testcard.VFQuery(0, 0).String(), onCard(0), testcard.OneVF(), []string{"~pf0vf0"}},
		"the card tells of neither":              {onCard(0).Request.Query.String() + "7", onCard(0), testcard.OneVF(), nil},
		"the names were dealt anew": {onCard(0).Request.Query.String(), onCard(0), testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 10},
			[]string{"-pf0vf0"}},
		"another VF is asked for": {testcard.VFQuery(0, 0).String(), onCard(1), testcard.OneVF(), []string{"-pf0vf0"}},
	} {
		t.Run(name, func(t *testing.T) {
			row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
			row.Marker.Function, row.Marker.Request = "", tt.request
			d := planWith(Input{Asked: plantest.Trusted(tt.asks), Actual: plantest.BridgeWith(row), Index: testcard.Index(tt.netdev)}, tt.asks)
			if !slices.Equal(did(d), tt.want) {
				t.Errorf("planned %q, want %q", did(d), tt.want)
			}
		})
	}
}
