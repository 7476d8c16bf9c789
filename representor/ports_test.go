package representor_test

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

// The ports that real systems show, in the text form of devlink-port(8), with the
// function's attributes on the same line.
const (
	// A BlueField with a kernel before 5.10: no controller, no external flag.
	blueFieldOld = `
pci/0000:03:00.0/262143: type eth netdev p0 flavour physical port 0
pci/0000:03:00.0/196608: type eth netdev pf0hpf flavour pcipf pfnum 0 hw_addr 00:53:00:00:00:10
pci/0000:03:00.0/196609: type eth netdev pf0vf0 flavour pcivf pfnum 0 vfnum 0
pci/0000:03:00.1/327679: type eth netdev p1 flavour physical port 1
pci/0000:03:00.1/262144: type eth netdev pf1hpf flavour pcipf pfnum 1 hw_addr 00:53:00:00:00:11
pci/0000:03:00.1/262145: type eth netdev pf1vf0 flavour pcivf pfnum 1 vfnum 0
`
	// The same without function attributes at all, as its older drivers have it.
	blueFieldNoMAC = `
pci/0000:03:00.0/262143: type eth netdev p0 flavour physical port 0
pci/0000:03:00.0/196608: type eth netdev pf0hpf flavour pcipf pfnum 0
pci/0000:03:00.0/196609: type eth netdev pf0vf0 flavour pcivf pfnum 0 vfnum 0
`
	// A newer one, whose own machine has VFs and SFs with the host's numbers.
	blueFieldNew = `
pci/0000:03:00.0/262143: type eth netdev p0 flavour physical port 0
pci/0000:03:00.0/327680: type eth netdev pf0hpf flavour pcipf controller 1 pfnum 0 external true hw_addr 5c:25:73:37:70:5a
pci/0000:03:00.0/327681: type eth netdev c1pf0vf0 flavour pcivf controller 1 pfnum 0 vfnum 0 external true hw_addr 00:00:00:00:00:00
pci/0000:03:00.0/327682: type eth netdev c1pf0vf1 flavour pcivf controller 1 pfnum 0 vfnum 1 external true hw_addr 00:00:00:00:00:00
pci/0000:03:00.0/2: type eth netdev pf0vf0 flavour pcivf controller 0 pfnum 0 vfnum 0 external false
pci/0000:03:00.0/163840: type eth netdev eth1 flavour pcisf controller 1 pfnum 0 sfnum 77 external true
pci/0000:03:00.0/163841: type notset flavour pcisf controller 1 pfnum 0 sfnum 78 external true
pci/0000:03:00.0/32768: type eth netdev en3f0pf0sf88 flavour pcisf controller 0 pfnum 0 sfnum 88 external false hw_addr 00:00:00:00:88:88 state active opstate attached
auxiliary/mlx5_core.sf.4/1: type eth netdev p0sf88 flavour virtual port 0
`
	// The same while the host is off.
	hostGone = `
pci/0000:03:00.0/327680: type eth netdev pf0hpf flavour pcipf controller 1 pfnum 0 external true hw_addr 5c:25:73:37:70:5a state inactive opstate detached
pci/0000:03:00.0/327681: type eth netdev c1pf0vf0 flavour pcivf controller 1 pfnum 0 vfnum 0 external true state inactive opstate detached
`
	// A driver that knows the attribute and not the MAC.
	zeroMAC = `
pci/0033:01:00.0/131072: type eth netdev eth0 flavour pcipf controller 1 pfnum 0 external true hw_addr 00:00:00:00:00:00
pci/0033:01:00.0/131073: type eth netdev eth1 flavour pcivf controller 1 pfnum 0 vfnum 0 external true
`
	// One vendor has the host's functions on controller 0.
	controllerZero = `
pci/0000:c1:00.0/0: type eth netdev c0pf0 flavour pcipf controller 0 pfnum 0 external true hw_addr 00:53:00:00:00:20
pci/0000:c1:00.0/1: type eth netdev c0pf0vf1 flavour pcivf controller 0 pfnum 0 vfnum 1 external true
`
	// Several hosts on one card.
	multiHost = `
pci/0000:03:00.0/1: type eth netdev c1pf0hpf flavour pcipf controller 1 pfnum 0 external true hw_addr 00:53:00:00:00:01
pci/0000:03:00.0/2: type eth netdev c2pf0hpf flavour pcipf controller 2 pfnum 0 external true hw_addr 00:53:00:00:00:02
pci/0000:03:00.0/3: type eth netdev c3pf0hpf flavour pcipf controller 3 pfnum 0 external true hw_addr 00:53:00:00:00:03
pci/0000:03:00.0/4: type eth netdev c4pf0hpf flavour pcipf controller 4 pfnum 0 external true hw_addr 00:53:00:00:00:04
pci/0000:03:00.0/11: type eth netdev c1pf0vf0 flavour pcivf controller 1 pfnum 0 vfnum 0 external true
pci/0000:03:00.0/12: type eth netdev c2pf0vf0 flavour pcivf controller 2 pfnum 0 vfnum 0 external true
pci/0000:03:00.0/13: type eth netdev c3pf0vf0 flavour pcivf controller 3 pfnum 0 vfnum 0 external true
pci/0000:03:00.0/14: type eth netdev c4pf0vf0 flavour pcivf controller 4 pfnum 0 vfnum 0 external true
`
	// A plain NIC in switchdev mode, in the machine that is its host.
	plainNIC = `
pci/0000:18:00.0/0: type eth netdev ens785f0np0 flavour physical port 0 netdev_addr 00:53:00:00:00:30
pci/0000:18:00.0/4: type eth netdev ens785f0np0_3 flavour pcivf controller 0 pfnum 0 vfnum 3 external false netdev_addr 02:00:00:00:00:03
`
	// The same card with mlx5 of Linux 6.3 or later: the uplink is a port of an instance of
	// its own, and its netdev stands on the card's device.
	auxiliaryUplink = `
auxiliary/mlx5_core.eth.0/65535: type eth netdev enp7s0f0np0 flavour physical port 0 netdev_addr 00:53:00:00:00:30 parent pci/0000:07:00.0
pci/0000:07:00.0/5: type eth netdev enp7s0f0np0r4 flavour pcivf controller 0 pfnum 0 vfnum 4 external false parent pci/0000:07:00.0
`
	// EF100: PFs without a netdev, one a host's and one our own, of one controller and number.
	ef100 = `
pci/0000:41:00.0/0: type eth netdev enp65s0np0 flavour physical port 0
pci/0000:41:00.0/1: type notset flavour pcipf controller 0 pfnum 0 external true hw_addr 00:53:00:00:00:42
pci/0000:41:00.0/2: type notset flavour pcipf controller 0 pfnum 0 external false hw_addr 00:53:00:00:00:51
pci/0000:41:00.0/3: type eth netdev p0pf0vf0 flavour pcivf controller 0 pfnum 0 vfnum 0 external true
`
	// rvu_rep numbers VFs from 1, and calls the representor of their PF a physical port, whose
	// netdev has a random MAC.
	rvuRep = `
pci/0002:1c:00.0/0: type eth netdev Rpf1vf0 flavour physical port 1 netdev_addr 02:12:34:56:78:9a
pci/0002:1c:00.0/1: type eth netdev Rpf1vf1 flavour pcivf controller 0 pfnum 1 vfnum 1 external false hw_addr 00:53:00:00:00:60
pci/0002:1c:00.0/2: type eth netdev Rpf1vf2 flavour pcivf controller 0 pfnum 1 vfnum 2 external false hw_addr 00:53:00:00:00:61
`
	// A hypervisor sees no functions of its DPU.
	hypervisor = `
pci/0000:3b:00.0/65535: type eth netdev ens1f0np0 flavour physical port 0
auxiliary/mlx5_core.sf.4/1: type eth netdev p0sf88 flavour virtual port 0
`
	// What else is seen: a VF number with no low bits, a physical port with a
	// function, a port for the CPU, InfiniBand.
	odd = `
pci/0000:01:00.0/0: type eth netdev enp1s0np0 flavour physical port 0 hw_addr 00:53:00:00:00:40
pci/0000:01:00.0/1: type eth netdev pf0 flavour pcipf controller 1 pfnum 0 external true hw_addr 00:53:00:00:00:41
pci/0000:01:00.0/2: type eth netdev vf49152 flavour pcivf controller 1 pfnum 0 vfnum 49152 external true
pci/0000:01:00.0/3: type notset flavour cpu port 0
pci/0000:01:00.0/4: type ib flavour pcivf controller 1 pfnum 0 vfnum 1 external true
pci/0000:01:00.0/5: type eth netdev vf7 flavour pcivf controller 1 pfnum 0 vfnum 7 external true
pci/0000:01:00.0/6: type eth netdev sf7 flavour pcisf controller 1 pfnum 0 sfnum 7 external true
`
)

