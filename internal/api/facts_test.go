package api

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

func TestStatus_CountsEveryStateAndIsInUTCMilliseconds(t *testing.T) {
	s := facts().Status()
	want := map[plan.State]int{plan.Plugged: 1, plan.Invalid: 1, plan.Pending: 0, plan.Conflict: 0, plan.Held: 0}
	if diff := cmp.Diff(want, s.Ports); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	if want := time.Date(2026, 3, 1, 11, 0, 0, 123e6, time.UTC); !s.Started.Equal(want) || s.Started.Location() != time.UTC {
		t.Errorf("started %v, want %v", s.Started, want)
	}
	if s.Devlink.Representors != 3 || !s.Devlink.Complete || !s.Local.BridgeFound || !s.Southbound.ChassisKnown {
		t.Errorf("status %+v", s)
	}
}

func TestStatus_IsThereOfADaemonThatKnowsNothingYet(t *testing.T) {
	s := nothing().Status()
	if !s.LastPass.IsZero() || s.Planned == nil || s.Devlink.Problem != "not read yet" || len(s.Ports) != 5 {
		t.Errorf("%+v", s)
	}
}

func TestRepresentors_SayOnlyWhatIsKnown(t *testing.T) {
	f := representor.Function{Handle: devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}, External: true, PF: 1, Kind: representor.PF}
	got := nothing().representor(representor.Representor{Function: f, PortIndex: 7, Type: devlink.TypeNotSet}, nil)
	want := Representor{Function: "pci/0000:03:00.0 pf1", Handle: "pci/0000:03:00.0", External: true, PF: 1, Kind: "pf",
		PortIndex: 7, Type: "notset"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A VF number 0 is a number, and so is the largest SF number.
	f.Kind = representor.VF
	if n := nothing().representor(representor.Representor{Function: f}, nil).Number; n == nil || *n != 0 {
		t.Errorf("VF 0 has number %v", n)
	}
	f.Kind, f.Number = representor.SF, math.MaxUint32
	if n := nothing().representor(representor.Representor{Function: f}, nil).Number; n == nil || *n != math.MaxUint32 {
		t.Errorf("the last SF has number %v", n)
	}
}

func TestUplinks_AreShownBesideRepresentors(t *testing.T) {
	want := []Uplink{{
		Handle: "pci/0000:03:00.0", Card: "pci/0000:03:00.0", PortIndex: 99, Number: new(uint32(0)), Netdev: "p0", IfIndex: 3,
		Link: &Link{Up: true, MTU: 9000, HWAddr: "02:00:00:00:00:03", Settled: true},
	}}
	got := facts().Representors()
	if diff := cmp.Diff(want, got.Uplinks); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got.Representors) != 3 {
		t.Errorf("%d representors: an uplink counts as one", len(got.Representors))
	}
}

func TestUplinks_OneWhoseCardIsNotKnownNamesNone(t *testing.T) {
	card := representor.Card{Complete: true, Ports: []devlink.Port{{
		Handle: devlink.Handle{Bus: "auxiliary", Device: "mlx5_core.eth.0"}, Index: 65535, Flavour: devlink.FlavourPhysical,
	}}}
	got := Facts{Index: representor.NewIndex(card, representor.Settings{})}.Representors().Uplinks
	want := []Uplink{{Handle: "auxiliary/mlx5_core.eth.0", PortIndex: 65535}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUplinks_ACardWithoutAnySaysSo(t *testing.T) {
	if got := nothing().Representors(); got.Uplinks == nil {
		t.Error("no uplinks are shown as by a version that knows of none")
	}
}

func TestRepresentors_TheLogicalPortIsThePluggedOne(t *testing.T) {
	f := facts()
	f.Report.Ports = append(f.Report.Ports,
		plug.Port{Status: plan.Status{LogicalPort: "wants-it-too", State: plan.Conflict, Function: "pci/0000:03:00.0 c1pf0vf0"}})
	for _, r := range f.Representors().Representors {
		want := ""
		if r.Function == "pci/0000:03:00.0 c1pf0vf0" {
			want = "vm1"
		}
		if r.LogicalPort != want {
			t.Errorf("%s is plugged for %q, want %q", r.Function, r.LogicalPort, want)
		}
	}
}

func TestChanges_AreWrittenForPeople(t *testing.T) {
	var out strings.Builder
	changes := Changes(facts().Report.Planned)
	zero := 0
	changes = append(changes, Change{Edit: []Edit{{Netdev: "pf0vf1", Set: map[string]string{"iface-id": "a b\x1b"}, MTU: &zero}}})
	WriteChanges(&out, changes)
	const want = `  unplug old
         from logical port vm1
         function pci/0000:03:00.0 c1pf0vf0
  plug   pf0vf0
         for logical port vm1
         function pci/0000:03:00.0 c1pf0vf0
         mtu_request 1442
  edit   pf0vf9
         set iface-id=x
         delete iface-id-ver
         clear type
         mtu_request 1442
         because its representor is now pf0vf0
  edit   pf0vf1
         set iface-id="a b\x1b"
         clear mtu_request
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestChanges_OfRowsThatOthersMarkedDontReachTheTerminalRaw(t *testing.T) {
	const evil = "x\x1b]0;y\a\n  unplug everything"
	var out strings.Builder
	WriteChanges(&out, []Change{{
		Why: evil, Unplug: []Row{{Netdev: evil, LogicalPort: evil, Function: evil}},
		Plug: []Row{{Netdev: evil, LogicalPort: evil, Function: evil}},
		Edit: []Edit{{Netdev: evil, Set: map[string]string{evil: evil}, Delete: []string{evil}}},
	}})
	if strings.ContainsAny(out.String(), "\x1b\a") || strings.Count(out.String(), "\n") != 10 {
		t.Errorf("%q; want ten lines and no control characters", out.String())
	}
}
