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
		ValidArgsFunction: p.completePorts,
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
	_ = cmd.RegisterFlagCompletionFunc("netdev", p.completeNetdevs)
	return cmd
}

func (p *program) explain(ctx context.Context, lport string, verbose bool) error {
	e, err := p.client().Explain(ctx, lport)
	if err != nil {
		return err
	}
	status := unless(e.Plugged, exitNotFound)
	if !e.Known {
		status = exitUnknown
	}
	return p.end(e, status, func(out *strings.Builder) { p.writeExplanation(out, e, verbose) })
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
	if !ports.Current() {
		return "", &api.Error{Status: http.StatusServiceUnavailable, Problem: api.Problem{
			Error: fmt.Sprintf("netdev %s: this representord is %s and knows of no port on it", reason.Word(netdev), ports.Role),
		}}
	}
	return "", &api.Error{Status: http.StatusNotFound, Problem: api.Problem{
		Error: fmt.Sprintf("netdev %s: no logical port is plugged there or waits for it; see: representorctl representors",
			reason.Word(netdev)),
	}}
}

// Widths of the left columns of steps. With what was found they make 80.
const (
	resultWidth = 9
	stepWidth   = 19
	readIndent  = 4
)

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
	for i := range e.Steps {
		s := e.Steps[i]
		switch {
		case s.Result == explain.Unknown:
			unknown = append(unknown, string(s.Name))
		case s.Result == explain.OK, s.Result == explain.Skipped, s.Finding == e.Why:
		default:
			s.Read = nil
			if s.Remedy == e.Remedy { // it was told above
				s.Remedy = ""
			}
			p.writeStep(out, &s)
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
	if e.FailedStep != "" {
		entry(out, "fails at", "%s", e.FailedStep)
	}
	entry(out, "why", "%s", e.Why)
	if e.Remedy != "" {
		for i, line := range remedyLines(e.Remedy, columns-labelWidth) {
			label := ""
			if i == 0 {
				label = "remedy"
			}
			fmt.Fprintln(out, strings.TrimRight(pad(label, labelWidth)+line, " "))
		}
	}
}

func (p *program) writeSteps(out *strings.Builder, e explain.Explanation) {
	for i := range e.Steps {
		s := e.Steps[i]
		if s.Remedy == e.Remedy { // it was told above
			s.Remedy = ""
		}
		if s.Name == e.FailedStep && s.Finding == e.Why {
			s.Finding = "see above"
		}
		if len(s.Candidates) > 0 { // they say more
			s.InTheWay = nil
		}
		p.writeStep(out, &s)
	}
}

func (p *program) writeStep(out *strings.Builder, s *explain.Step) {
	finding := s.Finding
	if s.Code != "" {
		finding = fmt.Sprintf("%s: %s", s.Code, finding)
	}
	result := pad(shownResult(s.Result), resultWidth)
	name := pad(string(s.Name), stepWidth)
	for i, line := range wrap(finding, columns-resultWidth-stepWidth) {
		if i == 0 {
			fmt.Fprintln(out, p.painted(s.Result, result)+name+line)
			continue
		}
		fmt.Fprintln(out, strings.Repeat(" ", resultWidth+stepWidth)+line)
	}
	if s.Result == explain.Skipped {
		return
	}
	facts := make([]string, 0, len(s.Read))
	for _, f := range s.Read {
		facts = append(facts, reason.Line(f.Key)+"="+reason.Word(f.Value))
	}
	if len(facts) > 0 {
		below(out, "read in "+s.Source+": "+strings.Join(facts, ", "))
	}
	for _, c := range s.Candidates {
		below(out, candidate(c))
	}
	for _, w := range s.InTheWay {
		below(out, "in the way: "+w)
	}
	if s.Remedy != "" {
		remedyBelow(out, s.Remedy)
	}
}

// below writes a text under a step.
func below(out *strings.Builder, text string) {
	for i, line := range wrap(text, columns-readIndent-2) {
		indent := readIndent
		if i > 0 {
			indent += 2
		}
		fmt.Fprintf(out, "%*s%s\n", indent, "", line)
	}
}

func candidate(c explain.Candidate) string {
	text := "candidate " + c.Function
	if c.MAC != "" {
		text += ", MAC " + c.MAC
	}
	if c.CardSerial != "" {
		text += ", card " + c.CardSerial
	}
	if c.Refused != "" {
		return text + ": refused: " + c.Refused
	}
	return text + ": this one is meant"
}

// shownResult makes failures stand out where there are no colours.
func shownResult(r explain.Result) string {
	if r == explain.Failed {
		return "FAILED"
	}
	return string(r)
}

func (p *program) painted(r explain.Result, text string) string {
	switch r {
	case explain.OK:
		return p.paint(green, text)
	case explain.Warning, explain.Unknown:
		return p.paint(yellow, text)
	case explain.Failed:
		return p.paint(red, text)
	case explain.Skipped:
	}
	return text
}
