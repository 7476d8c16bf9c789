package devlink

import (
	"errors"
	"fmt"
	"net"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/reason"
)

// maxAddrLen is the longest hardware address the kernel has (MAX_ADDR_LEN in
// linux/netdevice.h).
const maxAddrLen = 32

// decodePort decodes the attributes of one port, as DEVLINK_CMD_PORT_GET and the
// notifications carry them (devlink_nl_port_fill in net/devlink/port.c).
// Attributes that aren't known are skipped. One that is known and has the wrong
// size makes the whole port an error: half of an identity is none.
func decodePort(b []byte) (Port, error) {
	p := Port{Flavour: FlavourUnknown}
	var bus, device string
	var index Optional[uint32]
	err := eachAttribute(b, func(ad *netlink.AttributeDecoder) error {
		switch ad.Type() {
		case unix.DEVLINK_ATTR_BUS_NAME:
			bus = ad.String()
		case unix.DEVLINK_ATTR_DEV_NAME:
			device = ad.String()
		case unix.DEVLINK_ATTR_PORT_INDEX:
			index = Some(ad.Uint32())
		case unix.DEVLINK_ATTR_PORT_FUNCTION:
			f, err := decodeFunction(ad.Bytes())
			p.Function = &f
			return err
		default:
			decodePortAttribute(&p, ad)
		}
		return nil
	})
	if err == nil && !index.Present {
		err = errors.New("no port index")
	}
	if err != nil {
		return Port{}, fmt.Errorf("port %s/%s/%d: %w", reason.Name(bus), reason.Name(device), index.Value, err)
	}
	p.Index = index.Value
	if p.Handle, err = newHandle(bus, device); err != nil {
		return Port{}, fmt.Errorf("port %d: %w", index.Value, err)
	}
	return p, nil
}

// decodePortAttribute decodes what stands by itself in a port. ad keeps the error.
func decodePortAttribute(p *Port, ad *netlink.AttributeDecoder) {
	switch ad.Type() {
	case unix.DEVLINK_ATTR_PORT_TYPE:
		p.Type = PortType(ad.Uint16())
	case unix.DEVLINK_ATTR_PORT_NETDEV_IFINDEX:
		p.IfIndex = ad.Uint32()
	case unix.DEVLINK_ATTR_PORT_NETDEV_NAME:
		p.NetdevName = ad.String()
	case unix.DEVLINK_ATTR_PORT_FLAVOUR:
		p.Flavour = Flavour(ad.Uint16())
	case unix.DEVLINK_ATTR_PORT_NUMBER:
		p.Number = Some(ad.Uint32())
	case unix.DEVLINK_ATTR_PORT_CONTROLLER_NUMBER:
		p.Controller = Some(ad.Uint32())
	case unix.DEVLINK_ATTR_PORT_EXTERNAL:
		p.External = Some(ad.Uint8() != 0)
	case unix.DEVLINK_ATTR_PORT_PCI_PF_NUMBER:
		p.PF = Some(ad.Uint16())
	case unix.DEVLINK_ATTR_PORT_PCI_VF_NUMBER:
		p.VF = Some(ad.Uint16())
	case unix.DEVLINK_ATTR_PORT_PCI_SF_NUMBER:
		p.SF = Some(ad.Uint32())
	}
}

