package main

import (
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/explain/scenes"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// noon is when the tests take place.
func noon() time.Time { return scenes.Noon() }

// uuid names a logical port as Neutron does.
const uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

// dpu is a card with a PF and three VFs: one up, one new to udev, one without a netdev.
func dpu() representor.Card {
	mac := representor.MAC{0, 0x53, 0, 0, 0, 0x42}
	port := func(index uint32, flavour devlink.Flavour, ifindex uint32) devlink.Port {
		return devlink.Port{
			Handle: devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}, Index: index, Type: devlink.TypeEth, Flavour: flavour,
			Controller: devlink.Some[uint32](1), External: devlink.Some(true), PF: devlink.Some[uint16](0), IfIndex: ifindex,
		}
	}
	ports := []devlink.Port{port(327680, devlink.FlavourPCIPF, 10)}
	ports[0].Function = &devlink.Function{HWAddr: mac[:], State: devlink.StateActive, OpState: devlink.OpStateAttached}
	for vf, ifindex := range []uint32{11, 12, 0} {
		p := port(327681+uint32(vf), devlink.FlavourPCIVF, ifindex)
		p.VF = devlink.Some(uint16(vf))
		p.Function = &devlink.Function{State: devlink.StateInactive, OpState: devlink.OpStateDetached}
		ports = append(ports, p)
	}
	return representor.Card{
		Ports: ports,
		Links: map[uint32]representor.Link{
			10: {Name: "pf0hpf", Up: true, MTU: 1500, Settled: true, HWAddr: mac},
			11: {Name: "en3f0c1pf0vf000", Up: true, MTU: 9000, Settled: true},
			12: {Name: "eth7", MTU: 1500},
		},
		Complete: true,
	}
}

func facts() api.Facts {
	return api.Facts{
		Daemon: api.Daemon{
			Version: "1.2.3", PID: 812, Started: noon().Add(-26 * time.Hour), Role: api.Active,
			Chassis: "dpu1", Hostname: "dpu1.example.com", Bridge: "br-int",
		},
		Local: ovs.View{
			Complete: true, Bridge: "br-int", BridgeUUID: "b", DatapathType: "system",
			Interfaces: map[string]ovs.Interface{
				"en3f0c1pf0vf000": {Name: "en3f0c1pf0vf000", Bridge: "br-int", Marked: true, IfaceID: uuid, Marker: ovs.Marker{LogicalPort: uuid}},
				"pf0vf9": {
					Name: "pf0vf9", Bridge: "br-int", Marked: true, IfaceID: "this-name-is-longer-than-a-uuid-and-has-a-line-of-its-own",
					Marker: ovs.Marker{LogicalPort: "this-name-is-longer-than-a-uuid-and-has-a-line-of-its-own"},
				},
			},
		},
		LocalEndpoint: "unix:/run/openvswitch/db.sock",
		Southbound: southbound.View{
			Complete: true, Connected: true, Since: noon().Add(-3*time.Hour - 12*time.Minute),
			Endpoint: "ssl:[2001:db8::1]:6642", Chassis: "dpu1", ChassisKnown: true,
			Identity: "cluster 3f1c7f8e-6f0f-4d4a-9b8e-0a3a4a1f0001",
		},
		Companions: []companion.Sight{
			{Name: companion.VSwitchd, State: companion.Answers, PID: 361, Socket: "/run/openvswitch/ovs-vswitchd.361.ctl",
				Version: "ovs-vswitchd (Open vSwitch) 3.1.0", Since: noon().Add(-time.Hour)},
			{Name: companion.Controller, State: companion.Answers, PID: 402, Socket: "/run/ovn/ovn-controller.402.ctl",
				Version: "ovn-controller 23.03.1", Since: noon().Add(-time.Hour), Providers: companion.Unregistered},
		},
		Index:  representor.NewIndex(dpu(), representor.Settings{}),
		Report: report(),
	}
}

func report() plug.Report {
	ports := []plug.Port{
		{Since: noon().Add(-26 * time.Hour), Status: plan.Status{
			LogicalPort: uuid, State: plan.Plugged, Request: "pf-mac 00:53:00:00:00:42 vf 0",
			Function: "pci/0000:03:00.0 c1pf0vf0", Netdev: "en3f0c1pf0vf000", IfIndex: 11, Ofport: 65279, Up: true,
		}},
		{Since: noon().Add(-59*time.Minute - 59*time.Second), Status: plan.Status{
			LogicalPort: "odd \x1b[31mname", State: plan.Invalid,
			Reason: &reason.Reason{
				Code: reason.CodeInvalidOption, Option: "vif-plug:representor:vf-num", Value: "3x",
				Message: `option vif-plug:representor:vf-num is "3x", not a decimal number from 0 to 65534; correct the logical switch port's option`,
			},
		}},
		{Since: noon().Add(-time.Second), Status: plan.Status{
			LogicalPort: "settling", State: plan.Pending,
			Request: "pf-mac 00:53:00:00:00:42 vf 1", Function: "pci/0000:03:00.0 c1pf0vf1", Netdev: "eth7", IfIndex: 12,
			Reason: &reason.Reason{Code: reason.CodeNetdevSettling, Message: "udev isn't finished with eth7 yet"},
		}},
		{Since: noon().Add(-400 * 24 * time.Hour), Status: plan.Status{
			LogicalPort: "taken", State: plan.Conflict,
			Request: "pf-mac 00:53:00:00:00:42 vf 0", Function: "pci/0000:03:00.0 c1pf0vf0", Netdev: "en3f0c1pf0vf000", IfIndex: 11,
			Reason: &reason.Reason{
				Code: reason.CodeFunctionTaken,
				Message: "function pci/0000:03:00.0 c1pf0vf0 is asked for by logical port \"" + uuid +
					"\" too, which has it; withdraw one of the two requests, or wait until the other is gone, for then this one takes over by itself " +
					"and without anybody's help",
				Candidates: []string{uuid},
			},
			Warnings: []reason.Reason{{
				Code: reason.CodeIgnoredOption, Message: `option vif-plug-mtu-request is "9k", not a number from 68 to 65535; no MTU is set`,
				Option: "vif-plug-mtu-request", Value: "9k",
			}},
		}},
		{Since: noon().Add(-49 * time.Hour), Status: plan.Status{
			LogicalPort: "this-name-is-longer-than-a-uuid-and-has-a-line-of-its-own", State: plan.Held,
			Request: "pf-mac 00:53:00:00:00:42 vf 9", Function: "pci/0000:03:00.0 c1pf0vf9", Netdev: "pf0vf9", Ofport: -1,
			Reason: &reason.Reason{Code: reason.CodeMassUnplug, Message: "4 of our 5 ports would be unplugged at once"},
		}},
	}
	return plug.Report{
		At: noon().Add(-3 * time.Second), Ports: ports,
		Counters: plug.Counters{Passes: 1042, Transactions: 20, Failures: 1, Retargets: 1},
	}
}
