package netdev

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netlinkio"
)

// conn is what a Client needs of an rtnetlink socket.
type conn interface {
	// links gives the payload of the RTM_NEWLINK message for one device: by its ifindex, or 0 and
	// the name that the kernel finds it by; with NLM_F_DUMP in flags, of the one for each device.
	// With nl.ErrDumpInterrupted what it gives is not consistent.
	links(flags int, ifindex int32, name string) ([][]byte, error)
	// setUp sets IFF_UP.
	setUp(ifindex int32) error
	// Close ends what is under way.
	Close() error
}

// A Client asks the kernel about network devices. What it embeds tells how it may be used, how
// long calls take and how they end: rtnetlink requests wait for a lock that drivers hold while
// they work on a device (rtnl_lock).
type Client struct{ *netlinkio.Client[conn] }

// New makes a Client that is not connected yet.
func New() *Client { return newClient(dialKernel) }

func newClient(dial func() (conn, error)) *Client { return &Client{netlinkio.NewClient(dial)} }

// Links lists every network device of our network namespace.
//
// Devices that can't be decoded are left out: the others are then returned
// together with a *netlinkio.MalformedError. With any other error nothing is
// returned: netlinkio.ErrDumpInterrupted if the devices kept changing.
func (c *Client) Links(ctx context.Context) ([]Link, error) {
	messages, err := netlinkio.Dump(ctx, c.Client, "list network devices", func(conn conn) ([][]byte, error) {
		messages, err := conn.links(unix.NLM_F_DUMP, 0, "")
		if errors.Is(err, nl.ErrDumpInterrupted) {
			return nil, netlinkio.ErrDumpInterrupted
		}
		return messages, err
	})
	if err != nil {
		return nil, err
	}
	return netlinkio.Decode("network devices", messages, decodeLink)
}

// Link asks for one network device of our network namespace. Without such a device the
// kernel answers unix.ENODEV.
func (c *Client) Link(ctx context.Context, ifindex uint32) (Link, error) {
	what := fmt.Sprintf("look at the network device with ifindex %d", ifindex)
	if err := checkIfIndex(ifindex); err != nil {
		return Link{}, fmt.Errorf("%s: %w", what, err)
	}
	return netlinkio.Do(ctx, c.Client, what, func(conn conn) (Link, error) {
		l, err := only(conn.links(0, int32(ifindex), ""))
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
	return netlinkio.Do(ctx, c.Client, what, func(conn conn) (Link, error) { return only(conn.links(0, 0, name)) })
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
	_, err := netlinkio.Do(ctx, c.Client, what, func(conn conn) (struct{}, error) {
		return struct{}{}, conn.setUp(int32(ifindex))
	})
	return err
}
