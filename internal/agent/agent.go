// Package agent puts together everything that serves one chassis: the card, the local
// database and the Southbound, watched, and what decides on them. The daemon lets it run;
// --once, --cleanup and representorctl plan --offline ask it once.
package agent

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/representord/representord/config"
	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/card"
	"github.com/representord/representord/internal/cardserial/register"
	"github.com/representord/representord/internal/datapath"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// Devices are the card, watched. *card.Watcher is.
type Devices interface {
	plug.Devices
	Run(ctx context.Context) error
	// Counters never blocks.
	Counters() card.Counters
}

// OpenCard is how Devices are had; tests have cards of their own.
type OpenCard func(card.Options) (Devices, error)

// WatchCard watches the kernel's card.
func WatchCard(o card.Options) (Devices, error) { return card.New(o) }

// mostLocalProbe bounds probe-interval for the local database. A long one is for a Southbound
// that is far and busy; a local server that is silent for so long hangs, and what waits for it
// must be told before systemd's watchdog takes us for dead.
const mostLocalProbe = 20 * time.Second

// Options are what an Agent is made of.
type Options struct {
	Config config.Config
	Log    *slog.Logger
	Open   OpenCard
	// DryRun agents plan and write nothing.
	DryRun bool
	// Took is told how long steps took, see plug.Config; nil for nobody.
	Took func(plug.Step, time.Duration)
}

// Agent is what is watched, and what decides on it. Nothing happens before Watch.
type Agent struct {
	Options

	Devices    Devices
	Local      *ovs.Switch
	Southbound *southbound.Watcher
	Reconciler *plug.Reconciler
	Registrar  *register.Registrar

	// Changed has an element when something may have changed since it was taken.
	Changed retry.Poke
	// identity is who we are, as the local database said last; nil until then.
	identity *config.Identity
	// override is what OVN's system-id-override says.
	override string
}

// New returns an Agent that knows nothing yet. The error names what can't be opened.
func New(o Options) (*Agent, error) {
	cfg := o.Config
	a := &Agent{Options: o, Changed: retry.NewPoke()}
	var err error
	if a.override, _, err = ReadOverride(cfg.SystemIDOverride()); err != nil {
		return nil, err
	}
	a.Devices, err = o.Open(card.Options{
		Log:       o.Log,
		Notify:    a.Notify,
		Settings:  representor.Settings{LocalFunctions: cfg.LocalFunctions},
		SysfsRoot: cfg.SysfsRoot,
		UdevRoot:  cfg.UdevRoot,
		Audit:     cfg.Audit,
	})
	if err != nil {
		return nil, fmt.Errorf("card: %w", err)
	}
	a.Local = ovs.New(ovs.Options{
		Endpoint: cfg.OVSDB, TLS: Configured(cfg), Probe: min(cfg.Probe, mostLocalProbe), Log: o.Log, Notify: a.Notify,
	})
	a.Southbound = southbound.New(southbound.Options{Log: o.Log, Notify: a.Notify, Restored: cfg.MassUnplugHold})
	a.Reconciler = plug.NewReconciler(plug.Config{
		Southbound:     southboundGate{a.Southbound, a},
		Switch:         localGate{a.Local, a},
		Devices:        a.Devices,
		SetHWAddr:      setHWAddr(cfg),
		Detach:         detach(datapath.New()),
		Settings:       plan.Settings{AdoptOVNVIF: cfg.AdoptOVNVIF},
		Log:            o.Log,
		Audit:          cfg.Audit,
		MassUnplugHold: cfg.MassUnplugHold,
		Grace:          grace(cfg.UnplugGrace),
		LinkGrace:      grace(cfg.LinkDownGrace),
		DryRun:         o.DryRun,
		Took:           o.Took,
	})
	a.Registrar = register.NewRegistrar(register.Config{
		Switch:  a.Local,
		Devices: a.Devices,
		Chassis: func(externalIDs map[string]string) string { return a.named(externalIDs).Chassis },
		Log:     o.Log,
		Audit:   cfg.Audit,
		Off:     !cfg.RegisterCardSerial,
		DryRun:  o.DryRun,
	})
	return a, nil
}

// grace gives a setting of none the sign that plug.Config has for that.
func grace(setting time.Duration) time.Duration {
	if setting == 0 {
		return -1
	}
	return setting
}

// Notify tells everybody that something may have changed. It never blocks.
func (a *Agent) Notify() {
	a.Reconciler.Poke()
	a.Registrar.Poke()
	a.Changed.Wake()
}

// Watch starts what keeps the snapshots up to date, until the context is done.
func (a *Agent) Watch(ctx context.Context, group *errgroup.Group) {
	group.Go(func() error { return a.Devices.Run(ctx) })
	group.Go(func() error { return a.Local.Run(ctx) })
	group.Go(func() error { return a.Southbound.Run(ctx) })
}

// Facts puts the snapshots together, for whom they are about; nil while that isn't
// known. It never blocks. What it can't know of the process is left out.
func (a *Agent) Facts(id *config.Identity) api.Facts {
	f := api.Facts{
		Local:         a.Local.View(),
		LocalEndpoint: a.Config.OVSDB,
		Southbound:    a.Southbound.View(),
		Index:         a.Devices.Index(),
		Report:        a.Reconciler.Report(),
		Serials:       a.Registrar.Report(),
	}
	f.DryRun = a.DryRun
	if id != nil {
		f.Chassis, f.Hostname, f.Bridge, f.Problems = id.Chassis, id.Hostname, id.Bridge, id.Problems
	}
	return f
}

// setHWAddr has functions get MAC addresses, if the settings want that; nil if not.
func setHWAddr(cfg config.Config) func(context.Context, representor.Representor, representor.MAC) error {
	if !cfg.ProgramHWAddr {
		return nil
	}
	client := devlink.New() // of its own: what it sets may take firmware a while, and holds up no list
	return func(ctx context.Context, r representor.Representor, mac representor.MAC) error {
		return client.SetFunctionAddress(ctx, r.Function.Handle, r.PortIndex, mac[:])
	}
}

// detach has the kernel's datapath let go of netdevs.
func detach(kernel *datapath.Client) func(context.Context, []plug.Stray) ([]bool, error) {
	return func(ctx context.Context, strays []plug.Stray) ([]bool, error) {
		netdevs := make([]datapath.Netdev, len(strays))
		for i, s := range strays {
			netdevs[i] = datapath.Netdev(s)
		}
		return kernel.Detach(ctx, netdevs)
	}
}
