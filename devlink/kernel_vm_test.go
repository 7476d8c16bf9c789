//go:build vm

package devlink

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// These tests are for the virtual machine of test/vm, with the simulated card of
// test/dpusim.

// card makes a simulated card that lives as long as the test, and gives its handle.
func card(t *testing.T) Handle {
	t.Helper()
	sim(t,
		"dev add vmtest serial=MT2108X00001",
		"port add vmtest 0 flavour=physical port=0 netdev=vp0",
		"port add vmtest 1 flavour=pcipf controller=1 pf=0 mac=00:53:00:00:00:42 netdev=vpf0hpf",
		"port add vmtest 2 flavour=pcivf controller=1 pf=0 vf=0 netdev=vpf0vf0",
		"port add vmtest 3 flavour=pcivf controller=1 pf=0 vf=49152 netdev=late",
		"port add vmtest 4 flavour=pcivf pf=0 vf=0 netdev=vlocal",
		"port add vmtest 5 flavour=pcisf pf=0 sf=88 mac=00:00:00:00:88:88 netdev=vsf88",
		"port add vmtest 6 flavour=virtual port=1 netdev=none",
	)
	t.Cleanup(func() { sim(t, "dev del vmtest") })
	return Handle{"platform", "vmtest"}
}

// sim gives the simulator commands.
func sim(t *testing.T, commands ...string) {
	t.Helper()
	for _, c := range commands {
		if err := os.WriteFile("/sys/kernel/debug/dpusim/ctl", []byte(c+"\n"), 0); err != nil {
			log, _ := os.ReadFile("/sys/kernel/debug/dpusim/log")
			t.Fatalf("%s: %v\n%s", c, err, log)
		}
	}
}

// seen is what our reading and the second opinion's have in common.
type seen struct {
	Handle     Handle
	Index      uint32
	Type       PortType
	Flavour    Flavour
	Number     Optional[uint32]
	Controller Optional[uint32]
	External   Optional[bool]
	PF, VF     Optional[uint16]
	SF         Optional[uint32]
	IfIndex    uint32
	Netdev     string
	HWAddr     string
	State      FunctionState
	OpState    OpState
}

func TestPorts_AreThoseThatAnotherLibraryReads(t *testing.T) {
	card(t)
	c := New()
	defer c.Close()
	ports, err := c.Ports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ports) < 7 {
		t.Fatalf("%d ports; want the card's 7 at least", len(ports))
	}
	var got, want []seen
	for _, p := range ports {
		s := seen{
			Handle: p.Handle, Index: p.Index, Type: p.Type, Flavour: p.Flavour, Number: p.Number,
			Controller: p.Controller, External: p.External, PF: p.PF, VF: p.VF, SF: p.SF,
			IfIndex: p.IfIndex, Netdev: p.NetdevName,
		}
		if f := p.Function; f != nil {
			s.HWAddr, s.State, s.OpState = f.HWAddr.String(), f.State, f.OpState
		}
		got = append(got, s)
	}
	theirs, err := netlink.DevLinkGetAllPortList()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range theirs {
		s := seen{
			Handle: Handle{p.BusName, p.DeviceName}, Index: p.PortIndex, Type: PortType(p.PortType), Flavour: Flavour(p.PortFlavour),
			Number: optional(p.PortNumber), Controller: optional(p.ControllerNumber), External: optional(p.External),
			PF: optional(p.PfNumber), VF: optional(p.VfNumber), SF: optional(p.SfNumber),
			IfIndex: p.NetdevIfIndex, Netdev: p.NetdeviceName,
		}
		if f := p.Fn; f != nil {
			s.HWAddr = f.HwAddr.String()
			// Theirs doesn't tell absence from zero, ours does.
			i := slices.IndexFunc(ports, func(q Port) bool { return q.Handle == s.Handle && q.Index == s.Index })
			if i >= 0 && ports[i].Function != nil && ports[i].Function.State != "" {
				s.State, s.OpState = functionState(f.State), opState(f.OpState)
			}
		}
		want = append(want, s)
	}
	order := func(a, b seen) int {
		return cmp.Or(strings.Compare(a.Handle.String(), b.Handle.String()), cmp.Compare(a.Index, b.Index))
	}
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("ports (-theirs +ours):\n%s", diff)
	}
}

