package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/cardserial/register"
	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/reason"
)

func (p *program) serialCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serial",
		Short: "Show the cards' serial numbers, and whether Neutron finds this chassis by them",
		Long: `Show the serial number of each card, where it was read, and whether it is
published: as card-serial-number=... in external_ids:ovn-cms-options of the local
database, from where ovn-controller copies it to the Southbound. Neutron sends a
port of type remote-managed to the chassis that has exactly this entry.

The exit status is 3 if a card that serves a host isn't published, and 5 if not all
cards can be read.`,
		Args: cobra.NoArgs,
		RunE: p.begin(func(ctx context.Context, _ []string) error {
			return show(p, writeSerials, serialsVerdict)(p.client().Serials(ctx))
		}),
	}
}

func serialsVerdict(s api.Serials) int {
	if slices.ContainsFunc(s.Cards, func(c register.Card) bool { return c.HostFacing && !c.Published }) {
		return exitNotFound
	}
	return unless(s.CardProblem == "", exitUnknown)
}

func writeSerials(out *strings.Builder, s api.Serials) {
	known(out, "incomplete:", s.CardProblem)
	if len(s.Cards) == 0 {
		fmt.Fprintln(out, "no card")
	} else {
		rows := [][]string{{"CARD", "SERIAL NUMBER", "SOURCE", "PUBLISHED", "SOUTHBOUND"}}
		for i := range s.Cards {
			c := &s.Cards[i]
			rows = append(rows, []string{reason.Word(c.Handle.String()), orDash(c.Serial), orDash(string(c.From)), published(c), inSouthbound(c)})
		}
		cli.Table(out, "", rows)
	}
	for i := range s.Cards {
		if r := s.Cards[i].Reason; r != nil {
			hang(out, "", 0, wrap(fmt.Sprintf("%s: %s: %s", reason.Word(s.Cards[i].Handle.String()), r.Code, r.Message), columns))
		}
	}
	fmt.Fprintln(out)
	if s.Key != "" {
		entry(out, "local", "external_ids:%s", reason.Word(s.Key))
		writeOptions(out, s.Options)
	}
	if s.Southbound != nil {
		entry(out, "southbound", "ovn-cms-options of Chassis %s", reason.Word(s.Southbound.Chassis))
		writeOptions(out, s.Southbound.Options)
	} else {
		entry(out, "southbound", "our Chassis row isn't known")
	}
	if !s.Registration {
		entry(out, "setting", "register-card-serial is off: nothing is published, and what was stays")
	}
	known(out, "problem", s.Problem)
	if len(s.Stale) > 0 {
		entry(out, "stale", "%s: published by us, and no card has it now; it goes when the card stays away", list(s.Stale))
	}
	if len(s.Foreign) > 0 {
		entry(out, "WARNING", "somebody else published %s, and no card here has it: Neutron sends ports of that card to this chassis",
			list(s.Foreign))
	}
	if s.Southbound != nil && s.Southbound.HiddenFromOldNeutron {
		oldNeutron(out, *s.Southbound)
	}
}

// oldNeutron says who doesn't find what is published, and what helps.
func oldNeutron(out *strings.Builder, c api.ChassisOptions) {
	entry(out, "note", "Neutron %s would find no card: it looks in external_ids of the Chassis row, where ovn-controller writes nothing "+
		"since OVN 22.09. "+
		"Update it to 20.3.0 or 21.1.0; until then run this where the Southbound is, again whenever ovn-controller was stopped:",
		cardserial.OldNeutron)
	command := cardserial.CopyCommand(c.Chassis, c.Options)
	hang(out, pad("", labelWidth), labelWidth, commandLines(command, columns-labelWidth))
}

// writeOptions lists options below each other.
func writeOptions(out *strings.Builder, options string) {
	entries := register.Entries(options)
	if len(entries) == 0 {
		entry(out, "", "  none")
	}
	for _, e := range entries {
		fmt.Fprintf(out, "%*s  %s\n", labelWidth, "", reason.Word(e))
	}
}

func published(c *register.Card) string {
	switch {
	case c.Published && c.Ours:
		return "yes"
	case c.Published:
		return "yes, by others"
	}
	return "no"
}

func inSouthbound(c *register.Card) string {
	if c.InSouthbound == nil {
		return "-"
	}
	return map[bool]string{true: "yes", false: "no"}[*c.InSouthbound]
}
