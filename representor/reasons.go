package representor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/reason"
)

// The sentences of Lookup: what was asked, what is there instead, what to do.

func (x *Index) incomplete(q Query) *reason.Reason {
	return reason.New(reason.CodeNoDevlink, "the card's ports can't all be read, so nothing is certain of PF %s: %s",
		q.PFMAC, cmp.Or(reason.Prose(x.card.Problem), "no complete dump has been made yet"))
}

func (x *Index) instanceBlind(q Query, parent pf, problem string) *reason.Reason {
	return reason.New(reason.CodeNoDevlink, "the ports of %s can't be read, so nothing is certain of PF %s: %s",
		reason.Name(parent.function.Handle.String()), q.PFMAC, reason.Prose(problem))
}

func (x *Index) macZero(q Query) *reason.Reason {
	return reason.New(reason.CodePFNotFound,
		"PF MAC %s matches nothing: it is what drivers report for a MAC they don't know; request the PF's true MAC", q.PFMAC)
}

func (x *Index) pfNotFound(q Query, local []pf) *reason.Reason {
	const ownOnly, ownHost = "this card shows only functions of this machine itself",
		"set local-functions if this machine is to serve as its own host"
	candidates := slices.DeleteFunc(slices.Clone(x.pfs), func(p pf) bool { return !x.candidate(p.function) })
	var instead string
	switch {
	case len(local) > 0:
		instead = reason.List(functions(local)) + " has it but is a function of this machine itself: " + ownHost
	case len(candidates) > 0:
		instead = "the PFs here are " + reason.List(macs(candidates)) + ": compare with the PF's permanent MAC on the host (ip -d link show); " +
			"a bond or an administrator may have given the PF another one, and the port may be meant for another DPU"
	case !slices.ContainsFunc(x.reps, func(r Representor) bool { return !r.Function.External }):
		instead = "this card shows no PF of a host at all: check that its eswitch is in switchdev mode (devlink dev eswitch show) " +
			"and that devlink port show lists ports of flavour pcipf"
	case x.card.PortsOnly:
		instead = ownOnly + ", and a list of devlink ports doesn't tell the MAC of its PF: " + askKernel
	default:
		instead = ownOnly + ": " + ownHost
	}
	return reason.New(reason.CodePFNotFound, "no PF of a host has MAC %s; %s%s", q.PFMAC, instead, x.leftOut())
}

// leftOut says what may be missing from a card that was read, empty for nothing.
func (x *Index) leftOut() string {
	if x.card.Problem == "" {
		return ""
	}
	return "; not all of the card could be read: " + reason.Prose(x.card.Problem)
}

// askKernel is what to do where a list of ports doesn't tell enough of the machine's own
// functions.
const askKernel = "ask the kernel there: representorctl lookup --kernel --local-functions"

func (x *Index) macUnknown(q Query, unknown []pf) *reason.Reason {
	without := texts(unknown, func(p pf) string {
		if ports := x.find(p.function); len(ports) > 0 {
			return p.function.name() + " (devlink port " + ports[0].port() + ")"
		}
		return p.function.name()
	})
	known := slices.DeleteFunc(slices.Clone(x.pfs), func(p pf) bool { return p.mac.IsZero() || !x.candidate(p.function) })
	others := ""
	if len(known) > 0 {
		others = "; PFs with a known MAC are " + reason.List(macs(known))
	}
	return reason.Among(reason.CodePFMACUnknown, functions(unknown),
		"no PF is known to have MAC %s, and the driver doesn't tell that of %s%s; %s",
		q.PFMAC, reason.List(without), others, x.tellMAC(unknown))
}

// tellMAC is how the MACs of PFs become known: it depends on whether they have ports.
func (x *Index) tellMAC(unknown []pf) string {
	var remedies []string
	ported := func(p pf) bool { return len(x.find(p.function)) > 0 }
	if slices.ContainsFunc(unknown, ported) {
		remedies = append(remedies, "if that stays so, set it: devlink port function set PORT hw_addr MAC")
	}
	portless := func(satellite bool) bool {
		return slices.ContainsFunc(unknown, func(p pf) bool { return !ported(p) && p.function.IsSatellite() == satellite })
	}
	switch {
	case portless(false) && x.card.PortsOnly:
		remedies = append(remedies, "a list of devlink ports doesn't tell the MAC of the machine's own PF, which is that of its uplink's "+
			"netdev: "+askKernel)
	case portless(false):
		remedies = append(remedies, "for this machine's own PF, see that its uplink's netdev is in this network namespace")
	}
	if portless(true) {
		remedies = append(remedies, "a PF behind another controller has a port that tells its MAC, and that is missing: see devlink port show "+
			"and the kernel's log")
	}
	return strings.Join(remedies, "; ")
}

