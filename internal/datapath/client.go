// Package datapath asks Open vSwitch's kernel datapath what ovs-vswitchd doesn't tell
// or can't do: how many packets found nobody to decide on them, and to take out a
// netdev that was renamed. The kernel finds a vport by the name that its netdev had
// when it was added (net/openvswitch/vport.c), so after a rename neither the old name
// nor the new one leads to it. Its number still does.
package datapath

import (
	"context"
	"time"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"

	"github.com/representord/representord/internal/netlinkio"
)

// callWait bounds all that one call asks of the kernel.
const callWait = 3 * time.Second

// conn is what a Client needs of a genetlink.Conn. Close ends what is under way, and keeps a call that
// comes back too late from asking for more.
type conn interface {
	GetFamily(name string) (genetlink.Family, error)
	Execute(m genetlink.Message, family uint16, flags netlink.HeaderFlags) ([]genetlink.Message, error)
	Close() error
}

// A Client asks the kernel's datapath. It may be kept for ever and used from several
// goroutines; calls are made one after the other.
//
// The kernel answers with a lock held that other work on the datapath may keep for
// long (ovs_lock in net/openvswitch/datapath.c), in our own system call, which nothing
// ends. While a request is there, others fail with netlinkio.ErrStuck.
type Client struct {
	kernel *netlinkio.Client[conn]
}

// New makes a Client. It has a socket only while it is asked something.
func New() *Client {
	return newClient(func() (conn, error) { return genetlink.Dial(nil) })
}

func newClient(dial func() (conn, error)) *Client {
	c := &Client{kernel: netlinkio.NewClient(dial)}
	c.kernel.Once = true
	return c
}

// Detach removes the vport that holds a netdev, from whichever datapath it is in, if
// the kernel doesn't find it by the netdev's present name, and reports whether there was
// such a one. A vport that is found is ovs-vswitchd's to remove, and may carry traffic:
// it is removed only with force, which is for a netdev that ovs-vswitchd has given no
// OpenFlow port, or that must carry nothing any more while ovs-vswitchd doesn't answer. No
// row may then ask for the netdev: a vport that ovs-vswitchd made for another row is
// removed as well. The netdev itself stays. Nothing is done, and false is the answer, if
// no datapath has the netdev, or there is none. It needs CAP_NET_ADMIN: without it the error is
// os.ErrPermission. It ends soon after ctx does, and after three seconds in any case,
// even if the kernel doesn't answer.
//
// The netdevs are taken in their order. What is removed is told of those that there was an
// answer for; an error is about the next one. The datapaths are listed once for all of them,
// which is most of the work, and each vport is looked at again before it is removed.
func (c *Client) Detach(ctx context.Context, netdevs []Netdev) (removed []bool, err error) {
	if len(netdevs) == 0 {
		return nil, nil
	}
	done := make(chan bool, len(netdevs)) // also of a call that ended before the kernel answered
	_, err = ask(ctx, c, func(ctx context.Context, k conn) (struct{}, error) {
		vports, held, err := list(k)
		if err != nil {
			return struct{}{}, err
		}
		for _, n := range netdevs {
			gone, err := vports.detach(ctx, held[n.IfIndex], n)
			if err != nil {
				return struct{}{}, err
			}
			done <- gone
		}
		return struct{}{}, nil
	})
	for len(done) > 0 {
		removed = append(removed, <-done)
	}
	return removed, err
}

// Statistics counts the packets of the datapath with a name, such as System. The error
// is os.ErrNotExist if there is none, or no such kernel module. It needs no
// capability, and ends like Detach.
func (c *Client) Statistics(ctx context.Context, name string) (Statistics, error) {
	return ask(ctx, c, func(_ context.Context, k conn) (Statistics, error) { return statistics(k, name) })
}

// ask asks the kernel, for callWait at most.
func ask[T any](ctx context.Context, c *Client, question func(context.Context, conn) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	return netlinkio.Do(ctx, c.kernel, "datapath", func(k conn) (T, error) { return question(ctx, k) })
}
