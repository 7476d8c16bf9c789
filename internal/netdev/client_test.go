package netdev

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netlinkio"
)

// veth makes a pair of devices that lives as long as the test, and gives the first.
func veth(tb testing.TB, name, peer string) netlink.Link {
	tb.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: peer}); err != nil {
		tb.Fatalf("make veth pair %s, %s: %v", name, peer, err)
	}
	l, err := netlink.LinkByName(name)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := netlink.LinkDel(l); err != nil && !errors.Is(err, unix.ENODEV) {
			tb.Errorf("delete %s: %v", name, err)
		}
	})
	return l
}

func client(tb testing.TB) *Client {
	tb.Helper()
	c := New()
	tb.Cleanup(c.Close)
	return c
}

func find(tb testing.TB, c *Client, ifindex int) (Link, bool) {
	tb.Helper()
	links, err := c.Links(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	i := slices.IndexFunc(links, func(l Link) bool { return int(l.IfIndex) == ifindex })
	if i < 0 {
		return Link{}, false
	}
	return links[i], true
}

func TestLinks_AreThoseThatAnotherLibraryReads(t *testing.T) {
	a := veth(t, "va", "vb")
	if err := netlink.LinkSetMTU(a, 9000); err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(a); err != nil {
		t.Fatal(err)
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "tun0"
	tun := &netlink.Tuntap{LinkAttrs: attrs, Mode: netlink.TUNTAP_MODE_TUN}
	if err := netlink.LinkAdd(tun); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := netlink.LinkDel(tun); err != nil {
			t.Error(err)
		}
	}()
	bridge := netlink.NewLinkAttrs()
	bridge.Name = "br0"
	if err := errors.Join(netlink.LinkAdd(&netlink.Bridge{LinkAttrs: bridge}),
		netlink.LinkSetMaster(a, &netlink.Bridge{LinkAttrs: bridge})); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := netlink.LinkDel(&netlink.Bridge{LinkAttrs: bridge}); err != nil {
			t.Error(err)
		}
	}()
	theirs, err := netlink.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{"veth": "veth", "tuntap": "tun", "bridge": "bridge"} // they call lo's "device"
	var want []Link
	for _, l := range theirs {
		at := l.Attrs()
		want = append(want, Link{
			IfIndex: uint32(at.Index), Name: at.Name, MTU: uint32(at.MTU), Up: at.Flags&net.FlagUp != 0, HWAddr: at.HardwareAddr,
			AltNames: at.AltNames, Kind: kinds[l.Type()], ParentBus: at.ParentDevBus, Parent: at.ParentDev, Master: uint32(at.MasterIndex),
		})
	}
	got, err := client(t).Links(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if got[i].HWAddr.String() == "00:00:00:00:00:00" { // lo; theirs then says none
			got[i].HWAddr = nil
		}
	}
	byIndex := func(a, b Link) int { return cmp.Compare(a.IfIndex, b.IfIndex) }
	slices.SortFunc(got, byIndex)
	slices.SortFunc(want, byIndex)
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Link{}, "TellsPort")); diff != "" {
		t.Errorf("links (-theirs +ours):\n%s", diff)
	}
	if len(got) < 4 {
		t.Errorf("%d links; want at least lo, va, vb and tun0", len(got))
	}
}

func TestLinkUp_FollowsTheIndexThroughARename(t *testing.T) {
	c := client(t)
	a := veth(t, "old", "peer")
	if err := netlink.LinkSetName(a, "new"); err != nil {
		t.Fatal(err)
	}
	other := veth(t, "old", "peer2")
	if err := c.LinkUp(t.Context(), uint32(a.Attrs().Index)); err != nil {
		t.Fatal(err)
	}
	if l, ok := find(t, c, a.Attrs().Index); !ok || !l.Up || l.Name != "new" {
		t.Errorf("the renamed device is %+v; want it up under its new name", l)
	}
	if l, ok := find(t, c, other.Attrs().Index); !ok || l.Up {
		t.Errorf("the device that took the old name is %+v; want it untouched", l)
	}
	if err := c.LinkUp(t.Context(), uint32(a.Attrs().Index)); err != nil {
		t.Errorf("setting it up twice: %v", err)
	}
}

