package explain

import (
	"github.com/representord/representord/internal/reason"
)

// lore is what there is to say of a code beside the reason itself.
type lore struct {
	// at is the step that fails.
	at Name
	// remedy is what to do, for somebody with a shell on the machine: see Step.Remedy.
	// Words in braces stand for names, see fill.
	remedy string
}

// known has an entry for every code.
func known() map[reason.Code]lore {
	const (
		wait = "nothing to do: it is looked at again by itself"
		sb   = "see each server's answer, and mend the server, the network or the TLS files; then nothing needs to be restarted: " +
			"`representorctl status`"
		hold = "find out why; if they may go: `representorctl release-hold`"
	)
	return map[reason.Code]lore{
		reason.CodeNoDevlink: {Card, "see what the kernel says of the ports: `devlink port show; dmesg | tail -n 50` " +
			"A firmware that resets answers again after a minute. Leave the driver loaded: to load it anew cuts what goes through the card. " +
			"Where the kernel has no devlink at all, this isn't the DPU, or has another kernel than its vendor's"},

		reason.CodePFNotFound:   {PF, "correct the option vif-plug:representor:pf-mac; what PFs there are: `representorctl representors`"},
		reason.CodePFMACUnknown: {PF, "set the MAC that the host's PF has: `devlink port function set {devlink-port} hw_addr MAC`"},
		reason.CodePFAmbiguous: {PF,
			"give each PF a MAC of its own, or add the option vif-plug:representor:controller or vif-plug:representor:card-serial-number"},
		reason.CodePFUncertain: {PF, "see what the kernel says of the ports that can't be read: " +
			"`devlink port show; dmesg | tail -n 50` or add the option vif-plug:representor:controller"},
		reason.CodeSerialMismatch: {PF,
			"correct requested-chassis: the port is for another card; or correct the option vif-plug:representor:card-serial-number"},
		reason.CodeSerialUnknown: {PF, "if the card is the right one, remove the option: " +
			"`ovn-nbctl remove Logical_Switch_Port {port} options '\"vif-plug:representor:card-serial-number\"'` otherwise this must show a " +
			"board.serial_number: `devlink dev info`"},

		reason.CodeFunctionNotFound: {Function, "see on the host whether the PF has that VF: `vf-reporter list` " +
			"If it has, leave the host's VFs as they are: this must show a port for it, and the card's driver and firmware decide: " +
			"`devlink port show` " +
			"If it hasn't, enable it there, or correct the option vif-plug:representor:vf-num; an SF is made on the DPU"},
		reason.CodeFunctionAmbiguous: {Function,
			"compare the ports: `devlink port show` and, if it lasts, which is a fault of the driver (this cuts off all of the card for a " +
				"moment): `devlink dev reload {device}`"},

		reason.CodeNoNetdev: {Netdev,
			"nothing to do while the driver makes it; if it lasts, see the port, and which network namespaces may have its netdev: " +
				"`devlink port show; ip netns`"},
		reason.CodeNetdevSettling:  {Netdev, wait + ", and udev is waited for three seconds at most"},
		reason.CodeNotEthernet:     {Netdev, "switch it to Ethernet: `devlink port set {devlink-port} type eth`"},
		reason.CodeNetdevHasMaster: {Netdev, "if nothing needs it there: `ip link set {netdev} nomaster` then it is plugged at once"},

		reason.CodeInvalidOption: {Options,
			"correct the option: `{set} {port} 'options:\"{option}\"=VALUE'` or, with Neutron, the port's binding profile"},
		reason.CodeIgnoredOption: {Options, "correct the option: `{set} {port} 'options:\"{option}\"=VALUE'`"},

		reason.CodeLocalDatabase: {Bridge,
			"see whether the server runs, and answers: `representorctl doctor` and that the setting ovs-db names its socket. " +
				"One that runs is to be left running: systemd restarts ovs-vswitchd with it, which cuts traffic"},
		reason.CodeBridgeMissing: {Bridge,
			"start ovn-controller, which makes it under the name in external_ids:ovn-bridge: `systemctl start ovn-controller`"},
		reason.CodeUnsupportedDatapath: {Bridge,
			"if nobody means it to be so, give it the kernel's, in an hour when traffic may stop: " +
				"`ovs-vsctl set Bridge {bridge} datapath_type=system`"},

		reason.CodeSouthboundUntrusted: {Southbound, sb},
		reason.CodeSouthboundReplaced: {Southbound,
			"see that ovn-northd fills it again; if the ports may go: `representorctl release-hold`"},
		reason.CodeChassisMissing: {Chassis,
			"start ovn-controller: `systemctl start ovn-controller` and, if it runs, see who each thinks we are: `representorctl doctor`"},

		reason.CodeRequestUnverified: {PortBinding, sb},
		reason.CodeWithdrawn:         {PortBinding, wait + "; to have it plugged, bind the port again"},
		reason.CodeMassUnplug:        {PortBinding, hold},
		reason.CodeUnplugGrace:       {PortBinding, wait + "; to have it stay plugged, bind the port again"},
		reason.CodeRequestEvidence: {RequestedChassis,
			"nothing to do while a machine migrates; otherwise correct the option requested-chassis"},

		reason.CodeForeignName:     {Others, "see whose the row is, and whether somebody needs it: `ovs-vsctl show`"},
		reason.CodeForeignIfaceID:  {Others, "see whose the row is, and whether somebody needs it: `ovs-vsctl show`"},
		reason.CodeFunctionTaken:   {Others, "withdraw one of the two requests; the other: `representorctl explain {in-the-way}`"},
		reason.CodeBuiltInProvider: {Others, "run only one of the two; or let this one take the rows over with the setting adopt-ovn-vif"},
		reason.CodeBuiltInLeftOver: {Others, "see whose the row is, and whether somebody needs it: `ovs-vsctl show`"},

		reason.CodeTransactionFailed: {Row,
			"the message has the database's words: a full disk, or another program at work on the row; it is tried again by itself"},
		reason.CodeTransactionPending: {Row, wait},

		reason.CodeAwaitingOfport: {Ofport, "see whether it answers: `representorctl doctor`"},
		reason.CodeInterfaceError: {Ofport,
			"it is asked again by itself; see the row, and ovs-vswitchd's log: `ovs-vsctl list Interface {row}`"},
		reason.CodeStaleInterface: {Ofport, wait + "; if it lasts, ovs-vswitchd hangs: `representorctl doctor`"},

		reason.CodeLinkUpFailed: {LinkUp, "give the unit CAP_NET_ADMIN back; meanwhile: `ip link set {netdev} up`"},
		reason.CodeHWAddrFailed: {Function, "have the host set it, as Nova and libvirt do for a VF; for what the kernel says to it: " +
			"`devlink port function set {devlink-port} hw_addr MAC` or give the unit CAP_NET_ADMIN back; and take program-hw-addr back where the " +
			"driver can't"},
	}
}

// stepOf is the step that fails for a reason.
func stepOf(code reason.Code) Name {
	if l, ok := known()[code]; ok {
		return l.at
	}
	return Daemon
}
