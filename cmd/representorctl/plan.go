package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
)

// offlineInstead is what can be run where no daemon answers.
const offlineInstead = "to plan without a daemon: " + name + " plan --offline"

func (p *program) planCommand() *cobra.Command {
	var offline bool
	var file string
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what is still to be changed on the bridge, and why it isn't yet",
		Long: `Show the changes that were still to be made when the daemon's last pass ended:
such as wait for their turn, were refused by the database and are tried again, or
are not made in a dry run; the removals that are held; the ports that are on the
bridge still, and those that are not plugged, with what each waits for. Mostly there is nothing to change, for a pass
makes what it plans.

With --offline, and without a daemon, it is what one would change now: everything
is read here, once, with the daemon's configuration, and nothing is written. What
only a daemon remembers is left out: what was refused or waits for its turn, and
since when removals are held. Run it as root.

The exit status with --offline is 4 if a database can't be reached, and 5 if the
card can't be read; the plan is made of what is known then.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "plan without the daemon")
	cmd.Flags().StringVar(&file, "config", config.DefaultFile, "with --offline: configuration file of the daemon")
	_ = cmd.MarkFlagFilename("config", "yaml")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if cmd.Flags().Changed("config") && !offline {
			return errors.New("--config goes with --offline: a daemon has read its own")
		}
		return nil
	}
	cmd.RunE = p.begin(func(ctx context.Context, _ []string) error {
		if offline {
			return p.planOffline(ctx, file, cmd.Flags().Changed("config"))
		}
		p.instead = []string{offlineInstead}
		return show(p, p.writePlan, current)(p.client().Plan(ctx))
	})
	return cmd
}

func (p *program) writePlan(out *strings.Builder, plan api.Plan) {
	p.writeStanding(out, plan.Standing)
	p.writeHolds(out, plan.Holds)
	switch {
	case len(plan.Changes) == 0:
		fmt.Fprintln(out, "nothing to change")
	case plan.Role == api.Offline:
		fmt.Fprintln(out, "changes that a daemon would make now:")
	case plan.DryRun:
		fmt.Fprintln(out, "changes that would be made, were this not a dry run:")
	default:
		fmt.Fprintln(out, "changes that are still to be made:")
	}
	api.WriteChanges(out, plan.Changes)
	p.writeWaiting(out, plan, "still on the bridge", true)
	p.writeWaiting(out, plan, "not plugged", false)
	p.writeCut(out, "explain PORT")
}

// writeWaiting lists the ports that stay on the bridge, or those that don't, with what each waits for.
func (p *program) writeWaiting(out *strings.Builder, plan api.Plan, how string, stay bool) {
	ports := slices.DeleteFunc(besides(plan), func(port api.Port) bool { return stays(port) != stay })
	if len(ports) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s %s:\n", plural(len(ports), "port"), how)
	for _, port := range ports {
		fmt.Fprintf(out, "  %s %s\n", reason.Word(port.LogicalPort), port.State)
		if port.Reason != nil {
			p.writeBrief(out, "", port.Reason)
		}
	}
}

// besides are the ports that wait for more than a change that is shown already, and
// isn't made because nothing is written.
func besides(plan api.Plan) []api.Port {
	shown := map[string]bool{}
	for _, c := range plan.Changes {
		for _, lport := range c.LogicalPorts {
			shown[lport] = plan.DryRun
		}
	}
	return slices.DeleteFunc(slices.Clone(plan.Waiting), func(port api.Port) bool {
		return shown[port.LogicalPort] && port.Reason != nil && port.Reason.Code == reason.CodeTransactionPending
	})
}

func (p *program) reconcileCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reconcile",
		Short: "Ask the daemon for a pass over everything, now",
		Long: `Ask for a pass, in which the daemon compares everything with everything and puts
right what differs. It makes passes by itself whenever something changes, and
once in audit-interval; this is for the doubtful. It doesn't wait for the pass.`,
		Args: cobra.NoArgs,
		RunE: p.begin(func(ctx context.Context, _ []string) error {
			return show(p, func(out *strings.Builder, asked api.Reconciled) {
				last := "there was none before"
				if !asked.LastPass.IsZero() {
					last = fmt.Sprintf("the last was %s ago, at %s", p.since(asked.LastPass), asked.LastPass.UTC().Format(time.RFC3339))
				}
				fmt.Fprintf(out, "pass %d is asked for; %s\n", asked.Passes+1, last)
			}, done)(p.client().Reconcile(ctx))
		}),
	}
}

func (p *program) logLevelCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "log-level [LEVEL]",
		Short: "Show from which level on the daemon logs, or set it",
		Long: `Show the least level that the daemon logs, or set it: debug, info, warn or error.
It lasts until the daemon ends; the setting log-level is for good.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && !slices.Contains(api.LogLevels(), args[0]) {
				return fmt.Errorf("log level %q is none of %s", args[0], strings.Join(api.LogLevels(), ", "))
			}
			return cobra.MaximumNArgs(1)(cmd, args)
		},
		ValidArgs: api.LogLevels(),
		RunE: p.begin(func(ctx context.Context, args []string) error {
			told := show(p, func(out *strings.Builder, level api.LogLevel) { fmt.Fprintln(out, level.Level) }, done)
			if len(args) == 1 {
				return told(p.client().SetLogLevel(ctx, args[0]))
			}
			return told(p.client().LogLevel(ctx))
		}),
	}
}
