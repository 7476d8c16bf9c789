package netdev

import (
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netlinkio"
)

// header is a struct ifinfomsg.
func header(ifindex int32, flags uint32) []byte {
	b := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(b[4:], uint32(ifindex))
	binary.NativeEndian.PutUint32(b[8:], flags)
	return b
}

// attribute is one attribute, padded.
func attribute(kind uint16, value ...byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
	b = append(binary.NativeEndian.AppendUint16(b, kind), value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// message is the payload of an RTM_NEWLINK message.
func message(ifindex int32, name string, more ...[]byte) []byte {
	b := append(header(ifindex, 0), attribute(unix.IFLA_IFNAME, append([]byte(name), 0)...)...)
	for _, m := range more {
		b = append(b, m...)
	}
	return b
}

func TestLink_IsDecodedFromItsMessage(t *testing.T) {
	got, err := decodeLink(append(header(42, unix.IFF_UP|unix.IFF_BROADCAST), append(
		attribute(unix.IFLA_IFNAME, []byte("pf0vf3\x00")...), append(
			attribute(unix.IFLA_MTU, binary.NativeEndian.AppendUint32(nil, 9000)...), append(
				attribute(unix.IFLA_ADDRESS, 0, 0x53, 0, 0, 0, 0x42), append(
					attribute(unix.IFLA_PERM_ADDRESS, 0, 0x53, 0, 0, 0, 0x43), append(
						attribute(unix.IFLA_PHYS_PORT_NAME, []byte("c1pf0vf3\x00")...),
						attribute(0x3fff, 1, 2, 3)...)...)...)...)...)...))
	want := Link{
		IfIndex: 42, Name: "pf0vf3", Up: true, MTU: 9000, PortName: "c1pf0vf3",
		HWAddr: net.HardwareAddr{0, 0x53, 0, 0, 0, 0x42}, PermAddr: net.HardwareAddr{0, 0x53, 0, 0, 0, 0x43},
	}
	if diff := gocmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, link (-want +got):\n%s", err, diff)
	}
}

func TestLink_TheDevlinkPortIsKnownWhereTheKernelTells(t *testing.T) {
	bus := attribute(unix.DEVLINK_ATTR_BUS_NAME, []byte("pci\x00")...)
	device := attribute(unix.DEVLINK_ATTR_DEV_NAME, []byte("0000:03:00.0\x00")...)
	index := attribute(unix.DEVLINK_ATTR_PORT_INDEX, 0xff, 0xff, 3, 0)
	for name, tt := range map[string]struct {
		nest []byte
		want *Port
	}{
		"a port":            {slices.Concat(bus, device, index), &Port{"pci", "0000:03:00.0", 262143}},
		"more than a port":  {slices.Concat(bus, attribute(999, 1, 2, 3), device, index), &Port{"pci", "0000:03:00.0", 262143}},
		"no port":           {nil, nil},
		"a device, no port": {slices.Concat(bus, device), nil},
	} {
		for flag, kind := range map[string]uint16{"": unix.IFLA_DEVLINK_PORT, ", flagged": unix.IFLA_DEVLINK_PORT | unix.NLA_F_NESTED} {
			t.Run(name+flag, func(t *testing.T) {
				got, err := decodeLink(message(7, "x", attribute(kind, tt.nest...)))
				if diff := gocmp.Diff(tt.want, got.Port); diff != "" || err != nil {
					t.Errorf("%v, port (-want +got):\n%s", err, diff)
				}
				// Half a port is neither one nor the word that there is none.
				if want := tt.want != nil || tt.nest == nil; got.TellsPort != want {
					t.Errorf("the kernel tells of ports: %v; want %v", got.TellsPort, want)
				}
			})
		}
	}
}

func TestLink_HasItsAlternativeNamesKindParentAndMaster(t *testing.T) {
	alt := func(name string) []byte { return attribute(unix.IFLA_ALT_IFNAME, []byte(name+"\x00")...) }
	kind := attribute(unix.IFLA_INFO_KIND, []byte("vlan\x00")...)
	slave := attribute(unix.IFLA_INFO_SLAVE_KIND, []byte("bridge\x00")...)
	const nested = unix.NLA_F_NESTED
	for name, tt := range map[string]struct {
		attributes [][]byte
		want       Link
	}{
		"none of them": {nil, Link{}},
		"one alternative name": {
			[][]byte{attribute(unix.IFLA_PROP_LIST|nested, alt("enp3s0f0npf0vf0")...)},
			Link{AltNames: []string{"enp3s0f0npf0vf0"}},
		},
		"several, and other properties": {
			[][]byte{attribute(unix.IFLA_PROP_LIST, slices.Concat(alt("a"), attribute(999, 1), alt("b c"), alt(""))...)},
			Link{AltNames: []string{"a", "b c"}},
		},
		"no properties": {[][]byte{attribute(unix.IFLA_PROP_LIST)}, Link{}},
		"a kind, with data of its own": {
			[][]byte{attribute(unix.IFLA_LINKINFO|nested, slices.Concat(kind, attribute(unix.IFLA_INFO_DATA, 1, 2, 3))...)},
			Link{Kind: "vlan"},
		},
		"a kind without end":  {[][]byte{attribute(unix.IFLA_LINKINFO, attribute(unix.IFLA_INFO_KIND, []byte("tun")...)...)}, Link{Kind: "tun"}},
		"information of none": {[][]byte{attribute(unix.IFLA_LINKINFO, slave...)}, Link{}},
		"a parent": {
			[][]byte{
				attribute(unix.IFLA_PARENT_DEV_NAME, []byte("0000:03:00.0\x00")...),
				attribute(unix.IFLA_PARENT_DEV_BUS_NAME, []byte("pci\x00")...),
			},
			Link{ParentBus: "pci", Parent: "0000:03:00.0"},
		},
		"a master": {[][]byte{attribute(unix.IFLA_MASTER, binary.NativeEndian.AppendUint32(nil, 9)...)}, Link{Master: 9}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeLink(message(7, "x", tt.attributes...))
			tt.want.IfIndex, tt.want.Name = 7, "x"
			if diff := gocmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v, link (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestLinks_OneThatIsMalformedDoesNotLoseTheOthers(t *testing.T) {
	for name, bad := range map[string][]byte{
		"nothing":                  nil,
		"a header cut short":       header(7, 0)[:15],
		"ifindex zero":             message(0, "x"),
		"ifindex negative":         message(-1, "x"),
		"no name":                  header(7, 0),
		"an empty name":            message(7, ""),
		"an MTU of two bytes":      message(7, "x", attribute(unix.IFLA_MTU, 1, 2)),
		"an MTU of eight bytes":    message(7, "x", attribute(unix.IFLA_MTU, 1, 2, 3, 4, 5, 6, 7, 8)),
		"a port index of one byte": message(7, "x", attribute(unix.IFLA_DEVLINK_PORT, attribute(unix.DEVLINK_ATTR_PORT_INDEX, 1)...)),
		"a port cut short":         message(7, "x", attribute(unix.IFLA_DEVLINK_PORT, 12, 0, 1, 0, 1)),
		"a master of two bytes":    message(7, "x", attribute(unix.IFLA_MASTER, 1, 2)),
		"properties cut short":     message(7, "x", attribute(unix.IFLA_PROP_LIST, 12, 0, 53, 0, 'a')),
		"a kind cut short":         message(7, "x", attribute(unix.IFLA_LINKINFO, 9, 0, 1, 0, 'v')),
		"half a property":          message(7, "x", attribute(unix.IFLA_PROP_LIST, 4, 0)),
		"an attribute cut short":   append(message(7, "x"), 12, 0, 4, 0, 1, 2),
		"a length below a header":  append(message(7, "x"), 3, 0, 4, 0),
		"a length beyond the data": append(message(7, "x"), 0xff, 0xff, 4, 0),
	} {
		t.Run(name, func(t *testing.T) {
			links, err := netlinkio.Decode("network devices", [][]byte{message(1, "lo"), bad, message(2, "p0")}, decodeLink)
			var malformed *netlinkio.MalformedError
			if !errors.As(err, &malformed) || malformed.Count != 1 {
				t.Errorf("got error %v; want one that counts 1", err)
			}
			if len(links) != 2 || links[0].Name != "lo" || links[1].Name != "p0" {
				t.Errorf("got %+v; want lo and p0", links)
			}
		})
	}
}

func FuzzDecodeLink(f *testing.F) {
	f.Add(message(1, "lo"))
	f.Add(message(42, "pf0vf3", attribute(unix.IFLA_MTU, 0x28, 0x23, 0, 0), attribute(unix.IFLA_ADDRESS, 0, 0x53, 0, 0, 0, 0x42)))
	f.Add(message(7, "x", attribute(unix.IFLA_DEVLINK_PORT, attribute(unix.DEVLINK_ATTR_PORT_INDEX, 1, 0, 0, 0)...)))
	f.Add(message(7, "x", attribute(unix.IFLA_LINKINFO, attribute(unix.IFLA_INFO_KIND)...)))
	f.Add(message(7, "x", attribute(unix.IFLA_LINKINFO, attribute(unix.IFLA_INFO_KIND, 'v', 'l', 'a', 'n', 0)...)))
	f.Add(message(7, "x", attribute(unix.IFLA_PROP_LIST, attribute(unix.IFLA_ALT_IFNAME, 'y', 0)...)))
	f.Add(message(7, "x", attribute(unix.IFLA_DEVLINK_PORT), attribute(unix.IFLA_PARENT_DEV_NAME, '1', 0),
		attribute(unix.IFLA_PARENT_DEV_BUS_NAME, 'u', 0)))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := decodeLink(b)
		if err != nil {
			if !gocmp.Equal(l, Link{}) {
				t.Errorf("got %+v with error %v; want nothing", l, err)
			}
			return
		}
		if l.IfIndex == 0 || l.IfIndex > 1<<31-1 || l.Name == "" {
			t.Errorf("got %+v; want an ifindex and a name", l)
		}
		if l.Port != nil && !l.TellsPort || slices.Contains(l.AltNames, "") {
			t.Errorf("got %+v; want no port untold and no empty name", l)
		}
	})
}
