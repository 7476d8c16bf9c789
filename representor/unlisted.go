package representor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
)

// A driver that fails to tell of one port ends the kernel's list of ports there, without a
// word: devlink_nl_cmd_port_get_dumpit in net/devlink gives what it has by then. From Linux
// 6.2 on netdevs show what is missing, by IFLA_DEVLINK_PORT; and whoever has seen the other
// ports before knows it as well. Before that, who has just started has only what a netdev
// says of itself: the device it stands on, and the name of its port, which is made from
// the port's function (devlink_port_phys_port_name_get; a driver's own
// ndo_get_phys_port_name goes before that, see dev_get_phys_port_name).

// findSaid fills said.
func (x *Index) findSaid() {
	for ifindex, l := range x.links {
		if l.TellsPort || l.Port.Present || l.Parent == (devlink.Handle{}) || !functionName(l.PortName) {
			continue
		}
		if x.said == nil {
			x.said = map[string]uint32{}
		}
		name := l.Parent.String() + " " + l.PortName
		x.numbersControllers = x.numbersControllers || l.PortName[0] == 'c'
		if _, twice := x.said[name]; twice {
			ifindex = 0
		}
		x.said[name] = ifindex
	}
}

// findUnlisted fills said, lacking and numbersControllers.
func (x *Index) findUnlisted() {
	x.findSaid()
	if x.said == nil {
		return
	}
	listed, instances := map[string]bool{}, map[devlink.Handle]bool{}
	for i := range x.reps {
		listed[netdevSays(x.reps[i].Function.String())] = true
		instances[x.reps[i].Function.Handle] = true
		x.numbersControllers = x.numbersControllers || x.reps[i].Function.Controller.Present
	}
	for name, ifindex := range x.said {
		l := x.links[ifindex]
		if _, claimed := x.claims[ifindex]; ifindex == 0 || claimed || listed[name] || !l.Settled {
			continue
		}
		// Drivers without devlink ports give such names, too, but number no controllers.
		if instances[l.Parent] || l.PortName[0] == 'c' {
			x.lacking = append(x.lacking, l)
		}
	}
	slices.SortFunc(x.lacking, func(a, b Link) int { return strings.Compare(a.Name, b.Name) })
}

// functionName tells whether a port's name is one of a PF, VF or SF in devlink's grammar.
func functionName(s string) bool {
	if digits, numbered := strings.CutPrefix(s, "c"); numbered {
		s = strings.TrimLeft(digits, "0123456789")
	}
	rest, ok := strings.CutPrefix(s, "pf")
	return ok && rest != "" && rest[0] >= '0' && rest[0] <= '9'
}

// netdevSays is what the netdev of a function says of itself, as far as no other function's
// may say the same; else "". The kernel names the controller of other hosts' functions
// alone, so that those of this machine's own controllers are told apart by nothing;
// controllers but 0 came later than kernels that leave this to the netdev.
func netdevSays(canonical string) string {
	text, local := strings.CutSuffix(canonical, " local")
	if !local {
		return text
	}
	handle, name, _ := strings.Cut(text, " ")
	if own, ok := strings.CutPrefix(name, "c0"); ok {
		return handle + " " + own
	}
	return ""
}

// Says reports whether a netdev that no listed port claims says of itself that it is the
// netdev of a function, and nothing that is listed says otherwise: the list of ports is short
// then, or older than the netdev. A function that was named on a kernel without controllers
// is none that this kernel names so.
func (x *Index) Says(ifindex uint32, canonical string) bool {
	if ifindex == 0 || x.said[netdevSays(canonical)] != ifindex || x.numbersControllers && strings.Contains(canonical, " pf") {
		return false
	}
	_, claimed := x.claims[ifindex]
	i, listed := x.functions[canonical]
	return !claimed && (!listed || i != ambiguous && x.hasNoNetdev(x.reps[i]))
}

// hasNoNetdev reports whether the port that is listed for a function has no netdev, by
// devlink's word.
func (x *Index) hasNoNetdev(r Representor) bool {
	_, disputed := x.disputes[r.Function]
	return r.IfIndex == 0 && !disputed && !x.vanished[r.Function]
}

// UnlistedFor finds the name of the netdev that says it is a function's, of which no port is
// listed.
func (x *Index) UnlistedFor(f Function) (netdev string, ok bool) {
	ifindex, said := x.said[netdevSays(f.String())]
	if !said || !x.Says(ifindex, f.String()) {
		return "", false
	}
	return x.links[ifindex].Name, true
}

// Unlisted says which netdevs are those of functions without a port in the kernel's list,
// "" for none.
func (x *Index) Unlisted() string {
	if len(x.lacking) == 0 {
		return ""
	}
	var names []string
	for _, l := range x.lacking {
		names = append(names, fmt.Sprintf("%s (%s %s)", reason.Name(l.Name), reason.Name(l.Parent.String()),
			reason.Name(l.PortName)))
	}
	return "the kernel's list of devlink ports is short, as a driver fails to tell of one: it lacks those of " + reason.List(names)
}
