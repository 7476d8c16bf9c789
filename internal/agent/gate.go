package agent

import (
	"fmt"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/ovs"
)

// Who we are is in the local database, and may change at any time. The snapshots
// follow a moment later. Until they do they are about somebody else, and the
// reconciler must not act on them: a port would be plugged into the bridge that
// was, or for the chassis that we were.

// localGate is the switch as the reconciler sees it.
type localGate struct {
	*ovs.Switch
	agent *Agent
}

// View is not complete while it shows another bridge than the one it names.
func (g localGate) View() ovs.View {
	v := g.Switch.View()
	if !v.Complete {
		return v
	}
	if id := g.agent.named(v); id.Bridge != v.Bridge {
		v.Complete = false
		v.Problem = fmt.Sprintf("the integration bridge is %q now, and was %q a moment ago", id.Bridge, v.Bridge)
	}
	return v
}

// southboundGate is the Southbound as the reconciler sees it.
type southboundGate struct {
	*ovn.Southbound
	agent *Agent
}

// View is not complete while it is about another chassis than we are.
func (g southboundGate) View() ovn.View {
	v := g.Southbound.View()
	local := g.agent.Local.View()
	if !v.Complete || !local.Complete {
		return v
	}
	if id := g.agent.named(local); id.Chassis != v.Chassis {
		v.Complete, v.Connected = false, false
		v.Problem = fmt.Sprintf("we are chassis %q now, and were %q a moment ago", id.Chassis, v.Chassis)
	}
	return v
}

// named works out who a snapshot of the local database says we are, the host
// name apart.
func (a *Agent) named(local ovs.View) config.Identity {
	return config.Identify(local.ExternalIDs, a.Config, a.override, "")
}
