package api

import (
	"net/url"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// oddName is a logical port's name with everything that URLs and terminals trip over.
const oddName = "a/b//../..?x=1#%2F \x1b[31m\n\"é"

func hostMAC() representor.MAC { return representor.MAC{0, 0x53, 0, 0, 0, 0x42} }

// card has an uplink and a PF with two VFs, the second of which has no netdev yet.
func card() representor.Card {
	handle := devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}
	mac := hostMAC()
	port := func(index uint32, flavour devlink.Flavour) devlink.Port {
		return devlink.Port{
			Handle: handle, Index: index, Type: devlink.TypeEth, Flavour: flavour,
			Controller: devlink.Some[uint32](1), External: devlink.Some(true), PF: devlink.Some[uint16](0),
		}
	}
	pf := port(100, devlink.FlavourPCIPF)
	pf.IfIndex, pf.Function = 10, &devlink.Function{HWAddr: mac[:], State: devlink.StateActive, OpState: devlink.OpStateAttached}
	vf0 := port(101, devlink.FlavourPCIVF)
	vf0.VF, vf0.IfIndex = devlink.Some[uint16](0), 11
	vf1 := port(102, devlink.FlavourPCIVF)
	vf1.VF, vf1.Type = devlink.Some[uint16](1), devlink.TypeEth
	uplink := devlink.Port{Handle: handle, Index: 99, Type: devlink.TypeEth, Flavour: devlink.FlavourPhysical,
		Number: devlink.Some[uint32](0), IfIndex: 3}
	return representor.Card{
		Ports: []devlink.Port{uplink, pf, vf0, vf1},
		Links: map[uint32]representor.Link{
			3:  {Name: "p0", Up: true, MTU: 9000, Settled: true, HWAddr: representor.MAC{2, 0, 0, 0, 0, 3}},
			10: {Name: "pf0hpf", Up: true, MTU: 1500, Settled: true, HWAddr: representor.MAC{2, 0, 0, 0, 0, 1}},
			11: {Name: "pf0vf0", MTU: 9000, Settled: true},
		},
		Complete: true,
	}
}

func facts() Facts {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))
	mtu := 1442
	return Facts{
		Daemon: Daemon{
			Version: "1.2.3", PID: 42, Started: at, Role: Active, Chassis: "dpu1", Hostname: "dpu1.example.com", Bridge: "br-int",
		},
		Local:         ovs.View{Complete: true, Bridge: "br-int", BridgeUUID: "uuid", DatapathType: "system"},
		LocalEndpoint: "unix:/run/openvswitch/db.sock",
		Southbound: southbound.View{
			Complete: true, Connected: true, Since: at, Endpoint: "ssl:192.0.2.1:6642",
			Chassis: "dpu1", ChassisKnown: true, Identity: "cluster 1",
		},
		Index: representor.NewIndex(card(), representor.Settings{}),
		Companions: []companion.Sight{{
			Name: companion.VSwitchd, State: companion.Silent, Since: at, PID: 7, Socket: "/run/x.ctl", Stopped: true, Why: "no answer",
			Providers: companion.Registered, Unit: "y.service",
		}},
		Report: plug.Report{
			At: at.Add(time.Hour), Counters: plug.Counters{Passes: 7, Transactions: 3, Failures: 1, Retargets: 2, Leaks: 4},
			Ports: []plug.Port{
				{Since: at, Status: plan.Status{
					LogicalPort: oddName, State: plan.Invalid,
					Reason: &reason.Reason{Code: reason.CodeInvalidOption, Message: "vf-num is wrong",
						Option: "vif-plug:representor:vf-num", Value: "abc"},
				}},
				{Since: at, Status: plan.Status{
					LogicalPort: "vm1", State: plan.Plugged, Request: "pf-mac 00:53:00:00:00:42 vf 0",
					Function: "pci/0000:03:00.0 c1pf0vf0", Netdev: "pf0vf0", IfIndex: 11, Ofport: 5, Up: true,
					Warnings: []reason.Reason{{Code: reason.CodeIgnoredOption, Message: "mtu is wrong"}},
				}},
			},
			Holds:   []plug.Holding{{Code: reason.CodeMassUnplug, Until: at.Add(time.Minute), Ports: []string{"vm1", oddName}}},
			BuiltIn: []string{"pf0vf3"},
			Planned: []ovs.Change{{
				LogicalPorts: []string{"vm1"}, Why: "its representor is now pf0vf0",
				Unplug: []ovs.Unplug{{Interface: ovs.Interface{Name: "old",
					Marker: ovs.Marker{LogicalPort: "vm1", Function: "pci/0000:03:00.0 c1pf0vf0"}}}},
				Plug: []ovs.Plug{{Netdev: "pf0vf0", IfaceID: "vm1", Marker: ovs.Marker{Function: "pci/0000:03:00.0 c1pf0vf0"}, MTURequest: 1442}},
				Edit: []ovs.Edit{{Interface: ovs.Interface{Name: "pf0vf9"}, Set: map[string]string{"iface-id": "x"}, Delete: []string{"iface-id-ver"},
					MTURequest: &mtu, ClearType: true}},
			}},
		},
	}
}

func question(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}
