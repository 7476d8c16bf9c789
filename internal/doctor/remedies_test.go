package doctor

import (
	"regexp"
	"strings"
	"testing"

	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/ovs"
)

// seen is a companion that doesn't answer.
func seen(name string, state companion.State) companion.Sight {
	return companion.Sight{Name: name, State: state, PID: 812, Socket: "/run/x.ctl", Why: "this is why"}
}

// cuts tells whether a command among a remedy's stops traffic that flows: what restarts
// ovs-vswitchd, for as long as ovn-controller takes to install the flows anew; what
// restarts ovn-controller, which takes its tunnels along; what makes the bridge or the card's
// netdevs anew.
func cuts(remedy string) bool {
	const commands = "(restart[^`]*(openvswitch|ovs-vswitchd|ovn-controller|ovn-host)|kill (-[^C]|[0-9])|datapath_type=|eswitch set)"
	return regexp.MustCompile("`[^`]*" + commands + "[^`]*`").MatchString(remedy)
}

func TestCompanion_NoRemedyCutsWhatFlows(t *testing.T) {
	for _, state := range []companion.State{companion.Silent, companion.Unknown, companion.Gone} {
		for _, stopped := range []bool{false, true} {
			h := healthy()
			h.VSwitchd, h.Controller = seen(companion.VSwitchd, state), seen(companion.Controller, state)
			h.VSwitchd.Stopped, h.Controller.Stopped = stopped, stopped
			for _, c := range Examine(h).Checks {
				if cuts(c.Remedy) {
					t.Errorf("%s: %+v", state, c)
				}
				if strings.Contains(c.Remedy, "start ovs-vswitchd") && !strings.Contains(c.Remedy, "what flows still is interrupted") {
					t.Errorf("it doesn't say what the start does to what flows: %+v", c)
				}
				for i, command := range strings.Split(c.Remedy, "`") {
					if i%2 == 1 && strings.Contains(command, "-appctl ") && !strings.Contains(command, "-appctl --timeout=30 -t /run/x.ctl ") {
						t.Errorf("it waits for ever, or asks another one: %s", command)
					}
				}
			}
		}
	}
}

// A DPU with OVS-DOCA is torn down by it.
func TestDatapath_NobodyIsToldToChangeOneThatIsMeant(t *testing.T) {
	for name, edit := range map[string]func(*ovs.View){
		"for OVN":                 func(v *ovs.View) { v.ExternalIDs["ovn-bridge-datapath-type"] = "netdev" },
		"for OVN, of one chassis": func(v *ovs.View) { v.ExternalIDs["ovn-bridge-datapath-type-dpu1"] = "doca" },
		"for every new bridge":    func(v *ovs.View) { v.DefaultDatapathType = "netdev" },
		"by OVS-DOCA":             func(v *ovs.View) { v.DOCA = true },
		"by DPDK":                 func(v *ovs.View) { v.DPDK = true },
	} {
		h := healthy()
		h.Local.DatapathType = "netdev"
		edit(&h.Local)
		for _, c := range Examine(h).Checks {
			if strings.Contains(c.Remedy, "datapath") && strings.Contains(c.Remedy, "`") || cuts(c.Remedy) {
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
}
