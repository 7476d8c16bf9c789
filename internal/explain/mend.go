package explain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// setOption begins the command that changes a logical switch port. The option behind it
// is in double quotes within single ones: it has colons, at which ovn-nbctl(8) would
// take it apart.
const setOption = "ovn-nbctl set Logical_Switch_Port"

// remedy is what to do about a reason. Where the machine's own names are known they
// are in the commands, so that these can be typed as they stand.
func (c *chain) remedy(r *reason.Reason) string {
	if len(r.Candidates) == 1 {
		if mend := plan.RemedyOf(c.in.Actual, r, c.rowCalled(r.Candidates[0])); mend != "" {
			return mend
		}
	}
	switch {
	case r.Code == reason.CodeUnsupportedDatapath:
		return c.fill(c.mendDatapath(), r)
	case c.query == nil:
	case r.Code == reason.CodePFNotFound && !c.query.PFMAC.IsZero():
		return c.fill(c.mendPF(r), r)
	case r.Code == reason.CodeFunctionNotFound:
		return c.fill(c.mendFunction(), r)
	case r.Code == reason.CodePFMACUnknown && !slices.ContainsFunc(r.Candidates, c.hasPort):
		return c.tellMACs()
	}
	return c.fill(known()[r.Code].remedy, r)
}

// mendDatapath: a datapath that somebody means is nobody's fault, and to change it would
// tear the whole switch down.
func (c *chain) mendDatapath() string {
	if key, value := c.in.Actual.Userspace(); key != "" {
		return fmt.Sprintf("leave the bridge as it is: it is meant to be so by %s=%s, and all that crosses it relies on that. "+
			"representord serves bridges with the kernel's datapath only, so this port is for a chassis that has one", reason.Prose(key),
			reason.Prose(value))
	}
	return known()[reason.CodeUnsupportedDatapath].remedy
}

// tellMACs is what to do about PFs whose MAC is not known, and that have no port.
func (c *chain) tellMACs() string {
	var remedies []string
	for _, pf := range c.in.Index.Candidates(*c.query) {
		if remedy := TellMAC(pf.Function); pf.MAC.IsZero() && !slices.Contains(remedies, remedy) {
			remedies = append(remedies, remedy)
		}
	}
	return strings.Join(remedies, " ")
}

// TellMAC is how the MAC of a PF of this machine's own that has no port becomes known: that of
// a satellite only a port tells, of any other its uplink. The commands are between backticks.
func TellMAC(pf representor.Function) string {
	if pf.IsSatellite() {
		return "a PF behind another controller has a port that tells its MAC, and that is missing: `devlink port show; dmesg | tail -n 50`"
	}
	return "a PF without a port has its uplink's MAC; bring the uplink's netdev back from the network namespace that it was moved to: " +
		"`ip -n NAMESPACE link set NETDEV netns 1`"
}

// hasPort reports whether a function has a devlink port, at which its MAC can be set.
func (c *chain) hasPort(function string) bool {
	_, ok := c.in.Index.ByFunction(called(function))
	return ok
}

// called is the function that a reason names, or a marker; its Kind is 0 for none.
func called(text string) representor.Function {
	f, _ := representor.ParseFunction(text)
	return f
}

// rowCalled finds the name of a row as it is, by the name that a reason shows.
func (c *chain) rowCalled(shown string) string {
	for _, name := range slices.Sorted(maps.Keys(c.in.Actual.Interfaces)) {
		if reason.Name(name) == shown {
			return name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.in.Actual.PortNames)) {
		if reason.Name(name) == shown {
			return name
		}
	}
	return ""
}

// mendPF: no PF has the MAC. What to do depends on which PFs there are instead.
func (c *chain) mendPF(r *reason.Reason) string {
	var hosts, own int
	mac := ""
	for _, p := range c.in.Index.Candidates(*c.query) {
		if !p.Function.External {
			own++
			continue
		}
		hosts++
		mac = p.MAC.String()
	}
	switch {
	case len(r.Candidates) > 0: // on another controller
		return "correct the option, or remove it: `ovn-nbctl remove Logical_Switch_Port {port} options '\"" + option.Controller + "\"'`"
	case hosts == 0 && own > 0:
		return "put the card into DPU mode (embedded CPU function owner), where it shows the host's PFs; " +
			"if this machine is to serve as its own host: local-functions: true in /etc/representord/representord.yaml"
	case hosts == 0:
		return "see what is wrong with the card: `representorctl doctor` " +
			"and, if its eswitch is in mode legacy, in an hour when traffic may stop: `devlink dev eswitch set {device} mode switchdev`"
	case hosts > 1:
		mac = "MAC"
	}
	return "see which MACs the PFs have on the host (the permanent ones): `vf-reporter list` " +
		"If the port is meant for this card: `{set} {port} 'options:\"" + option.PFMAC + "\"=" + mac + "'` " +
		"or, with Neutron, correct its binding profile; if it is meant for another card, correct requested-chassis"
}

