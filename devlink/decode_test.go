package devlink

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// encodePort writes a port as devlink_nl_port_fill in net/devlink/port.c does.
func encodePort(p Port) ([]byte, error) {
	ae := netlink.NewAttributeEncoder()
	ae.String(unix.DEVLINK_ATTR_BUS_NAME, p.Handle.Bus)
	ae.String(unix.DEVLINK_ATTR_DEV_NAME, p.Handle.Device)
	ae.Uint32(unix.DEVLINK_ATTR_PORT_INDEX, p.Index)
	ae.Uint16(unix.DEVLINK_ATTR_PORT_TYPE, uint16(p.Type))
	if p.IfIndex != 0 {
		ae.Uint32(unix.DEVLINK_ATTR_PORT_NETDEV_IFINDEX, p.IfIndex)
		ae.String(unix.DEVLINK_ATTR_PORT_NETDEV_NAME, p.NetdevName)
	}
	ae.Uint8(unix.DEVLINK_ATTR_PORT_SPLITTABLE, 0)
	if p.Flavour != FlavourUnknown {
		ae.Uint16(unix.DEVLINK_ATTR_PORT_FLAVOUR, uint16(p.Flavour))
	}
	if p.Controller.Present {
		ae.Uint32(unix.DEVLINK_ATTR_PORT_CONTROLLER_NUMBER, p.Controller.Value)
	}
	if p.PF.Present {
		ae.Uint16(unix.DEVLINK_ATTR_PORT_PCI_PF_NUMBER, p.PF.Value)
	}
	if p.VF.Present {
		ae.Uint16(unix.DEVLINK_ATTR_PORT_PCI_VF_NUMBER, p.VF.Value)
	}
	if p.SF.Present {
		ae.Uint32(unix.DEVLINK_ATTR_PORT_PCI_SF_NUMBER, p.SF.Value)
	}
	if p.External.Present {
		ae.Uint8(unix.DEVLINK_ATTR_PORT_EXTERNAL, map[bool]uint8{true: 1}[p.External.Value])
	}
	if p.Number.Present {
		ae.Uint32(unix.DEVLINK_ATTR_PORT_NUMBER, p.Number.Value)
	}
	if f := p.Function; f != nil {
		ae.Nested(unix.DEVLINK_ATTR_PORT_FUNCTION, func(ae *netlink.AttributeEncoder) error {
			if f.HWAddr != nil {
				ae.Bytes(unix.DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR, f.HWAddr)
			}
			if f.State != "" {
				ae.Uint8(unix.DEVLINK_PORT_FN_ATTR_STATE, map[FunctionState]uint8{StateActive: 1}[f.State])
			}
			if f.OpState != "" {
				ae.Uint8(unix.DEVLINK_PORT_FN_ATTR_OPSTATE, map[OpState]uint8{OpStateAttached: 1}[f.OpState])
			}
			return nil
		})
	}
	return ae.Encode()
}

func present[T comparable](g *rapid.Generator[T]) *rapid.Generator[Optional[T]] {
	return rapid.Custom(func(t *rapid.T) Optional[T] {
		if !rapid.Bool().Draw(t, "present") {
			return Optional[T]{}
		}
		return Some(g.Draw(t, "value"))
	})
}

func anyPort() *rapid.Generator[Port] {
	name := rapid.StringMatching(`[!-.0-~]{1,20}`)
	return rapid.Custom(func(t *rapid.T) Port {
		p := Port{
			Handle:     Handle{Bus: name.Draw(t, "bus"), Device: name.Draw(t, "device")},
			Index:      rapid.Uint32().Draw(t, "index"),
			Type:       PortType(rapid.Uint16().Draw(t, "type")),
			Flavour:    Flavour(rapid.Uint16().Draw(t, "flavour")),
			Number:     present(rapid.Uint32()).Draw(t, "number"),
			Controller: present(rapid.Uint32()).Draw(t, "controller"),
			External:   present(rapid.Bool()).Draw(t, "external"),
			PF:         present(rapid.Uint16()).Draw(t, "pf"),
			VF:         present(rapid.Uint16()).Draw(t, "vf"),
			SF:         present(rapid.Uint32()).Draw(t, "sf"),
			IfIndex:    rapid.Uint32().Draw(t, "ifindex"),
		}
		if p.IfIndex != 0 {
			p.NetdevName = rapid.StringMatching(`[!-.0-~]{1,15}`).Draw(t, "netdev")
		}
		if rapid.Bool().Draw(t, "function") {
			p.Function = &Function{
				State:   rapid.SampledFrom([]FunctionState{"", StateActive, StateInactive}).Draw(t, "state"),
				OpState: rapid.SampledFrom([]OpState{"", OpStateAttached, OpStateDetached}).Draw(t, "opstate"),
			}
			if addr := rapid.SliceOfN(rapid.Byte(), 0, maxAddrLen).Draw(t, "hw_addr"); len(addr) > 0 {
				p.Function.HWAddr = addr
			}
		}
		return p
	})
}

