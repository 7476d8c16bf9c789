package pci

import "fmt"

// Code tells scripts why a value isn't there, or what is odd. Codes don't change.
type Code string

// The codes. Those of package serial are used as well.
const (
	// CodeNoNetdev: the PF has no netdev here, so its MAC isn't known.
	CodeNoNetdev Code = "pf-no-netdev"
	// CodeVFIO: the same, because the PF itself is meant for a virtual machine.
	CodeVFIO Code = "pf-in-vfio"
	// CodeOnlyRepresentors: all netdevs of the PF are representors.
	CodeOnlyRepresentors Code = "pf-only-representors"
	// CodeSeveralNetdevs: the PF has several netdevs, and none is the obvious one.
	CodeSeveralNetdevs Code = "pf-several-netdevs"
	// CodeMACUnknown: neither the kernel nor the driver tells the permanent MAC.
	CodeMACUnknown Code = "pf-mac-unknown"
	// CodeMACInvalid: the permanent MAC is zero, multicast or no Ethernet address.
	CodeMACInvalid Code = "pf-mac-invalid"
	// CodeMACDiffers: the PF's current MAC isn't its permanent one.
	CodeMACDiffers Code = "pf-mac-differs"
	// CodeBonded: the PF is the slave of a bond.
	CodeBonded Code = "pf-bonded"
	// CodeNoPF: the VF's PF isn't visible.
	CodeNoPF Code = "no-pf"
	// CodeNoNumber: no virtfn link leads to the VF, or several do.
	CodeNoNumber Code = "no-vf-num"
	// CodeNumberDoubtful: the VF's address isn't the one that offset and stride give.
	CodeNumberDoubtful Code = "vf-num-doubtful"
	// CodeNoVPD: neither the VF nor its PF has VPD.
	CodeNoVPD Code = "no-vpd"
	// CodeVPDPermission: VPD may be read as root only.
	CodeVPDPermission Code = "vpd-needs-root"
	// CodeVPDTimeout: reading VPD took too long.
	CodeVPDTimeout Code = "vpd-timeout"
	// CodeVPDUnreadable: reading VPD failed in another way.
	CodeVPDUnreadable Code = "vpd-unreadable"
	// CodeVPDInvalid: libvirt refuses the VPD as a whole.
	CodeVPDInvalid Code = "vpd-invalid"
	// CodeVPDOdd: something is wrong with the VPD, which libvirt tolerates.
	CodeVPDOdd Code = "vpd-odd"
	// CodeNoSerial: the VPD has no serial number.
	CodeNoSerial Code = "no-serial"
	// CodeSerialsDiffer: the card's functions don't all have the same serial number.
	CodeSerialsDiffer Code = "card-serials-differ"
	// CodeUnreadable: something in sysfs or of netlink couldn't be read.
	CodeUnreadable Code = "unreadable"
)

// Reason tells why something isn't known, or what is odd.
type Reason struct {
	Code Code `json:"code"`
	// Message says what is so, and why; Remedy what to do, if anything can be done.
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// String is the message and the remedy, for an operator.
func (r Reason) String() string {
	if r.Remedy == "" {
		return r.Message
	}
	return r.Message + "; " + r.Remedy
}

// do adds a remedy.
func (r Reason) do(format string, args ...any) Reason {
	r.Remedy = fmt.Sprintf(format, args...)
	return r
}

func reason(code Code, format string, args ...any) Reason {
	return Reason{Code: code, Message: fmt.Sprintf(format, args...)}
}
