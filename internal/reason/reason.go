// Package reason says why: a Reason is made once, where its cause is known, and shown
// everywhere as it is. Here is also the only place that makes text that others chose
// fit to show, in a log, on a terminal or as a word of a shell's command.
package reason

import "fmt"

// Code is the kind of a Reason: stable, lower case, for scripts and metrics.
type Code string

// Why a representor was not found.
const (
	// CodeNoDevlink: the kernel has no devlink, or it could not be read.
	CodeNoDevlink Code = "no-devlink"
	// CodePFNotFound: no candidate PF has the MAC asked for.
	CodePFNotFound Code = "pf-not-found"
	// CodePFMACUnknown: no PF matched, and at least one candidate PF's MAC is not known.
	CodePFMACUnknown Code = "pf-mac-unknown"
	// CodePFAmbiguous: several PFs have the MAC asked for; none is chosen.
	CodePFAmbiguous Code = "pf-ambiguous"
	// CodePFUncertain: a port that can't be read may be a PF with the MAC asked for;
	// none is chosen.
	CodePFUncertain Code = "pf-uncertain"
	// CodeFunctionNotFound: the PF is there, the VF or SF is not (not enabled on the host, perhaps).
	CodeFunctionNotFound Code = "function-not-found"
	// CodeFunctionAmbiguous: several ports claim to be the function; none is chosen.
	CodeFunctionAmbiguous Code = "function-ambiguous"
	// CodeSerialMismatch: the card's serial number is not the one asked for.
	CodeSerialMismatch Code = "card-serial-mismatch"
	// CodeSerialUnknown: a serial number was asked for and the card's is not known.
	CodeSerialUnknown Code = "card-serial-unknown"
	// CodeNoNetdev: the port has no netdev (yet), or it is in another network namespace.
	CodeNoNetdev Code = "no-netdev"
	// CodeNetdevSettling: the netdev is new and udev is not finished with it.
	CodeNetdevSettling Code = "netdev-settling"
	// CodeNotEthernet: the port's link layer is not Ethernet.
	CodeNotEthernet Code = "not-ethernet"
	// CodeNetdevHasMaster: the netdev is a port of a Linux bridge, or a slave of a bond.
	CodeNetdevHasMaster Code = "netdev-has-master"
)

// What is wrong with a request.
const (
	// CodeInvalidOption: an option breaks its grammar; Option and Value name it.
	CodeInvalidOption Code = "invalid-option"
	// CodeIgnoredOption: a warning: an option was not understood and is left out.
	CodeIgnoredOption Code = "ignored-option"
)

// Why a request with a representor isn't plugged, or a row is kept.
const (
	CodeLocalDatabase       Code = "local-database-unreachable"
	CodeBridgeMissing       Code = "bridge-missing"
	CodeUnsupportedDatapath Code = "unsupported-datapath"
	CodeSouthboundUntrusted Code = "southbound-untrusted"
	CodeChassisMissing      Code = "chassis-missing"
	CodeForeignName         Code = "foreign-name"
	CodeForeignIfaceID      Code = "foreign-iface-id"
	CodeFunctionTaken       Code = "function-taken"
	CodeTransactionFailed   Code = "transaction-failed"
	CodeTransactionPending  Code = "transaction-pending"
	CodeAwaitingOfport      Code = "awaiting-ofport"
	CodeInterfaceError      Code = "interface-error"
	CodeStaleInterface      Code = "stale-interface"
	CodeLinkUpFailed        Code = "link-up-failed"
	CodeHWAddrFailed        Code = "hw-addr-failed"
	CodeMassUnplug          Code = "mass-unplug"
	CodeUnplugGrace         Code = "unplug-grace"
	CodeSouthboundReplaced  Code = "southbound-replaced"
	CodeRequestUnverified   Code = "request-unverified"
	CodeRequestEvidence     Code = "request-evidence"
	CodeBuiltInProvider     Code = "built-in-provider"
	CodeBuiltInLeftOver     Code = "built-in-left-over"
	CodeWithdrawn           Code = "withdrawn"
)

// Reason says why a request is in the state it is in, with the facts in it. It
// is a value: logs, metrics, the API and the CLI all show this one.
type Reason struct {
	Code Code `json:"code"`
	// Message is one sentence for an operator: the value, the rule and, where
	// there is one, the remedy. It is bounded and free of control characters.
	Message string `json:"message"`
	// Remedy is what to do, where that isn't part of the message.
	Remedy string `json:"remedy,omitempty"`
	// Option and Value are the option that was refused and what it held, for
	// CodeInvalidOption and CodeIgnoredOption; Value is bounded and escaped.
	Option string `json:"option,omitempty"`
	Value  string `json:"value,omitempty"`
	// Candidates are the functions or rows that stood in the way, sorted.
	Candidates []string `json:"candidates,omitempty"`
}

// Error is the message and the remedy. It lets a Reason be returned and wrapped as an error.
func (r Reason) Error() string {
	if r.Remedy == "" {
		return r.Message
	}
	return r.Message + "; " + r.Remedy
}

// WithRemedy is the Reason with a remedy, formatted as fmt.Sprintf does.
func (r Reason) WithRemedy(format string, args ...any) *Reason {
	r.Remedy = fmt.Sprintf(format, args...)
	return &r
}

// New makes a Reason whose message is formatted as fmt.Sprintf does.
func New(code Code, format string, args ...any) *Reason {
	return &Reason{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Among is New for a Reason that names what stood in the way, which is sorted.
func Among(code Code, candidates []string, format string, args ...any) *Reason {
	return &Reason{Code: code, Message: fmt.Sprintf(format, args...), Candidates: candidates}
}

// CodeOf is the code of a reason, empty for none.
func CodeOf(r *Reason) Code {
	if r == nil {
		return ""
	}
	return r.Code
}
