package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/reason"
)

// How long plan --offline waits, so that it ends within the patience of a command: for
// the local database, and for that, the card and the Southbound together. What is
// missing then is said, and the plan made without it.
const (
	localPatience  = 3 * time.Second
	sourcePatience = 8 * time.Second
)

// planOffline reads everything that the daemon would, once, and shows what one would
// change now. It writes nothing and takes no lock, so it disturbs no daemon.
func (p *program) planOffline(ctx context.Context, file string, named bool) error {
	cfg, err := daemonConfig(file, named)
	if err != nil {
		return failure(exitUsage, err)
	}
	a, err := agent.New(agent.Options{Config: cfg, Log: slog.New(slog.DiscardHandler), Open: p.openCard, DryRun: true})
	if err != nil {
		return err
	}
	return a.Within(ctx, patience, func(ctx context.Context) error { return p.planWith(ctx, a) })
}

// planWith plans once all is known, or can't be known in time.
func (p *program) planWith(ctx context.Context, a *agent.Agent) error {
	var missing *agent.MissingError
	bounded, cancel := context.WithTimeout(ctx, localPatience)
	defer cancel()
	switch err := a.Settle(bounded, nil); {
	case errors.As(err, &missing):
		return failure(exitUnreachable, fmt.Errorf("there is no plan without %s", missing.What))
	case err != nil:
		return err
	}
	for _, problem := range a.Identity().Problems {
		fmt.Fprintf(p.stderr, "%s: %s\n", name, reason.Line(problem))
	}
	status := p.awaitSources(ctx, a)
	a.Reconciler.Pass(ctx)
	a.Reconciler.Wait()
	f := a.Facts(a.Identity())
	f.Role, f.DryRun = api.Offline, true
	plan := f.Plan()
	return p.end(plan, status, func(out *strings.Builder) { p.writePlan(out, plan) })
}

// awaitSources waits for the card and the Southbound, says what is missing in the end,
// and gives the exit status for that.
func (p *program) awaitSources(ctx context.Context, a *agent.Agent) int {
	bounded, cancel := context.WithTimeout(ctx, sourcePatience)
	defer cancel()
	status := exitOK
	if err := a.Await(bounded, a.MissingCard, a.MissingSouthbound); err == nil {
		_ = a.SerialsTold(bounded) // a request that needs one says so
	}
	for _, source := range []struct {
		missing func() string
		status  int
	}{{a.MissingSouthbound, exitUnreachable}, {a.MissingCard, exitUnknown}} {
		if what := source.missing(); what != "" {
			fmt.Fprintf(p.stderr, "%s: planned without %s\n", name, reason.Line(what))
			status = source.status
		}
	}
	return status
}

// failure is an error with the exit status that stands for it.
func failure(status int, err error) error {
	hint := ""
	if errors.Is(err, os.ErrPermission) || strings.Contains(err.Error(), "permission denied") {
		hint = "; run this as root"
	}
	return cli.Exit{Status: status, Text: reason.OneLine(err) + hint}
}