// decodeFunction decodes what is nested in DEVLINK_ATTR_PORT_FUNCTION.
func decodeFunction(b []byte) (Function, error) {
	var f Function
	err := eachAttribute(b, func(ad *netlink.AttributeDecoder) error {
		switch ad.Type() {
		case unix.DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR:
			addr := ad.Bytes()
			if len(addr) > maxAddrLen {
				return fmt.Errorf("a hardware address of %d bytes; the kernel has at most %d", len(addr), maxAddrLen)
			}
			f.HWAddr = append(net.HardwareAddr(nil), addr...) // nil for no byte
		case unix.DEVLINK_PORT_FN_ATTR_STATE:
			f.State = functionState(ad.Uint8())
		case unix.DEVLINK_PORT_FN_ATTR_OPSTATE:
			f.OpState = opState(ad.Uint8())
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("function: %w", err)
	}
	return f, err
}

// functionState names enum devlink_port_fn_state.
func functionState(n uint8) FunctionState {
	return named(int(n), "unknown (%d)", StateInactive, StateActive)
}

// opState names enum devlink_port_fn_opstate.
func opState(n uint8) OpState { return named(int(n), "unknown (%d)", OpStateDetached, OpStateAttached) }

// decodeDevice decodes the handle of one devlink instance (DEVLINK_CMD_GET).
func decodeDevice(b []byte) (Handle, error) {
	var bus, device string
	err := eachAttribute(b, func(ad *netlink.AttributeDecoder) error {
		switch ad.Type() {
		case unix.DEVLINK_ATTR_BUS_NAME:
			bus = ad.String()
		case unix.DEVLINK_ATTR_DEV_NAME:
			device = ad.String()
		}
		return nil
	})
	if err != nil {
		return Handle{}, err
	}
	return newHandle(bus, device)
}

// decodeInfo decodes the answer to DEVLINK_CMD_INFO_GET (devlink_nl_info_fill in
// net/devlink/dev.c).
func decodeInfo(b []byte) (Info, error) {
	h, err := decodeDevice(b)
	if err != nil {
		return Info{}, err
	}
	info := Info{Handle: h}
	err = eachAttribute(b, func(ad *netlink.AttributeDecoder) error {
		switch ad.Type() {
		case unix.DEVLINK_ATTR_INFO_DRIVER_NAME:
			info.Driver = ad.String()
		case unix.DEVLINK_ATTR_INFO_SERIAL_NUMBER:
			info.SerialNumber = ad.String()
		case unix.DEVLINK_ATTR_INFO_BOARD_SERIAL_NUMBER:
			info.BoardSerialNumber = ad.String()
		case unix.DEVLINK_ATTR_INFO_VERSION_FIXED:
			return appendVersion(&info, VersionFixed, ad.Bytes())
		case unix.DEVLINK_ATTR_INFO_VERSION_RUNNING:
			return appendVersion(&info, VersionRunning, ad.Bytes())
		case unix.DEVLINK_ATTR_INFO_VERSION_STORED:
			return appendVersion(&info, VersionStored, ad.Bytes())
		}
		return nil
	})
	return info, err
}

func appendVersion(info *Info, kind VersionKind, b []byte) error {
	v := Version{Kind: kind}
	err := eachAttribute(b, func(ad *netlink.AttributeDecoder) error {
		switch ad.Type() {
		case unix.DEVLINK_ATTR_INFO_VERSION_NAME:
			v.Name = ad.String()
		case unix.DEVLINK_ATTR_INFO_VERSION_VALUE:
			v.Value = ad.String()
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s version: %w", kind, err)
	}
	info.Versions = append(info.Versions, v)
	return nil
}

// decodeEswitchMode decodes the answer to DEVLINK_CMD_ESWITCH_GET.
func decodeEswitchMode(b []byte) (EswitchMode, error) {
	var mode Optional[EswitchMode]
	err := eachAttribute(b, func(ad *netlink.AttributeDecoder) error {
		if ad.Type() == unix.DEVLINK_ATTR_ESWITCH_MODE {
			mode = Some(EswitchMode(ad.Uint16()))
		}
		return nil
	})
	if err == nil && !mode.Present {
		err = errors.New("no mode in the answer")
	}
	return mode.Value, err
}

// eachAttribute calls f for each attribute in b. Of several of one type the last
// one counts, as in the kernel's own parser.
func eachAttribute(b []byte, f func(*netlink.AttributeDecoder) error) error {
	ad, err := netlink.NewAttributeDecoder(b)
	if err != nil {
		return err
	}
	for ad.Next() {
		if err := f(ad); err != nil {
			return err
		}
	}
	return ad.Err()
}
