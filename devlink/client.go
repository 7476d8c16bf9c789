package devlink

import (
	"context"
	"fmt"
	"net"
	"slices"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netlinkio"
)

// conn is what a Client needs of a generic netlink socket. *genetlink.Conn is one. Close ends what is
// under way.
type conn interface {
	GetFamily(name string) (genetlink.Family, error)
	Send(m genetlink.Message, family uint16, flags netlink.HeaderFlags) (netlink.Message, error)
	Receive() ([]genetlink.Message, []netlink.Message, error)
	Close() error
}

// session is a socket, with the number of devlink's family: another one if the kernel's module was
// loaded anew, but not with the same socket.
type session struct {
	conn
	family uint16 // 0 until it is needed
}

// Errors of a Client.
var (
	// ErrClosed tells that a Client was used after Close.
	ErrClosed = netlinkio.ErrClosed
	// ErrStuck tells that a request was not made because an earlier one has not come back from the
	// kernel.
	ErrStuck = netlinkio.ErrStuck
	// ErrDumpInterrupted tells that what was to be listed kept changing.
	ErrDumpInterrupted = netlinkio.ErrDumpInterrupted
)

// MalformedError tells that part of an answer could not be decoded. It comes together with the part
// that could be: it is a warning, not a failure.
type MalformedError = netlinkio.MalformedError

// A Client asks the kernel's devlink. It opens its socket when it is first
// needed, and afresh after any failure, so it can be kept for ever. Its methods
// may be called from several goroutines; they are done one after the other.
//
// Every call ends soon after its context does, even if the kernel doesn't answer:
// devlink requests wait for the lock of the device, which is held through whole
// reloads. Until the kernel has let such a request go, calls fail with ErrStuck. A
// call without a deadline may therefore wait for long.
type Client struct {
	kernel *netlinkio.Client[*session]
}

// New makes a Client that is not connected yet.
func New() *Client { return newClient(dialKernel) }

func newClient(dial func() (conn, error)) *Client {
	return &Client{kernel: netlinkio.NewClient(func() (*session, error) {
		c, err := dial()
		return &session{conn: c}, err
	})}
}

// Close closes the socket. It waits for a call that is under way, but not for a
// kernel that doesn't answer; that socket is closed when the kernel is done.
func (c *Client) Close() { c.kernel.Close() }

// Interrupted counts dumps that had to be repeated because the kernel's tables
// changed meanwhile.
func (c *Client) Interrupted() uint64 { return c.kernel.Interrupted() }

// Ports lists every port of every devlink instance in our network namespace.
//
// Ports that can't be decoded are left out: the others are then returned together
// with a *MalformedError. With any other error nothing is returned:
// os.ErrNotExist if the kernel has no devlink, ErrDumpInterrupted if
// the ports kept changing.
//
// The kernel may leave ports out without a word: where a driver fails to tell one
// port's function (its address, say), the list ends before that port, and lacks all
// that would follow, on this instance and on others (devlink_nl_port_get_dump_one
// in net/devlink/port.c; seen on Linux 6.1). Ask with Port for those known to be
// there, and with PortsOf for those of other instances.
func (c *Client) Ports(ctx context.Context) ([]Port, error) {
	return list(ctx, c, "ports", unix.DEVLINK_CMD_PORT_GET, nil, decodePort)
}

// PortsOf lists the ports of one devlink instance, from Linux 6.6 on. Older kernels
// don't heed which one is meant, and answer as to Ports. Errors are those of
// Ports; unix.ENODEV if there is no such instance.
func (c *Client) PortsOf(ctx context.Context, h Handle) ([]Port, error) {
	return list(ctx, c, "ports of "+h.String(), unix.DEVLINK_CMD_PORT_GET, handleAttributes(h), decodePort)
}

// Port asks for one port. The kernel answers unix.ENODEV if there is no such port
// or instance. Any other error means that the port is there but can't be told of:
// unix.EMSGSIZE is what the kernel answers when a driver fails to tell its function.
func (c *Client) Port(ctx context.Context, h Handle, index uint32) (Port, error) {
	return get(ctx, c, fmt.Sprintf("port %s/%d", h, index), unix.DEVLINK_CMD_PORT_GET, portAttributes(h, index), decodePort)
}

// Devices lists every devlink instance in our network namespace. Errors are those
// of Ports.
func (c *Client) Devices(ctx context.Context) ([]Handle, error) {
	return list(ctx, c, "devices", unix.DEVLINK_CMD_GET, nil, decodeDevice)
}

// Info asks one device about itself; this may take the device's firmware a while.
// The kernel answers unix.ENODEV if there is no such device, and unix.EOPNOTSUPP
// if its driver has nothing to say.
func (c *Client) Info(ctx context.Context, h Handle) (Info, error) {
	return get(ctx, c, "info of "+h.String(), unix.DEVLINK_CMD_INFO_GET, handleAttributes(h), decodeInfo)
}

