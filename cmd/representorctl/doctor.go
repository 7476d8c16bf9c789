package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/representord/representord/config"
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
		return p.end(d, unless(d.Healthy, exitUnhealthy), func(out *strings.Builder) { p.writeDiagnosis(out, d, verbose) })
	})
	return cmd
}

// Widths of the left columns of checks.
const (
	verdictWidth   = 9
	checkNameWidth = 20
)

// writeDiagnosis writes what is wrong, the worst first, or all that was looked at, in its
// order.
func (p *program) writeDiagnosis(out *strings.Builder, d doctor.Diagnosis, all bool) {
	if all {
		p.writeChecks(out, d.Checks)
	} else {
		for _, v := range []doctor.Verdict{doctor.Fail, doctor.Warn, doctor.Unknown} {
			p.writeChecks(out, slices.DeleteFunc(slices.Clone(d.Checks), func(c doctor.Check) bool { return c.Verdict != v }))
		}
	}
	if out.Len() > 0 {
		out.WriteString("\n")
	}
	counts := map[doctor.Verdict]int{}
	for _, c := range d.Checks {
		counts[c.Verdict]++
	}
	each := "; each of them: " + name + " doctor -v"
	if all {
		each = ""
	}
	fmt.Fprintf(out, "%d ok, %d warn, %d FAIL, %d unknown%s\n", counts[doctor.OK], counts[doctor.Warn], counts[doctor.Fail],
		counts[doctor.Unknown], each)
	if i := slices.IndexFunc(d.Checks, func(c doctor.Check) bool { return c.Verdict == doctor.Fail }); i >= 0 {
		fmt.Fprintln(out, "begin with: "+d.Checks[i].Name)
	}
}

func (p *program) writeChecks(out *strings.Builder, checks []doctor.Check) {
	for _, c := range checks {
		for i, line := range wrap(c.Finding, columns-verdictWidth-checkNameWidth) {
			if i == 0 {
				fmt.Fprintln(out, p.judged(c.Verdict)+pad(c.Name, checkNameWidth)+line)
				continue
			}
			fmt.Fprintln(out, strings.Repeat(" ", verdictWidth+checkNameWidth)+line)
		}
		if c.Remedy != "" {
			remedyBelow(out, c.Remedy)
		}
	}
}

func (p *program) judged(v doctor.Verdict) string {
	text := pad(string(v), verdictWidth)
	switch v {
	case doctor.OK:
		return p.paint(green, text)
	case doctor.Warn, doctor.Unknown:
		return p.paint(yellow, text)
	case doctor.Fail:
		return p.paint(red, text)
	}
	return text
}