func (x *Index) pfAmbiguous(q Query, possible []pf) *reason.Reason {
	names := functions(possible)
	remedy := "give each PF a MAC of its own"
	controllers := map[devlink.Optional[uint32]]bool{}
	handles := map[devlink.Handle]bool{}
	for _, p := range possible {
		controllers[p.function.Controller] = true
		handles[p.function.Handle] = true
	}
	switch {
	case len(controllers) == len(names):
		remedy += ", or choose one with the option " + option.Controller
	case len(handles) == len(names) && q.CardSerial == "":
		remedy += ", or, if they are on several cards, choose one with the option " + option.CardSerial
	}
	return reason.Among(reason.CodePFAmbiguous, names, "%d PFs may have MAC %s as asked for: %s; none is chosen; %s", len(names),
		q.PFMAC, reason.List(names), remedy)
}

// pfUncertain: of those that can be read this one has the MAC; there may be none.
func (x *Index) pfUncertain(q Query, found []pf) *reason.Reason {
	who, remedy, candidates := "no PF that can be read has MAC "+q.PFMAC.String(), seeThePorts, functions(found)
	if len(found) > 0 {
		who = fmt.Sprintf("MAC %s is that of %s", q.PFMAC, reason.List(candidates))
		remedy += ", or say which PF is meant with the option " + option.Controller + " or " + option.CardSerial
	}
	return reason.Among(reason.CodePFUncertain, candidates,
		"nothing new is plugged for it, what is plugged stays: %s, and a PF with that MAC may be among the ports that can't be read: %s; %s",
		who, reason.Prose(x.short()), remedy)
}

const seeThePorts = "see what devlink port show and the kernel's log say of the ports"

// short says which ports are lacking.
func (x *Index) short() string { return cmp.Or(x.card.Problem, x.Unlisted()) }

// pfUnseen: the function that was found before is below a PF that may be the one that is meant.
func (x *Index) pfUnseen(code reason.Code, q Query, f Function, since, remedy string) *reason.Reason {
	return reason.Among(code, []string{f.name()}, "what is plugged stays: it is %s, %s, and the PF may have MAC %s still: %s",
		reason.Quote(f.String()), since, q.PFMAC, remedy)
}

func (x *Index) otherController(q Query, others []pf) *reason.Reason {
	return reason.Among(reason.CodePFNotFound, functions(others),
		"MAC %s is that of %s, while the request admits only controller %d; correct or remove the option "+option.Controller,
		q.PFMAC, reason.List(functions(others)), q.Controller.Value)
}

// serialMismatch: these have the MAC, on another card; there may be none.
func (x *Index) serialMismatch(q Query, others []pf) *reason.Reason {
	const remedy = "correct " + option.Chassis + ", or the option " + option.CardSerial
	var have []string
	for _, h := range x.handles() {
		if s, ok := x.serial(h); ok {
			have = append(have, reason.Quote(s)+" ("+reason.Name(h.String())+")")
		}
	}
	if len(others) == 0 {
		return reason.New(reason.CodeSerialMismatch, "the request is for the card with serial number %s, which is not the one here: %s; %s",
			reason.Quote(q.CardSerial), reason.List(have), remedy)
	}
	return reason.Among(reason.CodeSerialMismatch, functions(others),
		"MAC %s is that of %s, and the request is for the card with serial number %s, while the numbers here are %s; %s",
		q.PFMAC, reason.List(functions(others)), reason.Quote(q.CardSerial), reason.List(have), remedy)
}

