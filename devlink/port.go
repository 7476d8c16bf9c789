// Package devlink reads the kernel's devlink over generic netlink: the ports of
// a NIC's embedded switch, what a device says of itself, and its eswitch mode. The one
// thing that it changes is a function's address. Reading needs no capability except for
// the eswitch mode.
package devlink

import (
	"cmp"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/reason"
)

// Handle names one devlink instance, as in "pci/0000:03:00.0"
// (DEVLINK_ATTR_BUS_NAME and DEVLINK_ATTR_DEV_NAME).
type Handle struct { //nolint:recvcheck // UnmarshalText is what changes one
	Bus    string
	Device string
}

// String gives the handle as devlink(8) writes it.
func (h Handle) String() string { return h.Bus + "/" + h.Device }

// newHandle checks the two parts of a handle. The kernel takes them from names of
// directories in sysfs; the text of an identity relies on their being plain.
func newHandle(bus, device string) (Handle, error) {
	for _, part := range []struct{ name, value string }{{"bus", bus}, {"device", device}} {
		if part.value == "" {
			return Handle{}, fmt.Errorf("no %s name", part.name)
		}
		for _, r := range part.value {
			if r <= ' ' || r == '/' || r > '~' {
				return Handle{}, fmt.Errorf("%s name %s holds %q; a printable name without slash was expected",
					part.name, reason.Quote(part.value), r)
			}
		}
	}
	return Handle{Bus: bus, Device: device}, nil
}

// MarshalText gives what String gives.
func (h Handle) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads that, and refuses what can't be a handle of the kernel's.
func (h *Handle) UnmarshalText(text []byte) error {
	bus, device, _ := strings.Cut(string(text), "/")
	var err error
	*h, err = newHandle(bus, device)
	return err
}

// Compare orders handles by bus and device, as texts.
func (h Handle) Compare(other Handle) int {
	return cmp.Or(strings.Compare(h.Bus, other.Bus), strings.Compare(h.Device, other.Device))
}

// PortID names one port, as in "pci/0000:03:00.0/1". The kernel may give the number to
// another port once this one is gone.
type PortID struct {
	Handle Handle
	// Index is DEVLINK_ATTR_PORT_INDEX.
	Index uint32
}

// String gives the port as devlink(8) writes it.
func (p PortID) String() string {
	return p.Handle.String() + "/" + strconv.FormatUint(uint64(p.Index), 10)
}

// Compare orders ports by handle and index.
func (p PortID) Compare(other PortID) int {
	return cmp.Or(p.Handle.Compare(other.Handle), cmp.Compare(p.Index, other.Index))
}

// Optional is an attribute that a kernel or driver may leave out. Absence has a
// meaning of its own (an old kernel has no controller numbers), so it is kept
// apart from zero.
type Optional[T comparable] struct {
	Value   T
	Present bool
}

// Some is a present attribute.
func Some[T comparable](v T) Optional[T] { return Optional[T]{Value: v, Present: true} }

// Flavour is what a port is for (enum devlink_port_flavour in linux/devlink.h).
type Flavour uint16

// The flavours that matter to representors; others are kept by number.
const (
	FlavourPhysical Flavour = unix.DEVLINK_PORT_FLAVOUR_PHYSICAL
	FlavourCPU      Flavour = unix.DEVLINK_PORT_FLAVOUR_CPU
	FlavourDSA      Flavour = unix.DEVLINK_PORT_FLAVOUR_DSA
	FlavourPCIPF    Flavour = unix.DEVLINK_PORT_FLAVOUR_PCI_PF
	FlavourPCIVF    Flavour = unix.DEVLINK_PORT_FLAVOUR_PCI_VF
	FlavourVirtual  Flavour = unix.DEVLINK_PORT_FLAVOUR_VIRTUAL
	FlavourUnused   Flavour = unix.DEVLINK_PORT_FLAVOUR_UNUSED
	// FlavourPCISF is DEVLINK_PORT_FLAVOUR_PCI_SF, which x/sys/unix doesn't have.
	FlavourPCISF Flavour = 7
	// FlavourUnknown stands for a flavour that was not given, or by a name that
	// isn't known. The kernel has no such number.
	FlavourUnknown Flavour = math.MaxUint16
)

