package plan

import (
	"slices"
	"testing"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// The row of a port leaks, and another port asks for its function.
func TestOwner_AFunctionWhoseRowLeaksGoesToAnotherPortOnlyWhenTheSouthboundWasAskedAboutBoth(t *testing.T) {
	in := Input{
		Asked: plantest.Trusted(plantest.Asks("b", 0, 0)), Actual: plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10)),
		Index: testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10},
			testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 20}),
	}
	if d := Plan(in); !slices.Equal(did(d), []string{"-pf0vf0"}) || !slices.Equal(d.Unconfirmed, []string{"a", "b"}) {
		t.Errorf("nobody was asked: planned %q, doubts %q", did(d), d.Unconfirmed)
	}
	lost := in
	lost.Actual, lost.Hold.Lost = plantest.BridgeWith(), map[representor.Function]string{testcard.VF(0, 0): "a"}
	if d := Plan(lost); len(d.Changes) != 0 || !slices.Equal(d.Unconfirmed, []string{"a", "b"}) {
		t.Errorf("its row is gone, and nobody was asked: planned %q, doubts %q", did(d), d.Unconfirmed)
	}
	for name, tt := range map[string]struct {
		truth []southbound.Binding
		want  string
	}{
		"nothing asks for it any more": {nil, "+ens1=b"},
		"it is still asked for":        {[]southbound.Binding{plantest.Asks("a", 0, 0)}, "+ens1=a"},
	} {
		if d := planWith(in, tt.truth...); !slices.Equal(did(d), []string{"-pf0vf0", tt.want}) {
			t.Errorf("%s: planned %q", name, did(d))
		}
		if d := planWith(lost, tt.truth...); !slices.Equal(did(d), []string{tt.want}) {
			t.Errorf("%s, its row is gone: planned %q", name, did(d))
		}
	}
	in.Hold.All, lost.Hold.All = true, true
	if d := planWith(in); !slices.Equal(did(d), []string{"-pf0vf0"}) {
		t.Errorf("under a hold, planned %q", did(d))
	}
	if d := planWith(lost); len(d.Changes) != 0 {
		t.Errorf("under a hold, its row gone, planned %q", did(d))
	}
}

// Somebody took away what a row is for, and the names were dealt anew: the row has another
// function's netdev. What it was asked for is another port's now.
func TestOwner_ARowThatHasLostItsFunctionHasAClaimToWhatItWasAskedFor(t *testing.T) {
	r := plantest.OurRow("a", "pf0vf0", 0, 0, 20)
	r.Marker.Function = ""
	in := Input{
		Asked: plantest.Trusted(plantest.Asks("a", 0, 1), plantest.Asks("b", 0, 0)), Actual: plantest.BridgeWith(r),
		Index: testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}, testcard.Netdev{PF: 0, VF: 1, Name: "ens2", IfIndex: 11},
			testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 20}),
	}
	if d := Plan(in); !slices.Equal(did(d), []string{"-pf0vf0"}) || !slices.Equal(d.Unconfirmed, []string{"a", "b"}) {
		t.Errorf("nobody was asked: planned %q, doubts %q", did(d), d.Unconfirmed)
	}
	if d := planWith(in, plantest.Asks("a", 0, 1), plantest.Asks("b", 0, 0)); !slices.Equal(did(d),
		[]string{"-pf0vf0", "+ens2=a", "+ens1=b"}) {
		t.Errorf("planned %q", did(d))
	}
}

// As long as its name is its own function's, a row that lost its function is put right, and its
// port goes on, whatever others ask for.
func TestOwner_ARowThatLostItsFunctionIsForWhatItWasAskedFor(t *testing.T) {
	r := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	r.Marker.Function = ""
	in := Input{
		Asked: plantest.Trusted(plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1)), Actual: plantest.BridgeWith(r),
		Index: testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10},
			testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}),
	}
	if d := planWith(in, plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1)); !slices.Equal(did(d), []string{"~pf0vf0", "+pf0vf1=b"}) {
		t.Errorf("planned %q", did(d))
	}
	in.Asked = plantest.Trusted(plantest.Asks("b", 0, 0))
	if d := Plan(in); len(d.Changes) != 0 || !slices.Equal(d.Unconfirmed, []string{"a", "b"}) {
		t.Errorf("another port asks for it, and nobody was asked: planned %q, doubts %q", did(d), d.Unconfirmed)
	}
}

// Of two requests that the card can't follow only one may be for the function.
func TestOwner_AClaimCountsOnlyWhereTheRequestMayMeanTheFunction(t *testing.T) {
	for name, tt := range map[string]struct {
		vf     int
		serial string
		mac    int
		want   []string
	}{
		"it may be meant, the card tells no serial number": {0, "MT1", 0, nil},
		"another VF is meant":                              {7, "MT1", 0, []string{"+ens1=b"}},
		"a PF is meant that isn't there":                   {0, "", 9, []string{"+ens1=b"}},
	} {
		a := plantest.Asks("a", tt.mac, tt.vf)
		a.Request.Query.CardSerial = tt.serial
		in := Input{
			Asked: plantest.Trusted(a, plantest.Asks("b", 0, 0)), Actual: plantest.BridgeWith(),
			Index: testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}),
			Hold:  Hold{Lost: map[representor.Function]string{testcard.VF(0, 0): "a"}},
		}
		if d := planWith(in, a, plantest.Asks("b", 0, 0)); !slices.Equal(did(d), tt.want) {
			t.Errorf("%s: planned %q", name, did(d))
		}
	}
}

// The row was one of a kernel that numbered no controllers.
func TestOwner_AClaimIsToTheFunctionAsTheCardCallsItNow(t *testing.T) {
	in := Input{
		Asked: plantest.Trusted(plantest.Asks("b", 0, 0)), Actual: plantest.BridgeWith(),
		Index: testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}),
		Hold:  Hold{All: true, Lost: map[representor.Function]string{called(unnumbered(testcard.VF(0, 0).String())): "a"}},
	}
	if d := planWith(in); len(d.Changes) != 0 {
		t.Errorf("planned %q", did(d))
	}
}

// A port that runs gives way to no claim of the past, whatever its netdev is called now.
func TestOwner_AClaimIsWeakerThanARowUnderAnotherName(t *testing.T) {
	a, c := plantest.Asks("a", 0, 0), plantest.Asks("c", 0, 0)
	in := Input{Asked: plantest.Trusted(a, c), Actual: plantest.BridgeWith(plantest.OurRow("c", "old", 0, 0, 10)),
		Index: testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "n0", IfIndex: 10}),
		Hold:  Hold{Lost: map[representor.Function]string{testcard.VF(0, 0): "a"}}}
	if d := planWith(in, a, c); !slices.Equal(did(d), []string{"-old +n0=c"}) {
		t.Errorf("did %q: %+v", did(d), d.Ports)
	}
}
