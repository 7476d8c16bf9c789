//go:build vm

package e2e

import (
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// guest is a host function in a network namespace of its own, as a VM would have
// it: the other end of what a representor stands for.
type guest struct {
	ns   netns.NsHandle
	name string
	ip   netip.Addr
}

// newGuest moves a function's netdev into a new namespace and gives it an
// address. It ends with the test.
func newGuest(t *testing.T, netdev, mac, address string) *guest {
	t.Helper()
	g := &guest{name: netdev, ip: netip.MustParsePrefix(address).Addr()}
	link, err := netlink.LinkByName(netdev)
	if err != nil {
		t.Fatalf("the function's netdev %s: %v", netdev, err)
	}
	inNewNamespace(t, func(ns netns.NsHandle) { g.ns = ns })
	t.Cleanup(func() { _ = g.ns.Close() })
	if err := netlink.LinkSetNsFd(link, int(g.ns)); err != nil {
		t.Fatalf("moving %s: %v", netdev, err)
	}
	g.do(t, func() error {
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
	})
	return g
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
func (g *guest) do(t *testing.T, f func() error) {
	t.Helper()
	if err := g.try(f); err != nil {
		t.Fatalf("in the namespace of %s: %v", g.name, err)
	}
}

func (g *guest) try(f func() error) error {
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

// datagram sends UDP from one guest to another until one arrives, at most for as
// long as patience: ARP and flows need a moment after a port came up.
func datagram(t *testing.T, from, to *guest) {
	t.Helper()
	if err := crosses(from, to, patience); err != nil {
		t.Errorf("a datagram from %s to %s: %v\n%s", from.name, to.name, err, whereItWent())
	}
}

// crosses reports whether a datagram arrives in time.
func crosses(from, to *guest, wait time.Duration) error {
	const payload = "from one host function to another"
	var server *net.UDPConn
	err := to.try(func() (err error) {
		server, err = net.ListenUDP("udp", &net.UDPAddr{IP: to.ip.AsSlice()})
		return err
	})
	if err != nil {
		return err
	}
	defer server.Close()
	at, err := netip.ParseAddrPort(server.LocalAddr().String())
	if err != nil {
		return err
	}
	var client *net.UDPConn
	err = from.try(func() (err error) {
		client, err = net.DialUDP("udp", &net.UDPAddr{IP: from.ip.AsSlice()}, &net.UDPAddr{IP: to.ip.AsSlice(), Port: int(at.Port())})
		return err
	})
	if err != nil {
		return err
	}
	defer client.Close()
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
		if string(buffer[:n]) != payload || !peer.IP.Equal(from.ip.AsSlice()) {
			return fmt.Errorf("received %q from %s", buffer[:n], peer)
		}
		return nil
	}
	return fmt.Errorf("none arrived within %s", wait)
}

// whereItWent is what tells where a datagram was lost: the links' counters and the
// datapath's flows.
func whereItWent() string {
	var b strings.Builder
	for _, argv := range [][]string{
		{"ip", "-s", "link"}, {"ovs-appctl", "dpctl/show"}, {"ovs-appctl", "dpctl/dump-flows"},
		{"ovs-ofctl", "show", "br-int"}, {"ovs-ofctl", "dump-flows", "br-int", "table=0"},
	} {
		out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
		fmt.Fprintf(&b, "%v: %v\n%s\n", argv, err, out)
	}
	return b.String()
}
