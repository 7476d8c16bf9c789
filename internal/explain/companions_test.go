package explain

import (
	"strings"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// placed is a port that the last pass found plugged.
func placed() Input {
	in := nothing()
	port := devlink.Port{
		Handle: devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}, Index: 1, Type: devlink.TypeEth, Flavour: devlink.FlavourPCIVF,
		Controller: devlink.Some[uint32](1), External: devlink.Some(true), PF: devlink.Some[uint16](0), VF: devlink.Some[uint16](0), IfIndex: 10,
	}
	in.Index = representor.NewIndex(representor.Card{
		Complete: true, Ports: []devlink.Port{port}, Links: map[uint32]representor.Link{10: {Name: "pf0vf0", Up: true, Settled: true}},
	}, representor.Settings{})
	row := ovs.Interface{
		UUID: "1", Name: "pf0vf0", Bridge: "br-int", PortName: "pf0vf0", IfaceID: "vm1", Ofport: 1, IfIndex: 10, Installed: true,
		Marked: true, Marker: ovs.Marker{LogicalPort: "vm1", Function: "pci/0000:03:00.0 c1pf0vf0"},
	}
	in.Actual = ovs.View{Complete: true, Bridge: "br-int", BridgeUUID: "2", Interfaces: map[string]ovs.Interface{row.Name: row}}
	in.Status = &plan.Status{LogicalPort: "vm1", State: plan.Plugged, Netdev: row.Name}
	in.Answer = &southbound.Answer{Binding: southbound.Binding{LogicalPort: "vm1", Disposition: southbound.Asked, Up: true}}
	return in
}

func TestExplain_ACompanionThatDoesNotAnswerIsAWarningWhereItsWordCounts(t *testing.T) {
	for name, steps := range map[string][]string{companion.VSwitchd: {diagnose.Ofport},
		companion.Controller: {diagnose.OVNInstalled, diagnose.Up}} {
		for state, warns := range map[companion.State]bool{companion.Answers: false, companion.Unknown: false, companion.Silent: true,
			companion.Gone: true} {
			in := placed()
			in.Companions = []companion.Sight{{Name: name, State: state}}
			e := Explain(in)
			if !e.Plugged || e.FailedStep != "" {
				t.Errorf("%s %s: %+v", name, state, e)
			}
			verb := map[companion.State]string{companion.Silent: " doesn't answer", companion.Gone: " doesn't run"}[state]
			for _, s := range e.Steps {
				told := strings.Contains(s.Finding, name+verb+", so this is what it said last: ")
				at := warns && (s.Name == steps[0] || s.Name == steps[len(steps)-1])
				if told != at || told && (s.Verdict != diagnose.Warning || s.Remedy == "") {
					t.Errorf("%s %s: %+v", name, state, s)
				}
			}
		}
	}
}

func TestExplain_ACompanionIsInNobodysWayWithoutARow(t *testing.T) {
	in := nothing()
	in.Companions = []companion.Sight{{Name: companion.VSwitchd, State: companion.Gone}}
	for _, s := range Explain(in).Steps {
		if strings.Contains(s.Finding, companion.VSwitchd+" doesn't run") {
			t.Errorf("%+v", s)
		}
	}
}

// It is ovs-vswitchd that keeps the port from going on, and nobody else.
func TestExplain_AnOpenFlowPortIsWaitedForInVainWhileVSwitchdIsStopped(t *testing.T) {
	in := placed()
	row := in.Actual.Interfaces["pf0vf0"]
	row.Ofport, row.IfIndex, row.Installed = 0, 0, false
	in.Actual.Interfaces["pf0vf0"] = row
	in.Answer.Up = false
	in.Status.State = plan.Pending
	in.Companions = []companion.Sight{{Name: companion.VSwitchd, State: companion.Silent}}
	const want = `ovs-vswitchd doesn't answer: the row "pf0vf0" is written and ovs-vswitchd has not opened it yet; `
	for _, s := range Explain(in).Steps {
		if s.Name == diagnose.Ofport && (s.Verdict != diagnose.Failed || !strings.HasPrefix(s.Finding, want) ||
			!strings.Contains(s.Remedy, "representorctl doctor")) {
			t.Errorf("%+v", s)
		}
		if (s.Name == diagnose.OVNInstalled || s.Name == diagnose.Up) && (s.Verdict != diagnose.Skipped || s.Remedy != "") {
			t.Errorf("%+v", s)
		}
	}
}
