package metrics

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/card"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// twins is a card on which two PFs of different controllers have the same MAC.
func twins() representor.Card {
	mac := []byte{0, 0x53, 0, 0, 0, 0x42}
	port := func(index, controller uint32, flavour devlink.Flavour) devlink.Port {
		return devlink.Port{
			Handle: devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}, Index: index, Type: devlink.TypeEth, Flavour: flavour,
			Controller: devlink.Some(controller), External: devlink.Some(true), PF: devlink.Some[uint16](0),
		}
	}
	c := representor.Card{Complete: true}
	for n := range uint32(2) {
		pf, vf, sf := port(10*n, n+1, devlink.FlavourPCIPF), port(10*n+1, n+1, devlink.FlavourPCIVF), port(10*n+2, n+1, devlink.FlavourPCISF)
		pf.Function = &devlink.Function{HWAddr: mac}
		vf.VF, sf.SF = devlink.Some[uint16](3), devlink.Some[uint32](4)
		c.Ports = append(c.Ports, pf, vf, sf)
	}
	physical := devlink.Port{Handle: devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}, Index: 100, Flavour: devlink.FlavourPhysical,
		Number: devlink.Some[uint32](0)}
	c.Ports = append(c.Ports, physical)
	return c
}

// busy is a daemon of which every metric has something to tell.
func busy() Snapshot {
	status := func(s plan.State, code reason.Code, warnings ...reason.Code) plug.Port {
		p := plug.Port{Status: plan.Status{LogicalPort: "a tenant's secret", Netdev: "pf0vf3", State: s}}
		if code != "" {
			p.Reason = &reason.Reason{Code: code}
		}
		for _, w := range warnings {
			p.Warnings = append(p.Warnings, reason.Reason{Code: w})
		}
		return p
	}
	source := func(n uint64) card.SourceCounters {
		return card.SourceCounters{Reads: n + 1, Failures: n + 2, Interrupted: n + 3, Malformed: n + 4, Events: n + 5,
			Overruns: n + 6, Unheard: n + 7}
	}
	return Snapshot{
		Audit: time.Minute,
		Facts: api.Facts{
			Daemon:     api.Daemon{Version: "1.2.3", Started: noon().Add(-time.Hour), Role: api.Active},
			Local:      ovs.View{Complete: true, BridgeUUID: "b", Since: noon().Add(-time.Minute)},
			Southbound: southbound.View{Complete: true, ChassisKnown: true, Since: noon().Add(-30 * time.Second)},
			Index:      representor.NewIndex(twins(), representor.Settings{}),
			Companions: []companion.Sight{
				{Name: companion.VSwitchd, State: companion.Answers},
				{Name: companion.Controller, State: companion.Gone},
			},
			Report: plug.Report{
				At:       noon().Add(-time.Second),
				Counters: plug.Counters{Passes: 1000, Transactions: 90, Failures: 8, Retries: 7, Retargets: 6, Leaks: 5},
				Ports: []plug.Port{
					status(plan.Plugged, ""), status(plan.Plugged, "", reason.CodeIgnoredOption, reason.CodeLinkUpFailed),
					status(plan.Pending, reason.CodeFunctionNotFound),
					status(plan.Pending, reason.CodeFunctionNotFound, reason.CodeIgnoredOption),
					status(plan.Pending, reason.CodePFAmbiguous), status(plan.Conflict, reason.CodeForeignName),
					status(plan.Held, reason.CodeMassUnplug), status(plan.Invalid, reason.CodeInvalidOption),
				},
				Holds:   []plug.Holding{{Code: reason.CodeMassUnplug, Until: noon().Add(time.Minute), Ports: []string{"a tenant's secret"}}},
				BuiltIn: []string{"pf0vf9"},
			},
		},
		Card:   card.Counters{Ports: source(10), Links: source(20)},
		Switch: ovs.Counters{Transactions: 11, Splits: 2, Connections: 3},
	}
}

// handler answers with that snapshot, at noon, and knows nothing of this process.
func handler(t *testing.T, snapshot func() Snapshot, timings *Timings) *Handler {
	t.Helper()
	h, err := newHandler(&collector{snapshot: snapshot, now: noon, process: func(*samples) {}}, timings, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// golden reads a file of testdata, or writes it when UPDATE_GOLDEN is set.
func golden(t *testing.T, name, got string) string {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}
