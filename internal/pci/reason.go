package pci

import "github.com/representord/representord/internal/reason"

// Why a value isn't there, or what is odd. Those of package cardserial are used as well.
const (
	// CodeNoNetdev: the PF has no netdev here, so its MAC isn't known.
	CodeNoNetdev reason.Code = "pf-no-netdev"
	// CodeVFIO: the same, because the PF itself is meant for a virtual machine.
	CodeVFIO reason.Code = "pf-in-vfio"
	// CodeOnlyRepresentors: all netdevs of the PF are representors.
	CodeOnlyRepresentors reason.Code = "pf-only-representors"
	// CodeSeveralNetdevs: the PF has several netdevs, and none is the obvious one.
	CodeSeveralNetdevs reason.Code = "pf-several-netdevs"
	// CodeMACUnknown: neither the kernel nor the driver tells the permanent MAC.
	CodeMACUnknown = reason.CodePFMACUnknown
	// CodeMACInvalid: the permanent MAC is zero, multicast or no Ethernet address.
	CodeMACInvalid reason.Code = "pf-mac-invalid"
	// CodeMACDiffers: the PF's current MAC isn't its permanent one.
	CodeMACDiffers reason.Code = "pf-mac-differs"
	// CodeBonded: the PF is the slave of a bond.
	CodeBonded reason.Code = "pf-bonded"
	// CodeNoPF: the VF's PF isn't visible.
	CodeNoPF reason.Code = "no-pf"
	// CodeNoNumber: no virtfn link leads to the VF, or several do.
	CodeNoNumber reason.Code = "no-vf-num"
	// CodeNumberDoubtful: the VF's address isn't the one that offset and stride give.
	CodeNumberDoubtful reason.Code = "vf-num-doubtful"
	// CodeNoVPD: neither the VF nor its PF has VPD.
	CodeNoVPD reason.Code = "no-vpd"
	// CodeVPDPermission: VPD may be read as root only.
	CodeVPDPermission reason.Code = "vpd-needs-root"
	// CodeVPDTimeout: reading VPD took too long.
	CodeVPDTimeout reason.Code = "vpd-timeout"
	// CodeVPDUnreadable: reading VPD failed in another way.
	CodeVPDUnreadable reason.Code = "vpd-unreadable"
	// CodeVPDInvalid: libvirt refuses the VPD as a whole.
	CodeVPDInvalid reason.Code = "vpd-invalid"
	// CodeVPDOdd: something is wrong with the VPD, which libvirt tolerates.
	CodeVPDOdd reason.Code = "vpd-odd"
	// CodeNoSerial: the VPD has no serial number.
	CodeNoSerial reason.Code = "no-serial"
	// CodeSerialsDiffer: the card's functions don't all have the same serial number.
	CodeSerialsDiffer reason.Code = "card-serials-differ"
	// CodeUnreadable: something in sysfs or of netlink couldn't be read.
	CodeUnreadable reason.Code = "unreadable"
)
