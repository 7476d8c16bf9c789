package representor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/representord/representord/devlink"
)

// A driver that fails to tell of one port ends the kernel's list of ports there, without a
// word (devlink_nl_cmd_port_get_dumpit up to Linux 6.2 at least). Whoever has seen the other
// ports before, or is told by rtnetlink which ports netdevs belong to, knows what is missing.
// On a kernel before 6.2 somebody who has just started has only what a netdev says of
// itself: where it stands, and the name that devlink gave its port.

// Says reports whether a netdev that no listed port claims says of itself that it is the
// netdev of a function: it stands on the function's instance, and its port's name is the
// function's (devlink_port_phys_port_name_get in net/devlink). The list of ports is short
// then. The kernel names the controller only of another host's functions, and whose an SF is
// nobody else may know.
func (x *Index) Says(ifindex uint32, canonical string) bool {
	l, live := x.links[ifindex]
	if _, claimed := x.ClaimOf(ifindex); !live || claimed || l.TellsPort {
		return false
	}
	return l.says(canonical)
}

func (l Link) says(canonical string) bool {
	if l.PortName == "" || l.Parent == (devlink.Handle{}) {
		return false
	}
	said := l.Parent.String() + " " + l.PortName
	text, local := strings.CutSuffix(canonical, " local")
	if text == said {
		return !local || !strings.HasPrefix(l.PortName, "c")
	}
	handle, name, _ := strings.Cut(text, " ")
	_, numbered := strings.CutPrefix(name, "c")
	return numbered && (local || strings.Contains(name, "sf")) && handle+" "+strings.TrimLeft(name[1:], "0123456789") == said
}

// unlisted finds the netdevs that say so of functions of which no port is listed, sorted by
// their names. Only instances with other functions count: a driver without devlink ports
// gives its netdevs such names, too.
func (x *Index) unlisted() []Link {
	var all []Link
	for ifindex, l := range x.links {
		if _, claimed := x.ClaimOf(ifindex); claimed || l.TellsPort || !l.Settled || !functionName(l.PortName) {
			continue
		}
		known := func(r Representor) bool { return r.Function.Handle == l.Parent }
		listed := func(r Representor) bool { return l.says(r.Function.String()) }
		if slices.ContainsFunc(x.reps, known) && !slices.ContainsFunc(x.reps, listed) {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b Link) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Unlisted says which netdevs are those of functions without a port in the kernel's list,
// "" for none.
func (x *Index) Unlisted() string {
	var names []string
	for _, l := range x.unlisted() {
		names = append(names, fmt.Sprintf("%s (%s %s)", Escape(l.Name, nameMost), Escape(l.Parent.String(), nameMost), Escape(l.PortName, nameMost)))
	}
	if len(names) == 0 {
		return ""
	}
	return "the kernel's list of devlink ports is short, as a driver fails to tell of one: it lacks those of " + list(names)
}

// functionName tells whether a port's name is one of a PF, VF or SF in devlink's grammar.
func functionName(s string) bool {
	if digits, numbered := strings.CutPrefix(s, "c"); numbered {
		s = strings.TrimLeft(digits, "0123456789")
	}
	rest, ok := strings.CutPrefix(s, "pf")
	return ok && rest != "" && rest[0] >= '0' && rest[0] <= '9'
}

// saysPF reports whether a netdev that says a function's name says a PF's.
func (l Link) saysPF() bool {
	return !strings.Contains(l.PortName, "vf") && !strings.Contains(l.PortName, "sf")
}
