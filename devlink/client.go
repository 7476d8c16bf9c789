package devlink

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/internal/retry"
)

// conn is what a Client needs of a generic netlink socket. *genetlink.Conn is one.
type conn interface {
	GetFamily(name string) (genetlink.Family, error)
	Send(m genetlink.Message, family uint16, flags netlink.HeaderFlags) (netlink.Message, error)
	Receive() ([]genetlink.Message, []netlink.Message, error)
	SetDeadline(t time.Time) error
	Close() error
}

const (
	// dumpAttempts is how often a dump that was interrupted by changes is begun, and
	// dumpPause what is waited after the first; each pause is twice the one before.
	dumpAttempts = 5
	dumpPause    = 5 * time.Millisecond
	// dialBound is how long Dial may take.
	dialBound = 5 * time.Second
	// closeBound is how long Close waits for a call that is under way.
	closeBound = time.Second
)

// ErrClosed tells that a Client was used after Close.
var ErrClosed = errors.New("the devlink client is closed")

// A Client asks the kernel's devlink. It opens its socket when it is first
// needed, and afresh after any failure, so it can be kept for ever. Its methods
// may be called from several goroutines; they are done one after the other.
//
// Every call ends soon after its context does, even if the kernel doesn't answer:
// devlink requests wait for the lock of the device, which is held through whole
// reloads. Until the kernel has let such a request go, calls fail with
// netlinkio.ErrStuck. A call without a deadline may therefore wait for long.
type Client struct {
	dial func() (conn, error)
	gate *netlinkio.Gate

	// conn and family belong to whoever is in the gate; nil while not connected.
	conn   conn
	family genetlink.Family

	closed      atomic.Bool
	interrupted atomic.Uint64
}

// New makes a Client that is not connected yet.
func New() *Client { return newClient(dialKernel) }

// Dial makes a Client and connects it. Where the kernel has no devlink,
// errors.Is(err, os.ErrNotExist) holds.
func Dial() (*Client, error) {
	c := New()
	ctx, cancel := context.WithTimeout(context.Background(), dialBound)
	defer cancel()
	_, err := call(ctx, c, "connect", func(conn, genetlink.Family) (struct{}, error) { return struct{}{}, nil })
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func newClient(dial func() (conn, error)) *Client {
	return &Client{dial: dial, gate: netlinkio.NewGate()}
}

// Close closes the socket. It waits for a call that is under way, but not for a
// kernel that doesn't answer; that socket is closed when the kernel is done.
func (c *Client) Close() {
	c.closed.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), closeBound)
	defer cancel()
	// The only error is that the gate is taken: who is in it closes the socket.
	_, _ = netlinkio.Call(ctx, c.gate, func() (struct{}, error) {
		c.disconnect()
		return struct{}{}, nil
	})
}

// Interrupted counts dumps that had to be repeated because the kernel's tables
// changed meanwhile.
func (c *Client) Interrupted() uint64 { return c.interrupted.Load() }

// Ports lists every port of every devlink instance in our network namespace.
//
// Ports that can't be decoded are left out: the others are then returned together
// with a *netlinkio.MalformedError. With any other error nothing is returned:
// os.ErrNotExist if the kernel has no devlink, netlinkio.ErrDumpInterrupted if
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
	ask := handleAttributes(h)
	ask = append(ask, func(ae *netlink.AttributeEncoder) { ae.Uint32(unix.DEVLINK_ATTR_PORT_INDEX, index) })
	return get(ctx, c, fmt.Sprintf("port %s/%d", h, index), unix.DEVLINK_CMD_PORT_GET, ask, decodePort)
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

// attributes are what a request says.
type attributes []func(*netlink.AttributeEncoder)

func handleAttributes(h Handle) attributes {
	return attributes{func(ae *netlink.AttributeEncoder) {
		ae.String(unix.DEVLINK_ATTR_BUS_NAME, h.Bus)
		ae.String(unix.DEVLINK_ATTR_DEV_NAME, h.Device)
	}}
}

func (a attributes) encode() ([]byte, error) {
	ae := netlink.NewAttributeEncoder()
	for _, add := range a {
		add(ae)
	}
	return ae.Encode()
}

// list dumps the things that a command lists, and decodes them.
func list[T any](ctx context.Context, c *Client, what string, command uint8, ask attributes, decode func([]byte) (T, error)) ([]T, error) {
	body, err := ask.encode()
	if err != nil {
		return nil, fmt.Errorf("devlink: list %s: %w", what, err)
	}
	messages, err := call(ctx, c, "list "+what, func(conn conn, family genetlink.Family) ([]genetlink.Message, error) {
		return c.dump(ctx, conn, family, command, body)
	})
	if err != nil {
		return nil, err
	}
	things := make([]T, 0, len(messages))
	malformed := netlinkio.Malformed{What: "devlink " + what}
	for _, m := range messages {
		thing, err := decode(m.Data)
		if err != nil {
			malformed.Add(err)
			continue
		}
		things = append(things, thing)
	}
	return things, malformed.Err()
}

