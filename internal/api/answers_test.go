package api

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/cardserial/register"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// everything is facts in which every key of every answer is set somewhere, and left out elsewhere if it may be.
func everything() Facts {
	f := facts()
	at := f.Started
	f.RoleReason, f.DryRun, f.Problems = "pid 811 has it", true, []string{"no system-id", "é\x1b"}
	f.Southbound.Problem, f.Local.Problem = "it is behind", "it hangs"
	f.Southbound.CMSOptions, f.Southbound.HiddenFromOldNeutron = "card-serial-number=MT1,x", true
	f.Companions = append(f.Companions, companion.Sight{Name: companion.Controller, State: companion.Answers,
		Version: "ovn-controller 24.03.6", Forbidden: true})
	f.Local.Interfaces = map[string]ovs.Interface{
		"pf0vf0": {Name: "pf0vf0", Bridge: "br-int", Marked: true, Marker: ovs.Marker{LogicalPort: "vm1"}},
		"lost":   {Name: "lost", Bridge: "br-int", Marked: true, IfaceID: oddName},
	}
	f.Report.Ports = append(f.Report.Ports, plug.Port{Status: plan.Status{LogicalPort: "vm2", State: plan.Pending, Installed: true}})
	f.Report.Holds = append(f.Report.Holds, plug.Holding{Code: reason.CodeSouthboundReplaced, Identity: "cluster 2", Until: at})
	f.Report.Due = []ovs.Change{{Why: "nothing"}, {Edit: []ovs.Edit{{Interface: ovs.Interface{Name: "pf0vf0"}, MTURequest: new(0)}},
		Plug: []ovs.Plug{{Netdev: "pf0vf1", IfaceID: "vm2"}}}}
	handle := devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}
	f.Serials = register.Report{
		Key: "ovn-cms-options", Options: "card-serial-number=MT1,card-serial-number=MT9", Stale: []string{"MT8"}, Foreign: []string{"MT9"},
		Problem: "the local database refused it", Failed: true,
		Cards: []register.Card{
			{Handle: handle, HostFacing: true, Serial: "MT1", From: representor.SerialFromDevlink, Published: true, Ours: true},
			{Handle: devlink.Handle{Bus: "pci", Device: "0000:04:00.0"}, HostFacing: true, Serial: "MT2", From: representor.SerialFromVPD,
				Reason: reason.New(register.CodeWaiting, "it is about to be published")},
			{Handle: devlink.Handle{Bus: "auxiliary", Device: "mlx5_core.eth.0"}, Reason: reason.New(register.CodeNotHostFacing, "none")},
		},
	}
	c := card()
	c.Ports[1].Function.OpState = devlink.OpStateDetached
	sf := devlink.Port{Handle: handle, Index: 103, Type: devlink.TypeAuto, Flavour: devlink.FlavourPCISF, PF: devlink.Some[uint16](0),
		SF: devlink.Some[uint32](88), External: devlink.Some(true), Controller: devlink.Some[uint32](1), IfIndex: 12, NetdevName: "en0"}
	bare := devlink.Port{Handle: devlink.Handle{Bus: "auxiliary", Device: "mlx5_core.eth.0"}, Index: 65535, Flavour: devlink.FlavourPhysical}
	old := devlink.Port{Handle: devlink.Handle{Bus: "pci", Device: "0000:04:00.0"}, Index: 7, Type: devlink.PortType(9),
		Flavour: devlink.FlavourPCIPF, PF: devlink.Some[uint16](1), External: devlink.Some(false)}
	c.Ports = append(c.Ports, sf, bare, old)
	c.Problem = "a port was left out"
	f.Index = representor.NewIndex(c, representor.Settings{LocalFunctions: true})
	return f
}

// nothing is facts of a daemon that has just begun.
func nothing() Facts {
	return Facts{
		Daemon: Daemon{Role: Starting, RoleReason: "the local database: not read yet"}, Serials: register.Report{Off: true},
		Index: representor.NewIndex(representor.Card{Problem: "not read yet"}, representor.Settings{}),
	}
}

