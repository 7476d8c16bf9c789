// Package netdev reads and watches the network devices of our network namespace
// over rtnetlink, sets one up, and asks udev whether it has finished with one.
package netdev

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// Link is a network device as an RTM_NEWLINK message shows it.
type Link struct {
	// IfIndex is never 0 and is not given to another device for as long as the
	// kernel runs, unless someone asks for it.
	IfIndex uint32
	// Name is not empty, but its bytes are whatever who named the device chose: the
	// kernel refuses only slashes, colons and white space.
	Name string
	// Up is the administrative state (IFF_UP).
	Up bool
	// MTU is in bytes.
	MTU uint32
	// HWAddr is the device's own address (IFLA_ADDRESS), nil when it has none.
	HWAddr net.HardwareAddr
	// PermAddr is the address that the hardware came with (IFLA_PERM_ADDRESS, from
	// Linux 5.6 on), whatever HWAddr was set to; nil when the driver tells none.
	PermAddr net.HardwareAddr
	// Port names the devlink port that the device belongs to (IFLA_DEVLINK_PORT, from
	// Linux 6.2 on), nil when none is told. TellsPort is true where the kernel does tell:
	// for a device without a port, the attribute is there and empty.
	Port      *Port
	TellsPort bool
	// PortName is what the driver, or devlink for it, calls the port of a switch that the
	// device is (IFLA_PHYS_PORT_NAME), such as "p0" or "c1pf0vf3"; empty for most others.
	PortName string
	// AltNames are the alternative names (IFLA_ALT_IFNAME, from Linux 5.5 on), by which
	// the kernel finds the device as well. None is empty, and the kernel refuses no byte but NUL.
	AltNames []string
	// Kind is what a software device was made as, such as "veth" (IFLA_INFO_KIND), empty
	// for most others.
	Kind string
	// ParentBus and Parent name the device that this one is of, as sysfs does
	// (IFLA_PARENT_DEV_BUS_NAME, IFLA_PARENT_DEV_NAME, from Linux 5.14 on), empty when
	// none is told.
	ParentBus, Parent string
	// Master is the ifindex of the device that has this one as its port or slave
	// (IFLA_MASTER): a bridge, a bond, a datapath of Open vSwitch. 0 for none.
	Master uint32
}

// Port names a devlink port, as "pci/0000:03:00.0/1" does.
type Port struct {
	Bus, Device string
	Index       uint32
}

// decodeLink decodes a struct ifinfomsg (linux/rtnetlink.h) and the attributes
// that follow it.
func decodeLink(b []byte) (Link, error) {
	if len(b) < unix.SizeofIfInfomsg {
		return Link{}, fmt.Errorf("a message of %d bytes; struct ifinfomsg has %d", len(b), unix.SizeofIfInfomsg)
	}
	index := int32(binary.NativeEndian.Uint32(b[4:8]))
	if index <= 0 {
		return Link{}, fmt.Errorf("ifindex %d", index)
	}
	l := Link{IfIndex: uint32(index), Up: binary.NativeEndian.Uint32(b[8:12])&unix.IFF_UP != 0}
	if err := eachAttribute(b[unix.SizeofIfInfomsg:], l.decodeAttribute); err != nil {
		return Link{}, fmt.Errorf("ifindex %d: %w", index, err)
	}
	if l.Name == "" {
		return Link{}, fmt.Errorf("ifindex %d: no name", index)
	}
	return l, nil
}

// decodeAttribute decodes one attribute of the message. Those that aren't known are
// skipped.
func (l *Link) decodeAttribute(kind uint16, value []byte) (err error) {
	switch kind {
	case unix.IFLA_IFNAME:
		l.Name = text(value)
	case unix.IFLA_MTU:
		l.MTU, err = number("an MTU", value)
	case unix.IFLA_MASTER:
		l.Master, err = number("a master", value)
	case unix.IFLA_ADDRESS:
		l.HWAddr = address(value)
	case unix.IFLA_PERM_ADDRESS:
		l.PermAddr = address(value)
	case unix.IFLA_DEVLINK_PORT:
		l.Port, err = decodePort(value)
		l.TellsPort = l.Port != nil || len(value) == 0
	case unix.IFLA_PHYS_PORT_NAME:
		l.PortName = text(value)
	case unix.IFLA_PROP_LIST:
		l.AltNames, err = decodeTexts(value, unix.IFLA_ALT_IFNAME)
	case unix.IFLA_LINKINFO:
		var kinds []string
		kinds, err = decodeTexts(value, unix.IFLA_INFO_KIND)
		if len(kinds) > 0 {
			l.Kind = kinds[0]
		}
	case unix.IFLA_PARENT_DEV_BUS_NAME:
		l.ParentBus = text(value)
	case unix.IFLA_PARENT_DEV_NAME:
		l.Parent = text(value)
	}
	return err
}

func number(what string, value []byte) (uint32, error) {
	if len(value) != 4 {
		return 0, fmt.Errorf("%s of %d bytes", what, len(value))
	}
	return binary.NativeEndian.Uint32(value), nil
}

func text(value []byte) string { return string(bytes.TrimRight(value, "\x00")) }

// address is nil for an empty value.
func address(value []byte) net.HardwareAddr { return append(net.HardwareAddr(nil), value...) }

// decodeTexts gives the texts of one kind that are nested in an attribute, but for
// empty ones.
func decodeTexts(b []byte, wanted uint16) ([]string, error) {
	var texts []string
	err := eachAttribute(b, func(kind uint16, value []byte) error {
		if s := text(value); kind == wanted && s != "" {
			texts = append(texts, s)
		}
		return nil
	})
	return texts, err
}

// decodePort decodes what is nested in IFLA_DEVLINK_PORT: attributes of devlink's
// own numbering (rtnl_fill_devlink_port in net/core/rtnetlink.c), none of them for
// a device without a port.
func decodePort(b []byte) (*Port, error) {
	var p Port
	var found int
	err := eachAttribute(b, func(kind uint16, value []byte) (err error) {
		switch kind {
		case unix.DEVLINK_ATTR_BUS_NAME:
			p.Bus = text(value)
		case unix.DEVLINK_ATTR_DEV_NAME:
			p.Device = text(value)
		case unix.DEVLINK_ATTR_PORT_INDEX:
			p.Index, err = number("a port index", value)
		default:
			return nil
		}
		found++
		return err
	})
	if err != nil || found != 3 {
		return nil, err
	}
	return &p, nil
}

// eachAttribute calls f for each struct rtattr in b (linux/rtnetlink.h), without
// the flags in its type. The library's own parser panics when the last one is cut
// within its padding.
func eachAttribute(b []byte, f func(kind uint16, value []byte) error) error {
	for len(b) >= unix.SizeofRtAttr {
		size := int(binary.NativeEndian.Uint16(b))
		if size < unix.SizeofRtAttr || size > len(b) {
			return fmt.Errorf("an attribute of %d bytes where %d are left", size, len(b))
		}
		kind := binary.NativeEndian.Uint16(b[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
		if err := f(kind, b[unix.SizeofRtAttr:size]); err != nil {
			return err
		}
		aligned := (size + unix.RTA_ALIGNTO - 1) &^ (unix.RTA_ALIGNTO - 1)
		b = b[min(aligned, len(b)):]
	}
	if len(b) > 0 {
		return fmt.Errorf("%d bytes after the last attribute", len(b))
	}
	return nil
}
