package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/reason"
)

func (p *program) representorsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "representors",
		Short: "Show every representor on the card as we see it",
		Long: `Show every devlink port that stands for a host function, by devlink device.

FUNCTION is [c<controller>]pf<number>[vf<number>|sf<number>], with "local" for a
function of the machine we run on. LINK is the netdev's administrative state, or
"settling" while udev may still rename it. FUNCTION MAC is the function's own
address, of which that of a PF is what pf-mac means. STATE is the driver's word:
attached or detached (whether a driver on the host has the function), or inactive.
The exit status is 5 if not all of the card can be read.` + sourceHelp,
		Args: cobra.NoArgs,
	}
	from := p.addSources(cmd)
	cmd.PreRunE = func(*cobra.Command, []string) error { return from.check() }
	cmd.RunE = p.begin(func(ctx context.Context, _ []string) error {
		verdict := func(rs api.Representors) int { return unless(rs.Complete, exitUnknown) }
		return show(p, writeRepresentors, verdict)(ask(ctx, from, p.client().Representors, from.representors))
	})
	return cmd
}

func writeRepresentors(out *strings.Builder, rs api.Representors) {
	switch {
	case !rs.Complete:
		entry(out, "incomplete:", "%s", rs.Problem)
	case rs.Problem != "":
		entry(out, "problem:", "%s", rs.Problem)
	}
	if len(rs.Representors) == 0 {
		fmt.Fprintln(out, "no representors")
		return
	}
	for i := 0; i < len(rs.Representors); {
		handle := rs.Representors[i].Handle
		rows := [][]string{{"FUNCTION", "NETDEV", "LINK", "FUNCTION MAC", "STATE"}}
		for ; i < len(rs.Representors) && rs.Representors[i].Handle == handle; i++ {
			r := rs.Representors[i]
			function := strings.TrimPrefix(r.Function, handle+" ")
			rows = append(rows, []string{function, orDash(r.Netdev), linkState(r), orDash(r.HWAddr), functionState(r)})
		}
		fmt.Fprintln(out, reason.Word(handle))
		cli.Table(out, " ", rows)
	}
}

func linkState(r api.Representor) string {
	switch {
	case r.Link == nil:
		return "-"
	case !r.Link.Settled:
		return "settling"
	case r.Link.Up:
		return "up"
	}
	return "down"
}

func functionState(r api.Representor) string {
	if r.State == "inactive" || r.OpState == "" {
		return orDash(r.State)
	}
	return reason.Word(r.OpState)
}
