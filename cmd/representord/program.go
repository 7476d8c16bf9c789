package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/metrics"
)

const name = "representord"

// Exit statuses. systemd starts us again after any but exitUsage, so nothing else
// may end with that one; 2 is what the Go runtime ends with after a panic and after
// the SIGABRT of systemd's watchdog.
const (
	exitOK         = 0
	exitError      = 1
	exitNotPlugged = 3
	exitUsage      = 78 // EX_CONFIG of sysexits.h
)

// program is one run of representord.
type program struct {
	stdout  io.Writer
	stderr  io.Writer
	version string
	commit  string
	open    agent.OpenCard

	onlyOnce bool
	cleanup  bool
	dryRun   bool
	timeout  time.Duration
	// configured is true once flags and configuration were found to be right.
	configured bool
}

// run does what the arguments say and gives the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.command()
	root.SetArgs(args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(p.stderr, "%s: %s\n", name, line)
	}
	switch {
	case !p.configured:
		fmt.Fprintf(p.stderr, "Try '%s --help'.\n", name)
		return exitUsage
	case errors.Is(err, errNotPlugged):
		return exitNotPlugged
	}
	return exitError
}

func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:   name,
		Short: "Plug DPU representors into OVN's integration bridge",
		Long: `Watch what OVN's Southbound asks of this chassis, the card's representors and
the integration bridge, and keep the bridge's representor ports as they are
asked for. It runs until it gets SIGTERM or SIGINT; the ports stay then.

Exit status:
  0   ended by a signal; with --once or --cleanup: done
  1   error
  3   with --once: done, but not every port that is asked for is plugged
  78  wrong usage or configuration`,
		Version:       cli.Version(p.version, p.commit),
		Args:          noArguments,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.CompletionOptions.DisableDefaultCmd = true
	f := root.Flags()
	config.Flags(f)
	f.BoolVar(&p.onlyOnce, "once", false, "make one pass over fresh snapshots, print what was done, and end")
	f.BoolVar(&p.cleanup, "cleanup", false,
		"remove every port of ours from the bridge and the serial numbers we published, print them, and end")
	f.BoolVar(&p.dryRun, "dry-run", false, "plan, show and write nothing; with --once or --cleanup: print the plan")
	f.DurationVar(&p.timeout, "timeout", 30*time.Second, "how long `time` --once and --cleanup may take")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if p.onlyOnce && p.cleanup {
			return errors.New("--once and --cleanup are two things to do: give one of them")
		}
		if cmd.Flags().Changed("timeout") && (!p.onlyOnce && !p.cleanup || p.timeout <= 0) {
			return errors.New("--timeout must be more than 0, and goes with --once or --cleanup")
		}
		cfg, err := config.Load(cmd.Flags())
		if err != nil {
			return err
		}
		p.configured = true
		return p.start(cmd.Context(), cfg)
	}
	return root
}

// noArguments refuses what looks like a command: there are none.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%q is not understood: %s takes flags only; to ask the one that runs there is representorctl", args[0], name)
}

// start runs what was chosen, to its end.
func (p *program) start(ctx context.Context, cfg config.Config) error {
	started := time.Now()
	saveMemory()
	level := &slog.LevelVar{}
	level.Set(cfg.LogLevel)
	if (p.onlyOnce || p.cleanup) && cfg.LogLevel == slog.LevelInfo {
		level.Set(slog.LevelError) // what is done once prints how it went
	}
	log := logger(p.stderr, cfg.LogFormat, level)
	timings := metrics.NewTimings()
	a, err := agent.New(agent.Options{Config: cfg, Log: log, Open: p.open, DryRun: p.dryRun, Took: timings.Took})
	if err != nil {
		return err
	}
	if p.onlyOnce || p.cleanup {
		for _, w := range cfg.Warnings {
			fmt.Fprintf(p.stderr, "%s: warning: %s\n", name, w)
		}
		t := task{Agent: a, out: p.stdout}
		if p.cleanup {
			return t.run(ctx, p.timeout, t.cleanup)
		}
		return t.run(ctx, p.timeout, t.once)
	}
	for _, w := range cfg.Warnings {
		log.Warn("configuration", "problem", w)
	}
	log.Info("starting", "version", p.version, "pid", os.Getpid(), "config", cfg.File, "dry-run", p.dryRun)
	s := service{keeper: newKeeper(a), timings: timings, version: p.version, started: started, level: level}
	s.companions = companion.NewWatcher(companion.Searches(cfg.OVSDB, os.Getenv), log)
	err = s.run(ctx, notifySystemd(log))
	if err == nil {
		log.Info("stopping; the ports stay", "signal", context.Cause(ctx))
	}
	return err
}
