//go:build vm

package virtualhost

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Guest is a host function in a network namespace of its own, as a VM would have
// it: the other end of what a representor stands for.
type Guest struct {
	// Name is that of the function's netdev.
	Name string
	IP   netip.Addr

	ns netns.NsHandle
}

// NewGuest moves a function's netdev into a new namespace and gives it a MAC and an
// address, as in 10.0.0.1/24. It ends with the test.
func NewGuest(t *testing.T, netdev, mac, address string) *Guest {
	t.Helper()
	g := &Guest{Name: netdev, IP: netip.MustParsePrefix(address).Addr()}
	link, err := netlink.LinkByName(netdev)
	if err != nil {
		t.Fatalf("the function's netdev %s: %v", netdev, err)
	}
	inNewNamespace(t, func(ns netns.NsHandle) { g.ns = ns })
	t.Cleanup(func() { _ = g.ns.Close() })
	if err := netlink.LinkSetNsFd(link, int(g.ns)); err != nil {
		t.Fatalf("moving %s: %v", netdev, err)
	}
	if err := g.do(func() error { return dress(netdev, mac, address) }); err != nil {
		t.Fatalf("in the namespace of %s: %v", g.Name, err)
	}
	return g
}

// dress gives a netdev its addresses and sets it up.
func dress(netdev, mac, address string) error {
	link, err := netlink.LinkByName(netdev)
	if err != nil {
		return err
	}
	hw, err := net.ParseMAC(mac)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetHardwareAddr(link, hw); err != nil {
		return err
	}
	addr, err := netlink.ParseAddr(address)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, addr); err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}

// inNewNamespace makes a namespace on a thread that is thrown away afterwards.
func inNewNamespace(t *testing.T, f func(netns.NsHandle)) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		ns, err := netns.New()
		if err == nil {
			f(ns)
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatalf("new network namespace: %v", err)
	}
}

// do runs f inside the guest.
func (g *Guest) do(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := netns.Set(g.ns); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}

// connect gives two UDP sockets, one that is connected in the first guest, and the one in the
// second that it sends to.
func connect(from, to *Guest) (client, server *net.UDPConn, err error) {
	err = to.do(func() (err error) {
		server, err = net.ListenUDP("udp", &net.UDPAddr{IP: to.IP.AsSlice()})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	err = from.do(func() (err error) {
		at, ok := server.LocalAddr().(*net.UDPAddr)
		if !ok {
			return fmt.Errorf("%s is no address of UDP", server.LocalAddr())
		}
		client, err = net.DialUDP("udp", &net.UDPAddr{IP: from.IP.AsSlice()}, at)
		return err
	})
	if err != nil {
		_ = server.Close()
		return nil, nil, err
	}
	return client, server, nil
}

// Crosses sends UDP from one guest to another until a datagram arrives, and fails when none
// does in time: ARP and flows need a moment after a port came up.
func Crosses(from, to *Guest, wait time.Duration) error {
	const payload = "from one host function to another"
	client, server, err := connect(from, to)
	if err != nil {
		return err
	}
	defer func() { _, _ = client.Close(), server.Close() }()
	buffer := make([]byte, 100)
	for deadline := time.Now().Add(wait); time.Now().Before(deadline); {
		if _, err := client.Write([]byte(payload)); err != nil {
			return err
		}
		if err := server.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			return err
		}
		n, peer, err := server.ReadFromUDP(buffer)
		if err != nil {
			continue
		}
		if string(buffer[:n]) != payload || !peer.IP.Equal(from.IP.AsSlice()) {
			return fmt.Errorf("received %q from %s", buffer[:n], peer)
		}
		return nil
	}
	return fmt.Errorf("none arrived within %s", wait)
}