// history is events with every key set, and with each that may be left out.
func history(uint64) []plug.Event {
	at := facts().Started
	return []plug.Event{
		{Number: 1, At: at, LogicalPort: oddName, To: plan.Invalid, Reason: reason.New(reason.CodeInvalidOption, "é <b>")},
		{Number: 2, At: at.Add(time.Hour), LogicalPort: "vm1", From: plan.Plugged, Netdev: "pf0vf0"},
	}
}

// all is what may be asked, with the body where there is one.
func all() [][3]string {
	var questions [][3]string
	for _, path := range []string{
		PathStatus, PathPorts, PathPorts + "/vm1", PathPorts + "/vm2", PathPorts + "/nobody", PathRepresentors,
		PathLookup + "?pf-mac=00:53:00:00:00:42&vf-num=0", PathLookup + "?pf-mac=00:53:00:00:00:42&vf-num=1",
		PathLookup + "?pf-mac=00:53:00:00:00:42&vf-num=2", PathLookup + "?pf-mac=x", PathLookup + "?pf=1", PathLookup,
		PathSerials, PathPlan, PathEvents, PathEvents + "?after=x", PathReleaseHold, PathReconcile, PathLogLevel, "/v1/nowhere%7F",
	} {
		questions = append(questions, [3]string{http.MethodGet, path})
	}
	for _, q := range [][2]string{
		{PathStatus}, {PathReconcile}, {PathLogLevel + "?level=warn"}, {PathLogLevel + "?level=loud"}, {PathReleaseHold},
		{PathReleaseHold, `{"holds": []}`},
		{PathReleaseHold, `{"holds": [{"code": "mass-unplug", "until": "2026-03-01T11:01:00.123Z", "logical-ports": ["vm1"]}]}`},
	} {
		questions = append(questions, [3]string{http.MethodPost, q[0], q[1]})
	}
	return append(questions, [3]string{http.MethodDelete, PathLogLevel})
}

func answers(f Facts) string {
	s := Server{
		Facts: func() Facts { return f }, Poke: func() {}, Events: history, Level: &slog.LevelVar{}, Log: slog.New(slog.DiscardHandler),
		Release: func(seen []plug.Holding) (released, held []plug.Holding) {
			for _, h := range f.Report.Holds {
				if i := slices.IndexFunc(seen, func(s plug.Holding) bool { return s.Code == h.Code }); i >= 0 {
					h.Ports = slices.DeleteFunc(slices.Clone(h.Ports), func(p string) bool { return slices.Contains(seen[i].Ports, p) })
				}
				held = append(held, h)
			}
			return seen, held
		},
	}
	h := s.handler()
	var out strings.Builder
	for _, q := range all() {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(q[0], "http://localhost"+q[1], strings.NewReader(q[2]))
		h.ServeHTTP(w, r)
		out.WriteString(strings.Join(q[:], " ") + "\n" + http.StatusText(w.Code) + "\n")
		if allow := w.Header().Get("Allow"); allow != "" {
			out.WriteString("Allow: " + allow + "\n")
		}
		out.WriteString(w.Header().Get("Content-Type") + "\n" + w.Body.String())
	}
	return out.String()
}

func TestAnswers_KeepEveryKeyAndTheirOrder(t *testing.T) {
	active := everything()
	active.RoleReason = ""
	standby := everything()
	standby.Role = Standby
	for name, f := range map[string]Facts{"everything": active, "standby": standby, "nothing": nothing()} {
		got := answers(f)
		if diff := cmp.Diff(golden(t, name+".txt", got), got); diff != "" {
			t.Errorf("%s (-want +got): scripts read this, so it must not change; UPDATE_GOLDEN=1 writes it anew\n%s", name, diff)
		}
	}
}

// golden reads a file of testdata, or writes it when UPDATE_GOLDEN is set.
func golden(t *testing.T, name, got string) string {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, []byte(got), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}
