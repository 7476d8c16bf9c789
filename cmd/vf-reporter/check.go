package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/hypervisor"
	"github.com/representord/representord/internal/reason"
)

func (p *program) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find what would stop the binding of remote-managed ports on this host",
		Long: `Find what would stop the binding of remote-managed ports on this host: cards without
a serial number that Nova and the DPU accept, PFs whose MAC isn't the permanent one,
VFs that aren't there, firmware that hides PFs, a libvirt that is too old, a Nova or
Neutron with a fault that is known, and more. With --device-spec, only the cards count
that it is about.`,
		Args: cobra.NoArgs,
		RunE: p.begin(func(ctx context.Context, i *hypervisor.Inventory, _ []string) error {
			i.Identify(ctx, i.Cards...)
			return p.check(i.Check(p.software()))
		}),
	}
	p.addDeviceSpec(cmd)
	return cmd
}

func (p *program) check(findings []hypervisor.Finding) error {
	stops := slices.ContainsFunc(findings, func(f hypervisor.Finding) bool { return f.Stops })
	answer := struct {
		Stops    bool                 `json:"stops"`
		Findings []hypervisor.Finding `json:"findings"`
	}{stops, append([]hypervisor.Finding{}, findings...)}
	return p.end(answer, map[bool]int{true: exitObstacle, false: exitOK}[stops], func(out *strings.Builder) {
		for _, f := range findings {
			word := map[bool]string{true: "STOPS", false: "warning"}[f.Stops]
			fmt.Fprintf(out, "%-8s %s (%s)\n", word, reason.Line(f.Message), f.Code)
			if f.Remedy != "" {
				fmt.Fprintf(out, "         remedy: %s\n", reason.Line(f.Remedy))
			}
		}
		if !stops {
			fmt.Fprintln(out, "nothing that is known here stops the binding of remote-managed ports")
		}
	})
}
