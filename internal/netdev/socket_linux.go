package netdev

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netlinkio"
)

// eventBuffer is the size of the socket buffer for notifications. One takes some
// 3 KiB of it, with the kernel's own overhead counted.
const eventBuffer = 8 << 20

// filterSkipStats is RTEXT_FILTER_SKIP_STATS of linux/rtnetlink.h. We never ask for
// RTEXT_FILTER_VF: with hundreds of VFs below one PF the kernel fails the whole
// dump, because their list doesn't fit into an attribute.
const filterSkipStats = 1 << 3

// requests is a socket for requests. Those go through the library's nl package,
// because its LinkList asks for the VFs and can't be ended.
type requests map[int]*nl.SocketHandle

func dialKernel() (conn, error) {
	s, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	return requests{unix.NETLINK_ROUTE: {Socket: s}}, nil
}

func (r requests) links(flags int, ifindex int32, name string) ([][]byte, error) {
	req := nl.NewNetlinkRequest(unix.RTM_GETLINK, flags)
	req.Sockets = r
	info := nl.NewIfInfomsg(unix.AF_UNSPEC)
	info.Index = ifindex
	req.AddData(info)
	if name != "" {
		req.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
	}
	req.AddData(nl.NewRtAttr(unix.IFLA_EXT_MASK, nl.Uint32Attr(filterSkipStats)))
	return req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWLINK)
}

func (r requests) setUp(ifindex int32) error {
	req := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_ACK)
	req.Sockets = r
	info := nl.NewIfInfomsg(unix.AF_UNSPEC)
	info.Index, info.Flags, info.Change = ifindex, unix.IFF_UP, unix.IFF_UP
	req.AddData(info)
	_, err := req.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

func (r requests) Close() error { return r[unix.NETLINK_ROUTE].Close() }

// NewListener makes a listener to the kernel's link notifications that calls poke
// after everything after which Links may give another answer. Its group must be
// joined before the first call of Links, which is why joining pokes as well. poke
// must not block.
func NewListener(log *slog.Logger, poke func()) *netlinkio.Listener {
	return netlinkio.NewListener("rtnetlink", log, openEvents, poke)
}

// events is a socket in the multicast group RTNLGRP_LINK. The library's
// LinkSubscribe would decode every message, and would hide which error ended it.
type events struct{ *nl.NetlinkSocket }

func openEvents() (netlinkio.Source, error) {
	s, err := nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_LINK)
	if err != nil {
		return nil, err
	}
	// With CAP_NET_ADMIN this goes beyond net.core.rmem_max, without it up to there. A
	// smaller buffer only overruns sooner.
	if forced := s.SetReceiveBufferSize(eventBuffer, true); forced != nil {
		if err := s.SetReceiveBufferSize(eventBuffer, false); err != nil {
			_ = s.Close()
			return nil, fmt.Errorf("set the socket buffer to %d bytes: %w", eventBuffer, errors.Join(forced, err))
		}
	}
	return &events{s}, nil
}

func (e *events) Receive() (bool, error) {
	messages, from, err := e.NetlinkSocket.Receive()
	return err == nil && from.Pid == nl.PidKernel && slices.ContainsFunc(messages, isPoke), err
}

// isPoke tells whether a notification may mean that a device came, changed or
// went. Bridges use the same messages for the state of their ports (AF_BRIDGE).
func isPoke(m syscall.NetlinkMessage) bool {
	if m.Header.Type != unix.RTM_NEWLINK && m.Header.Type != unix.RTM_DELLINK {
		return false
	}
	return len(m.Data) >= unix.SizeofIfInfomsg && m.Data[0] == unix.AF_UNSPEC
}
