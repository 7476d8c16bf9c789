package doctor

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
)

// ErrSilent is that the local database takes connections, and doesn't answer.
var ErrSilent = errors.New("it takes connections, and doesn't answer")

func (p *patient) localDatabase(c *diagnose.Check) {
	switch {
	case p.LocalErr == nil:
		c.OK(reason.Line(p.Config.OVSDB) + " answers")
	case errors.Is(p.LocalErr, os.ErrPermission):
		c.Fail(fmt.Sprintf("%s may not be used: %v", p.Config.OVSDB, p.LocalErr),
			diagnose.RunAsRoot+"; for the daemon, where Open vSwitch runs as another user: SupplementaryGroups=openvswitch in the unit, "+
				"and a socket that its group may write to: see representord(8), OPEN VSWITCH UNDER A USER OF ITS OWN")
	case errors.Is(p.LocalErr, ErrSilent):
		c.Fail(p.Config.OVSDB+": "+reason.OneLine(p.LocalErr),
			"see whether ovsdb-server is stopped (T in the column STAT) or busy: `ps -o pid,stat,pcpu,args -C ovsdb-server` "+
				"If it is stopped: `kill -CONT PID` If it is busy, ask again. "+diagnose.LeaveServer)
	default:
		c.Fail(p.Config.OVSDB+": "+reason.OneLine(p.LocalErr),
			"start it; the setting ovs-db says where its socket is: `systemctl enable --now openvswitch-switch`")
	}
}

func (p *patient) identity(c *diagnose.Check) {
	switch id := p.Identity; {
	case id.Chassis == "" || id.Bridge == "" || len(id.Remotes) == 0:
		c.Fail(strings.Join(id.Problems, "; "), p.introduce())
	case len(id.Problems) > 0:
		c.Warn(strings.Join(id.Problems, "; "), "correct the key: `ovs-vsctl get Open_vSwitch . external_ids`")
	default:
		c.OK(fmt.Sprintf("chassis %s, hostname %s, bridge %s", reason.Word(id.Chassis), reason.Word(id.Hostname), reason.Word(id.Bridge)))
	}
}

// introduce is what makes the chassis, its bridge and its Southbound known. What is set stays
// as it is: another system-id, for one, would make another chassis of this one.
func (p *patient) introduce() string {
	var remedies, words []string
	set := func(key, value string) { words = append(words, "external_ids:"+p.key(key)+"="+value) }
	switch {
	case p.Identity.Chassis != "":
	case p.OverrideModified.IsZero():
		set("system-id", "NAME")
	default:
		remedies = append(remedies, "write the chassis' name into the first line of system-id-override, or remove that file.")
	}
	if len(p.Identity.Remotes) == 0 {
		set("ovn-remote", "ssl:ADDRESS:6642")
	}
	for _, encap := range []struct{ key, value string }{{"ovn-encap-type", "geneve"}, {"ovn-encap-ip", "ADDRESS"}} {
		if p.Local.ExternalIDs[config.KeyFor(p.Identity.Chassis, p.Local.ExternalIDs, encap.key)] == "" {
			set(encap.key, encap.value)
		}
	}
	if p.Identity.Bridge == "" {
		remedies = append(remedies, "remove the empty key: `ovs-vsctl remove Open_vSwitch . external_ids "+p.key("ovn-bridge")+"`")
	}
	if len(words) > 0 {
		remedies = append(remedies, "set what is missing, which ovn-controller needs as well: `ovs-vsctl set Open_vSwitch . "+
			strings.Join(words, " ")+"`")
	}
	return strings.Join(remedies, " ")
}

// key is the key that counts for this chassis, as a word of ovs-vsctl.
func (p *patient) key(name string) string {
	k := config.KeyFor(p.Identity.Chassis, p.Local.ExternalIDs, name)
	if k == name {
		return name
	}
	return reason.Shell(fmt.Sprintf("%q", k)) // a chassis may be called anything
}

// override: like ovn-controller the daemon reads the file once, at its start.
func (p *patient) override(c *diagnose.Check) {
	switch d := p.Daemon; {
	case d == nil:
		c.Unknown("without the daemon there is nothing to compare it with")
	case p.LocalErr == nil && d.Chassis != "" && d.Chassis != p.Identity.Chassis:
		c.Fail(fmt.Sprintf("the daemon is chassis %s, and would be %s if it started now", reason.Word(d.Chassis),
			reason.Word(p.Identity.Chassis)),
			"write the old name into the file; or restart both, so that they agree, in an hour when traffic may stop, for "+
				"ovn-controller then takes its tunnels along: `systemctl restart ovn-controller representord`")
	case p.OverrideModified.After(d.Started):
		c.Warn("the file changed at "+p.OverrideModified.UTC().Format(time.RFC3339)+", after the daemon started; the name in it is the same",
			"have it read again, during which ports stay: `systemctl restart representord`")
	case p.OverrideModified.IsZero():
		c.OK("there is no such file")
	default:
		c.OK("the file has not changed since the daemon started")
	}
}

func (p *patient) bridge(c *diagnose.Check) {
	name := reason.Word(p.Local.Bridge)
	switch {
	case p.Local.BridgeUUID == "":
		c.Fail("bridge "+name+" doesn't exist", p.byController("makes it"))
	case !p.Local.KernelDatapath():
		meant := ""
		if key, value := p.Local.Userspace(); key != "" {
			meant = fmt.Sprintf("; it is meant to be so, by %s=%s", reason.Line(key), reason.Word(value))
		}
		c.Fail(fmt.Sprintf("bridge %s has datapath_type %s, where a kernel netdev can't be plugged", name,
			reason.Word(p.Local.DatapathType))+meant, diagnose.Datapath(p.Local))
	default:
		c.OK("bridge " + name + " is there, with the kernel's datapath")
	}
}

func (p *patient) offload(c *diagnose.Check) {
	if p.Local.HWOffload {
		c.OK("other_config:hw-offload is true; ovs-vswitchd reads the key when it starts")
		return
	}
	c.Warn("other_config:hw-offload is not true: every packet takes the DPU's cores",
		"turn it on: `ovs-vsctl set Open_vSwitch . other_config:hw-offload=true` ovs-vswitchd follows when it starts the next time. "+
			"A restart stops traffic for some seconds, so that is for an hour when nobody minds, or for a reboot")
}
