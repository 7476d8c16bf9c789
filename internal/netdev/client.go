package netdev

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/internal/retry"
)

// conn is what a Client needs of an rtnetlink socket.
type conn interface {
	// dump gives the payload of one RTM_NEWLINK message for each device. With
	// nl.ErrDumpInterrupted what it gives is not consistent.
	dump() ([][]byte, error)
	// get gives the payload of the RTM_NEWLINK message for one device.
	get(ifindex int32) ([][]byte, error)
	// named gives the message of the device that the kernel finds by a name.
	named(name string) ([][]byte, error)
	// setUp sets IFF_UP.
	setUp(ifindex int32) error
	// Close ends what is under way.
	Close() error
}

const (
	// dumpAttempts is how often a dump that was interrupted by changes is begun, and
	// dumpPause what is waited after the first; each pause is twice the one before.
	dumpAttempts = 5
	dumpPause    = 5 * time.Millisecond
	// closeBound is how long Close waits for a call that is under way.
	closeBound = time.Second
)

// ErrClosed tells that a Client was used after Close.
var ErrClosed = errors.New("the rtnetlink client is closed")

// A Client asks the kernel about network devices. It opens its socket when it is
// first needed, and afresh after any failure, so it can be kept for ever. Its
// methods may be called from several goroutines; they are done one after the
// other.
//
// Every call ends soon after its context does, even if the kernel doesn't answer:
// rtnetlink requests wait for a lock that drivers hold while they work on a
// device (rtnl_lock). Until the kernel has let such a request go, calls fail with
// netlinkio.ErrStuck. A call without a deadline may therefore wait for long.
type Client struct {
	dial func() (conn, error)
	gate *netlinkio.Gate

	// conn belongs to whoever is in the gate; nil while not connected.
	conn conn

	closed      atomic.Bool
	interrupted atomic.Uint64
}

// New makes a Client that is not connected yet.
func New() *Client { return newClient(dialKernel) }

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

// Interrupted counts dumps that had to be repeated because devices came, changed
// or went meanwhile.
func (c *Client) Interrupted() uint64 { return c.interrupted.Load() }

// Links lists every network device of our network namespace.
//
// Devices that can't be decoded are left out: the others are then returned
// together with a *netlinkio.MalformedError. With any other error nothing is
// returned: netlinkio.ErrDumpInterrupted if the devices kept changing.
func (c *Client) Links(ctx context.Context) ([]Link, error) {
	messages, err := call(ctx, c, "list network devices", func(conn conn) ([][]byte, error) {
		return c.dump(ctx, conn)
	})
	if err != nil {
		return nil, err
	}
	return decodeLinks(messages)
}

// Link asks for one network device of our network namespace. Without such a device the
// kernel answers unix.ENODEV.
func (c *Client) Link(ctx context.Context, ifindex uint32) (Link, error) {
	what := fmt.Sprintf("look at the network device with ifindex %d", ifindex)
	if err := checkIfIndex(ifindex); err != nil {
		return Link{}, fmt.Errorf("%s: %w", what, err)
	}
	return call(ctx, c, what, func(conn conn) (Link, error) {
		l, err := only(conn.get(int32(ifindex)))
		if err == nil && l.IfIndex != ifindex {
			return Link{}, fmt.Errorf("the kernel answered for ifindex %d", l.IfIndex)
		}
		return l, err
	})
}

// LinkNamed shows the device that the kernel finds by a name, which may be an alternative
// one (rtnl_dev_get in net/core/rtnetlink.c). Without such a device the kernel answers
// unix.ENODEV.
func (c *Client) LinkNamed(ctx context.Context, name string) (Link, error) {
	what := fmt.Sprintf("look at the network device named %q", name)
	if name == "" || len(name) >= unix.IFNAMSIZ {
		return Link{}, fmt.Errorf("%s: a name has 1 to %d bytes", what, unix.IFNAMSIZ-1)
	}
	return call(ctx, c, what, func(conn conn) (Link, error) { return only(conn.named(name)) })
}

// only decodes an answer of one message.
func only(messages [][]byte, err error) (Link, error) {
	if err != nil {
		return Link{}, err
	}
	if len(messages) != 1 {
		return Link{}, fmt.Errorf("the kernel answered with %d messages; one was expected", len(messages))
	}
	return decodeLink(messages[0])
}

func checkIfIndex(ifindex uint32) error {
	if ifindex == 0 || ifindex > math.MaxInt32 {
		return fmt.Errorf("an ifindex is from 1 to %d", math.MaxInt32)
	}
	return nil
}

// LinkUp sets a device's administrative state up. It is named by its index, so
// that a rename meanwhile can't make it another one. Without CAP_NET_ADMIN
// errors.Is(err, os.ErrPermission) holds; without such a device the kernel answers
// unix.ENODEV.
func (c *Client) LinkUp(ctx context.Context, ifindex uint32) error {
	what := fmt.Sprintf("set the network device with ifindex %d up", ifindex)
	if err := checkIfIndex(ifindex); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	_, err := call(ctx, c, what, func(conn conn) (struct{}, error) {
		return struct{}{}, conn.setUp(int32(ifindex))
	})
	return err
}

// dump asks for the list, again if it was not consistent.
func (c *Client) dump(ctx context.Context, conn conn) ([][]byte, error) {
	pauses := retry.Growing{First: dumpPause, Most: time.Second}
	for range dumpAttempts {
		messages, err := conn.dump()
		if !errors.Is(err, nl.ErrDumpInterrupted) {
			return messages, err
		}
		c.interrupted.Add(1)
		if !retry.Sleep(ctx, pauses.Next()) {
			return nil, context.Cause(ctx)
		}
	}
	return nil, netlinkio.ErrDumpInterrupted
}

// call connects if need be and runs f, bounded by ctx. After any error the socket
// is dropped: there may be the rest of an answer in it.
func call[T any](ctx context.Context, c *Client, what string, f func(conn) (T, error)) (T, error) {
	value, err := netlinkio.Call(ctx, c.gate, func() (value T, err error) {
		defer func() {
			if err != nil || c.closed.Load() {
				c.disconnect()
			}
		}()
		if err := c.connect(); err != nil {
			return value, err
		}
		conn, done := c.conn, make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			defer close(done)
			_ = conn.Close()
		})
		value, err = f(conn)
		if !stop() {
			<-done
			if err == nil {
				err = context.Cause(ctx)
			} else {
				err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
			}
		}
		return value, err
	})
	if err != nil {
		var none T
		return none, fmt.Errorf("%s: %w", what, err)
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
	c.conn = nil
}