func TestDecode_EveryPortIsAsItWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyPort().Draw(t, "port")
		b, err := encodePort(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodePort(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("port (-want +got):\n%s", diff)
		}
	})
}

// attribute is one raw netlink attribute.
func attribute(tb testing.TB, kind uint16, data ...byte) []byte {
	tb.Helper()
	b, err := netlink.MarshalAttributes([]netlink.Attribute{{Type: kind, Data: data}})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestDecode_APortWithAMalformedAttributeIsAnErrorThatNamesThePort(t *testing.T) {
	good, err := encodePort(Port{Handle: pci("0000:03:00.0"), Index: 7, Flavour: FlavourPCIPF})
	if err != nil {
		t.Fatal(err)
	}
	function := func(kind uint16, data ...byte) []byte {
		return attribute(t, unix.DEVLINK_ATTR_PORT_FUNCTION, attribute(t, kind, data...)...)
	}
	for name, tail := range map[string][]byte{
		"index of one byte":        attribute(t, unix.DEVLINK_ATTR_PORT_INDEX, 1),
		"type of one byte":         attribute(t, unix.DEVLINK_ATTR_PORT_TYPE, 1),
		"ifindex of two bytes":     attribute(t, unix.DEVLINK_ATTR_PORT_NETDEV_IFINDEX, 1, 0),
		"flavour of four bytes":    attribute(t, unix.DEVLINK_ATTR_PORT_FLAVOUR, 1, 0, 0, 0),
		"number of no bytes":       attribute(t, unix.DEVLINK_ATTR_PORT_NUMBER),
		"controller of two bytes":  attribute(t, unix.DEVLINK_ATTR_PORT_CONTROLLER_NUMBER, 1, 0),
		"external of four bytes":   attribute(t, unix.DEVLINK_ATTR_PORT_EXTERNAL, 1, 0, 0, 0),
		"external of no bytes":     attribute(t, unix.DEVLINK_ATTR_PORT_EXTERNAL),
		"pfnum of four bytes":      attribute(t, unix.DEVLINK_ATTR_PORT_PCI_PF_NUMBER, 1, 0, 0, 0),
		"vfnum of one byte":        attribute(t, unix.DEVLINK_ATTR_PORT_PCI_VF_NUMBER, 1),
		"vfnum of three bytes":     attribute(t, unix.DEVLINK_ATTR_PORT_PCI_VF_NUMBER, 1, 2, 3),
		"sfnum of two bytes":       attribute(t, unix.DEVLINK_ATTR_PORT_PCI_SF_NUMBER, 1, 0),
		"function of three bytes":  attribute(t, unix.DEVLINK_ATTR_PORT_FUNCTION, 1, 2, 3),
		"function cut short":       attribute(t, unix.DEVLINK_ATTR_PORT_FUNCTION, 10, 0, 1, 0, 1, 2, 3),
		"hw_addr of 33 bytes":      function(unix.DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR, make([]byte, 33)...),
		"state of two bytes":       function(unix.DEVLINK_PORT_FN_ATTR_STATE, 1, 0),
		"opstate of no bytes":      function(unix.DEVLINK_PORT_FN_ATTR_OPSTATE),
		"an attribute cut short":   {12, 0, unix.DEVLINK_ATTR_PORT_PCI_VF_NUMBER, 0, 1},
		"a header cut short":       {12, 0},
		"a length below a header":  {3, 0, 1, 0},
		"a length beyond the data": {0xff, 0xff, 1, 0, 1, 2, 3, 4},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := decodePort(append(append([]byte{}, good...), tail...))
			if err == nil {
				t.Fatalf("got %+v; want an error", p)
			}
			if p != (Port{}) {
				t.Errorf("got %+v with the error; want nothing", p)
			}
		})
	}
	_, err = decodePort(append(append([]byte{}, good...), attribute(t, unix.DEVLINK_ATTR_PORT_PCI_VF_NUMBER, 1)...))
	if want := "port pci/0000:03:00.0/7: "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v; want it to begin with %q", err, want)
	}
}

