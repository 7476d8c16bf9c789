package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/hypervisor"
	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
)

func (p *program) listCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List all VFs, with what identifies them and why it isn't known",
		Long: `List all VFs by card and PF, with what identifies them and why it isn't known. A
card that doesn't answer comes last, and holds up no other. With --device-spec also
whether Nova takes a VF for one that a DPU manages.`,
		Args: cobra.NoArgs,
		RunE: p.begin(func(ctx context.Context, i *hypervisor.Inventory, _ []string) error {
			p.doubts(i)
			i.Identify(ctx, i.Cards...)
			if !p.json {
				return p.list(i)
			}
			vfs := []hypervisor.VF{}
			for _, v := range i.Host.VFs() {
				vfs = append(vfs, i.VF(v))
			}
			return p.end(map[string]any{"vfs": vfs}, exitOK, nil)
		}),
	}
	p.addDeviceSpec(cmd)
	return cmd
}

// list writes each card as soon as it has answered.
func (p *program) list(i *hypervisor.Inventory) error {
	if len(i.Cards)+len(i.Host.Orphans) == 0 {
		return cli.Write(p.stdout, "the answer", "no network function that can have VFs; see vf-reporter check\n")
	}
	var failure error
	write := func(part func(*strings.Builder)) {
		if err := cli.Print(p.stdout, false, nil, part); failure == nil {
			failure = err
		}
	}
	i.Each(func(c *hypervisor.Card) { write(func(out *strings.Builder) { writeCard(out, i, c) }) })
	if len(i.Host.Orphans) > 0 {
		write(func(out *strings.Builder) {
			fmt.Fprintln(out, "VFs without a PF")
			writeVFs(out, i, i.Host.Orphans)
		})
	}
	return failure
}

func writeCard(out *strings.Builder, i *hypervisor.Inventory, c *hypervisor.Card) {
	id := c.Identities().Card()
	title := "card " + c.Slot
	for _, text := range []string{id.Part, id.Name} {
		if text != "" {
			title += "  " + shown(text)
		}
	}
	fmt.Fprintln(out, title)
	numbers := c.Numbers()
	for _, n := range numbers {
		of := ""
		if len(numbers) > 1 {
			of = " of " + reason.List(n.Functions)
		}
		fmt.Fprintf(out, " serial number %s%s\n", orDash(n.Serial), of)
	}
	writeFaults(out, " ", c.Faults())
	for _, pf := range c.PFs {
		shown := hypervisor.NewPF(pf)
		fmt.Fprintf(out, " PF %s  %s  %s  MAC %s%s\n", shown.Address, orDash(shown.Netdev), orDash(shown.Driver),
			orDash(shown.MAC), currentMAC(shown))
		if _, why := pf.MAC(); why != nil {
			remark(out, "  ", "missing", *why)
		}
		for _, w := range pf.Warnings() {
			remark(out, "  ", "warning", w)
		}
		if len(pf.VFs) == 0 {
			fmt.Fprintf(out, "  no VFs, of %d that it may have\n", pf.TotalVFs)
			continue
		}
		writeVFs(out, i, pf.VFs)
	}
}

// currentMAC is shown where it isn't the permanent one.
func currentMAC(p hypervisor.PF) string {
	s := ""
	if p.CurrentMAC != p.MAC {
		s = ", current " + orDash(p.CurrentMAC)
	}
	if p.Bond != "" {
		s += ", bond " + shown(p.Bond)
	}
	return s
}

// writeVFs writes the VFs of one PF, and below them what concerns them alone.
func writeVFs(out *strings.Builder, i *hypervisor.Inventory, vfs []*pci.VF) {
	rows := [][]string{{"VF", "NUMBER", "NETDEV", "MAC", "DRIVER", "REMOTE-MANAGED"}}
	own := map[reason.Code][]reason.Reason{}
	var order []reason.Code
	for _, v := range vfs {
		s := i.VF(v)
		number, remote := "-", "-"
		if s.Number != nil {
			number = fmt.Sprint(*s.Number)
		}
		if s.RemoteManaged != nil {
			remote = map[bool]string{true: "yes", false: "no"}[*s.RemoteManaged]
		}
		rows = append(rows, []string{s.Address, number, orDash(strings.Join(s.Netdevs, ",")), orDash(s.MAC), orDash(s.Driver), remote})
		reasons := slices.Clone(v.Warnings) // the others were told of its card and PF
		if s.Nova != nil {
			reasons = append(reasons, *s.Nova)
		}
		for _, r := range reasons {
			if own[r.Code] == nil {
				order = append(order, r.Code)
			}
			own[r.Code] = append(own[r.Code], r)
		}
	}
	cli.Table(out, "  ", rows)
	for _, code := range order {
		first := own[code][0]
		if n := len(own[code]); n > 1 {
			first.Message += fmt.Sprintf(" (and the same for %d more)", n-1)
		}
		remark(out, "  ", "warning", first)
	}
}
