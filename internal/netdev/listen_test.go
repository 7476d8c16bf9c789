package netdev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netlinkio"
)

// patience is how long something may take that should happen at once.
const patience = time.Minute

// listening runs a Listener until the test ends, and waits until it has joined.
func listening(t *testing.T) (*netlinkio.Listener, <-chan struct{}) {
	t.Helper()
	poked := make(chan struct{}, 1)
	l := NewListener(slog.New(slog.DiscardHandler), func() {
		select {
		case poked <- struct{}{}:
		default:
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); l.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	await(t, poked, "joining the group")
	if !l.Status().Joined {
		t.Fatalf("not joined: %v", l.Status().Err)
	}
	return l, poked
}

func await(t *testing.T, poked <-chan struct{}, after string) {
	t.Helper()
	select {
	case <-poked:
	case <-time.After(patience):
		t.Fatalf("no poke within %v of %s", patience, after)
	}
}

func TestListener_PokesForWhateverHappensToADevice(t *testing.T) {
	_, poked := listening(t)
	c := client(t)
	// settle waits until the list shows what was done; each wait needs a poke.
	settle := func(what string, ok func(Link, bool) bool, ifindex int) {
		t.Helper()
		for {
			await(t, poked, what)
			if l, found := find(t, c, ifindex); ok(l, found) {
				return
			}
		}
	}
	a := veth(t, "va", "vb")
	i := a.Attrs().Index
	for _, step := range []struct {
		what string
		do   func() error
		ok   func(Link, bool) bool
	}{
		{"making it", func() error { return nil }, func(_ Link, found bool) bool { return found }},
		{"an MTU", func() error { return netlink.LinkSetMTU(a, 1400) }, func(l Link, _ bool) bool { return l.MTU == 1400 }},
		{"a rename", func() error { return netlink.LinkSetName(a, "vc") }, func(l Link, _ bool) bool { return l.Name == "vc" }},
		{"up", func() error { return netlink.LinkSetUp(a) }, func(l Link, _ bool) bool { return l.Up }},
		{"down", func() error { return netlink.LinkSetDown(a) }, func(l Link, _ bool) bool { return !l.Up }},
		{"deleting it", func() error { return netlink.LinkDel(a) }, func(_ Link, found bool) bool { return !found }},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		settle(step.what, step.ok, i)
	}
}

func TestListener_AnOverrunIsNoticedAndTheSocketLivesOn(t *testing.T) {
	a := veth(t, "va", "vb")
	e, err := openEvents()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	sock, ok := e.(*events)
	if !ok {
		t.Fatalf("openEvents gave a %T", e)
	}
	if err := sock.SetReceiveBufferSize(1, false); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := netlink.LinkSetMTU(a, 1000+i); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.AfterFunc(patience, func() { _ = e.Close() })
	defer deadline.Stop()
	for err == nil {
		_, err = e.Receive()
	}
	if !errors.Is(err, unix.ENOBUFS) {
		t.Fatalf("got %v; want ENOBUFS", err)
	}
	if err := netlink.LinkSetMTU(a, 1200); err != nil {
		t.Fatal(err)
	}
	if relevant, err := e.Receive(); !relevant || err != nil {
		t.Errorf("after the overrun: %v, %v; want a notification", relevant, err)
	}
}

func TestListener_OnlyDevicesThatComeChangeOrGoArePokes(t *testing.T) {
	message := func(kind uint16, family byte, size int) syscall.NetlinkMessage {
		data := make([]byte, size)
		if size > 0 {
			data[0] = family
		}
		return syscall.NetlinkMessage{Header: syscall.NlMsghdr{Type: kind}, Data: data}
	}
	for _, tt := range []struct {
		kind   uint16
		family byte
		size   int
		want   bool
	}{
		{unix.RTM_NEWLINK, unix.AF_UNSPEC, 16, true},
		{unix.RTM_DELLINK, unix.AF_UNSPEC, 16, true},
		{unix.RTM_NEWLINK, unix.AF_UNSPEC, 400, true},
		{unix.RTM_NEWLINK, unix.AF_BRIDGE, 16, false},
		{unix.RTM_NEWLINK, unix.AF_UNSPEC, 0, false},
		{unix.RTM_NEWLINK, unix.AF_UNSPEC, 15, false},
		{unix.RTM_NEWADDR, unix.AF_UNSPEC, 16, false},
		{unix.NLMSG_DONE, 0, 4, false},
	} {
		t.Run(fmt.Sprintf("type %d family %d size %d", tt.kind, tt.family, tt.size), func(t *testing.T) {
			if got := isPoke(message(tt.kind, tt.family, tt.size)); got != tt.want {
				t.Errorf("got %v; want %v", got, tt.want)
			}
		})
	}
}
