package doctor

import (
	"maps"
	"slices"
	"strings"

	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
)

// DropInName is that of the drop-in for ovn-controller's unit which keeps its plug provider from
// registering, in the directory UNIT.d of any of the places that systemd.unit(5) names. One in
// /etc/systemd/system counts instead of the package's.
const DropInName = "50-representord.conf"

// DropIn is the drop-in that counts for the unit of ovn-controller.
type DropIn struct {
	// Path is empty for none.
	Path string
	// Void: it has nothing in it, or is a link to /dev/null. Somebody has taken it back.
	Void bool
}

// What keeps a plug provider from registering, and what has that take effect; UNIT, SOCKET and
// DROP-IN stand for what they say. Ended by its unit, ovn-controller takes its tunnels and its
// Chassis row along, on Debian, Ubuntu, Fedora and in MicroOVN alike; told so before by exit
// --restart it leaves them. Only if that was heard may the unit be restarted. And without
// ovn-ofctrl-wait-before-clear it clears all flows before it has computed any (OVN's
// controller/ofctrl.c); a value that is there is the operator's, which ovs-vsctl's add leaves.
const (
	dropIn = "give its unit the drop-in that representord's package has, which takes netlink from it; where OVN's dynamic routing or " +
		"EVPN is in use, or OVN before 23.06 shapes traffic, that would take too much, see representord(8): " +
		"`mkdir -p /etc/systemd/system/UNIT.d && printf '[Service]\\nRestrictAddressFamilies=~AF_NETLINK\\n' " +
		">/etc/systemd/system/UNIT.d/50-representord.conf` "
	dropInBack = "somebody has taken the drop-in back that keeps it from that, so run either without representord, or put it in force " +
		"again: `rm DROP-IN` "
	restartController = "`ovs-vsctl add Open_vSwitch . external_ids ovn-ofctrl-wait-before-clear=10000` " +
		"`systemctl daemon-reload && ovs-appctl --timeout=30 -t SOCKET exit --restart && systemctl restart UNIT` "
	restartKeeps = "Restarted so, and not otherwise, it leaves its Chassis row and its tunnels, and from OVN 22.06 on the flows, for the " +
		"milliseconds in ovn-ofctrl-wait-before-clear, in which it computes new ones: see that these aren't 0, and take the key away when it " +
		"is back, for after a boot it only delays. Ports that it has plugged stay; adopt-ovn-vif takes them over"
)

// providers is what is known of plug providers in ovn-controller: by our own look, else by the
// daemon's.
func (p *patient) providers() companion.Sight {
	s := p.Controller
	watched, _ := p.watched(companion.Controller)
	// What the daemon was told by one that has been restarted since is nothing about this one.
	same := s.State == companion.Unknown || s.State == companion.Answers && watched.PID == s.PID
	if s.Providers == "" && watched.State == companion.Answers && same {
		watched.Unit = s.Unit // the daemon doesn't see others' processes
		return watched
	}
	return s
}

// plugProvider: of two that plug, whoever is first has a port, and the other one is in the way.
func (p *patient) plugProvider(c *diagnose.Check) {
	s := p.providers()
	switch {
	case s.Providers == companion.Registered:
		c.Fail("a plug provider is registered in ovn-controller, which plugs representors as well: whoever is first has the port",
			p.unregister(s))
	case s.Providers == companion.Unregistered:
		c.OK("none is registered in ovn-controller")
	case s.State == companion.Answers:
		c.Unknown("whether a plug provider is registered in ovn-controller can't be told: it has not looked after ports yet, " +
			"or is of a release that doesn't tell")
	default:
		c.Unknown("whether a plug provider is registered in ovn-controller can't be told while that doesn't answer")
	}
}

// unregister is how to have an ovn-controller without a plug provider.
func (p *patient) unregister(s companion.Sight) string {
	switch {
	case s.Unit == "" && p.Controller.State != companion.Answers:
		return "for what mends it, " + diagnose.RunAsRoot
	case s.Unit == "":
		return "ovn-controller belongs to no unit of systemd here, as one in a container doesn't: start it so that its socket(2) fails for " +
			"generic netlink, with EAFNOSUPPORT; representord(8) says how. " + restartKeeps
	}
	remedy := dropIn + "Then restart it: "
	switch {
	case strings.HasPrefix(s.Unit, "snap."):
		return "programs of snapd run in its unit " + reason.Line(s.Unit) + " too, and nobody has tried these without netlink: on a machine " +
			"without ports try a drop-in of that unit with RestrictAddressFamilies=~AF_NETLINK; see representord(8)"
	case p.DropIn.Void:
		remedy = dropInBack + "Then restart it: "
	case p.DropIn.Path != "":
		remedy = "restart it, for the drop-in " + reason.Line(p.DropIn.Path) + " keeps it from that from its next start on; " +
			"if it was started after that came, another drop-in, which systemctl cat UNIT shows, gives netlink back: "
	}
	return strings.NewReplacer("UNIT", reason.Shell(s.Unit), "SOCKET", reason.Shell(s.Socket), "DROP-IN", reason.Shell(p.DropIn.Path)).
		Replace(remedy + restartController + restartKeeps)
}

// builtIn: rows that a provider has plugged are its own, also when it is gone.
func (p *patient) builtIn(c *diagnose.Check) {
	var rows []string
	for _, name := range slices.Sorted(maps.Keys(p.Local.Interfaces)) {
		if i := p.Local.Interfaces[name]; i.OVNPlugged != "" && i.Bridge == p.Local.Bridge {
			rows = append(rows, reason.Word(name))
		}
	}
	if len(rows) == 0 {
		c.OK("no row on the bridge is of a plug provider built into ovn-controller")
		return
	}
	const takeOver = "have them taken over, with adopt-ovn-vif: true in representord's configuration from its next start on; " +
		"without it the way out for each row is in: `representorctl ports`"
	list := strings.Join(rows, ", ")
	switch p.providers().Providers {
	case companion.Registered:
		c.Fail("rows on the bridge are of a plug provider built into ovn-controller: "+list,
			"run only one of the two: see plug-provider first. When ovn-controller runs without, "+takeOver)
	case companion.Unregistered:
		c.Fail("rows on the bridge were left behind by a plug provider built into ovn-controller, which isn't registered any more: "+list,
			takeOver)
	default:
		c.Fail("rows on the bridge are of a plug provider built into ovn-controller, which works here too, or left them behind: "+list,
			"run only one of the two, see plug-provider. If ovn-controller runs without by now, "+takeOver)
	}
}
