package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/doctor"
)

func (p *program) doctorCommand() *cobra.Command {
	var file string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check this DPU for what keeps ports from being plugged",
		Long: `Check what somebody new to this gets wrong, and what breaks later by itself: the
card and its eswitch, the host's PFs and their MACs, serial numbers, the local
database, ovs-vswitchd, who we are, the bridge and its packets, the Southbound
and who is registered there, certificates, the clock, the daemon. What is wrong
comes with the command that mends it. What is well is only counted; with -v it is
shown, too, each check where it belongs.

The daemon is asked if it runs; all else is read from the kernel and the
databases, with the daemon's own configuration. What may not be read is unknown:
run this as root.

The exit status is 0 if nothing FAILs, and 9 otherwise.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&file, "config", config.DefaultFile, "configuration file of the daemon")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show what is ok, too")
	_ = cmd.MarkFlagFilename("config", "yaml")
	cmd.RunE = p.begin(func(ctx context.Context, _ []string) error {
		d := doctor.Examine(p.examine(ctx, file, cmd.Flags()))
		return p.end(d.Printed(), unless(d.Healthy, exitUnhealthy), func(out *strings.Builder) { p.writeDiagnosis(out, d, verbose) })
	})
	return cmd
}

// checkNameWidth is that of the column of the checks' names.
const checkNameWidth = 20

// writeDiagnosis writes what is wrong, the worst first, or all that was looked at, in its
// order.
func (p *program) writeDiagnosis(out *strings.Builder, d doctor.Diagnosis, all bool) {
	checks := map[diagnose.Verdict][]diagnose.Check{}
	for _, c := range d.Checks {
		checks[c.Verdict] = append(checks[c.Verdict], c)
	}
	shown := slices.Concat(checks[diagnose.Failed], checks[diagnose.Warning], checks[diagnose.Unknown])
	each := "; each of them: " + name + " doctor -v"
	if all {
		shown, each = d.Checks, ""
	}
	for i := range shown {
		p.writeCheck(out, &shown[i], checkNameWidth)
	}
	if out.Len() > 0 {
		out.WriteString("\n")
	}
	fmt.Fprintf(out, "%d ok, %d warn, %d FAIL, %d unknown%s\n", len(checks[diagnose.OK]), len(checks[diagnose.Warning]),
		len(checks[diagnose.Failed]), len(checks[diagnose.Unknown]), each)
	if failed := checks[diagnose.Failed]; len(failed) > 0 {
		fmt.Fprintln(out, "begin with: "+failed[0].Name)
	}
}
