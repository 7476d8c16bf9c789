package agent

import (
	"fmt"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
)

// Who we are is in the local database, and may change at any time. Until the snapshots follow, a moment
// later, they are about somebody else, and the reconciler must not act on them: a port would be plugged
// into the bridge that was, or for the chassis that we were.

// localGate is the switch as the reconciler sees it.
type localGate struct {
	*ovs.Switch
	agent *Agent
}

// View is of the bridge that the snapshot itself names.
func (g localGate) View() ovs.View {
	v := g.Switch.View()
	return ofBridge(v, g.agent.named(v.ExternalIDs).Bridge)
}

// ofBridge gives a snapshot that is not complete if it shows another bridge than the wanted one.
func ofBridge(v ovs.View, wanted string) ovs.View {
	if v.Complete && v.Bridge != wanted {
		v.Complete = false
		v.Problem = fmt.Sprintf("the integration bridge is %q now, and was %q a moment ago", wanted, v.Bridge)
	}
	return v
}

// southboundGate is the Southbound as the reconciler sees it.
type southboundGate struct {
	*southbound.Watcher
	agent *Agent
}

// View is about the chassis that the local database names, if that is known as a whole.
func (g southboundGate) View() southbound.View {
	v, local := g.Watcher.View(), g.agent.Local.View()
	if !local.Complete {
		return v
	}
	return ofChassis(v, g.agent.named(local.ExternalIDs).Chassis)
}

// ofChassis gives one that is neither complete nor connected if it was judged for another chassis.
func ofChassis(v southbound.View, wanted string) southbound.View {
	if v.Complete && v.Chassis != wanted {
		v.Complete, v.Connected = false, false
		v.Problem = fmt.Sprintf("we are chassis %q now, and were %q a moment ago", wanted, v.Chassis)
	}
	return v
}

// named works out which chassis and which bridge external_ids of the local database name.
func (a *Agent) named(externalIDs map[string]string) config.Identity {
	return config.ChassisAndBridge(externalIDs, a.Config, a.override)
}
