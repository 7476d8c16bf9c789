package devlink

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netlinkio"
)

// eventBuffer is the size of the socket buffer for notifications. A port takes
// about 1 KiB of it, with the kernel's own overhead counted: thousands may come
// in a burst, when a host enables its VFs.
const eventBuffer = 8 << 20

// dialKernel opens a socket for requests.
func dialKernel() (conn, error) {
	c, err := genetlink.Dial(nil)
	if err != nil {
		return nil, err
	}
	// The kernel then says in words why it refuses. Kernels before 4.12 can't.
	if err := c.SetOption(netlink.ExtendedAcknowledge, true); err != nil && !errors.Is(err, unix.ENOPROTOOPT) {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// NewListener makes a listener to the kernel's devlink notifications that calls
// poke after everything after which Ports may give another answer: ports and
// devices that come, change and go. Its group must be joined before the first
// call of Ports, which is why joining pokes as well. poke must not block.
func NewListener(log *slog.Logger, poke func()) *netlinkio.Listener {
	return netlinkio.NewListener("devlink", log, openEvents, poke)
}

// events is a socket in the multicast group "config".
type events struct {
	conn   *genetlink.Conn
	family uint16
}

func openEvents() (_ netlinkio.Source, err error) {
	c, err := genetlink.Dial(nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = c.Close()
		}
	}()
	family, err := c.GetFamily(unix.DEVLINK_GENL_NAME)
	if err != nil {
		return nil, fmt.Errorf("find the generic netlink family %q: %w", unix.DEVLINK_GENL_NAME, err)
	}
	// With CAP_NET_ADMIN this goes beyond net.core.rmem_max (SO_RCVBUFFORCE), without
	// it up to there. A smaller buffer only overruns sooner.
	if err := c.SetReadBuffer(eventBuffer); err != nil {
		return nil, fmt.Errorf("set the socket buffer to %d bytes: %w", eventBuffer, err)
	}
	for _, g := range family.Groups {
		if g.Name == unix.DEVLINK_GENL_MCGRP_CONFIG_NAME {
			return &events{conn: c, family: family.ID}, c.JoinGroup(g.ID)
		}
	}
	return nil, fmt.Errorf("the kernel's devlink has no multicast group %q: %w", unix.DEVLINK_GENL_MCGRP_CONFIG_NAME, os.ErrNotExist)
}

// Receive waits for a notification.
func (e *events) Receive() (bool, error) {
	messages, headers, err := e.conn.Receive()
	if err != nil {
		return false, err
	}
	for i, m := range messages {
		if uint16(headers[i].Header.Type) == e.family && isPoke(m.Header.Command) {
			return true, nil
		}
	}
	return false, nil
}

func (e *events) Close() error { return e.conn.Close() }

// isPoke tells whether a notification may mean that ports or devices changed.
// The same group carries parameters, regions, health reporters, traps, rates and
// the progress of flashing, which don't.
func isPoke(command uint8) bool {
	switch command {
	case unix.DEVLINK_CMD_NEW, unix.DEVLINK_CMD_DEL, unix.DEVLINK_CMD_PORT_NEW, unix.DEVLINK_CMD_PORT_DEL:
		return true
	}
	return false
}