func TestDecode_APortWithoutAnIdentityIsAnError(t *testing.T) {
	bus := attribute(t, unix.DEVLINK_ATTR_BUS_NAME, []byte("pci\x00")...)
	device := attribute(t, unix.DEVLINK_ATTR_DEV_NAME, []byte("0000:03:00.0\x00")...)
	index := attribute(t, unix.DEVLINK_ATTR_PORT_INDEX, 1, 0, 0, 0)
	join := func(parts ...[]byte) (b []byte) {
		for _, p := range parts {
			b = append(b, p...)
		}
		return b
	}
	if _, err := decodePort(join(bus, device, index)); err != nil {
		t.Fatalf("with all three: %v", err)
	}
	for name, b := range map[string][]byte{
		"nothing":                nil,
		"no bus":                 join(device, index),
		"no device":              join(bus, index),
		"no index":               join(bus, device),
		"an empty bus":           join(attribute(t, unix.DEVLINK_ATTR_BUS_NAME, 0), device, index),
		"a slash in the device":  join(bus, attribute(t, unix.DEVLINK_ATTR_DEV_NAME, []byte("a/b\x00")...), index),
		"a newline in the bus":   join(attribute(t, unix.DEVLINK_ATTR_BUS_NAME, []byte("p\nci\x00")...), device, index),
		"a space in the device":  join(bus, attribute(t, unix.DEVLINK_ATTR_DEV_NAME, []byte("a b\x00")...), index),
		"a NUL in the bus":       join(attribute(t, unix.DEVLINK_ATTR_BUS_NAME, []byte("p\x00ci")...), device, index),
		"bytes that aren't text": join(attribute(t, unix.DEVLINK_ATTR_BUS_NAME, 0xff, 0xfe), device, index),
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := decodePort(b); err == nil {
				t.Errorf("got %+v; want an error", p)
			}
		})
	}
}

func TestDecode_NumbersWithoutANameStayVisible(t *testing.T) {
	for got, want := range map[string]string{
		string(functionState(0)):     "inactive",
		string(functionState(1)):     "active",
		string(functionState(2)):     "unknown (2)",
		string(opState(0)):           "detached",
		string(opState(1)):           "attached",
		string(opState(255)):         "unknown (255)",
		Flavour(9).String():          "flavour 9",
		FlavourUnknown.String():      "unknown flavour",
		FlavourPCISF.String():        "pcisf",
		PortType(17).String():        "type 17",
		TypeIB.String():              "ib",
		EswitchMode(2).String():      "switchdev_inactive",
		EswitchMode(3).String():      "mode 3",
		pci("0000:03:00.0").String(): "pci/0000:03:00.0",
	} {
		if got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func TestDecode_AFunctionsNestMayOrMayNotBeFlaggedAsOne(t *testing.T) {
	base, err := encodePort(Port{Handle: pci("0000:03:00.0"), Index: 7})
	if err != nil {
		t.Fatal(err)
	}
	state := attribute(t, unix.DEVLINK_PORT_FN_ATTR_STATE, 1)
	for name, kind := range map[string]uint16{
		"flagged":     unix.DEVLINK_ATTR_PORT_FUNCTION | netlink.Nested,
		"not flagged": unix.DEVLINK_ATTR_PORT_FUNCTION,
	} {
		p, err := decodePort(append(append([]byte{}, base...), attribute(t, kind, state...)...))
		if err != nil || p.Function == nil || p.Function.State != StateActive {
			t.Errorf("%s: got %+v, %v; want an active function", name, p.Function, err)
		}
	}
}