func TestLinkUp_ChangesNothingElse(t *testing.T) {
	a := veth(t, "va", "vb")
	if err := netlink.SetPromiscOn(a); err != nil {
		t.Fatal(err)
	}
	if err := client(t).LinkUp(t.Context(), uint32(a.Attrs().Index)); err != nil {
		t.Fatal(err)
	}
	got, err := netlink.LinkByName("va")
	if err != nil {
		t.Fatal(err)
	}
	if at := got.Attrs(); at.Flags&net.FlagUp == 0 || at.Promisc != 1 {
		t.Errorf("flags %v, promiscuity %d; want it up and still promiscuous", at.Flags, at.Promisc)
	}
}

func TestLinkUp_OfADeviceThatIsNotThereSaysSo(t *testing.T) {
	c := client(t)
	if err := c.LinkUp(t.Context(), 4_000_000); !errors.Is(err, unix.ENODEV) {
		t.Errorf("got %v; want ENODEV", err)
	}
	for _, ifindex := range []uint32{0, 1 << 31, 1<<32 - 1} {
		if err := c.LinkUp(t.Context(), ifindex); err == nil {
			t.Errorf("ifindex %d: no error", ifindex)
		}
	}
}

// powerless marks the process that lacks CAP_NET_ADMIN.
const powerless = "REPRESENTORD_TEST_POWERLESS"

func TestClient_WithoutCapNetAdminEverythingWorksButLinkUp(t *testing.T) {
	if os.Getenv(powerless) == "" {
		a := veth(t, "va", "vb")
		beginAgainWithoutCapNetAdmin(t)
		if l, ok := find(t, client(t), a.Attrs().Index); !ok || l.Up {
			t.Errorf("the device is %+v; want it still down", l)
		}
		return
	}
	c := client(t)
	links, err := c.Links(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(links, func(l Link) bool { return l.Name == "va" })
	if i < 0 {
		t.Fatalf("va is not listed: %+v", links)
	}
	if err := c.LinkUp(t.Context(), links[i].IfIndex); !errors.Is(err, os.ErrPermission) {
		t.Errorf("LinkUp: %v; want os.ErrPermission", err)
	}
	e, err := openEvents()
	if err != nil {
		t.Fatalf("listening: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// beginAgainWithoutCapNetAdmin runs the calling test in a process of its own.
func beginAgainWithoutCapNetAdmin(t *testing.T) {
	t.Helper()
	done := make(chan error)
	go func() {
		// The bounding set is the thread's. It ends with this goroutine.
		runtime.LockOSThread()
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_NET_ADMIN, 0, 0, 0); err != nil {
			done <- err
			return
		}
		cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), powerless+"=1")
		out, err := cmd.CombinedOutput()
		t.Logf("without CAP_NET_ADMIN:\n%s", out)
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// kernel is a fake kernel.
type kernel struct {
	// dumps plays one answer to each dump.
	dumps []func(*fakeConn) ([][]byte, error)

	mu    sync.Mutex
	conns []*fakeConn
}

type fakeConn struct {
	kernel *kernel
	closed chan struct{}
	once   sync.Once
}

func (k *kernel) dial() (conn, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := &fakeConn{kernel: k, closed: make(chan struct{})}
	k.conns = append(k.conns, c)
	return c, nil
}

func (k *kernel) dialled() []*fakeConn {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.conns)
}

func (c *fakeConn) links(int, int32, string) ([][]byte, error) {
	c.kernel.mu.Lock()
	next := c.kernel.dumps[0]
	if len(c.kernel.dumps) > 1 {
		c.kernel.dumps = c.kernel.dumps[1:]
	}
	c.kernel.mu.Unlock()
	return next(c)
}

func (c *fakeConn) setUp(int32) error { return unix.EOPNOTSUPP }

func (c *fakeConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *fakeConn) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

func interrupted(*fakeConn) ([][]byte, error) {
	return [][]byte{message(7, "half")}, nl.ErrDumpInterrupted
}

func listed(*fakeConn) ([][]byte, error) { return [][]byte{message(7, "whole")}, nil }

func TestClient_AnInterruptedDumpIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kernel{dumps: []func(*fakeConn) ([][]byte, error){interrupted, interrupted, listed}}
		c := newClient(k.dial)
		defer c.Close()
		links, err := c.Links(t.Context())
		if err != nil || len(links) != 1 || links[0].Name != "whole" || c.Interrupted() != 2 {
			t.Errorf("got %+v, %v, %d interrupted; want the whole list after 2", links, err, c.Interrupted())
		}
	})
}

