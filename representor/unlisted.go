package representor

import (
	"cmp"
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
	for ifindex, l := range x.card.Links {
		if l.TellsPort || l.Port.Present || l.Parent == (devlink.Handle{}) {
			continue
		}
		f, err := ParseFunction(l.Parent.String() + " " + l.PortName)
		if err != nil || !f.External {
			continue // its name is none in devlink's grammar
		}
		x.numbersControllers = x.numbersControllers || f.Controller.Present
		noteOnly(x.said, f, ifindex)
	}
}

// findUnlisted fills said, lacking and numbersControllers. PFs may be lacking when that of
// another host isn't listed of which a function's netdev tells, be udev finished with that or
// not; a name without a controller may be that of a function of this machine's own.
func (x *Index) findUnlisted() {
	x.findSaid()
	if len(x.said) == 0 {
		return
	}
	listed, instances := map[Function]bool{}, map[devlink.Handle]bool{}
	for i := range x.reps {
		listed[netdevSays(x.reps[i].Function)] = true
		instances[x.reps[i].Function.Handle] = true
		x.numbersControllers = x.numbersControllers || x.reps[i].Function.Controller.Present
	}
	for f, ifindex := range x.said {
		if len(x.claims[ifindex]) > 0 {
			continue
		}
		x.card.MayLackPFs = x.card.MayLackPFs || f.Controller.Present && len(x.find(f.parent())) == 0
		l := x.card.Links[ifindex]
		if ifindex == 0 || listed[f] || !l.Settled {
			continue
		}
		// Drivers without devlink ports give such names, too, but number no controllers.
		if instances[l.Parent] || f.Controller.Present {
			x.lacking = append(x.lacking, l)
		}
	}
	slices.SortFunc(x.lacking, func(a, b Link) int { // contradicting lists may give one name twice
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.PortName, b.PortName), a.Parent.Compare(b.Parent))
	})
}

// netdevSays is whose the netdev of a function says that it is, as far as no other function's
// may say the same; else none. The kernel names the controller of other hosts' functions
// alone, so that those of this machine's own controllers are told apart by nothing;
// controllers but 0 came later than kernels that leave this to the netdev.
func netdevSays(f Function) Function {
	switch {
	case f.External:
		return f
	case f.Controller == devlink.Some(uint32(0)):
		return withoutController(f)
	}
	return Function{}
}

// Says reports whether a netdev that no listed port claims says of itself that it is the
// netdev of a function, and nothing that is listed says otherwise: the list of ports is short
// then, or older than the netdev. A function that was named on a kernel without controllers
// is none that this kernel names so.
func (x *Index) Says(ifindex uint32, f Function) bool {
	if ifindex == 0 || x.said[netdevSays(f)] != ifindex || x.numbersControllers && !f.Controller.Present {
		return false
	}
	ports := x.find(f)
	return len(x.claims[ifindex]) == 0 && (len(ports) == 0 || len(ports) == 1 && x.hasNoNetdev(ports[0]))
}

// Said is the function that a netdev which no listed port claims says that it is the netdev of,
// as far as Says; false for none.
func (x *Index) Said(ifindex uint32) (Function, bool) {
	l := x.card.Links[ifindex]
	f, err := ParseFunction(l.Parent.String() + " " + l.PortName)
	return f, err == nil && x.Says(ifindex, f)
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
	ifindex := x.said[netdevSays(f)]
	return x.card.Links[ifindex].Name, x.Says(ifindex, f)
}

// Unlisted says which netdevs are those of functions without a port in the kernel's list,
// "" for none.
func (x *Index) Unlisted() string {
	if len(x.lacking) == 0 {
		return ""
	}
	names := texts(x.lacking, func(l Link) string {
		return fmt.Sprintf("%s (%s %s)", reason.Name(l.Name), reason.Name(l.Parent.String()), reason.Name(l.PortName))
	})
	return "the kernel's list of devlink ports is short, as a driver fails to tell of one: it lacks those of " + reason.List(names)
}
