package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/hypervisor"
	"github.com/representord/representord/internal/reason"
)

// card is a card as serial shows it.
type card struct {
	Slot   string `json:"slot"`
	Serial string `json:"card-serial-number,omitempty"`
	// Libvirt is the one that Nova sees.
	Libvirt  string          `json:"libvirt-serial-number,omitempty"`
	Part     string          `json:"part-number,omitempty"`
	Name     string          `json:"name,omitempty"`
	From     string          `json:"read-from,omitempty"`
	Missing  *reason.Reason  `json:"missing,omitempty"`
	Warnings []reason.Reason `json:"warnings"`
	// Numbers are there where its functions don't all have the same.
	Numbers []hypervisor.Number `json:"numbers,omitempty"`
}

func newCard(c *hypervisor.Card) card {
	id := c.Identities().Card()
	shown := card{
		Slot: c.Slot, Serial: id.Serial, Libvirt: id.Libvirt, Part: id.Part, Name: id.Name, Warnings: []reason.Reason{},
	}
	for _, f := range c.Faults() {
		if f.Missing && shown.Missing == nil {
			shown.Missing = &f.Reason
		} else {
			shown.Warnings = append(shown.Warnings, f.Reason)
		}
	}
	if numbers := c.Numbers(); len(numbers) > 1 {
		shown.Numbers = numbers
	}
	if id.Read {
		shown.From = id.From.String()
	}
	return shown
}

func (p *program) serialCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serial",
		Short: "List the cards with their serial numbers",
		Long: `List the cards that have PFs, with their serial numbers as they are in the cards'
Vital Product Data, and what is wrong with that. Where the functions of a card don't
all have the same number, by function.`,
		Args: cobra.NoArgs,
		RunE: p.begin(func(ctx context.Context, i *hypervisor.Inventory, _ []string) error {
			p.doubts(i)
			i.Identify(ctx, i.Cards...)
			cards, status := []card{}, exitOK
			for _, c := range i.Cards {
				shown := newCard(c)
				if shown.Missing != nil {
					status = exitIncomplete
				}
				cards = append(cards, shown)
			}
			return p.end(map[string]any{"cards": cards}, status, func(out *strings.Builder) { writeCards(out, i.Cards) })
		}),
	}
}

func writeCards(out *strings.Builder, cards []*hypervisor.Card) {
	if len(cards) == 0 {
		out.WriteString("no card with a network function that can have VFs\n")
		return
	}
	rows := [][]string{{"CARD", "SERIAL NUMBER", "PART", "NAME"}}
	for _, c := range cards {
		id, numbers := c.Identities().Card(), c.Numbers()
		for _, n := range numbers {
			who := c.Slot
			if len(numbers) > 1 {
				who = reason.List(n.Functions)
			}
			rows = append(rows, []string{who, orDash(n.Serial), orDash(id.Part), orDash(id.Name)})
		}
	}
	cli.Table(out, "", rows)
	for _, c := range cards {
		writeFaults(out, "", c.Faults())
	}
}
