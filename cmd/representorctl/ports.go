package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

func (p *program) portsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ports [LOGICAL-PORT]",
		Short: "Show what is asked of this chassis, and whether it is plugged",
		Long: `Show every logical port that this chassis is asked to plug, or that has a row
of ours: its state, for how long, its netdev and its OpenFlow port, and below it
why it isn't plugged. With a logical port, show everything that is known of it;
the exit status is 3 then unless it is plugged. A daemon that doesn't keep the
bridge now, or has not looked at it yet, says so first; the exit status is 5.

States: plugged; pending (something isn't there yet); conflict (another row or
request is in the way); held (a row stays although nothing trusted asks for it
now); invalid (the request can't be followed as written).`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: p.completePorts(false),
		RunE: p.begin(func(ctx context.Context, args []string) error {
			if len(args) == 0 {
				return show(p, p.writePorts, current)(p.client().Ports(ctx))
			}
			return show(p, p.writeOnePort, func(port api.OnePort) int {
				if port.Current() && port.State != plan.Plugged {
					return exitNotFound
				}
				return current(port)
			})(p.client().Port(ctx, args[0]))
		}),
	}
}

// Widths of the columns of writePorts: a logical port is mostly a UUID, and a
// netdev's name has 15 characters at most. With two spaces between them and
// OFPORT they make 79.
const (
	lportWidth  = 36
	stateWidth  = 8
	sinceWidth  = 6
	netdevWidth = 15
)

func (p *program) writePorts(out *strings.Builder, ports api.Ports) {
	p.writeStanding(out, ports.Standing)
	if len(ports.Ports) == 0 {
		if ports.Current() {
			fmt.Fprintln(out, "nothing is asked of this chassis")
		}
		return
	}
	row := func(lport, state, since, netdev, ofport string) {
		line := fmt.Sprintf("%-*s  %-*s  %-*s  %-*s  %s", lportWidth, lport, stateWidth, state, sinceWidth, since, netdevWidth, netdev, ofport)
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
	row("LOGICAL PORT", "STATE", "SINCE", "NETDEV", "OFPORT")
	for _, port := range ports.Ports {
		name := reason.Word(port.LogicalPort)
		if width(name) > lportWidth {
			fmt.Fprintln(out, name)
			name = ""
		}
		row(name, string(port.State), p.since(port.Since), orDash(port.Netdev), ofport(port))
		if port.Reason != nil {
			p.writeBrief(out, "", port.Reason)
		}
		if stays(port) {
			fmt.Fprintln(out, "    it is still on the bridge")
		}
		for i := range port.Warnings {
			p.writeBrief(out, "warning: ", &port.Warnings[i])
		}
	}
	p.writeCut(out, "explain PORT")
}

// stays tells of a port that isn't plugged as it should be that its row is there all the
// same, and carries what the machine sends. One that pends is on its way there.
func stays(port api.Port) bool {
	return port.OnBridge && port.State != plan.Plugged && port.State != plan.Pending
}

// writeStanding says why the ports may not be those of now, nothing if they are.
func (p *program) writeStanding(out *strings.Builder, s api.Standing) {
	if s.Current() {
		return
	}
	why := string(s.Role)
	if s.RoleReason != "" {
		why += ": " + s.RoleReason
	}
	what := "it has made no pass yet, so nothing is known of ports"
	if !s.AsOf.IsZero() {
		what = fmt.Sprintf("ports are as they were %s ago, at %s", p.since(s.AsOf), s.AsOf.UTC().Format(time.RFC3339))
	}
	entry(out, "daemon", "%s; %s", why, what)
}

// writeBrief writes a reason below what it is of, cut off where it is long.
func (p *program) writeBrief(out *strings.Builder, kind string, r *reason.Reason) {
	const indent = 4
	lines, cut := brief(fmt.Sprintf("%s%s: %s", kind, r.Code, r.Message), columns-indent)
	hang(out, pad("", indent), indent, lines)
	p.cut = p.cut || cut
}

// writeCut says, if a reason was cut, which command shows all of it.
func (p *program) writeCut(out *strings.Builder, command string) {
	if p.cut {
		fmt.Fprintf(out, "a reason is cut: %s %s\n", name, command)
	}
}

func ofport(port api.Port) string {
	if port.Ofport == 0 {
		return "-"
	}
	return strconv.Itoa(port.Ofport)
}

func (p *program) writeOnePort(out *strings.Builder, port api.OnePort) {
	p.writeStanding(out, port.Standing)
	entry(out, "port", "%s", reason.Word(port.LogicalPort))
	entry(out, "state", "%s for %s, since %s", port.State, p.since(port.Since), port.Since.UTC().Format(time.RFC3339))
	if port.Reason != nil {
		writeReason(out, "reason", port.Reason)
	}
	for i := range port.Warnings {
		writeReason(out, "warning", &port.Warnings[i])
	}
	known(out, "request", port.Request)
	known(out, "function", port.Function)
	netdev := wordOr(port.Netdev, "none")
	if port.IfIndex != 0 {
		netdev += fmt.Sprintf(", ifindex %d", port.IfIndex)
	}
	if port.Ofport != 0 {
		netdev += fmt.Sprintf(", ofport %d", port.Ofport)
	}
	entry(out, "netdev", "%s", netdev)
	entry(out, "on bridge", "%s", map[bool]string{true: "yes", false: "no"}[port.OnBridge])
	entry(out, "up in OVN", "%s", map[bool]string{true: "yes", false: "no: ovn-controller has not installed its flows"}[port.Up])
}

func writeReason(out *strings.Builder, label string, r *reason.Reason) {
	entry(out, label, "%s: %s", r.Code, r.Message)
	if r.Option != "" {
		entry(out, "", "option %s=%s", reason.Word(r.Option), reason.Word(r.Value))
	}
	for _, c := range r.Candidates {
		entry(out, "", "candidate %s", c)
	}
}
