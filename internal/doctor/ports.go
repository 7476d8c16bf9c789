package doctor

import (
	"fmt"
	"strings"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/plug/plan"
)

// ports counts those that aren't plugged. Each has a reason of its own, which may be no fault
// of this machine's.
func (p *patient) ports(c *diagnose.Check) {
	if p.Daemon == nil {
		c.Unknown("no daemon answers, so nobody knows what is asked of this chassis")
		return
	}
	plugged := p.Daemon.Ports[plan.Plugged]
	var others []string
	for _, state := range []plan.State{plan.Pending, plan.Conflict, plan.Held, plan.Invalid} {
		if n := p.Daemon.Ports[state]; n > 0 {
			others = append(others, fmt.Sprintf("%d %s", n, state))
		}
	}
	switch {
	case len(others) > 0:
		c.Warn(fmt.Sprintf("%d plugged, %s", plugged, strings.Join(others, ", ")),
			"see why, and what mends it: `representorctl ports` `representorctl explain PORT`")
	case plugged == 0:
		c.OK("nothing is asked of this chassis")
	default:
		c.OK(fmt.Sprintf("all %d are plugged", plugged))
	}
}