// card makes a complete Card of ports in text form. Every netdev that is named
// is there, settled, with an ifindex of 100 and up in order of the lines.
func card(tb testing.TB, text string) representor.Card {
	tb.Helper()
	c := representor.Card{Links: map[uint32]representor.Link{}, Complete: true}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			addPort(tb, &c, line)
		}
	}
	return c
}

func addPort(tb testing.TB, c *representor.Card, line string) {
	tb.Helper()
	name, rest, ok := strings.Cut(line, ": ")
	parts := strings.Split(name, "/")
	if !ok || len(parts) != 3 {
		tb.Fatalf("not a port: %q", line)
	}
	p := devlink.Port{Handle: devlink.Handle{Bus: parts[0], Device: parts[1]}, Index: number[uint32](tb, parts[2])}
	link := representor.Link{Settled: true, MTU: 1500}
	words := strings.Fields(rest)
	for i := 0; i+1 < len(words); i += 2 {
		setAttribute(tb, &p, &link, words[i], words[i+1])
	}
	if p.NetdevName != "" {
		p.IfIndex = 100 + uint32(len(c.Links))
		c.Links[p.IfIndex] = link
	}
	c.Ports = append(c.Ports, p)
}

func setAttribute(tb testing.TB, p *devlink.Port, link *representor.Link, key, value string) {
	tb.Helper()
	types := map[string]devlink.PortType{"eth": devlink.TypeEth, "ib": devlink.TypeIB, "notset": devlink.TypeNotSet}
	flavours := map[string]devlink.Flavour{
		"physical": devlink.FlavourPhysical, "cpu": devlink.FlavourCPU, "virtual": devlink.FlavourVirtual,
		"pcipf": devlink.FlavourPCIPF, "pcivf": devlink.FlavourPCIVF, "pcisf": devlink.FlavourPCISF,
	}
	function := func() *devlink.Function {
		if p.Function == nil {
			p.Function = &devlink.Function{}
		}
		return p.Function
	}
	switch key {
	case "type":
		p.Type = types[value]
	case "netdev":
		p.NetdevName, link.Name = value, value
	case "flavour":
		p.Flavour = flavours[value]
	case "port":
		p.Number = devlink.Some(number[uint32](tb, value))
	case "controller":
		p.Controller = devlink.Some(number[uint32](tb, value))
	case "external":
		p.External = devlink.Some(value == "true")
	case "pfnum":
		p.PF = devlink.Some(number[uint16](tb, value))
	case "vfnum":
		p.VF = devlink.Some(number[uint16](tb, value))
	case "sfnum":
		p.SF = devlink.Some(number[uint32](tb, value))
	case "hw_addr":
		a := mac(tb, value)
		function().HWAddr = a[:]
	case "netdev_addr":
		link.HWAddr = mac(tb, value)
	case "parent":
		bus, device, _ := strings.Cut(value, "/")
		link.Parent = devlink.Handle{Bus: bus, Device: device}
	case "state":
		function().State = devlink.FunctionState(value)
	case "opstate":
		function().OpState = devlink.OpState(value)
	default:
		tb.Fatalf("unknown attribute %q", key)
	}
}

func number[T uint16 | uint32](tb testing.TB, s string) T {
	tb.Helper()
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || uint64(T(n)) != n {
		tb.Fatalf("not a number in range: %q", s)
	}
	return T(n)
}

func mac(tb testing.TB, s string) representor.MAC {
	tb.Helper()
	a, err := net.ParseMAC(s)
	if err != nil || len(a) != 6 {
		tb.Fatalf("not a MAC: %q", s)
	}
	return representor.MAC(a)
}
