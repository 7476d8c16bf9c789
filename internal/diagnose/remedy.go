package diagnose

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
)

// What is to be done in more than one case. As in every remedy, the commands are between
// backticks.
const (
	// SeeKernel is for ports of the card that can't be read.
	SeeKernel = "see what the kernel says of the ports: `devlink port show; dmesg | tail -n 50`"
	// LeaveLoaded is for a card that can't be read.
	LeaveLoaded = SeeKernel + " A firmware that resets answers again after a minute. Leave the driver loaded: to load it anew cuts what " +
		"goes through the card"
	// ShowHosts is for a card that shows no PF of a host.
	ShowHosts = "set the card to DPU mode (embedded CPU function owner), and its eswitch to switchdev; then this must list ports of " +
		"flavour pcipf: `devlink port show` " +
		"For a NIC that is its own host: local-functions: true in /etc/representord/representord.yaml"
	// GiveCapability is for a daemon that can't change links.
	GiveCapability = "give the unit User=root and CapabilityBoundingSet=CAP_NET_ADMIN back"
	// LeaveServer is for a local database that doesn't answer.
	LeaveServer = "One that runs is to be left running: systemd restarts ovs-vswitchd with it, which cuts traffic"
	// RunAsRoot is for what may not be read.
	RunAsRoot = "run this as root"
	// MayAsk is for a daemon that may not be asked.
	MayAsk = RunAsRoot + ", or as a member of the group that control-group names"
)

// Names are what the commands of a remedy are about. What isn't known is empty, and stays a
// word in capitals for the reader to replace.
type Names struct {
	// Port is a logical port, Option one of its options.
	Port, Option string
	// InTheWay is what a reason names, alone.
	InTheWay string
	// Netdev is the representor's; Row is the Interface's, which may have another name.
	Netdev, Row     string
	Chassis, Bridge string
	// Device is a devlink device, DevlinkPort a port of it by its index.
	Device, DevlinkPort string
}

// Remedy is what to do about a reason of this kind, empty for none.
func (n Names) Remedy(code reason.Code) string { return n.Fill(meanings()[code].remedy) }

// StepOf is the step that fails for a reason of this kind.
func StepOf(code reason.Code) string { return cmp.Or(meanings()[code].step, Daemon) }

// Fill puts the names into the places of a remedy, which are in braces, so that its
// commands can be typed as they stand.
func (n Names) Fill(remedy string) string {
	return strings.NewReplacer(
		// The option behind it is in double quotes within single ones: it has colons, at
		// which ovn-nbctl(8) would take it apart.
		"{set}", "ovn-nbctl set Logical_Switch_Port",
		"{port}", word(n.Port, "PORT"),
		"{option}", word(n.Option, "OPTION"),
		"{in-the-way}", reason.Operand(cmp.Or(n.InTheWay, "NAME")),
		"{netdev}", word(n.Netdev, "NETDEV"),
		"{row}", word(n.Row, "NAME"),
		"{chassis}", word(n.Chassis, "CHASSIS"),
		"{bridge}", word(n.Bridge, "BRIDGE"),
		"{devlink-port}", word(n.DevlinkPort, "DEVICE/INDEX"),
		"{device}", word(n.Device, "DEVICE"),
	).Replace(remedy)
}

// word is a name as a word of a command, or what stands for it.
func word(name, unknown string) string {
	if name == "" {
		return unknown
	}
	return reason.Shell(name)
}

// Datapath is what to do about a bridge whose datapath isn't the kernel's. One that somebody
// means is nobody's fault, and to change it would tear the whole switch down.
func Datapath(v ovs.View) string {
	if key, value := v.Userspace(); key != "" {
		return fmt.Sprintf("leave the bridge as it is: it is meant to be so by %s=%s, and all that crosses it relies on that. "+
			"representord serves bridges with the kernel's datapath only: it has nothing to do here, and a port is for a chassis that has one",
			reason.Prose(key), reason.Prose(value))
	}
	return Names{Bridge: v.Bridge}.Remedy(reason.CodeUnsupportedDatapath)
}

// meaning is at which step a reason stands, and what to do about it.
type meaning struct{ step, remedy string }