// get asks for one thing.
func get[T any](ctx context.Context, c *Client, what string, command uint8, ask attributes, decode func([]byte) (T, error)) (T, error) {
	return call(ctx, c, what, func(conn conn, family genetlink.Family) (T, error) {
		var none T
		body, err := ask.encode()
		if err != nil {
			return none, err
		}
		messages, _, err := exchange(conn, family, command, body, netlink.Request)
		if err != nil {
			return none, err
		}
		if len(messages) != 1 {
			return none, fmt.Errorf("the kernel answered with %d messages; one was expected", len(messages))
		}
		return decode(messages[0].Data)
	})
}

// dump asks for a list, again if it was not consistent.
func (c *Client) dump(ctx context.Context, conn conn, family genetlink.Family, command uint8, body []byte) ([]genetlink.Message, error) {
	pauses := retry.Growing{First: dumpPause, Most: time.Second}
	for range dumpAttempts {
		messages, headers, err := exchange(conn, family, command, body, netlink.Request|netlink.Dump)
		if err != nil {
			return nil, err
		}
		if !wasInterrupted(headers) {
			return messages, nil
		}
		c.interrupted.Add(1)
		if !retry.Sleep(ctx, pauses.Next()) {
			return nil, context.Cause(ctx)
		}
	}
	return nil, netlinkio.ErrDumpInterrupted
}

func wasInterrupted(headers []netlink.Message) bool {
	for _, h := range headers {
		if h.Header.Flags&netlink.DumpInterrupted != 0 {
			return true
		}
	}
	return false
}

// exchange sends a request and reads the whole answer. genetlink's Execute would
// drop the headers, and with them the word that a dump was interrupted.
func exchange(conn conn, family genetlink.Family, command uint8, body []byte, flags netlink.HeaderFlags) ([]genetlink.Message,
	[]netlink.Message, error) {
	request, err := conn.Send(genetlink.Message{
		Header: genetlink.Header{Command: command, Version: unix.DEVLINK_GENL_VERSION},
		Data:   body,
	}, family.ID, flags)
	if err != nil {
		return nil, nil, err
	}
	messages, headers, err := conn.Receive()
	if err != nil {
		return nil, nil, err
	}
	if err := netlink.Validate(request, headers); err != nil {
		return nil, nil, err
	}
	return messages, headers, nil
}

// call connects if need be and runs f, bounded by ctx. After any error the socket
// is dropped: there may be the rest of an answer in it, and the family may have
// got another number.
func call[T any](ctx context.Context, c *Client, what string, f func(conn, genetlink.Family) (T, error)) (T, error) {
	value, err := netlinkio.Call(ctx, c.gate, func() (value T, err error) {
		defer func() {
			if err != nil || c.closed.Load() {
				c.disconnect()
			}
		}()
		if err := c.connect(); err != nil {
			return value, err
		}
		stop := interruptible(ctx, c.conn)
		if c.family.ID == 0 {
			c.family, err = c.conn.GetFamily(unix.DEVLINK_GENL_NAME)
			if err != nil {
				err = fmt.Errorf("find the generic netlink family %q: %w", unix.DEVLINK_GENL_NAME, err)
			}
		}
		if err == nil {
			value, err = f(c.conn, c.family)
		}
		if stopped := stop(); err == nil && !stopped {
			err = context.Cause(ctx) // the deadline that was set is still on the socket
		}
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		}
		return value, err
	})
	if err != nil {
		var none T
		return none, fmt.Errorf("devlink: %s: %w", what, err)
	}
	return value, nil
}

func (c *Client) connect() error {
	if c.closed.Load() {
		return ErrClosed
	}
	if c.conn != nil {
		return nil
	}
	conn, err := c.dial()
	if err != nil {
		return fmt.Errorf("open a netlink socket: %w", err)
	}
	c.conn = conn
	return nil
}

func (c *Client) disconnect() {
	if c.conn != nil {
		_ = c.conn.Close()
	}
	c.conn, c.family = nil, genetlink.Family{}
}

// interruptible makes reads and writes of conn end when ctx does. The function
// that it returns takes this back; it reports whether it came in time.
func interruptible(ctx context.Context, conn conn) (stop func() bool) {
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		// A failure leaves the call to the gate's patience.
		_ = conn.SetDeadline(time.Unix(1, 0))
	})
	return func() bool {
		if cancel() {
			return true
		}
		<-done
		return false
	}
}
