package plug

import (
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// The MACs of the two PFs change places, so that requests mean functions of the
// other PF from then on.
func TestTheStatusTellsWhatIsPluggedWhileTheRequestMeansAnotherFunction(t *testing.T) {
	had, means := vfFunction(0, 0).String(), vfFunction(1, 0).String()
	for _, tt := range []struct {
		name  string
		other netdev // of the function that is meant now
		code  reason.Code
		state State
	}{
		{"that has no netdev", netdev{pf: 1, vf: 0}, reason.CodeNoNetdev, Pending},
		{"that another port has", netdev{pf: 1, vf: 0, name: "pf1vf0", ifindex: 20}, reason.CodeFunctionTaken, Conflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			card := cardOf(oneVF(), tt.other)
			mac0, mac1 := pfMAC(0), pfMAC(1)
			card.Ports[0].Function.HWAddr, card.Ports[1].Function.HWAddr = mac1[:], mac0[:]
			rival := ourRow("b", "pf1vf0", 1, 0, 20)
			rival.Marker.Request = vfQuery(0, 0).String()
			asked, rows := []ovn.Binding{asks("a", 0, 0)}, []ovs.Interface{ourRow("a", "pf0vf0", 0, 0, 10)}
			if tt.state == Conflict {
				asked, rows = append(asked, asks("b", 0, 0)), append(rows, rival)
			}
			d := planWith(Input{Asked: trusted(asked...), Index: representor.NewIndex(card, representor.Settings{}), Actual: bridgeWith(rows...)},
				asked...)
			s := statusOf(t, d, "a")
			if len(d.Changes) != 0 || s.State != tt.state || codeOf(s.Reason) != tt.code {
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
func TestARowThatLostItsRequestGoesWhenTheRequestIsKnownToMeanAnotherFunction(t *testing.T) {
	row, rival := ourRow("a", "pf0vf0", 0, 0, 10), ourRow("b", "pf1vf0", 1, 0, 20)
	row.Marker.Request = ""
	card := []netdev{oneVF(), {pf: 1, vf: 0, name: "pf1vf0", ifindex: 20}}
	asked := []ovn.Binding{asks("a", 1, 0), asks("b", 1, 0)}
	in := Input{Asked: trusted(asked...), Index: indexOf(card...), Actual: bridgeWith(row, rival)}
	if d := Plan(in); len(d.Changes) != 0 || len(d.Doubts) != 1 || d.Doubts[0] != "a" {
		t.Errorf("without the Southbound's word: planned %v, in doubt %v", did(d), d.Doubts)
	}
	d := planWith(in, asked...)
	if len(d.Changes) != 1 || len(d.Changes[0].Unplug) != 1 || d.Changes[0].Unplug[0].Interface.UUID != row.UUID {
		t.Errorf("planned %v, want the row of a removed", did(d))
	}
	if s := statusOf(t, d, "a"); s.State != Conflict || codeOf(s.Reason) != reason.CodeFunctionTaken {
		t.Errorf("status %+v", s)
	}
	unknown := asks("a", 9, 0) // no PF has that MAC
	in.Asked = trusted(unknown)
	if d := planWith(in, unknown); slices.Contains(did(d), "-pf0vf0") {
		t.Errorf("the row goes though nobody knows what its request means: %v", did(d))
	}
}

// Were the new request written into the row that is held, it would be taken for the
// answer to it after the hold.
func TestARowThatIsHeldWhileItsRequestChangesMovesWithTheRequestItWasMadeFor(t *testing.T) {
	renamed := netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}
	changed := asks("a", 0, 7) // there is no VF 7
	d := planWith(Input{
		Asked: trusted(changed), Index: indexOf(renamed), Actual: bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10)), Hold: Hold{All: true},
	}, changed)
	if len(d.Changes) != 1 || len(d.Changes[0].Plug) != 1 {
		t.Fatalf("planned %v, want the row to follow its netdev", did(d))
	}
	want := ovs.Marker{LogicalPort: "a", Function: vfFunction(0, 0).String(), Request: vfQuery(0, 0).String()}
	if got := d.Changes[0].Plug[0].Marker; got != want {
		t.Errorf("marked %+v, want %+v", got, want)
	}
}

// While its netdev is away, what a row was for can be read nowhere once its marker is gone.
func TestARowThatLostFunctionAndRequestStaysWhileItsNetdevIsAway(t *testing.T) {
	row := ourRow("a", "pf0vf0", 0, 0, 10)
	row.Marker.Function, row.Marker.Request = "", ""
	in := Input{Asked: trusted(asks("a", 0, 0)), Index: indexOf(netdev{pf: 0, vf: 0}), Actual: bridgeWith(row)}
	d := planWith(in, asks("a", 0, 0))
	if s := statusOf(t, d, "a"); len(d.Changes) != 0 || s.State != Pending || codeOf(s.Reason) != reason.CodeNoNetdev {
		t.Errorf("planned %v, status %+v", did(d), s)
	}
}