func TestClient_ADumpThatIsAlwaysInterruptedEndsWithATypedError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kernel{dumps: []func(*fakeConn) ([][]byte, error){interrupted}}
		c := newClient(k.dial)
		defer c.Close()
		links, err := c.Links(t.Context())
		if !errors.Is(err, netlinkio.ErrDumpInterrupted) || links != nil || c.Interrupted() != netlinkio.DumpAttempts {
			t.Errorf("got %+v, %v, %d interrupted; want nothing, ErrDumpInterrupted, %d", links, err, c.Interrupted(), netlinkio.DumpAttempts)
		}
	})
}

func TestClient_ASocketIsKeptWhileItWorksAndDroppedAfterAnyError(t *testing.T) {
	k := &kernel{dumps: []func(*fakeConn) ([][]byte, error){listed}}
	c := newClient(k.dial)
	defer c.Close()
	for range 3 {
		if _, err := c.Links(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(k.dialled()); n != 1 {
		t.Errorf("three calls took %d sockets; want 1", n)
	}
	if err := c.LinkUp(t.Context(), 7); !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("got %v; want EOPNOTSUPP", err)
	}
	if _, err := c.Links(t.Context()); err != nil {
		t.Error(err)
	}
	if s := k.dialled(); len(s) != 2 || !s[0].isClosed() || s[1].isClosed() {
		t.Errorf("%d sockets; want 2, the first closed", len(s))
	}
}

func TestClient_ACallEndsWithItsContextWhenTheKernelDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kernel{dumps: []func(*fakeConn) ([][]byte, error){
			func(c *fakeConn) ([][]byte, error) { <-c.closed; return nil, os.ErrClosed }, listed,
		}}
		c := newClient(k.dial)
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		_, err := c.Links(ctx)
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != 3*time.Second {
			t.Errorf("got %v after %v; want deadline exceeded after 3s", err, took)
		}
		if links, err := c.Links(t.Context()); err != nil || len(links) != 1 {
			t.Errorf("the next call: %+v, %v; want one link", links, err)
		}
	})
}

func TestClient_AHungKernelCostsOneRequestAndIsAskedAgainWhenItIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		k := &kernel{dumps: []func(*fakeConn) ([][]byte, error){
			func(*fakeConn) ([][]byte, error) { <-hang; return nil, os.ErrClosed }, listed,
		}}
		c := newClient(k.dial)
		defer c.Close()
		ask := func() ([]Link, error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return c.Links(ctx)
		}
		if _, err := ask(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v; want deadline exceeded", err)
		}
		for range 3 {
			if _, err := ask(); !errors.Is(err, netlinkio.ErrStuck) {
				t.Errorf("got %v; want ErrStuck", err)
			}
		}
		if n := len(k.dialled()); n != 1 {
			t.Errorf("%d sockets were opened to the hung kernel; want 1", n)
		}
		close(hang)
		synctest.Wait()
		if links, err := ask(); err != nil || len(links) != 1 {
			t.Errorf("once the kernel is back: %+v, %v; want one link", links, err)
		}
	})
}

func TestClient_ThatIsClosedSaysSo(t *testing.T) {
	c := New()
	c.Close()
	c.Close()
	if _, err := c.Links(t.Context()); !errors.Is(err, netlinkio.ErrClosed) {
		t.Errorf("got %v; want ErrClosed", err)
	}
}
