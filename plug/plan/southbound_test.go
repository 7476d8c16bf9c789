package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func TestSouthbound_WhichOneARowAnswers(t *testing.T) {
	vf0 := testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}
	renamed := testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	all := Hold{All: true}
	kept := plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept)
	ask := plantest.Asks("a", 0, 0)
	lost := plantest.Trusted(ask)
	lost.Connected = false
	for _, tt := range []struct {
		name string
		dev  testcard.Netdev
		view southbound.View
		rows []ovs.Interface
		hold Hold
		want []string
		says string
	}{
		{name: "a new row the present one", dev: vf0, view: plantest.Trusted(ask), want: []string{"+pf0vf0=a"}, says: "SB_Global sb1"},
		{name: "a new row the present one, though it isn't accepted yet", dev: vf0, view: plantest.Trusted(ask), hold: all,
			want: []string{"+pf0vf0=a"},
			says: "SB_Global sb1"},
		{name: "a row of an older version gets the key", dev: vf0, view: plantest.Trusted(ask),
			rows: []ovs.Interface{plantest.Answering(row, "")},
			want: []string{"~pf0vf0"}, says: "SB_Global sb1"},
		{name: "but not before the present one is accepted", dev: vf0, view: plantest.Trusted(ask),
			rows: []ovs.Interface{plantest.Answering(row, "")}, hold: all},
		{name: "a row of another one answers the present one", dev: vf0, view: plantest.Trusted(ask),
			rows: []ovs.Interface{plantest.Answering(row, "SB_Global sb0")}, want: []string{"~pf0vf0"}, says: "SB_Global sb1"},
		{name: "but not before that is accepted", dev: vf0, view: plantest.Trusted(ask),
			rows: []ovs.Interface{plantest.Answering(row, "SB_Global sb0")}, hold: all,
			says: "SB_Global sb0"},
		{name: "nor while it isn't trusted", dev: vf0, view: lost, rows: []ovs.Interface{plantest.Answering(row, "SB_Global sb0")},
			says: "SB_Global sb0"},
		{name: "nor for a row that is only kept", dev: vf0, view: plantest.Trusted(kept),
			rows: []ovs.Interface{plantest.Answering(row, "SB_Global sb0")},
			says: "SB_Global sb0"},
		{name: "other words for the same change nothing", dev: vf0, view: plantest.Trusted(ask),
			rows: []ovs.Interface{plantest.Answering(row, "cluster c1 SB_Global sb1")}, says: "cluster c1 SB_Global sb1"},
		{name: "what somebody edited is put back", dev: vf0, view: plantest.Trusted(ask),
			rows: []ovs.Interface{plantest.Answering(row, "edited")},
			want: []string{"~pf0vf0"}, says: "SB_Global sb1"},
		{name: "a row that follows its netdev answers the present one from then on", dev: renamed, view: plantest.Trusted(ask),
			rows: []ovs.Interface{plantest.Answering(row, "SB_Global sb0")}, want: []string{"-pf0vf0 +ens1=a"}, says: "SB_Global sb1"},
		{name: "but not before that is accepted", dev: renamed, view: plantest.Trusted(ask),
			rows: []ovs.Interface{plantest.Answering(row, "SB_Global sb0")},
			hold: all, want: []string{"-pf0vf0 +ens1=a"}, says: "SB_Global sb0"},
		{name: "nor one that is only kept, and follows its netdev", dev: renamed, view: plantest.Trusted(kept),
			rows: []ovs.Interface{plantest.Answering(row, "SB_Global sb0")}, want: []string{"-pf0vf0 +ens1=a"}, says: "SB_Global sb0"},
		{name: "other edits are made meanwhile", dev: vf0, view: plantest.Trusted(ask),
			rows: []ovs.Interface{func() ovs.Interface { r := plantest.Answering(row, "SB_Global sb0"); r.IfaceID = "x"; return r }()}, hold: all,
			want: []string{"~pf0vf0"}, says: "SB_Global sb0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Asked: tt.view, Index: testcard.Index(tt.dev), Actual: plantest.BridgeWith(tt.rows...), Hold: tt.hold}
			d := planWith(in)
			if diff := cmp.Diff(tt.want, did(d)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			after, err := plantest.Commit(in.Actual, in.Index, d.Changes)
			if err != nil {
				t.Fatal(err)
			}
			for name, r := range after.Interfaces {
				if r.Southbound != tt.says {
					t.Errorf("%s says %q, want %q", name, r.Southbound, tt.says)
				}
			}
		})
	}
}
