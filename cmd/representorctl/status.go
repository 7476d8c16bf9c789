package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

func (p *program) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show how the daemon is: its bridge, its databases, its ports by state",
		Args:  cobra.NoArgs,
		RunE: p.begin(func(ctx context.Context, _ []string) error {
			return show(p, p.writeStatus, done)(p.client().Status(ctx))
		}),
	}
}

func (p *program) writeStatus(out *strings.Builder, s api.Status) {
	dry := ""
	if s.DryRun {
		dry = ", dry run: nothing is written"
	}
	entry(out, "daemon", "representord %s, pid %d, %s, up %s%s", reason.Word(s.Version), s.PID, s.Role, p.since(s.Started), dry)
	known(out, "", s.RoleReason)
	entry(out, "chassis", "%s, hostname %s", orUnknown(s.Chassis), orUnknown(s.Hostname))
	entry(out, "bridge", "%s", bridge(s))
	for _, problem := range s.Problems {
		entry(out, "problem", "%s", problem)
	}
	entry(out, "ports", "%s", byState(s.Ports))
	p.writeHolds(out, s.Holds)
	if n := len(s.BuiltInProvider); n > 0 {
		entry(out, "WARNING", "a plug provider built into ovn-controller works on this bridge, or did, and has marked %s: %s; those rows are "+
			"left alone; run only one of the two",
			plural(n, "row"), list(s.BuiltInProvider))
	}
	p.writeCompanions(out, s.Companions)
	p.writeSouthbound(out, s.Southbound)
	entry(out, "local", "%s", local(s.Local))
	entry(out, "devlink", "%s", devlinkState(s.Devlink))
	last := "none yet"
	if !s.LastPass.IsZero() {
		last = fmt.Sprintf("%d, the last %s ago", s.Passes, p.since(s.LastPass))
	}
	entry(out, "passes", "%s", last)
	entry(out, "changes", "%d committed, %d refused, %s, %s",
		s.Transactions, s.Failures, plural(s.Retargets, "retarget"), plural(s.Leaks, "leak"))
	if len(s.Planned) > 0 {
		title := "changes of the last pass:"
		if s.DryRun {
			title = "changes that the last pass would have made:"
		}
		fmt.Fprintf(out, "\n%s\n", title)
		api.WriteChanges(out, s.Planned)
	}
}

// writeCompanions tells of those that answer, or of which nothing is known, in a line; each
// that is dead has its own.
func (p *program) writeCompanions(out *strings.Builder, all []companion.Sight) {
	var fine []string
	for _, c := range all {
		name := reason.Word(c.Name)
		switch {
		case c.State == companion.Answers && c.PID > 0:
			fine = append(fine, fmt.Sprintf("%s answers, pid %d", name, c.PID))
		case c.State == companion.Answers:
			fine = append(fine, name+" answers")
		case c.State == companion.Unknown:
			fine = append(fine, "whether "+name+" runs can't be told: "+c.Why)
		}
	}
	if len(fine) > 0 {
		entry(out, "beside", "%s", strings.Join(fine, "; "))
	}
	for _, c := range all {
		state := map[companion.State]string{companion.Gone: "has not run", companion.Silent: "has not answered"}[c.State]
		if state != "" {
			entry(out, "WARNING", "%s %s for %s: %s; %s; what to do: representorctl doctor", reason.Word(c.Name), state, p.since(c.Since),
				c.Why, companion.Without(c.Name))
		}
		if c.Providers == companion.Registered {
			entry(out, "WARNING", "a plug provider is registered in %s, which plugs representors as well; what to do: representorctl doctor",
				reason.Word(c.Name))
		}
	}
}

func (p *program) writeSouthbound(out *strings.Builder, s api.Southbound) {
	state := "not connected"
	switch {
	case s.Connected && s.Complete:
		state = "connected"
	case s.Connected:
		state = "connected, not complete"
	}
	if !s.Since.IsZero() {
		state += " for " + p.since(s.Since)
	}
	if s.Endpoint != "" {
		state += ", " + reason.Word(s.Endpoint)
	}
	if s.Connected && s.Complete && !s.ChassisKnown {
		state += "; it has no Chassis row of ours: is ovn-controller running?"
	}
	entry(out, "southbound", "%s", state)
	known(out, "", s.Problem)
	if s.Identity != "" {
		entry(out, "", "database %s", reason.Word(s.Identity))
	}
}

func orUnknown(s string) string { return wordOr(s, "not known yet") }

func bridge(s api.Status) string {
	text := orUnknown(s.Bridge)
	if s.Bridge != "" && s.Local.Complete && !s.Local.BridgeFound {
		text += ", which doesn't exist"
	}
	if s.Local.DatapathType != "" {
		text += ", datapath_type " + reason.Word(s.Local.DatapathType)
	}
	return text
}

// byState counts ports; states without any are left out.
func byState(counts map[plan.State]int) string {
	var parts []string
	for _, state := range []plan.State{plan.Plugged, plan.Pending, plan.Conflict, plan.Held, plan.Invalid} {
		if n := counts[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(parts) == 0 {
		return "none asked for"
	}
	return strings.Join(parts, ", ")
}

func local(l api.Local) string {
	text := "not connected"
	if l.Complete {
		text = "connected"
	}
	if l.Endpoint != "" {
		text += ", " + reason.Word(l.Endpoint)
	}
	if l.Problem != "" {
		text += ": " + l.Problem
	}
	return text
}

func devlinkState(d api.Devlink) string {
	text := plural(d.Representors, "representor")
	if !d.Complete {
		text = "not complete, " + text
	}
	if d.Problem != "" {
		text += ": " + d.Problem
	}
	return text
}

// since shows how long ago something was.
func (p *program) since(t time.Time) string { return ago(p.now().Sub(t)) }
