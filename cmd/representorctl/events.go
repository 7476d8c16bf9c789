package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
)

// followPause is how often --follow looks for events.
const followPause = 500 * time.Millisecond

func (p *program) eventsCommand() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Show the last changes of ports' states",
		Long: `Show the last changes of state, oldest first, of which the daemon remembers a
thousand since its start: when and how long ago, which port, from which state to
which, and why. With --follow, go on until interrupted, across restarts of the
daemon; JSON is one event a line then.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on, and show events as they come")
	once := p.begin(func(ctx context.Context, _ []string) error {
		return show(p, func(out *strings.Builder, events api.Events) {
			if len(events.Events) == 0 {
				fmt.Fprintf(out, "no port changed its state since the daemon started, %s ago\n", p.since(events.Started))
			}
			for i := range events.Events {
				p.writeEvent(out, &events.Events[i])
			}
			p.writeCut(out, "events -j")
		}, done)(p.client().Events(ctx, 0))
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !follow {
			return once(cmd, args)
		}
		p.ran = true // and has no bound but an interrupt
		return p.followEvents(cmd.Context())
	}
	return cmd
}

// followEvents shows events until the context is done, which is no error.
func (p *program) followEvents(ctx context.Context) error {
	var after uint64
	var started time.Time
	lost := false
	for first := true; ; first = false {
		events, err := p.client().Events(ctx, after)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // interrupted, which is how it ends
		case err != nil && (first || !is[*api.UnreachableError](err)):
			return err
		case err != nil:
			if !lost {
				fmt.Fprintf(p.stderr, "%s: %v; waiting for it\n", name, err)
			}
			lost = true
		case !first && !events.Started.Equal(started):
			after, lost = 0, false // another daemon, which counts anew
			started = events.Started
			continue
		default:
			lost = false
			started = events.Started
			if after, err = p.showEvents(events.Events, after); err != nil {
				return err
			}
		}
		if !retry.Sleep(ctx, followPause) {
			return nil
		}
	}
}

// showEvents writes events as they come, and gives the number of the last.
func (p *program) showEvents(events []plug.Event, after uint64) (uint64, error) {
	var out strings.Builder
	lines := json.NewEncoder(&out)
	for i := range events {
		after = events[i].Number
		if !p.json {
			p.writeEvent(&out, &events[i])
		} else if err := lines.Encode(events[i]); err != nil {
			return after, fmt.Errorf("encoding an event: %w", err)
		}
	}
	return after, cli.Write(p.stdout, "events", out.String())
}

func (p *program) writeEvent(out *strings.Builder, e *plug.Event) {
	from, to := cmp.Or(string(e.From), "new"), cmp.Or(string(e.To), "gone")
	fmt.Fprintf(out, "%s  %s ago  %s -> %s\n", e.At.UTC().Format(time.RFC3339), p.since(e.At), from, p.stated(e.To, to))
	what := "  " + reason.Word(e.LogicalPort)
	if e.Netdev != "" {
		what += "  " + reason.Word(e.Netdev)
	}
	fmt.Fprintln(out, what)
	if e.Reason != nil {
		p.writeBrief(out, "", e.Reason)
	}
}

// stated colours the name of a state.
func (p *program) stated(s plan.State, text string) string {
	return p.paint(map[plan.State]colour{
		plan.Plugged: green, plan.Pending: yellow, plan.Conflict: red, plan.Held: red, plan.Invalid: red,
	}[s], text)
}