// EswitchMode asks for the mode of a device's embedded switch. This needs
// CAP_NET_ADMIN; without it errors.Is(err, os.ErrPermission) holds. The kernel
// answers unix.ENODEV if there is no such device, and unix.EOPNOTSUPP if it has
// no such switch.
func (c *Client) EswitchMode(ctx context.Context, h Handle) (EswitchMode, error) {
	return get(ctx, c, "eswitch mode of "+h.String(), unix.DEVLINK_CMD_ESWITCH_GET, handleAttributes(h), decodeEswitchMode)
}

// SetFunctionAddress sets the hardware address of the function behind a port, as
// devlink port function set PORT hw_addr does. This needs CAP_NET_ADMIN; without it
// errors.Is(err, os.ErrPermission) holds. errors.Is(err, errors.ErrUnsupported) tells that
// the driver can't, unix.ENODEV that there is no such port. Drivers may give the address to
// the function's own driver only when that starts the next time.
func (c *Client) SetFunctionAddress(ctx context.Context, h Handle, index uint32, address net.HardwareAddr) error {
	ask := func(ae *netlink.AttributeEncoder) {
		portAttributes(h, index)(ae)
		ae.Nested(unix.DEVLINK_ATTR_PORT_FUNCTION, func(ae *netlink.AttributeEncoder) error {
			ae.Bytes(unix.DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR, address)
			return nil
		})
	}
	_, err := netlinkio.Do(ctx, c.kernel, fmt.Sprintf("devlink: set hw_addr of port %s/%d", h, index),
		func(s *session) ([][]byte, error) {
			return s.exchange(unix.DEVLINK_CMD_PORT_SET, ask, netlink.Request|netlink.Acknowledge)
		})
	return err
}

// attributes add what a request says.
type attributes func(*netlink.AttributeEncoder)

func handleAttributes(h Handle) attributes {
	return func(ae *netlink.AttributeEncoder) {
		ae.String(unix.DEVLINK_ATTR_BUS_NAME, h.Bus)
		ae.String(unix.DEVLINK_ATTR_DEV_NAME, h.Device)
	}
}

func portAttributes(h Handle, index uint32) attributes {
	return func(ae *netlink.AttributeEncoder) {
		handleAttributes(h)(ae)
		ae.Uint32(unix.DEVLINK_ATTR_PORT_INDEX, index)
	}
}

// list dumps the things that a command lists, and decodes them.
func list[T any](ctx context.Context, c *Client, what string, command uint8, ask attributes, decode func([]byte) (T, error)) ([]T, error) {
	bodies, err := netlinkio.Dump(ctx, c.kernel, "devlink: list "+what, func(s *session) ([][]byte, error) {
		return s.exchange(command, ask, netlink.Request|netlink.Dump)
	})
	if err != nil {
		return nil, err
	}
	return netlinkio.Decode("devlink "+what, bodies, decode)
}

// get asks for one thing.
func get[T any](ctx context.Context, c *Client, what string, command uint8, ask attributes, decode func([]byte) (T, error)) (T, error) {
	return netlinkio.Do(ctx, c.kernel, "devlink: "+what, func(s *session) (T, error) {
		var none T
		bodies, err := s.exchange(command, ask, netlink.Request)
		if err != nil {
			return none, err
		}
		if len(bodies) != 1 {
			return none, fmt.Errorf("the kernel answered with %d messages; one was expected", len(bodies))
		}
		return decode(bodies[0])
	})
}

// exchange sends a request and reads the whole answer, of which it gives the messages' bodies. genetlink's
// Execute would drop the headers, and with them the word that a dump was interrupted.
func (s *session) exchange(command uint8, ask attributes, flags netlink.HeaderFlags) ([][]byte, error) {
	if s.family == 0 {
		family, err := s.GetFamily(unix.DEVLINK_GENL_NAME)
		if err != nil {
			return nil, fmt.Errorf("find the generic netlink family %q: %w", unix.DEVLINK_GENL_NAME, err)
		}
		s.family = family.ID
	}
	ae := netlink.NewAttributeEncoder()
	if ask != nil {
		ask(ae)
	}
	body, err := ae.Encode()
	if err != nil {
		return nil, err
	}
	request, err := s.Send(genetlink.Message{
		Header: genetlink.Header{Command: command, Version: unix.DEVLINK_GENL_VERSION},
		Data:   body,
	}, s.family, flags)
	if err != nil {
		return nil, err
	}
	messages, headers, err := s.Receive()
	if err != nil {
		return nil, err
	}
	if err := netlink.Validate(request, headers); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(headers, func(m netlink.Message) bool { return m.Header.Flags&netlink.DumpInterrupted != 0 }) {
		return nil, netlinkio.ErrDumpInterrupted
	}
	bodies := make([][]byte, len(messages))
	for i := range messages {
		bodies[i] = messages[i].Data
	}
	return bodies, nil
}
