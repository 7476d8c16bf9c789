package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/explain"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

func (p *program) explainCommand() *cobra.Command {
	var netdev string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "explain LOGICAL-PORT | explain --netdev NETDEV",
		Short: "Show, step by step, why a logical port is plugged or is not",
		Long: `Go through everything between a request and a port that works: the Southbound,
our Chassis row, the Port_Binding and its options, the chassis it is for, the PF
and every candidate, the function, its netdev, the bridge and who else is on it,
the row, what ovs-vswitchd and ovn-controller made of it. The first step that
fails is shown, with what to do, and what else is not as it should be. With -v
every step is, with what was read, and where.

It works for any logical port, of whichever chassis: the daemon asks the
Southbound for that one. What can't be known while the Southbound doesn't answer
is said to be unknown. With --netdev it is the port that the daemon has on that
representor, or means to have.

The exit status is 0 if the port is plugged, 3 if it isn't, and 5 if this daemon
can't tell.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == cmd.Flags().Changed("netdev") || len(args) > 1 {
				return errors.New("name one logical port, or a netdev with --netdev")
			}
			return nil
		},
		ValidArgsFunction: p.completePorts(false),
		RunE: p.begin(func(ctx context.Context, args []string) error {
			p.instead = []string{"to see what is wrong here: " + name + " doctor", offlineInstead}
			if len(args) == 1 {
				return p.explain(ctx, args[0], verbose)
			}
			lport, err := p.portOn(ctx, netdev)
			if err != nil {
				return err
			}
			return p.explain(ctx, lport, verbose)
		}),
	}
	cmd.Flags().StringVar(&netdev, "netdev", "", "explain the port of this representor")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show every step, with what was read, and where")
	_ = cmd.RegisterFlagCompletionFunc("netdev", p.completePorts(true))
	return cmd
}

func (p *program) explain(ctx context.Context, lport string, verbose bool) error {
	write := func(out *strings.Builder, e explain.Explanation) { p.writeExplanation(out, e, verbose) }
	return show(p, write, func(e explain.Explanation) int {
		if !e.Known {
			return exitUnknown
		}
		return unless(e.Plugged, exitNotFound)
	})(p.client().Explain(ctx, lport))
}

// portOn is the logical port that the daemon has on a netdev: the one that is plugged
// before any that waits for it.
func (p *program) portOn(ctx context.Context, netdev string) (string, error) {
	ports, err := p.client().Ports(ctx)
	if err != nil {
		return "", err
	}
	found := -1
	for i, port := range ports.Ports {
		if port.Netdev == netdev && netdev != "" && (found < 0 || port.State == plan.Plugged) {
			found = i
		}
	}
	if found >= 0 {
		return ports.Ports[found].LogicalPort, nil
	}
	status, why := http.StatusNotFound, "no logical port is plugged there or waits for it; see: representorctl representors"
	if !ports.Current() {
		status, why = http.StatusServiceUnavailable, fmt.Sprintf("this representord is %s and knows of no port on it", ports.Role)
	}
	return "", &api.Error{Status: status, Problem: api.Problem{Error: "netdev " + reason.Word(netdev) + ": " + why}}
}

// stepWidth is that of the column of the steps' names.
const stepWidth = 19

// writeExplanation writes what follows from the steps, and those that prove it, or in short
// those that say something else besides.
func (p *program) writeExplanation(out *strings.Builder, e explain.Explanation, steps bool) {
	p.writeConclusion(out, e)
	fmt.Fprintln(out)
	if steps {
		p.writeSteps(out, e)
		return
	}
	before := out.Len()
	var unknown []string
	for _, s := range e.Steps {
		switch {
		case s.Verdict == diagnose.Unknown:
			unknown = append(unknown, s.Name)
		case s.Verdict == diagnose.OK, s.Verdict == diagnose.Skipped, s.Finding == e.Why:
		default:
			s.Read = nil
			if s.Remedy == e.Remedy { // it was told above
				s.Remedy = ""
			}
			p.writeCheck(out, &s, stepWidth)
		}
	}
	if len(unknown) > 0 {
		entry(out, "not known", "%s", strings.Join(unknown, ", "))
	}
	if out.Len() > before {
		fmt.Fprintln(out)
	}
	each := reason.Operand(e.LogicalPort) + " -v"
	if strings.HasPrefix(each, "-- ") {
		each = "-v " + reason.Operand(e.LogicalPort)
	}
	entry(out, "each step", "%s explain %s", name, each)
}

func (p *program) writeConclusion(out *strings.Builder, e explain.Explanation) {
	entry(out, "port", "%s", reason.Word(e.LogicalPort))
	plugged := "no"
	switch {
	case !e.Known:
		plugged = "not known"
	case e.Plugged:
		plugged = "yes"
	}
	switch {
	case e.State != "" && !e.Known:
		plugged += fmt.Sprintf("; it was %s since %s when this daemon looked last", e.State, e.Since.UTC().Format(time.RFC3339))
	case e.State != "":
		plugged += fmt.Sprintf(": %s for %s, since %s", e.State, p.since(e.Since), e.Since.UTC().Format(time.RFC3339))
	}
	entry(out, "plugged", "%s", plugged)
	known(out, "fails at", e.FailedStep)
	entry(out, "why", "%s", e.Why)
	hang(out, pad("remedy", labelWidth), labelWidth, remedyLines(e.Remedy, columns-labelWidth))
}

func (p *program) writeSteps(out *strings.Builder, e explain.Explanation) {
	for _, s := range e.Steps {
		if s.Remedy == e.Remedy { // it was told above
			s.Remedy = ""
		}
		if s.Name == e.FailedStep && s.Finding == e.Why {
			s.Finding = "see above"
		}
		if len(s.Candidates) > 0 { // they say more
			s.InTheWay = nil
		}
		p.writeCheck(out, &s, stepWidth)
	}
}