func (x *Index) serialUnknown(q Query, pfs []pf) *reason.Reason {
	if x.card.PortsOnly {
		return reason.Among(reason.CodeSerialUnknown, functions(pfs),
			"the request is for the card with serial number %s, and a list of devlink ports doesn't tell serial numbers: "+
				"leave the number out, or ask the kernel there: representorctl lookup --kernel", reason.Quote(q.CardSerial))
	}
	return reason.Among(reason.CodeSerialUnknown, functions(pfs),
		"the request is for the card with serial number %s, and that of the card of %s isn't known: devlink dev info shows no "+
			"board.serial_number, and its PCI VPD gives none; "+
			"remove the option "+option.CardSerial+" if the card is the right one",
		reason.Quote(q.CardSerial), reason.List(functions(pfs)))
}

func (x *Index) functionNotFound(q Query, parent pf, f Function) *reason.Reason {
	what := fmt.Sprintf("PF %s (MAC %s)", parent.function.name(), q.PFMAC)
	if q.Kind == PF {
		return reason.New(reason.CodeFunctionNotFound,
			"%s has no representor of its own: only its VFs and SFs can be plugged; add the option "+option.VFNum+" or "+option.SFNum, what)
	}
	kind := strings.ToUpper(q.Kind.String())
	var numbers []uint32
	var near []string
	for i := range x.reps {
		g := x.reps[i].Function
		if g.Handle != f.Handle || g.PF != f.PF || g.Kind != f.Kind {
			continue
		}
		switch {
		case g.parent() == parent.function:
			numbers = append(numbers, g.Number)
		case g.Number == f.Number:
			near = append(near, g.name())
		}
	}
	has := "no " + kind + " at all"
	if len(numbers) > 0 {
		has = fmt.Sprintf("only %ss %s", kind, reason.Ranges(slices.Compact(numbers)))
	}
	not := ""
	if len(near) > 0 {
		not = fmt.Sprintf(" (%s isn't meant: another controller's, or this machine's own)", reason.List(slices.Compact(near)))
	}
	remedy := "look on the host: if it has that VF, the card's firmware allows the DPU fewer VFs; if not, enable it there (sriov_numvfs of " +
		"the PF), or correct " + option.VFNum
	if len(numbers) > 0 && slices.Max(numbers) > f.Number {
		remedy = "the DPU's kernel has no representor for this one: look on the host whether it has that VF, or correct " +
			option.VFNum
	}
	if q.Kind == SF {
		remedy = "create that SF (devlink port add), or correct " + option.SFNum
	}
	if netdev, ok := x.UnlistedFor(f); ok {
		remedy = fmt.Sprintf("netdev %s says that it is that function's, so a driver fails to tell of a port, "+
			"and the kernel's list of devlink ports is short; see the kernel's log", reason.Name(netdev))
	}
	return reason.New(reason.CodeFunctionNotFound, "%s has no %s %d: it has %s%s; %s%s", what, kind, q.Number, has, not, remedy, x.leftOut())
}

func (x *Index) functionAmbiguous(q Query, ports []Representor) *reason.Reason {
	names := texts(ports, Representor.port)
	slices.Sort(names)
	return reason.Among(reason.CodeFunctionAmbiguous, names,
		"%d devlink ports claim to be %s, which PF MAC %s leads to: %s; none is chosen; if that lasts it is a fault of the driver, and "+
			"devlink dev reload may help",
		len(ports), ports[0].Function.name(), q.PFMAC, reason.List(names))
}

func (x *Index) sfUncertain(q Query, ports []Representor) *reason.Reason {
	shown := texts(ports, func(r Representor) string {
		if r.Link.Name == "" {
			return r.port()
		}
		return r.port() + " (netdev " + reason.Name(r.Link.Name) + ")"
	})
	return reason.Among(reason.CodeFunctionAmbiguous, texts(ports, Representor.port),
		"devlink port show prints the lower 16 bits of an SF's number only: %s, which it calls SF %d, may be SF %d of PF MAC %s or another; "+
			"ask the kernel there: representorctl lookup --kernel",
		reason.List(shown), ports[0].Function.Number, q.Number, q.PFMAC)
}

