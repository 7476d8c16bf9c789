package doctor

import (
	"fmt"
	"strings"

	"github.com/representord/representord/plug/plan"
)

// ports counts those that aren't plugged. Each has a reason of its own, which may be no fault
// of this machine's.
func (p *patient) ports() Check {
	c := Check{Name: "ports", Verdict: OK}
	if p.Daemon == nil {
		c.Verdict, c.Finding = Unknown, "no daemon answers, so nobody knows what is asked of this chassis"
		return c
	}
	all := p.Daemon.Ports[plan.Plugged]
	var others []string
	for _, state := range []plan.State{plan.Pending, plan.Conflict, plan.Held, plan.Invalid} {
		if n := p.Daemon.Ports[state]; n > 0 {
			all += n
			others = append(others, fmt.Sprintf("%d %s", n, state))
		}
	}
	switch {
	case all == 0:
		c.Finding = "nothing is asked of this chassis"
	case len(others) == 0:
		c.Finding = fmt.Sprintf("all %d are plugged", all)
	default:
		c.Verdict, c.Finding = Warn, fmt.Sprintf("%d plugged, %s", p.Daemon.Ports[plan.Plugged], strings.Join(others, ", "))
		c.Remedy = "see why, and what mends it: `representorctl ports` `representorctl explain PORT`"
	}
	return c
}
