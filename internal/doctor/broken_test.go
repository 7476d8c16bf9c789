package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/datapath"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// verdicts are how checks come out, by their names.
type verdicts = map[string]diagnose.Verdict

const (
	warn    = diagnose.Warning
	fail    = diagnose.Failed
	unknown = diagnose.Unknown
)

// Each case breaks one thing, which exactly the checks that are named must find.
func TestExamine_WhatIsWrongIsFoundAndMended(t *testing.T) {
	broken := map[string]bool{} // the checks that found something
	var script strings.Builder  // every command
	refused := errors.New("connection refused")
	hung := &api.UnreachableError{Socket: "/run/x.sock", Hangs: true, Err: errors.New("nothing came within 5s")}
	forbidden := &fs.PathError{Op: "connect", Path: "/run/x.sock", Err: fs.ErrPermission}
	for _, tt := range []struct {
		name   string
		breaks func(*Host)
		want   verdicts
		remedy string // of one of them
	}{
		{"bad configuration", func(h *Host) { h.ConfigErr = errors.New("probe-interval: must be a time") },
			verdicts{"configuration": fail}, "correct the file"},
		{"a variable that sets nothing", func(h *Host) { h.Config.Warnings = []string{"REPRESENTORD_X sets nothing"} },
			verdicts{"configuration": warn}, "unset it"},
		{"no daemon", func(h *Host) { h.Daemon, h.DaemonErr, h.DaemonNetAdmin = nil, refused, nil },
			verdicts{"daemon": fail, "system-id-override": unknown, "capabilities": unknown, "ports": unknown},
			"systemctl enable --now representord"},
		{"daemon hangs", func(h *Host) { h.Daemon, h.DaemonErr, h.DaemonNetAdmin = nil, hung, nil },
			verdicts{"daemon": fail, "system-id-override": unknown, "capabilities": unknown, "ports": unknown},
			"`systemctl restart representord;"},
		{"daemon not to be asked", func(h *Host) { h.Daemon, h.DaemonErr, h.DaemonNetAdmin = nil, forbidden, nil },
			verdicts{"daemon": unknown, "system-id-override": unknown, "capabilities": unknown, "ports": unknown}, "as root"},
		{"standby", func(h *Host) { h.Daemon.Role = api.Standby }, verdicts{"daemon": warn}, "representorctl status"},
		{"dry run", func(h *Host) { h.Daemon.DryRun = true }, verdicts{"daemon": warn}, "without --dry-run"},
		{"daemon of before the update", func(h *Host) { h.Daemon.Version = "1.2.2" }, verdicts{"versions": warn},
			"systemctl restart representord"},
		{"no CAP_NET_ADMIN", func(h *Host) { h.DaemonNetAdmin = new(bool) }, verdicts{"capabilities": fail}, "CapabilityBoundingSet"},
		{"ovs-vswitchd killed", func(h *Host) { h.VSwitchd = seen(companion.VSwitchd, companion.Gone) }, verdicts{"vswitchd": fail},
			"`systemctl start ovs-vswitchd`"},
		{"ovs-vswitchd killed, and packets lost since", func(h *Host) {
			h.VSwitchd, h.Datapath = seen(companion.VSwitchd, companion.Gone), datapath.Statistics{Missed: 47, Lost: 47}
		}, verdicts{"vswitchd": fail, "upcalls": unknown}, "mend ovs-vswitchd first"},
		{"ovs-vswitchd stopped by a signal", func(h *Host) { h.VSwitchd = seen(companion.VSwitchd, companion.Silent); h.VSwitchd.Stopped = true },
			verdicts{"vswitchd": fail}, "`kill -CONT 812`"},
		{"ovs-vswitchd busy or hung", func(h *Host) { h.VSwitchd = seen(companion.VSwitchd, companion.Silent) },
			verdicts{"vswitchd": warn}, "`ovs-appctl --timeout=30 -t /run/x.ctl version`"},
		{"ovs-vswitchd not to be found", func(h *Host) { h.VSwitchd = seen(companion.VSwitchd, companion.Unknown) },
			verdicts{"vswitchd": unknown}, "`ps -C ovs-vswitchd -o pid,args`"},
		{"ovs-vswitchd not to be asked", func(h *Host) { h.VSwitchd = seen(companion.VSwitchd, companion.Unknown); h.VSwitchd.Forbidden = true },
			verdicts{"vswitchd": unknown}, "as root"},
		{"ovs-vswitchd not to be found here, and the daemon finds it dead", func(h *Host) {
			h.VSwitchd = seen(companion.VSwitchd, companion.Unknown)
			h.Daemon.Companions = []companion.Sight{{Name: companion.VSwitchd, State: companion.Gone, Since: noon(), Why: "it has ended"}}
		}, verdicts{"vswitchd": fail}, "`systemctl start ovs-vswitchd`"},
		{"ovn-controller killed", func(h *Host) { h.Controller = seen(companion.Controller, companion.Gone) },
			verdicts{"ovn-controller": fail, "plug-provider": unknown}, "`systemctl start ovn-controller`"},
		{"ovn-controller stopped by a signal", func(h *Host) {
			h.Controller = seen(companion.Controller, companion.Silent)
			h.Controller.Stopped = true
		}, verdicts{"ovn-controller": fail, "plug-provider": unknown}, "`kill -CONT 812`"},
		{"ovn-controller busy", func(h *Host) { h.Controller = seen(companion.Controller, companion.Silent) },
			verdicts{"ovn-controller": warn, "plug-provider": unknown}, "`ovs-appctl --timeout=30 -t /run/x.ctl version`"},
		{"ovn-controller hung", func(h *Host) {
			h.Controller = seen(companion.Controller, companion.Silent)
			h.Daemon.Companions = []companion.Sight{{Name: companion.Controller, State: companion.Silent, Since: noon().Add(-silenceMeans)}}
		}, verdicts{"ovn-controller": fail, "plug-provider": unknown}, "exit --restart`"},
		{"ovn-controller not to be found", func(h *Host) { h.Controller = seen(companion.Controller, companion.Unknown) },
			verdicts{"ovn-controller": unknown, "plug-provider": unknown}, "`ps -C ovn-controller -o pid,args`"},
		{"no packet reaches ovs-vswitchd", func(h *Host) { h.Datapath = datapath.Statistics{Missed: 47, Lost: 47} },
			verdicts{"upcalls": fail}, "systemctl restart openvswitch-switch"},
		{"clock never set", func(h *Host) { h.Now = time.Date(1970, 1, 1, 0, 5, 0, 0, time.UTC) },
			verdicts{"clock": fail}, "date -u -s TIME"},
		{"certificate of tomorrow", func(h *Host) { h.Own.From = noon().Add(time.Hour) }, verdicts{"clock": fail}, "date -u -s TIME"},
		{"CA of tomorrow", func(h *Host) { h.CA.From = noon().Add(time.Hour) }, verdicts{"clock": fail}, "date -u -s TIME"},
		{"expired", func(h *Host) { h.Own.Until = noon().Add(-time.Hour) }, verdicts{"certificates": fail}, "replace the files"},
		{"CA expires", func(h *Host) { h.CA.Until = noon().AddDate(0, 0, 7) }, verdicts{"certificates": warn}, "replace the files"},
		{"no certificate", func(h *Host) { h.TLSErr = errors.New("TLS certificate: no such file") },
			verdicts{"certificates": fail}, "set-ssl"},
		{"certificate for root only", func(h *Host) { h.TLSErr = forbidden }, verdicts{"certificates": unknown}, "as root"},
		{"no devlink", func(h *Host) {
			h.Card, h.CardErr, h.Eswitches = representor.Card{}, fmt.Errorf("the kernel has no devlink: %w", fs.ErrNotExist), nil
		}, verdicts{
			"devlink": fail, "eswitch": unknown, "host-functions": unknown, "duplicate-macs": unknown, "serial": unknown,
			"serial-published": unknown,
		}, "with the kernel of its vendor"},
		{"devlink hangs", func(h *Host) {
			h.Card, h.CardErr, h.Eswitches = representor.Card{}, os.ErrDeadlineExceeded, nil
		}, verdicts{
			"devlink": fail, "eswitch": unknown, "host-functions": unknown, "duplicate-macs": unknown, "serial": unknown,
			"serial-published": unknown,
		}, "Leave the driver loaded"},
		{"run on the hypervisor", func(h *Host) { h.Card.Ports, h.Eswitches = nil, nil }, verdicts{
			"devlink": fail, "eswitch": unknown, "host-functions": fail, "duplicate-macs": unknown, "serial": unknown, "serial-published": unknown,
		}, "not on its host"},
		{"card read in part", func(h *Host) { h.Card.Complete, h.Card.Problem = false, "the dump was interrupted" },
			verdicts{"devlink": fail}, "devlink port show"},
		{"port left out", func(h *Host) { h.Card.Problem = "port 7 can't be read" }, verdicts{"devlink": warn}, "dmesg"},
		{"legacy eswitch", func(h *Host) { h.Eswitches[handle()] = Eswitch{Mode: devlink.EswitchLegacy} }, verdicts{"eswitch": fail},
			"`devlink dev eswitch set pci/0000:03:00.0 mode switchdev`"},
		{"legacy eswitch, with the uplink's port", func(h *Host) {
			h.Card.Ports[0].Flavour, h.Eswitches[handle()] = devlink.FlavourPhysical, Eswitch{Mode: devlink.EswitchLegacy}
		}, verdicts{"eswitch": fail, "host-functions": fail, "duplicate-macs": unknown, "serial": unknown, "serial-published": unknown},
			"`devlink dev eswitch set pci/0000:03:00.0 mode switchdev`"},
		{"legacy eswitch, without any port", func(h *Host) {
			h.Card.Ports, h.Eswitches[handle()] = nil, Eswitch{Mode: devlink.EswitchLegacy}
		}, verdicts{"devlink": fail, "eswitch": fail, "host-functions": fail, "duplicate-macs": unknown, "serial": unknown,
			"serial-published": unknown}, "`devlink dev eswitch set pci/0000:03:00.0 mode switchdev`"},
		{"legacy eswitch of another NIC", func(h *Host) {
			h.Eswitches[devlink.Handle{Bus: "pci", Device: "0000:05:00.0"}] = Eswitch{Mode: devlink.EswitchLegacy}
		}, verdicts{"eswitch": warn}, "`devlink dev eswitch set pci/0000:05:00.0 mode switchdev`"},
		{"eswitch not to be read", func(h *Host) { h.Eswitches[handle()] = Eswitch{Err: forbidden} },
			verdicts{"eswitch": unknown}, "as root"},
		{"devices not to be listed", func(h *Host) { h.Eswitches, h.EswitchErr = nil, os.ErrDeadlineExceeded },
			verdicts{"eswitch": unknown}, "`devlink dev`"},
		{"eswitch unknown to the driver", func(h *Host) { h.Eswitches[handle()] = Eswitch{Err: errors.New("operation not supported")} },
			verdicts{"eswitch": unknown}, "eswitch show"},
		{"a NIC that is its own host, its uplink elsewhere", func(h *Host) {
			h.Config.LocalFunctions = true
			vf := &h.Card.Ports[0]
			vf.Flavour, vf.VF, vf.External, vf.Function = devlink.FlavourPCIVF, devlink.Some[uint16](0), devlink.Some(false), nil
			vf.Controller = devlink.Some[uint32](0)
		}, verdicts{"host-functions": fail, "duplicate-macs": unknown}, "`ip -n NAMESPACE link set NETDEV netns 1`"},
		{"a satellite PF without a port", func(h *Host) {
			h.Config.LocalFunctions = true
			vf := &h.Card.Ports[0]
			vf.Flavour, vf.VF, vf.External, vf.Function = devlink.FlavourPCIVF, devlink.Some[uint16](0), devlink.Some(false), nil
			vf.Controller = devlink.Some[uint32](3)
		}, verdicts{"host-functions": fail, "duplicate-macs": unknown}, "behind another controller has a port"},
		{"ports that aren't plugged", func(h *Host) {
			h.Daemon.Ports = map[plan.State]int{plan.Plugged: 60, plan.Pending: 2, plan.Held: 1}
		}, verdicts{"ports": warn}, "`representorctl explain PORT`"},
		{"PF without a MAC", func(h *Host) { h.Card.Ports[0].Function = nil },
			verdicts{"host-functions": fail, "duplicate-macs": unknown}, "hw_addr"},
		{"two PFs with one MAC", func(h *Host) { h.Card.Ports = append(h.Card.Ports, pf(2, 2, 0x42)) },
			verdicts{"duplicate-macs": fail}, "controller"},
		{"no serial", func(h *Host) { h.Card.Serials = nil }, verdicts{"serial": warn, "serial-published": unknown},
			"board.serial_number"},
		{"placeholder for a serial", func(h *Host) { h.Card.Serials[handle()] = representor.Serial{Number: "N/A"} },
			verdicts{"serial": warn, "serial-published": unknown}, "requested-chassis"},
		{"local database away", func(h *Host) { h.Local, h.LocalErr = ovs.View{}, refused }, verdicts{
			"local-database": fail, "identity": unknown, "bridge": unknown, "hw-offload": unknown, "built-in-provider": unknown,
			"southbound":  unknown,
			"ovs-version": unknown, "ovn-version": unknown, "foreign-rows": unknown,
			"chassis": unknown, "unique": unknown, "serial-published": unknown,
		}, "openvswitch-switch"},
		{"local database hangs", func(h *Host) { h.Local, h.LocalErr = ovs.View{}, fmt.Errorf("%w in 5s", ErrSilent) }, verdicts{
			"local-database": fail, "identity": unknown, "bridge": unknown, "hw-offload": unknown, "built-in-provider": unknown,
			"southbound":  unknown,
			"ovs-version": unknown, "ovn-version": unknown, "foreign-rows": unknown,
			"chassis": unknown, "unique": unknown, "serial-published": unknown,
		}, "`kill -CONT PID`"},
		{"local database away, nothing known of TLS",
			func(h *Host) { h.Local, h.LocalErr, h.TLS = ovs.View{}, refused, false }, verdicts{
				"local-database": fail, "identity": unknown, "bridge": unknown, "hw-offload": unknown, "built-in-provider": unknown,
				"southbound":  unknown,
				"ovs-version": unknown, "ovn-version": unknown, "foreign-rows": unknown,
				"chassis": unknown, "unique": unknown, "serial-published": unknown, "certificates": unknown,
			}, "openvswitch-switch"},
		{"socket of another user", func(h *Host) { h.Local, h.LocalErr = ovs.View{}, forbidden }, verdicts{
			"local-database": fail, "identity": unknown, "bridge": unknown, "hw-offload": unknown, "built-in-provider": unknown,
			"southbound":  unknown,
			"ovs-version": unknown, "ovn-version": unknown, "foreign-rows": unknown,
			"chassis": unknown, "unique": unknown, "serial-published": unknown,
		}, "SupplementaryGroups"},
		{"no ovn-remote", func(h *Host) {
			h.Identity.Remotes, h.Identity.Problems, h.ChassisErr = nil, []string{"no Southbound is named"}, errors.New("no address")
		}, verdicts{"identity": fail, "southbound": fail, "ovn-version": unknown, "chassis": unknown, "unique": unknown},
			"external_ids:ovn-remote"},
		{"an endpoint left out", func(h *Host) { h.Identity.Problems = []string{"tpc: is no endpoint"} },
			verdicts{"identity": warn}, "external_ids"},
		{"override changed", func(h *Host) { h.OverrideModified, h.Identity.Chassis, h.Chassis[0].Name = noon(), "new", "new" },
			verdicts{"system-id-override": fail}, "systemctl restart ovn-controller representord"},
		{"override touched", func(h *Host) { h.OverrideModified = noon() }, verdicts{"system-id-override": warn}, "systemctl restart"},
		{"no bridge", func(h *Host) { h.Local.BridgeUUID = "" }, verdicts{"bridge": fail},
			"it runs, and its log says what keeps it from that: `tail -n 50 /var/log/ovn/ovn-controller.log`"},
		{"no bridge, and no ovn-controller to be seen", func(h *Host) {
			h.Local.BridgeUUID, h.Controller = "", companion.Sight{Name: companion.Controller, State: companion.Unknown}
		}, verdicts{"bridge": fail, "ovn-controller": unknown, "plug-provider": unknown},
			"`systemctl start ovn-controller; tail -n 50 /var/log/ovn/ovn-controller.log`"},
		{"userspace datapath", func(h *Host) { h.Local.DatapathType = "netdev" }, verdicts{"bridge": fail, "upcalls": unknown},
			"traffic may stop: `ovs-vsctl set Bridge br-int datapath_type=system`"},
		{"userspace datapath that OVN is told to have", func(h *Host) {
			h.Local.DatapathType, h.Local.ExternalIDs["ovn-bridge-datapath-type"] = "netdev", "netdev"
		}, verdicts{"bridge": fail, "upcalls": unknown}, "leave the bridge as it is"},
		{"OVS-DOCA", func(h *Host) { h.Local.DatapathType, h.Local.DefaultDatapathType, h.Local.DOCA = "doca", "doca", true },
			verdicts{"bridge": fail, "upcalls": unknown}, "leave the bridge as it is"},
		{"no offload", func(h *Host) { h.Local.HWOffload = false }, verdicts{"hw-offload": warn}, "hw-offload=true"},
		{"built-in provider", func(h *Host) {
			h.Local.Interfaces = map[string]ovs.Interface{"pf0vf3": {Name: "pf0vf3", Bridge: "br-int", OVNPlugged: "representor"}}
		}, verdicts{"built-in-provider": fail}, "adopt-ovn-vif: true"},
		{"Southbound away", func(h *Host) { h.Chassis, h.ChassisErr = nil, refused },
			verdicts{"southbound": fail, "ovn-version": unknown, "chassis": unknown, "unique": unknown}, "ovn-sbctl"},
		{"not registered", func(h *Host) { h.Chassis = h.Chassis[1:] }, verdicts{"chassis": fail},
			"it runs, and its log says what keeps it from that: `tail -n 50 /var/log/ovn/ovn-controller.log`"},
		{"not registered, for want of an ovn-controller",
			func(h *Host) { h.Chassis, h.Controller = h.Chassis[1:], seen(companion.Controller, companion.Gone) },
			verdicts{"chassis": fail, "ovn-controller": fail, "plug-provider": unknown},
			"`systemctl start ovn-controller; tail -n 50 /var/log/ovn/ovn-controller.log`"},
		{"other hostname", func(h *Host) { h.Chassis[0].Hostname = "old" }, verdicts{"chassis": warn}, "external_ids:hostname"},
		{"hostname of two", func(h *Host) { h.Chassis[1].Hostname = "dpu1.example.org" }, verdicts{"unique": fail}, "chassis-del"},
		{"serial of two", func(h *Host) { h.Chassis[1].OtherConfig = h.Chassis[0].OtherConfig }, verdicts{"unique": fail}, "chassis-del"},
		{"serial not published", func(h *Host) { h.Local.ExternalIDs = nil }, verdicts{"serial-published": warn},
			"`ovs-vsctl set Open_vSwitch . 'external_ids:\"ovn-cms-options\"=\"card-serial-number=MT2242X00001\"'`"},
		{"serial not published, though it should", func(h *Host) { h.Local.ExternalIDs, h.Config.RegisterCardSerial = nil, true },
			verdicts{"serial-published": fail}, "`representorctl serial`"},
		{"serial not published, for want of a daemon", func(h *Host) {
			h.Local.ExternalIDs, h.Config.RegisterCardSerial, h.Daemon, h.DaemonErr, h.DaemonNetAdmin = nil, true, nil, refused, nil
		}, verdicts{
			"daemon": fail, "system-id-override": unknown, "capabilities": unknown, "ports": unknown, "serial-published": fail,
		}, "mend the daemon first"},
		{"serial not among the others", func(h *Host) { h.Local.ExternalIDs["ovn-cms-options"] = "a,b" },
			verdicts{"serial-published": warn}, `="a,b,card-serial-number=MT2242X00001"'`},
		{"others that can't be typed", func(h *Host) { h.Local.ExternalIDs["ovn-cms-options"] = "a'b`c" },
			verdicts{"serial-published": warn}, "external_ids:KEY=LIST"},
		{"old Open vSwitch", func(h *Host) { h.OVS.OpenVSwitch = "2.5.9" }, verdicts{"ovs-version": warn}, "update Open vSwitch"},
		{"Open vSwitch of another start script", func(h *Host) { h.OVS.OpenVSwitch = "" }, verdicts{"ovs-version": unknown}, ""},
		{"version of Open vSwitch not read", func(h *Host) { h.OVSErr = refused }, verdicts{"ovs-version": unknown}, ""},
		{"old OVN", func(h *Host) { h.OVN = ovn.Versions{Northd: "21.12.4", NorthdSchema: "20.21.0", Schema: "20.21.0"} },
			verdicts{"ovn-version": warn}, "update OVN"},
		{"Southbound not converted", func(h *Host) { h.OVN.Schema = "20.9.0" }, verdicts{"ovn-version": warn},
			"`systemctl restart ovn-ovsdb-server-sb`"},
		{"no ovn-northd", func(h *Host) { h.OVN = ovn.Versions{Schema: "20.27.0"} }, verdicts{"ovn-version": warn},
			"`systemctl enable --now ovn-northd`"},
		{"version of OVN not read", func(h *Host) { h.OVNErr = refused }, verdicts{"ovn-version": unknown}, ""},
		{"VF plugged by hand", func(h *Host) { plugByHand(h, devlink.FlavourPCIVF, "br-int") }, verdicts{"foreign-rows": warn},
			"`ovs-vsctl del-port rep0`"},
		{"VF on another bridge", func(h *Host) { plugByHand(h, devlink.FlavourPCIVF, "br-ex") }, verdicts{"foreign-rows": warn},
			"`ovs-vsctl del-port rep0`"},
		{"PF on our bridge", func(h *Host) { plugByHand(h, devlink.FlavourPCIPF, "br-int") }, verdicts{"foreign-rows": warn},
			"`ovs-vsctl del-port rep0`"},
		{"socket for everybody", func(h *Host) { h.Sockets[1].Mode |= 0o777 }, verdicts{"sockets": warn},
			"`chmod o-w /run/openvswitch/db.sock`"},
		{"socket for everybody, in an odd place", func(h *Host) {
			h.Sockets[1] = Socket{Path: "/run/a b/db's.sock", Mode: fs.ModeSocket | 0o777}
		}, verdicts{"sockets": warn}, "`chmod o-w '/run/a b/db'\\''s.sock'`"},
		{"socket not to be looked at", func(h *Host) { h.Sockets[0].Err = forbidden }, verdicts{"sockets": unknown}, "as root"},
		{"no socket", func(h *Host) { h.Sockets[0].Err = fs.ErrNotExist }, verdicts{"sockets": unknown}, ""},
		{"another card's serial published", func(h *Host) { h.Local.ExternalIDs["ovn-cms-options-dpu1"] = "card-serial-number=OLD" },
			verdicts{"serial-published": fail}, "ovn-cms-options-dpu1"},
		{"serial not taken over", func(h *Host) { h.Chassis[0].OtherConfig, h.Chassis[0].ExternalIDs = nil, nil },
			verdicts{"serial-published": fail},
			"tail -n 50 /var/log/ovn/ovn-controller.log"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := healthy()
			tt.breaks(&h)
			d := Examine(h)
			got, remedies, fails := verdicts{}, "", false
			for _, c := range d.Checks {
				if strings.Count(c.Remedy, "`")%2 != 0 {
					t.Errorf("a command doesn't end: %s", c.Remedy)
				}
				fails = fails || c.Verdict == fail
				if c.Verdict == diagnose.OK {
					continue
				}
				got[c.Name], broken[c.Name] = c.Verdict, true
				if c.Name != "upcalls" && cuts(c.Remedy) && !strings.Contains(c.Remedy, "traffic may stop") {
					t.Errorf("it cuts what flows, and doesn't say so: %+v", c)
				}
				remedies += c.Remedy + "\n"
				for i, part := range strings.Split(c.Remedy, "`") {
					if i%2 == 1 {
						script.WriteString(part + "\n")
					}
				}
				if (c.Verdict == fail || c.Verdict == warn) && c.Remedy == "" || c.Finding == "" {
					t.Errorf("nothing mends %+v", c)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if !strings.Contains(remedies, tt.remedy) {
				t.Errorf("%q is not among the remedies:\n%s", tt.remedy, remedies)
			}
			if d.Healthy == fails {
				t.Errorf("healthy is %v", d.Healthy)
			}
		})
	}
	if out, err := exec.CommandContext(t.Context(), "sh", "-n", "-c", script.String()).CombinedOutput(); err != nil {
		t.Errorf("sh can't read a command: %v: %s\n%s", err, out, script.String())
	}
	for _, c := range Examine(healthy()).Checks {
		if !broken[c.Name] {
			t.Errorf("nothing that is broken was found by the check %s", c.Name)
		}
	}
}
