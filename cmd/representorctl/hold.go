package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug"
)

func (p *program) releaseHoldCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "release-hold",
		Short: "Let the daemon remove what it holds, without waiting any longer",
		Long: `Let removals that wait go ahead at once. The daemon holds ports when most of
them would go or move to other functions within a minute, or when the Southbound
is another database than before: both look like a fault of the control plane. "status" shows what is held, and
until when it waits by itself.

What goes then is still confirmed by the Southbound, port by port. Only what is
held when this command looks is released, and printed. A later hold is not
released beforehand: without a hold this does nothing. The exit status is 3 if
more came to be held meanwhile: that stays held.`,
		Args: cobra.NoArgs,
		RunE: p.begin(func(ctx context.Context, _ []string) error {
			seen, err := p.client().Status(ctx)
			if err != nil {
				return err
			}
			verdict := func(r api.Released) int { return unless(len(r.Held) == 0, exitNotFound) }
			return show(p, writeReleased, verdict)(p.client().ReleaseHold(ctx, seen.Holds))
		}),
	}
}

func writeReleased(out *strings.Builder, r api.Released) {
	if len(r.Holds)+len(r.Held) == 0 {
		fmt.Fprintln(out, "nothing is held")
	}
	for _, h := range r.Holds {
		entry(out, "released", "%s: %s", h.Code, heldPorts(h))
	}
	for _, h := range r.Held {
		entry(out, "HELD", "%s: %s", h.Code, heldPorts(h))
		entry(out, "", "this came to be held meanwhile, and stays; look at it before: representorctl status")
	}
}

// writeHolds shows what is held so that nobody overlooks it.
func (p *program) writeHolds(out *strings.Builder, holds []plug.Holding) {
	for _, h := range holds {
		entry(out, "HELD", "%s: %s", h.Code, heldPorts(h))
		why := "most ports would be unplugged or moved within a minute"
		if h.Code == reason.CodeSouthboundReplaced {
			why = "the Southbound is another database than before"
		}
		entry(out, "", "%s; removals wait for %s more, until %s", why, ago(h.Until.Sub(p.now())), h.Until.UTC().Format(time.RFC3339))
		entry(out, "", "to let them go ahead at once: representorctl release-hold")
	}
}

func heldPorts(h plug.Holding) string {
	if len(h.Ports) == 0 {
		return "no port so far"
	}
	return plural(len(h.Ports), "port") + " " + list(h.Ports)
}

// list shows names, not more than a few.
func list(names []string) string {
	const most = 5
	var shown []string
	for _, n := range names[:min(len(names), most)] {
		shown = append(shown, reason.Word(n))
	}
	if n := len(names) - len(shown); n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(shown, ", "), n)
	}
	return strings.Join(shown, ", ")
}