// mendFunction: the PF is there, and the function below it isn't.
func (c *chain) mendFunction() string {
	correct := func(option string) string {
		return "`{set} {port} 'options:\"" + option + "\"=NUMBER'`"
	}
	if f, known := c.in.Index.Meant(*c.query); known {
		if _, ok := c.in.Index.UnlistedFor(f); ok {
			return "see what the kernel says of its ports, for a driver fails to tell of one: `devlink port show; dmesg | tail -n 50` " +
				"The function is there; leave the host, and the card, as they are"
		}
	}
	switch c.query.Kind {
	case representor.VF:
		if f, known := c.in.Index.Meant(*c.query); known && c.hasHigher(f) {
			return "see whether the host has it: `vf-reporter list` " +
				"If it has, see why the DPU's kernel has no representor for it, among those that it has: `devlink port show; dmesg | tail -n 50` " +
				"The host's number of VFs and the firmware's are no cause, for VFs of higher numbers are there; leave them as they are. If another " +
				"VF is meant: " +
				correct(option.VFNum)
		}
		// An echo doesn't help against firmware, and takes the VFs from their machines.
		return fmt.Sprintf("look on the host whether the PF has VF %[1]d: `vf-reporter list` or, with the name of the PF's netdev there for "+
			"PF: `ls -d /sys/class/net/PF/device/virtfn%[1]d` "+
			"If it is there, leave the host's VFs as they are: the DPU lacks a representor for it, and needs a higher number of VFs in the "+
			"card's firmware configuration. "+
			"Only if it isn't there, enable it. Where the PF has other VFs already, the kernel wants an echo 0 before that, which takes each "+
			"from its machine, "+
			"so that is for an hour when all of them may be cut off: `echo %[2]d >/sys/class/net/PF/device/sriov_numvfs` If another VF is meant: ",
			c.query.Number, c.query.Number+1) + correct(option.VFNum)
	case representor.SF:
		return "create the SF, and activate it with the port index that this prints: `" + c.addSF() + "` " +
			"`devlink port function set DEVICE/INDEX state active` If another one is meant: " + correct(option.SFNum)
	case representor.PF:
	}
	return "say which VF of the PF is meant: " + correct(option.VFNum)
}

// hasHigher reports whether the PF of a function has others of its kind with higher numbers.
func (c *chain) hasHigher(f representor.Function) bool {
	return slices.ContainsFunc(c.in.Index.All(), func(r representor.Representor) bool {
		g := r.Function
		higher := g.Number > f.Number
		g.Number = f.Number
		return higher && g == f
	})
}

// addSF is the command of devlink-port(8) that makes the SF below the PF that is meant.
func (c *chain) addSF() string {
	command := fmt.Sprintf("devlink port add DEVICE flavour pcisf pfnum PF sfnum %d", c.query.Number)
	for _, p := range c.in.Index.Candidates(*c.query) {
		if f := p.Function; p.Refused == "" {
			command = fmt.Sprintf("devlink port add %s flavour pcisf pfnum %d sfnum %d", word(f.Handle.String(), "DEVICE"), f.PF, c.query.Number)
			if f.External && f.Controller.Present {
				command += fmt.Sprintf(" controller %d", f.Controller.Value)
			}
		}
	}
	return command
}

// fill puts names into the places of a remedy. What isn't known stays a word in
// capitals, for the reader to replace.
func (c *chain) fill(remedy string, r *reason.Reason) string {
	netdev := c.rep.Link.Name
	row := netdev
	if c.placed != nil {
		row = c.placed.Name
		netdev = cmp.Or(netdev, row)
	}
	first := ""
	if len(r.Candidates) == 1 {
		first = r.Candidates[0]
	}
	return strings.NewReplacer(
		"{set}", setOption,
		"{port}", word(c.in.LogicalPort, "PORT"),
		"{option}", word(r.Option, "OPTION"),
		"{in-the-way}", reason.Operand(cmp.Or(first, "NAME")),
		"{netdev}", word(netdev, "NETDEV"),
		"{row}", word(row, "NAME"),
		"{chassis}", word(c.in.Asked.Chassis, "CHASSIS"),
		"{bridge}", word(c.in.Actual.Bridge, "BRIDGE"),
		"{devlink-port}", word(c.devlinkPort(first), "DEVICE/INDEX"),
		"{device}", word(c.device(), "DEVICE"),
	).Replace(remedy)
}

// word is a name as a word of a command, or what stands for it.
func word(name, unknown string) string {
	if name == "" {
		return unknown
	}
	return reason.Shell(name)
}

// devlinkPort is the port of the function that a reason is about: the one that it names, or the
// one that is asked for. What the port had before is another one.
func (c *chain) devlinkPort(function string) string {
	r, named := c.in.Index.ByFunction(called(function))
	if !named {
		r = c.rep
		if r.Function.Kind == 0 || c.query != nil && !c.found {
			return ""
		}
	}
	return r.Function.Handle.String() + "/" + strconv.FormatUint(uint64(r.PortIndex), 10)
}

// device is the one devlink device with ports of a card, empty where there are several.
func (c *chain) device() string {
	all := map[string]bool{}
	for _, u := range c.in.Index.Uplinks() {
		if u.Card != (devlink.Handle{}) {
			all[u.Card.String()] = true
		}
	}
	for _, r := range c.in.Index.All() {
		all[r.Function.Handle.String()] = true
	}
	if len(all) != 1 {
		return ""
	}
	return slices.Collect(maps.Keys(all))[0]
}
