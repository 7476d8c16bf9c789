package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// Switchdev is what makes representors on devices. The driver makes their netdevs anew.
func Switchdev(devices ...string) string {
	commands := make([]string, 0, len(devices))
	for _, d := range devices {
		commands = append(commands, "`devlink dev eswitch set "+word(d, "DEVICE")+" mode switchdev`")
	}
	return "set it to switchdev, with which it makes the ports of functions, in an hour when traffic may stop, for what goes through the " +
		"card is cut meanwhile: " + strings.Join(commands, " ")
}

// TellMACs is how the MACs of PFs become known: that of one with a port can be set there, that
// of a satellite only a port tells, that of any other is its uplink's.
func TellMACs(x *representor.Index, pfs []representor.Function) string {
	var remedies []string
	for _, pf := range pfs {
		remedy := "a PF without a port has its uplink's MAC; bring the uplink's netdev back from the network namespace that it was moved to: " +
			"`ip -n NAMESPACE link set NETDEV netns 1`"
		if r, ported := x.ByFunction(pf); ported {
			remedy = Names{DevlinkPort: DevlinkPort(r)}.Remedy(reason.CodePFMACUnknown)
		} else if pf.IsSatellite() {
			remedy = "a PF behind another controller has a port that tells its MAC, and that is missing: " +
				"`devlink port show; dmesg | tail -n 50`"
		}
		if !slices.Contains(remedies, remedy) {
			remedies = append(remedies, remedy)
		}
	}
	return strings.Join(remedies, " ")
}

// DevlinkPort is the devlink port of a function, as devlink(8) takes it.
func DevlinkPort(r representor.Representor) string {
	return r.Function.Handle.String() + "/" + strconv.FormatUint(uint64(r.PortIndex), 10)
}

// FindPF is what to do when no PF has the MAC that is asked for, which depends on which PFs
// there are instead. It has places for Names.
func FindPF(x *representor.Index, q representor.Query, device string) string {
	var hosts, own int
	mac := ""
	for _, p := range x.Candidates(q) {
		if !p.Function.External {
			own++
			continue
		}
		hosts++
		mac = p.MAC.String()
	}
	switch {
	case hosts == 0 && own > 0:
		return ShowHosts
	case hosts == 0:
		return "see what is wrong with the card: `representorctl doctor` and, if its eswitch is in mode legacy, " + Switchdev(device)
	case hosts > 1:
		mac = "MAC"
	}
	return "see which MACs the PFs have on the host (the permanent ones): `vf-reporter list` " +
		"If the port is meant for this card: `{set} {port} 'options:\"" + option.PFMAC + "\"=" + mac + "'` " +
		"or, with Neutron, correct its binding profile; if it is meant for another card, correct " + option.Chassis
}

// FindFunction is what to do when the PF is there, and the function below it isn't. It has
// places for Names.
func FindFunction(x *representor.Index, q representor.Query) string {
	correct := func(option string) string {
		return "`{set} {port} 'options:\"" + option + "\"=NUMBER'`"
	}
	f, known := x.Meant(q)
	if known {
		if _, unlisted := x.UnlistedFor(f); unlisted {
			return "see what the kernel says of its ports, for a driver fails to tell of one: `devlink port show; dmesg | tail -n 50` " +
				"The function is there; leave the host, and the card, as they are"
		}
	}
	switch q.Kind {
	case representor.VF:
		if known && hasHigher(x, f) {
			return "see whether the host has it: `vf-reporter list` " +
				"If it has, see why the DPU's kernel has no representor for it, among those that it has: `devlink port show; dmesg | tail -n 50` " +
				"The host's number of VFs and the firmware's are no cause, for VFs of higher numbers are there; leave them as they are. If another " +
				"VF is meant: " + correct(option.VFNum)
		}
		// An echo doesn't help against firmware, and takes the VFs from their machines.
		return fmt.Sprintf("look on the host whether the PF has VF %[1]d: `vf-reporter list` or, with the name of the PF's netdev there for "+
			"PF: `ls -d /sys/class/net/PF/device/virtfn%[1]d` "+
			"If it is there, leave the host's VFs as they are: the DPU lacks a representor for it, and needs a higher number of VFs in the "+
			"card's firmware configuration. "+
			"Only if it isn't there, enable it. Where the PF has other VFs already, the kernel wants an echo 0 before that, which takes each "+
			"from its machine, "+
			"so that is for an hour when all of them may be cut off: `echo %[2]d >/sys/class/net/PF/device/sriov_numvfs` If another VF is meant: ",
			q.Number, q.Number+1) + correct(option.VFNum)
	case representor.SF:
		return "create the SF, and activate it with the port index that this prints: `" + addSF(x, q) + "` " +
			"`devlink port function set DEVICE/INDEX state active` If another one is meant: " + correct(option.SFNum)
	case representor.PF:
	}
	return "say which VF of the PF is meant: " + correct(option.VFNum)
}

// hasHigher reports whether the PF of a function has others of its kind with higher numbers.
func hasHigher(x *representor.Index, f representor.Function) bool {
	return slices.ContainsFunc(x.All(), func(r representor.Representor) bool {
		g := r.Function
		higher := g.Number > f.Number
		g.Number = f.Number
		return higher && g == f
	})
}

// addSF is the command of devlink-port(8) that makes the SF below the PF that is meant.
func addSF(x *representor.Index, q representor.Query) string {
	command := fmt.Sprintf("devlink port add DEVICE flavour pcisf pfnum PF sfnum %d", q.Number)
	for _, p := range x.Candidates(q) {
		if f := p.Function; p.Refused == "" {
			command = fmt.Sprintf("devlink port add %s flavour pcisf pfnum %d sfnum %d", word(f.Handle.String(), "DEVICE"), f.PF, q.Number)
			if f.External && f.Controller.Present {
				command += fmt.Sprintf(" controller %d", f.Controller.Value)
			}
		}
	}
	return command
}
