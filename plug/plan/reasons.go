package plan

import (
	"cmp"
	"fmt"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// WhyNoBridge says why nothing can be plugged into the integration bridge, nil if something
// can.
func WhyNoBridge(a ovs.View) *reason.Reason {
	switch {
	case !a.Complete:
		return reason.New(reason.CodeLocalDatabase, "the local Open_vSwitch database can't be read: %s; check that ovsdb-server runs",
			reason.Prose(a.Problem))
	case a.BridgeUUID == "":
		return reason.New(reason.CodeBridgeMissing, "bridge %s doesn't exist; ovn-controller creates it when it starts",
			reason.Quote(a.Bridge))
	case !a.KernelDatapath():
		return reason.New(reason.CodeUnsupportedDatapath,
			"bridge %s has datapath_type %s, where a kernel netdev can't be plugged; only the kernel's datapath (system) is supported",
			reason.Quote(a.Bridge), reason.Quote(a.DatapathType))
	}
	return nil
}

// WhyUntrusted says why what a view doesn't show proves nothing, nil if it does.
func WhyUntrusted(v southbound.View) *reason.Reason {
	if v.Complete && v.Connected {
		return nil
	}
	return reason.New(reason.CodeSouthboundUntrusted, "the Southbound can't be trusted now; what is plugged stays: %s",
		reason.Prose(cmp.Or(v.Problem, "its first complete view is awaited")))
}

// ChassisMissing is that the Southbound has no Chassis row of ours.
func ChassisMissing(v southbound.View) *reason.Reason {
	return reason.New(reason.CodeChassisMissing,
		"the Southbound has no Chassis row named %s; what is plugged stays, nothing new is plugged; start ovn-controller, which registers it",
		reason.Quote(v.Chassis))
}

// WhyUnread says why nothing is certain of the card, nil if it was read whole.
func WhyUnread(x *representor.Index) *reason.Reason {
	complete, problem := x.Complete()
	if complete {
		return nil
	}
	return reason.New(reason.CodeNoDevlink, "the card's ports can't be read: %s", reason.Prose(problem))
}

// EvidenceOnly is that a port was ours by what is left of its request, which asks nothing new.
func EvidenceOnly(b southbound.Binding) *reason.Reason {
	return reason.New(reason.CodeRequestEvidence, "what is plugged stays, nothing new would be plugged: %s", reason.Prose(b.Why))
}

// WhyUnopened says why ovs-vswitchd doesn't have the netdev with an ifindex open for a row, nil if
// it has.
func WhyUnopened(r ovs.Interface, ifindex uint32) *reason.Reason {
	switch {
	case r.Ofport > 0 && r.IfIndex == ifindex:
		return nil
	case r.Ofport < 0 || r.Error != "":
		return reasonInterfaceError(r)
	case r.Ofport == 0 || r.IfIndex == 0:
		return reasonAwaitingOfport(r)
	}
	return reasonStale(r)
}

func reasonWithdrawn(b southbound.Binding) *reason.Reason {
	return reason.New(reason.CodeWithdrawn, "the request is gone: %s", reason.Prose(b.Why))
}

func reasonUnverified() *reason.Reason {
	return reason.New(reason.CodeRequestUnverified,
		"the request is not in view any more or has changed, and the Southbound has not confirmed it yet; the row stays until it does")
}

func reasonReplaced(v southbound.View) *reason.Reason {
	return reason.New(reason.CodeSouthboundReplaced,
		"the Southbound is another database than before (now %s); removals wait for mass-unplug-hold, or for: representorctl release-hold",
		reason.Quote(v.Identity))
}

func reasonMass(n, of int) *reason.Reason {
	return reason.New(reason.CodeMassUnplug,
		"%d of our %d ports would be unplugged or moved to other functions within a minute; in case the control plane is at fault, "+
			"they wait for mass-unplug-hold, or for: representorctl release-hold", n, of)
}

func reasonGrace(why *reason.Reason) *reason.Reason {
	return reason.New(reason.CodeUnplugGrace, "%s; the row stays for the time of unplug-grace, in case that is taken back", why.Message)
}

// reasonDoubtful is why nothing takes the place of a row.
func reasonDoubtful() *reason.Reason {
	return reason.New(reason.CodePFUncertain,
		"its representord-function names no controller, as a kernel before 5.10 does, and as long as ports of the "+
			"card can't be read, that may be the same function; see what devlink port show and the kernel's log say of the ports")
}

// whyRemoved is why a port's rows are to go.
func (q *port) whyRemoved() *reason.Reason { return cmp.Or(q.reason, reasonWithdrawn(q.binding)) }

// reasonOccupied says of a port that another port's row is in its way, and what keeps that.
func reasonOccupied(q *port, other string, why *reason.Reason) *reason.Reason {
	return reason.Among(why.Code, []string{reason.Name(other)}, "function %s still has a row of ours for logical port %s: %s",
		reason.Quote(q.want.String()), reason.Quote(other), why.Message)
}

// reasonLost says of a port that its function was another port's, and what keeps it from
// having it.
func reasonLost(q *port, other string, why *reason.Reason) *reason.Reason {
	return reason.Among(why.Code, []string{reason.Name(other)},
		"function %s had a row of ours for logical port %s, which went without that port having been given up: %s",
		reason.Quote(q.want.String()), reason.Quote(other), why.Message)
}

func reasonTaken(q *port) *reason.Reason {
	return reason.Among(reason.CodeFunctionTaken, []string{reason.Name(q.taken.name)},
		"function %s is asked for by logical port %s too, which has it; withdraw one of the two requests", reason.Quote(q.want.String()),
		reason.Quote(q.taken.name))
}

func reasonNameTaken(row string, a ovs.View) *reason.Reason {
	return reason.Among(reason.CodeFunctionTaken, []string{reason.Name(row)}, "netdev %s still has a row of ours for logical port %s",
		reason.Quote(row), reason.Quote(a.Interfaces[row].Marker.LogicalPort))
}

// whereIs says where the row of a name is, be it an Interface or a Port alone.
func whereIs(a ovs.View, row string) string {
	i, ok := a.Interfaces[row]
	kind := ""
	if members := membersOf(a, row); !ok && len(members) > 0 {
		i, kind = a.Interfaces[members[0]], "a Port whose Interface is "+reason.Quote(members[0])+", "
		if len(members) > 1 {
			kind = "a Port with several Interfaces, "
		}
	}
	switch {
	case i.Bridge == "":
		return "on no bridge"
	case ok && i.PortName != row:
		kind = "in Port " + reason.Quote(i.PortName) + ", "
	}
	return kind + "on bridge " + reason.Quote(i.Bridge)
}

func reasonForeignName(a ovs.View, row string) *reason.Reason {
	r := reason.New(reason.CodeForeignName, "a row named %s that isn't ours exists already (%s); it is left alone; %s",
		reason.Quote(row), whereIs(a, row), roomFor(a, row).sentence())
	if a.Interfaces[row].OVNPlugged != "" {
		r = reason.New(reason.CodeBuiltInProvider,
			"%s was plugged by a plug provider built into ovn-controller (ovn-plugged=%s); run only one of the two, or set adopt-ovn-vif",
			reason.Quote(row), reason.Quote(a.Interfaces[row].OVNPlugged))
	}
	r.Candidates = []string{reason.Name(row)}
	return r
}

func reasonBothMarks(r ovs.Interface) *reason.Reason {
	return reason.New(reason.CodeBuiltInProvider,
		"row %s has our marks and that of a plug provider built into ovn-controller (ovn-plugged=%s) and is left alone; run only one of the "+
			"two; it is ours again after: ovs-vsctl remove Interface %s external_ids ovn-plugged",
		reason.Quote(r.Name), reason.Quote(r.OVNPlugged), reason.Shell(r.Name))
}

func reasonForeignIfaceID(a ovs.View, row, lport string) *reason.Reason {
	code, whose := reason.CodeForeignIfaceID, "which isn't ours"
	if a.Interfaces[row].OVNPlugged != "" {
		code, whose = reason.CodeBuiltInProvider, "which a plug provider built into ovn-controller plugged"
	}
	return reason.Among(code, []string{reason.Name(row)}, "interface %s, %s, has iface-id=%s already; it is left alone; %s",
		reason.Quote(row), whose, reason.Quote(lport), roomForPort(a, row).sentence())
}

func reasonNoNetdev(q *port) *reason.Reason {
	return reason.New(reason.CodeNoNetdev, "function %s has no netdev now; the row stays and ovs-vswitchd attaches it again when it returns",
		reason.Quote(q.want.String()))
}

// reasonMoved says of a port that what it waits for is not what it has.
func reasonMoved(q *port, r *ownRow) *reason.Reason {
	why, request := *q.status.Reason, "the same request"
	if r.request.Kind == 0 {
		request = "its request" // nobody knows what the row was made for
	}
	why.Message = fmt.Sprintf("%s stays plugged as %s, while %s means %s now: %s",
		reason.Quote(r.is.String()), reason.Quote(r.Name), request, reason.Quote(q.means.String()), why.Message)
	return &why
}

func reasonTransaction() *reason.Reason {
	return reason.New(reason.CodeTransactionPending, "the change is being written to the local database")
}

func reasonAwaitingOfport(r ovs.Interface) *reason.Reason {
	if r.Ofport > 0 {
		return reason.New(reason.CodeAwaitingOfport,
			"ovs-vswitchd has not said yet which netdev it has open under %s, as after a restart of the local database; "+
				"if that lasts, check that ovs-vswitchd runs", reason.Quote(r.Name))
	}
	return reason.New(reason.CodeAwaitingOfport,
		"the row %s is written and ovs-vswitchd has not opened it yet; if that lasts, check that ovs-vswitchd runs", reason.Quote(r.Name))
}

func reasonInterfaceError(r ovs.Interface) *reason.Reason {
	if r.Error == "" {
		return reason.New(reason.CodeInterfaceError, "ovs-vswitchd gave %s no OpenFlow port, and doesn't say why; it is asked again",
			reason.Quote(r.Name))
	}
	return reason.New(reason.CodeInterfaceError, "ovs-vswitchd can't open %s: %s", reason.Quote(r.Name), reason.Prose(r.Error))
}

func reasonStale(r ovs.Interface) *reason.Reason {
	return reason.New(reason.CodeStaleInterface,
		"ovs-vswitchd has ifindex %d open under %s, which isn't the function's netdev now; it is asked to look again", r.IfIndex,
		reason.Quote(r.Name))
}
