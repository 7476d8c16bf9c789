package doctor

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/representord/representord/internal/reason"
)

// ErrSilent is that the local database takes connections, and doesn't answer.
var ErrSilent = errors.New("it takes connections, and doesn't answer")

// blind is the check of something in the local database while that can't be read.
func (p *patient) blind(name string) (Check, bool) {
	return Check{Name: name, Verdict: Unknown, Finding: "the local database can't be read"}, p.LocalErr != nil
}

func (p *patient) localDatabase() Check {
	c := Check{Name: "local-database", Verdict: OK, Finding: reason.Line(p.Config.OVSDB) + " answers"}
	switch {
	case errors.Is(p.LocalErr, os.ErrPermission):
		c.Verdict, c.Finding = Fail, fmt.Sprintf("%s may not be used: %v", p.Config.OVSDB, p.LocalErr)
		c.Remedy = "run this as root; for the daemon, where Open vSwitch runs as another user: SupplementaryGroups=openvswitch in the unit"
	case errors.Is(p.LocalErr, ErrSilent):
		c.Verdict, c.Finding = Fail, fmt.Sprintf("%s: %s", p.Config.OVSDB, reason.OneLine(p.LocalErr))
		c.Remedy = "see whether ovsdb-server is stopped (T in the column STAT) or busy: `ps -o pid,stat,pcpu,args -C ovsdb-server` " +
			"If it is stopped: `kill -CONT PID` If it is busy, ask again. Leave it running: systemd restarts ovs-vswitchd with it, which cuts " +
			"traffic"
	case p.LocalErr != nil:
		c.Verdict, c.Finding = Fail, fmt.Sprintf("%s: %s", p.Config.OVSDB, reason.OneLine(p.LocalErr))
		c.Remedy = "start it; the setting ovs-db says where its socket is: `systemctl enable --now openvswitch-switch`"
	}
	return c
}

func (p *patient) identity() Check {
	c, blind := p.blind("identity")
	switch id := p.Identity; {
	case blind:
	case id.Chassis == "" || id.Bridge == "" || len(id.Remotes) == 0:
		c.Verdict, c.Finding = Fail, strings.Join(id.Problems, "; ")
		c.Remedy = p.introduce()
	case len(id.Problems) > 0:
		c.Verdict, c.Finding, c.Remedy = Warn, strings.Join(id.Problems, "; "), "correct the key: `ovs-vsctl get Open_vSwitch . external_ids`"
	default:
		c.Verdict, c.Finding = OK, fmt.Sprintf("chassis %s, hostname %s, bridge %s", reason.Word(id.Chassis),
			reason.Word(id.Hostname), reason.Word(id.Bridge))
	}
	return c
}

// override: like ovn-controller the daemon reads the file once, at its start.
func (p *patient) override() Check {
	c := Check{Name: "system-id-override", Verdict: OK, Finding: "there is no such file"}
	if !p.OverrideModified.IsZero() {
		c.Finding = "the file has not changed since the daemon started"
	}
	switch d := p.Daemon; {
	case d == nil:
		c.Verdict, c.Finding = Unknown, "without the daemon there is nothing to compare it with"
	case p.LocalErr == nil && d.Chassis != "" && d.Chassis != p.Identity.Chassis:
		c.Verdict = Fail
		c.Finding = fmt.Sprintf("the daemon is chassis %s, and would be %s if it started now", reason.Word(d.Chassis),
			reason.Word(p.Identity.Chassis))
	case p.OverrideModified.After(d.Started):
		c.Verdict = Warn
		c.Finding = "the file changed at " + p.OverrideModified.UTC().Format(time.RFC3339) +
			", after the daemon started; the name in it is the same"
	}
	switch c.Verdict {
	case Fail:
		c.Remedy = "write the old name into the file; or restart both, so that they agree, in an hour when traffic may stop, for " +
			"ovn-controller then takes its tunnels along: " +
			"`systemctl restart ovn-controller representord`"
	case Warn:
		c.Remedy = "have it read again, during which ports stay: `systemctl restart representord`"
	case OK, Unknown:
	}
	return c
}

func (p *patient) bridge() Check {
	c, blind := p.blind("bridge")
	name := reason.Word(p.Local.Bridge)
	switch t := p.Local.DatapathType; {
	case blind:
	case p.Local.BridgeUUID == "":
		c.Verdict, c.Finding = Fail, "bridge "+name+" doesn't exist"
		c.Remedy = p.byController("makes it")
	case !p.Local.KernelDatapath():
		c.Verdict, c.Finding = Fail,
			fmt.Sprintf("bridge %s has datapath_type %s, where a kernel netdev can't be plugged", name, reason.Word(t))
		c.Remedy = "if nobody means it to be so, give it the kernel's, in an hour when traffic may stop: `ovs-vsctl set Bridge " +
			reason.Shell(p.Local.Bridge) + " datapath_type=system`"
		if key, value := p.Local.Userspace(); key != "" {
			c.Finding += fmt.Sprintf("; it is meant to be so, by %s=%s", reason.Line(key), reason.Word(value))
			c.Remedy = "leave the bridge as it is, since all that crosses it relies on that; representord serves bridges with the kernel's " +
				"datapath only, and has nothing to do here"
		}
	default:
		c.Verdict, c.Finding = OK, "bridge "+name+" is there, with the kernel's datapath"
	}
	return c
}

func (p *patient) offload() Check {
	c, blind := p.blind("hw-offload")
	switch {
	case blind:
	case p.Local.HWOffload:
		c.Verdict, c.Finding = OK, "other_config:hw-offload is true; ovs-vswitchd reads the key when it starts"
	default:
		c.Verdict, c.Finding = Warn, "other_config:hw-offload is not true: every packet takes the DPU's cores"
		c.Remedy = "turn it on: `ovs-vsctl set Open_vSwitch . other_config:hw-offload=true` ovs-vswitchd follows when it starts the next time. " +
			"A restart stops traffic for some seconds, so that is for an hour when nobody minds, or for a reboot"
	}
	return c
}

func (p *patient) builtIn() Check {
	c, blind := p.blind("built-in-provider")
	if blind {
		return c
	}
	var rows []string
	for _, name := range slices.Sorted(maps.Keys(p.Local.Interfaces)) {
		if i := p.Local.Interfaces[name]; i.OVNPlugged != "" && i.Bridge == p.Local.Bridge {
			rows = append(rows, reason.Word(name))
		}
	}
	c.Verdict, c.Finding = OK, "no row on the bridge is of a plug provider built into ovn-controller"
	if len(rows) > 0 {
		c.Verdict, c.Finding = Fail, "rows on the bridge are of a plug provider built into ovn-controller, which works here too, or left them "+
			"behind: "+strings.Join(rows, ", ")
		c.Remedy = "run only one of the two: an ovn-controller without --enable-plug providers (ovn-vif), or adopt-ovn-vif: true to take its " +
			"rows over. " +
			"If ovn-controller is one without by now, the way out for each row is in: `representorctl ports`"
	}
	return c
}
