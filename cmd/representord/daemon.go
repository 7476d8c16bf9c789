package main

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sync/errgroup"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/metrics"
)

// service is the program as it runs for ever.
type service struct {
	*keeper
	timings *metrics.Timings
	version string
	started time.Time
	level   *slog.LevelVar
	// companions are watched beside all else.
	companions *companion.Watcher
	// access says why the control socket isn't its group's; nil if it is.
	access atomic.Pointer[string]
}

// run keeps the bridge, answers on the control socket and tells the service
// manager, until the context is done. The ports stay.
func (s *service) run(ctx context.Context, send func(string)) error {
	watchdog, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.Log.Warn("the watchdog's settings are not understood; it gets no pings", "error", err)
	}
	a := &announcer{
		facts:    s.facts,
		compared: s.Reconciler.Ready(),
		nudge:    s.Notify,
		beats:    s.beats.Load,
		send:     send,
		log:      s.Log,
		watchdog: watchdog,
	}
	scrapes, err := metrics.New(s.snapshot, s.timings, s.Log)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	s.Watch(ctx, group)
	group.Go(func() error { return s.keeper.run(ctx) })
	group.Go(func() error { return a.run(ctx) })
	group.Go(func() error { return s.companions.Run(ctx) })
	group.Go(func() error { return s.answer(ctx, scrapes) })
	group.Go(func() error { return s.expose(ctx, scrapes) })
	if s.DryRun {
		group.Go(func() error { return s.tellPlans(ctx) })
	}
	return group.Wait()
}

// facts is all that is known. It never blocks.
func (s *service) facts() api.Facts {
	at := s.standing.Load()
	f := s.Facts(at.id)
	f.Version, f.PID, f.Started = s.version, os.Getpid(), s.started
	f.Role, f.RoleReason = at.role, at.why
	f.Companions = s.companions.Sights()
	f.Problems = append(slices.Clone(f.Problems), s.Config.Warnings...)
	if why := s.access.Load(); why != nil {
		f.Problems = append(f.Problems, *why)
	}
	return f
}
