package doctor

import (
	"io/fs"
	"time"

	"github.com/representord/representord/config"
	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/datapath"
	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func handle() devlink.Handle { return devlink.Handle{Bus: "pci", Device: "0000:03:00.0"} }

func pf(index, controller uint32, mac byte) devlink.Port {
	return devlink.Port{
		Handle: handle(), Index: index, Type: devlink.TypeEth, Flavour: devlink.FlavourPCIPF, Controller: devlink.Some(controller),
		External: devlink.Some(true), PF: devlink.Some[uint16](0), Function: &devlink.Function{HWAddr: []byte{0, 0x53, 0, 0, 0, mac}},
	}
}

// cmsOptions is a column of a Chassis row.
func cmsOptions(list string) map[string]string { return map[string]string{"ovn-cms-options": list} }

// healthy is a DPU on which everything is as it should be.
func healthy() Host {
	yes := true
	return Host{
		Now: noon(), Version: "1.2.3", Kernel: "6.8.0",
		Config: config.Config{OVSDB: "unix:/run/openvswitch/db.sock"},
		Card: representor.Card{
			Complete: true, Ports: []devlink.Port{pf(1, 1, 0x42)}, Links: map[uint32]representor.Link{},
			Serials: map[devlink.Handle]representor.Serial{handle(): {Number: "MT2242X00001"}},
		},
		Eswitches: map[devlink.Handle]Eswitch{handle(): {Mode: devlink.EswitchSwitchdev}},
		Local: ovs.View{
			Complete: true, Bridge: "br-int", BridgeUUID: "b", DatapathType: "system", HWOffload: true,
			ExternalIDs: map[string]string{"ovn-cms-options": "a,card-serial-number=MT2242X00001"},
		},
		Identity: config.Identity{Chassis: "dpu1", Hostname: "dpu1.example.org", Bridge: "br-int", Remotes: []string{"ssl:192.0.2.1:6642"}},
		VSwitchd: companion.Sight{Name: companion.VSwitchd, State: companion.Answers, PID: 812, Socket: "/run/openvswitch/ovs-vswitchd.812.ctl",
			Version: "ovs-vswitchd (Open vSwitch) 3.1.0"},
		Controller: companion.Sight{Name: companion.Controller, State: companion.Answers, PID: 402, Socket: "/run/ovn/ovn-controller.402.ctl",
			Version: "ovn-controller 23.03.1", Providers: companion.Unregistered, Unit: "ovn-controller.service"},
		Datapath: datapath.Statistics{Hit: 1000, Missed: 20, Flows: 5},
		Chassis: []ovn.Chassis{
			{Name: "dpu1", Hostname: "dpu1.example.org", OtherConfig: cmsOptions("a,card-serial-number=MT2242X00001"),
				ExternalIDs: cmsOptions("a,card-serial-number=MT2242X00001")},
			{Name: "dpu2", Hostname: "dpu2.example.org", OtherConfig: cmsOptions("card-serial-number=MT2242X00002")},
		},
		Server: "ssl:192.0.2.1:6642", TLS: true,
		Own: dbconn.Period{From: noon().AddDate(-1, 0, 0), Until: noon().AddDate(1, 0, 0)},
		CA:  dbconn.Period{From: noon().AddDate(-2, 0, 0), Until: noon().AddDate(2, 0, 0)},
		Daemon: &api.Status{Daemon: api.Daemon{Version: "1.2.3", PID: 7, Started: noon().Add(-time.Hour), Role: api.Active,
			Chassis: "dpu1", Bridge: "br-int"}},

		DaemonNetAdmin: &yes,
		OVS:            ovs.Versions{OpenVSwitch: "3.1.0", Schema: "8.3.1"},
		OVN:            ovn.Versions{Northd: "23.03.1", NorthdSchema: "20.27.0", Schema: "20.27.0"},
		Sockets: []Socket{
			{Path: "/run/representord/control.sock", Mode: fs.ModeSocket | 0o660, Owner: "root", Group: "root"},
			{Path: "/run/openvswitch/db.sock", Mode: fs.ModeSocket | 0o750, Owner: "root", Group: "root"},
		},
	}
}
