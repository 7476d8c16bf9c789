package card

import (
	"context"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/netlinkio"
)

// Bounds on what is asked of the kernel. They are long because drivers hold their
// locks for long while they reload; nothing else waits meanwhile.
const (
	dumpBound = 10 * time.Second
	infoBound = 5 * time.Second
	linkBound = 5 * time.Second
	fileBound = 2 * time.Second
)

// portSource is what the card's ports are read from. *devlink.Client is one.
type portSource interface {
	Ports(ctx context.Context) ([]devlink.Port, error)
	PortsOf(ctx context.Context, h devlink.Handle) ([]devlink.Port, error)
	Port(ctx context.Context, h devlink.Handle, index uint32) (devlink.Port, error)
	Devices(ctx context.Context) ([]devlink.Handle, error)
	Info(ctx context.Context, h devlink.Handle) (devlink.Info, error)
	Interrupted() uint64
	Close()
}

// linkSource is what netdevs are read from. *netdev.Client is one.
type linkSource interface {
	Links(ctx context.Context) ([]netdev.Link, error)
	Link(ctx context.Context, ifindex uint32) (netdev.Link, error)
	LinkNamed(ctx context.Context, name string) (netdev.Link, error)
	LinkUp(ctx context.Context, ifindex uint32) error
	Interrupted() uint64
	Close()
}

// listener pokes when a source has changed. *netlinkio.Listener is one.
type listener interface {
	Run(ctx context.Context)
	Status() netlinkio.ListenerStatus
}