func TestPorts_IfIndexesAreThoseOfTheNetdevs(t *testing.T) {
	card(t)
	c := New()
	defer c.Close()
	ports, err := c.Ports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range ports {
		if p.IfIndex == 0 {
			continue
		}
		found++
		dev, err := net.InterfaceByIndex(int(p.IfIndex))
		if err != nil || dev.Name != p.NetdevName {
			t.Errorf("port %s/%d has netdev %s, ifindex %d; the kernel says %+v, %v", p.Handle, p.Index, p.NetdevName, p.IfIndex, dev, err)
		}
	}
	if found == 0 {
		t.Error("no port has a netdev; want some")
	}
}

func TestDevices_EachWithPortsIsListedAndDescribesItself(t *testing.T) {
	h := card(t)
	c := New()
	defer c.Close()
	ports, err := c.Ports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	devices, err := c.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ports {
		if !slices.Contains(devices, p.Handle) {
			t.Errorf("port %s/%d is of a device that isn't listed: %v", p.Handle, p.Index, devices)
		}
	}
	info, err := c.Info(t.Context(), h)
	if err != nil || info.Handle != h || info.Driver != "dpusim" || info.BoardSerialNumber != "MT2108X00001" ||
		info.SerialNumber == info.BoardSerialNumber {
		t.Errorf("info of %s: %+v, %v; want the driver and the board's serial number, not the device's", h, info, err)
	}
	if mode, err := c.EswitchMode(t.Context(), h); err != nil || mode != EswitchSwitchdev {
		t.Errorf("eswitch mode of %s: %v, %v; want switchdev", h, mode, err)
	}
	if _, err := c.Info(t.Context(), Handle{"pci", "ffff:ff:1f.7"}); !errors.Is(err, unix.ENODEV) {
		t.Errorf("info of a device that isn't there: %v; want ENODEV", err)
	}
}

func TestPort_IsFoundByItsIndex(t *testing.T) {
	h := card(t)
	c := New()
	defer c.Close()
	p, err := c.Port(t.Context(), h, 3)
	if err != nil || p.Handle != h || p.Index != 3 || p.VF != Some(uint16(49152)) || p.IfIndex != 0 {
		t.Errorf("got %+v, %v; want VF 49152 without a netdev", p, err)
	}
	if _, err := c.Port(t.Context(), h, 77); !errors.Is(err, unix.ENODEV) {
		t.Errorf("a port that isn't there: %v; want ENODEV", err)
	}
	of, err := c.PortsOf(t.Context(), h)
	if err != nil || !slices.ContainsFunc(of, func(p Port) bool { return p.Handle == h && p.Index == 6 }) {
		t.Errorf("the ports of one instance: %+v, %v; want those of the card at least", of, err)
	}
}

// What Ports says of the kernel is shown here: should a kernel do better one day,
// this test will tell.
func TestPorts_TheKernelsListEndsBeforeOneThatCanNotBeRead(t *testing.T) {
	h := card(t)
	c := New()
	defer c.Close()
	sim(t, "port fail-hwaddr vmtest 2 1")
	ports, err := c.Ports(t.Context())
	if err != nil {
		t.Fatalf("%v; want a list that ends without a word", err)
	}
	for _, p := range ports {
		if p.Handle == h && p.Index >= 2 {
			t.Errorf("port %d is listed; want the list to end before port 2", p.Index)
		}
	}
	if _, err := c.Port(t.Context(), h, 2); !errors.Is(err, unix.EMSGSIZE) {
		t.Errorf("the port that can't be read: %v; want EMSGSIZE", err)
	}
	if p, err := c.Port(t.Context(), h, 4); err != nil || p.NetdevName != "vlocal" {
		t.Errorf("a port behind it: %+v, %v; want it as it is", p, err)
	}
}

func TestListener_HearsPortsAndDevicesComeAndGo(t *testing.T) {
	poked := make(chan struct{}, 1)
	l := NewListener(slog.New(slog.DiscardHandler), func() {
		select {
		case poked <- struct{}{}:
		default:
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan struct{})
	go func() { defer close(ended); l.Run(ctx) }()
	await := func(what string) {
		t.Helper()
		select {
		case <-poked:
		case <-ctx.Done():
			t.Fatalf("no poke for %s", what)
		}
	}
	await("joining")
	if s := l.Status(); !s.Joined || s.Err != nil {
		t.Fatalf("got %+v; want the group joined", s)
	}
	for _, command := range []string{
		"dev add heard", "port add heard 1 flavour=pcipf controller=1 pf=0 netdev=late", "port netdev heard 1 late0",
		"port nonetdev heard 1", "port del heard 1", "dev del heard",
	} {
		before := l.Status().Events
		sim(t, command)
		for l.Status().Events == before {
			await(command)
		}
	}
	cancel()
	<-ended
}
