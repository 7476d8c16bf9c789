package explain

import "github.com/representord/representord/internal/reason"

// stepOf is the step that fails for a reason.
func stepOf(code reason.Code) string { //nolint:cyclop // a list of codes is no branching
	switch code {
	case reason.CodeSouthboundUntrusted, reason.CodeSouthboundReplaced:
		return Southbound
	case reason.CodeChassisMissing:
		return Chassis
	case reason.CodeRequestUnverified, reason.CodeWithdrawn, reason.CodeMassUnplug, reason.CodeUnplugGrace:
		return PortBinding
	case reason.CodeRequestEvidence:
		return RequestedChassis
	case reason.CodeInvalidOption, reason.CodeIgnoredOption:
		return Options
	case reason.CodeNoDevlink:
		return Card
	case reason.CodePFNotFound, reason.CodePFMACUnknown, reason.CodePFAmbiguous, reason.CodePFUncertain, reason.CodeSerialMismatch,
		reason.CodeSerialUnknown:
		return PF
	case reason.CodeFunctionNotFound, reason.CodeFunctionAmbiguous, reason.CodeHWAddrFailed:
		return Function
	case reason.CodeNoNetdev, reason.CodeNetdevSettling, reason.CodeNotEthernet, reason.CodeNetdevHasMaster:
		return Netdev
	case reason.CodeLocalDatabase, reason.CodeBridgeMissing, reason.CodeUnsupportedDatapath:
		return Bridge
	case reason.CodeForeignName, reason.CodeForeignIfaceID, reason.CodeFunctionTaken, reason.CodeBuiltInProvider, reason.CodeBuiltInLeftOver:
		return Others
	case reason.CodeTransactionFailed, reason.CodeTransactionPending:
		return Row
	case reason.CodeAwaitingOfport, reason.CodeInterfaceError, reason.CodeStaleInterface:
		return Ofport
	case reason.CodeLinkUpFailed:
		return LinkUp
	default:
		return Daemon
	}
}