// meanings has an entry for every code.
func meanings() map[reason.Code]meaning {
	const (
		wait = "nothing to do: it is looked at again by itself"
		sb   = "see each server's answer, and mend the server, the network or the TLS files; then nothing needs to be restarted: " +
			"`representorctl status`"
		hold  = "find out why; if they may go: `representorctl release-hold`"
		whose = "see whose the row is, and whether somebody needs it: `ovs-vsctl show`"
	)
	return map[reason.Code]meaning{
		reason.CodeNoDevlink: {Card, LeaveLoaded + ". Where the kernel has no devlink at all, this isn't the DPU, or has another kernel " +
			"than its vendor's"},

		reason.CodePFNotFound:   {PF, "correct the option " + option.PFMAC + "; what PFs there are: `representorctl representors`"},
		reason.CodePFMACUnknown: {PF, "set the MAC that the host's PF has: `devlink port function set {devlink-port} hw_addr MAC`"},
		reason.CodePFAmbiguous: {PF, "give each PF a MAC of its own: `devlink port function set DEVICE/INDEX hw_addr MAC` or tell them apart " +
			"by the port option " + option.Controller + " or " + option.CardSerial},
		reason.CodePFUncertain: {PF, SeeKernel + " or add the option " + option.Controller},
		reason.CodeSerialMismatch: {PF, "correct " + option.Chassis + ": the port is for another card; or correct the option " +
			option.CardSerial},
		reason.CodeSerialUnknown: {PF, "if the card is the right one, remove the option: " +
			"`ovn-nbctl remove Logical_Switch_Port {port} options '\"" + option.CardSerial + "\"'` otherwise this must show a " +
			"board.serial_number: `devlink dev info`"},

		reason.CodeFunctionNotFound: {Function, "see on the host whether the PF has that VF: `vf-reporter list` " +
			"If it has, leave the host's VFs as they are: this must show a port for it, and the card's driver and firmware decide: " +
			"`devlink port show` " +
			"If it hasn't, enable it there, or correct the option " + option.VFNum + "; an SF is made on the DPU"},
		reason.CodeFunctionAmbiguous: {Function, "compare the ports: `devlink port show` and, if it lasts, which is a fault of the driver " +
			"(this cuts off all of the card for a moment): `devlink dev reload {device}`"},

		reason.CodeNoNetdev: {Netdev, "nothing to do while the driver makes it; if it lasts, see the port, and which network namespaces may " +
			"have its netdev: `devlink port show; ip netns`"},
		reason.CodeNetdevSettling:  {Netdev, wait + ", and udev is waited for three seconds at most"},
		reason.CodeNotEthernet:     {Netdev, "switch it to Ethernet: `devlink port set {devlink-port} type eth`"},
		reason.CodeNetdevHasMaster: {Netdev, "if nothing needs it there: `ip link set {netdev} nomaster` then it is plugged at once"},

		reason.CodeInvalidOption: {Options, "correct the option: `{set} {port} 'options:\"{option}\"=VALUE'` or, with Neutron, the port's " +
			"binding profile"},
		reason.CodeIgnoredOption: {Options, "correct the option: `{set} {port} 'options:\"{option}\"=VALUE'`"},

		reason.CodeLocalDatabase: {Bridge, "see whether the server runs, and answers: `representorctl doctor` and that the setting ovs-db " +
			"names its socket. " + LeaveServer},
		reason.CodeBridgeMissing: {Bridge, "start ovn-controller, which makes it under the name in external_ids:ovn-bridge: " +
			"`systemctl start ovn-controller`"},
		reason.CodeUnsupportedDatapath: {Bridge, "if nobody means it to be so, give it the kernel's, in an hour when traffic may stop: " +
			"`ovs-vsctl set Bridge {bridge} datapath_type=system`"},

		reason.CodeSouthboundUntrusted: {Southbound, sb},
		reason.CodeSouthboundReplaced:  {Southbound, "see that ovn-northd fills it again; if the ports may go: `representorctl release-hold`"},
		reason.CodeChassisMissing: {Chassis, "start ovn-controller: `systemctl start ovn-controller` and, if it runs, see who each thinks " +
			"we are: `representorctl doctor`"},

		reason.CodeRequestUnverified: {PortBinding, sb},
		reason.CodeWithdrawn:         {PortBinding, wait + "; to have it plugged, bind the port again"},
		reason.CodeMassUnplug:        {PortBinding, hold},
		reason.CodeUnplugGrace:       {PortBinding, wait + "; to have it stay plugged, bind the port again"},
		reason.CodeRequestEvidence: {RequestedChassis, "nothing to do while a machine migrates; otherwise correct the option " +
			option.Chassis},

		reason.CodeForeignName:    {Others, whose},
		reason.CodeForeignIfaceID: {Others, whose},
		reason.CodeFunctionTaken:  {Others, "withdraw one of the two requests; the other: `representorctl explain {in-the-way}`"},
		reason.CodeBuiltInProvider: {Others, "run only one of the two: whether ovn-controller plugs still, and what keeps it from that, is at " +
			"plug-provider in: `representorctl doctor` Then adopt-ovn-vif: true takes its rows over, at representord's next start"},
		reason.CodeBuiltInLeftOver: {Others, whose},

		reason.CodeTransactionFailed: {Row, "the message has the database's words: a full disk, or another program at work on the row; it is " +
			"tried again by itself"},
		reason.CodeTransactionPending: {Row, wait},

		reason.CodeAwaitingOfport: {Ofport, "see whether it answers: `representorctl doctor`"},
		reason.CodeInterfaceError: {Ofport, "it is asked again by itself; see the row, and ovs-vswitchd's log: `ovs-vsctl list Interface {row}`"},
		reason.CodeStaleInterface: {Ofport, wait + "; if it lasts, ovs-vswitchd hangs: `representorctl doctor`"},

		reason.CodeLinkUpFailed: {LinkUp, GiveCapability + "; meanwhile: `ip link set {netdev} up`"},
		reason.CodeHWAddrFailed: {Function, "have the host set it, as Nova and libvirt do for a VF; for what the kernel says to it: " +
			"`devlink port function set {devlink-port} hw_addr MAC` or " + GiveCapability +
			"; and take program-hw-addr back where the driver can't"},
	}
}