// flavours are the names of the flavours, by number.
func flavours() []string {
	return []string{"physical", "cpu", "dsa", "pcipf", "pcivf", "virtual", "unused", "pcisf"}
}

// String gives the flavour as devlink(8) writes it, or its number.
func (f Flavour) String() string {
	if f == FlavourUnknown {
		return "unknown flavour"
	}
	return named(int(f), "flavour %d", flavours()...)
}

// PortType is the link layer of a port (enum devlink_port_type).
type PortType uint16

// The link layers.
const (
	TypeNotSet PortType = unix.DEVLINK_PORT_TYPE_NOTSET
	TypeAuto   PortType = unix.DEVLINK_PORT_TYPE_AUTO
	TypeEth    PortType = unix.DEVLINK_PORT_TYPE_ETH
	TypeIB     PortType = unix.DEVLINK_PORT_TYPE_IB
)

// types are the names of the link layers, by number.
func types() []string { return []string{"notset", "auto", "eth", "ib"} }

// String gives the link layer as devlink(8) writes it, or its number.
func (t PortType) String() string { return named(int(t), "type %d", types()...) }

// named is the n-th name, or what is made of the number where there are fewer.
func named[S ~string](n int, other string, names ...S) S {
	if n < len(names) {
		return names[n]
	}
	return S(fmt.Sprintf(other, n))
}

// FunctionState is DEVLINK_PORT_FN_ATTR_STATE: whether the function was activated.
type FunctionState string

// OpState is DEVLINK_PORT_FN_ATTR_OPSTATE: whether a driver is attached to it.
type OpState string

// The states of a function as devlink(8) writes them; empty when the driver
// reports none, and "unknown (N)" for a number N that has no name here.
const (
	StateInactive   FunctionState = "inactive"
	StateActive     FunctionState = "active"
	OpStateDetached OpState       = "detached"
	OpStateAttached OpState       = "attached"
)

// Function is the host function behind a port (DEVLINK_ATTR_PORT_FUNCTION).
type Function struct {
	// HWAddr is the function's MAC, nil when the driver reports none. Drivers
	// that support the attribute but don't know the address report all zeros.
	HWAddr  net.HardwareAddr
	State   FunctionState
	OpState OpState
}

// Port is one devlink port, as DEVLINK_CMD_PORT_GET or a notification shows it.
type Port struct {
	Handle  Handle
	Index   uint32
	Type    PortType
	Flavour Flavour

	// Number is DEVLINK_ATTR_PORT_NUMBER: the front panel number of a physical port.
	Number Optional[uint32]
	// Controller and External are absent on kernels before 5.10, and External of SFs on most
	// since; see representor.Function for what absence means.
	Controller Optional[uint32]
	External   Optional[bool]
	// PF, VF and SF number a function below its controller: VF and SF count from
	// 0 within their PF, any uint16 (VF) or uint32 (SF) may occur.
	PF Optional[uint16]
	VF Optional[uint16]
	SF Optional[uint32]

	// IfIndex is the port's netdev, 0 while it has none or has one in another
	// network namespace; kernels before 5.10 may tell the ifindex that it has there.
	// NetdevName is the name at the time of the message: before Linux 6.2 names change
	// without a devlink event.
	IfIndex    uint32
	NetdevName string

	// Function is nil when the kernel sends no such attribute.
	Function *Function
}

// ID is the port's name.
func (p *Port) ID() PortID { return PortID{Handle: p.Handle, Index: p.Index} }

// SortPorts sorts ports by handle and index.
func SortPorts(ports []Port) {
	slices.SortStableFunc(ports, func(a, b Port) int { return a.ID().Compare(b.ID()) })
}
