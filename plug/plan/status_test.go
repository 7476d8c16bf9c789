package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// The MACs of the two PFs change places, so that requests mean functions of the
// other PF from then on.
func TestStatus_TellsWhatIsPluggedWhileTheRequestMeansAnotherFunction(t *testing.T) {
	had, means := testcard.VF(0, 0).String(), testcard.VF(1, 0).String()
	for _, tt := range []struct {
		name  string
		other testcard.Netdev // of the function that is meant now
		code  reason.Code
		state State
	}{
		{"that has no netdev", testcard.Netdev{PF: 1, VF: 0}, reason.CodeNoNetdev, Pending},
		{"that another port has", testcard.Netdev{PF: 1, VF: 0, Name: "pf1vf0", IfIndex: 20}, reason.CodeFunctionTaken, Conflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			card := testcard.Of(testcard.OneVF(), tt.other)
			mac0, mac1 := testcard.PFMAC(0), testcard.PFMAC(1)
			card.Ports[0].Function.HWAddr, card.Ports[1].Function.HWAddr = mac1[:], mac0[:]
			rival := plantest.OurRow("b", "pf1vf0", 1, 0, 20)
			rival.Marker.Request = testcard.VFQuery(0, 0).String()
			asked, rows := []southbound.Binding{plantest.Asks("a", 0, 0)}, []ovs.Interface{plantest.OurRow("a", "pf0vf0", 0, 0, 10)}
			if tt.state == Conflict {
				asked, rows = append(asked, plantest.Asks("b", 0, 0)), append(rows, rival)
			}
			d := planWith(Input{Asked: plantest.Trusted(asked...), Index: representor.NewIndex(card, representor.Settings{}),
				Actual: plantest.BridgeWith(rows...)},
				asked...)
			s := statusOf(t, d, "a")
			if len(d.Changes) != 0 || s.State != tt.state || reason.CodeOf(s.Reason) != tt.code {
				t.Fatalf("planned %v, status %+v", did(d), s)
			}
			if s.Function != had || s.Netdev != "pf0vf0" || s.IfIndex != 10 || s.Ofport != 10 {
				t.Errorf("what is plugged is %+v", s)
			}
			if !strings.Contains(s.Reason.Message, had) || !strings.Contains(s.Reason.Message, means) {
				t.Errorf("the reason doesn't name both functions: %s", s.Reason.Message)
			}
		})
	}
}

// What the request was when the row was made was edited away, so that it can't be told
// from one that has changed; but that the function is not the one asked for can.
func TestMeaning_ARowThatLostItsRequestGoesWhenTheRequestIsKnownToMeanAnotherFunction(t *testing.T) {
	row, rival := plantest.OurRow("a", "pf0vf0", 0, 0, 10), plantest.OurRow("b", "pf1vf0", 1, 0, 20)
	row.Marker.Request = ""
	card := []testcard.Netdev{testcard.OneVF(), {PF: 1, VF: 0, Name: "pf1vf0", IfIndex: 20}}
	asked := []southbound.Binding{plantest.Asks("a", 1, 0), plantest.Asks("b", 1, 0)}
	in := Input{Asked: plantest.Trusted(asked...), Index: testcard.Index(card...), Actual: plantest.BridgeWith(row, rival)}
	if d := Plan(in); len(d.Changes) != 0 || len(d.Unconfirmed) != 1 || d.Unconfirmed[0] != "a" {
		t.Errorf("without the Southbound's word: planned %v, in doubt %v", did(d), d.Unconfirmed)
	}
	d := planWith(in, asked...)
	if len(d.Changes) != 1 || len(d.Changes[0].Unplug) != 1 || d.Changes[0].Unplug[0].Interface.UUID != row.UUID {
		t.Errorf("planned %v, want the row of a removed", did(d))
	}
	if s := statusOf(t, d, "a"); s.State != Conflict || reason.CodeOf(s.Reason) != reason.CodeFunctionTaken {
		t.Errorf("status %+v", s)
	}
	unknown := plantest.Asks("a", 9, 0) // no PF has that MAC
	in.Asked = plantest.Trusted(unknown)
	if d := planWith(in, unknown); slices.Contains(did(d), "-pf0vf0") {
		t.Errorf("the row goes though nobody knows what its request means: %v", did(d))
	}
}

// Were the new request written into the row that is held, it would be taken for the
// answer to it after the hold.
func TestHold_ARowThatIsHeldWhileItsRequestChangesMovesWithTheRequestItWasMadeFor(t *testing.T) {
	renamed := testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}
	changed := plantest.Asks("a", 0, 7) // there is no VF 7
	d := planWith(Input{
		Asked: plantest.Trusted(changed), Index: testcard.Index(renamed), Actual: plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10)),
		Hold: Hold{All: true},
	}, changed)
	if len(d.Changes) != 1 || len(d.Changes[0].Plug) != 1 {
		t.Fatalf("planned %v, want the row to follow its netdev", did(d))
	}
	want := ovs.Marker{LogicalPort: "a", Function: testcard.VF(0, 0).String(), Request: testcard.VFQuery(0, 0).String()}
	if got := d.Changes[0].Plug[0].Marker; got != want {
		t.Errorf("marked %+v, want %+v", got, want)
	}
}

// While its netdev is away, what a row was for can be read nowhere once its marker is gone.
func TestMeaning_ARowThatLostFunctionAndRequestStaysWhileItsNetdevIsAway(t *testing.T) {
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	row.Marker.Function, row.Marker.Request = "", ""
	in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: testcard.Index(testcard.Netdev{PF: 0, VF: 0}),
		Actual: plantest.BridgeWith(row)}
	d := planWith(in, plantest.Asks("a", 0, 0))
	if s := statusOf(t, d, "a"); len(d.Changes) != 0 || s.State != Pending || reason.CodeOf(s.Reason) != reason.CodeNoNetdev {
		t.Errorf("planned %v, status %+v", did(d), s)
	}
}