func (x *Index) netdevDisputed(r Representor, ifindex uint32) *reason.Reason {
	ports := texts(x.claims[ifindex], func(p *devlink.Port) string { return reason.Name(p.ID().String()) })
	slices.Sort(ports)
	l := x.card.Links[ifindex]
	if l.denies(devlink.PortID{Handle: r.Function.Handle, Index: r.PortIndex}) {
		whose := "no devlink port's"
		if l.Port.Present {
			whose = "that of devlink port " + reason.Name(l.Port.Value.String())
		}
		return reason.Among(reason.CodeFunctionAmbiguous, ports,
			"devlink says that %s, ifindex %d, is the netdev of %s (devlink port %s), and rtnetlink that it is %s; it is left alone; if that "+
				"lasts it is a fault of the driver",
			reason.Name(l.Name), ifindex, r.Function.name(), r.port(), whose)
	}
	return reason.Among(reason.CodeFunctionAmbiguous, ports,
		"several devlink ports claim the netdev of %s (%s, ifindex %d) as theirs: %s; it is left alone; if that lasts it is a fault of the "+
			"driver",
		r.Function.name(), reason.Name(l.Name), ifindex, reason.List(ports))
}

func (x *Index) noNetdev(r Representor) *reason.Reason {
	return reason.New(reason.CodeNoNetdev,
		"%s (devlink port %s%s) has no netdev in this network namespace: the driver hasn't made it yet, or it was moved to another namespace; "+
			"it is plugged when it appears",
		r.Function.name(), r.port(), states(r))
}

func (x *Index) notEthernet(r Representor) *reason.Reason {
	layer := fmt.Sprintf("link layer %d", uint16(r.Type))
	if r.Type == devlink.TypeIB {
		layer = "InfiniBand"
	}
	return reason.New(reason.CodeNotEthernet,
		"%s (devlink port %s) is %s and can't be on a bridge; switch the port to Ethernet: devlink port set %s type eth", r.Function.name(),
		r.port(), layer, r.port())
}

func (x *Index) settling(r Representor) *reason.Reason {
	name := reason.Name(r.Link.Name)
	if x.names[r.Link.Name] == 0 {
		return reason.New(reason.CodeNetdevSettling,
			"the netdev of %s was called %s, which another netdev is called too: one was just renamed; its name is looked up again",
			r.Function.name(), name)
	}
	return reason.New(reason.CodeNetdevSettling,
		"the netdev of %s is new and udev isn't finished with %s yet: its name may still change, so it is plugged a moment later",
		r.Function.name(), name)
}

func hasMaster(r Representor) *reason.Reason {
	master := strings.TrimPrefix(reason.Name(r.Link.MasterKind)+" "+reason.Name(r.Link.Master), " ")
	return reason.New(reason.CodeNetdevHasMaster,
		"%s, the netdev of %s, belongs to %s already, and Open vSwitch can't have it as well; it is plugged as soon as it is free: ip link "+
			"set %s nomaster",
		reason.Name(r.Link.Name), r.Function.name(), master, reason.Shell(r.Link.Name))
}

// states are the facts about a function that explain a netdev that is missing.
func states(r Representor) (facts string) {
	if r.State != "" {
		facts += ", state " + reason.Name(string(r.State))
	}
	if r.OpState != "" {
		facts += ", opstate " + reason.Name(string(r.OpState))
	}
	return facts
}

// macs lists PFs with their MACs.
func macs(pfs []pf) []string {
	return slices.Compact(texts(pfs, func(p pf) string {
		if p.mac.IsZero() {
			return p.function.name() + " (MAC not known)"
		}
		return p.function.name() + " (" + p.mac.String() + ")"
	}))
}

// name is a function as a Reason shows it.
func (f Function) name() string { return reason.Name(f.String()) }

// port is the devlink port of a representor as a Reason shows it.
func (r Representor) port() string {
	return reason.Name(devlink.PortID{Handle: r.Function.Handle, Index: r.PortIndex}.String())
}

// functions gives the names of PFs, sorted and each once.
func functions(pfs []pf) []string {
	names := texts(pfs, func(p pf) string { return p.function.name() })
	slices.Sort(names)
	return slices.Compact(names)
}

// texts gives the text of each of some things, nil for none.
func texts[T any](all []T, text func(T) string) (of []string) {
	for _, one := range all {
		of = append(of, text(one))
	}
	return of
}
