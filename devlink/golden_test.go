package devlink

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
)

// golden reads messages written in hexadecimal, "#" beginning a comment.
func golden(tb testing.TB, name string) []netlink.Message {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	var raw []byte
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		line, _, _ := strings.Cut(s.Text(), "#")
		b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(line), " ", ""))
		if err != nil {
			tb.Fatalf("%s: %v in %q", name, err, s.Text())
		}
		raw = append(raw, b...)
	}
	var messages []netlink.Message
	for len(raw) > 0 {
		// The length comes first; the text files are little endian, as the machines
		// that this runs on.
		var m netlink.Message
		n := int(raw[0]) | int(raw[1])<<8
		if n > len(raw) {
			tb.Fatalf("%s: a message of %d bytes, %d are left", name, n, len(raw))
		}
		if err := m.UnmarshalBinary(raw[:n]); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		messages, raw = append(messages, m), raw[n:]
	}
	return messages
}

// bodies gives what follows the generic netlink header of each message that
// isn't netlink's own.
func bodies(tb testing.TB, messages []netlink.Message) [][]byte {
	tb.Helper()
	var found [][]byte
	for _, m := range messages {
		if m.Header.Type == netlink.Done {
			continue
		}
		var g genetlink.Message
		if err := g.UnmarshalBinary(m.Data); err != nil {
			tb.Fatal(err)
		}
		found = append(found, g.Data)
	}
	return found
}

func mac(s string) net.HardwareAddr {
	addr, err := net.ParseMAC(s)
	if err != nil {
		return nil
	}
	return addr
}

func pci(device string) Handle { return Handle{Bus: "pci", Device: device} }

// captured are the ports in the bytes that were captured from Linux 6.1.
func captured() []Port {
	h := Handle{Bus: "platform", Device: "dpusim.0"}
	zero := &Function{HWAddr: mac("00:00:00:00:00:00")}
	ports := []Port{
		{Handle: h, Type: TypeEth, Flavour: FlavourPhysical, Number: Some(uint32(0)), IfIndex: 2, NetdevName: "eth0", Function: zero},
		{
			Handle: h, Index: 1, Type: TypeEth, Flavour: FlavourPCIPF, Controller: Some(uint32(1)), External: Some(true),
			PF: Some(uint16(0)), IfIndex: 3, NetdevName: "eth1", Function: &Function{HWAddr: mac("00:53:00:00:00:42")},
		},
	}
	for i := range 4 {
		ports = append(ports, Port{
			Handle: h, Index: uint32(2 + i), Type: TypeEth, Flavour: FlavourPCIVF, Controller: Some(uint32(1)), External: Some(true),
			PF: Some(uint16(0)), VF: Some(uint16(i)), IfIndex: uint32(4 + i), NetdevName: fmt.Sprintf("eth%d", 2+i), Function: zero,
		})
	}
	return ports
}

func TestPorts_DecodeFromTheKernelsBytes(t *testing.T) {
	for file, want := range map[string][]Port{
		"ports-bluefield-5.4.hex": {
			{
				Handle: pci("0000:03:00.0"), Index: 262143, Type: TypeEth, Flavour: FlavourPhysical,
				Number: Some(uint32(0)), IfIndex: 5, NetdevName: "p0",
			},
			{
				Handle: pci("0000:03:00.0"), Index: 196608, Type: TypeEth, Flavour: FlavourPCIPF,
				PF: Some(uint16(0)), IfIndex: 9, NetdevName: "pf0hpf",
				Function: &Function{HWAddr: mac("00:53:00:00:00:42")},
			},
			{
				Handle: pci("0000:03:00.0"), Index: 196609, Type: TypeEth, Flavour: FlavourPCIVF,
				PF: Some(uint16(0)), VF: Some(uint16(0)), IfIndex: 10, NetdevName: "pf0vf0",
				Function: &Function{HWAddr: mac("00:53:00:00:01:00")},
			},
			{
				Handle: pci("0000:03:00.1"), Index: 327679, Type: TypeEth, Flavour: FlavourPhysical,
				Number: Some(uint32(1)), IfIndex: 6, NetdevName: "p1",
			},
			{
				Handle: pci("0000:03:00.1"), Index: 262144, Type: TypeEth, Flavour: FlavourPCIPF,
				PF: Some(uint16(1)), IfIndex: 11, NetdevName: "pf1hpf",
				Function: &Function{HWAddr: mac("00:00:00:00:00:00")},
			},
			{
				Handle: pci("0000:03:00.1"), Index: 262145, Type: TypeEth, Flavour: FlavourPCIVF,
				PF: Some(uint16(1)), VF: Some(uint16(0)), IfIndex: 12, NetdevName: "pf1vf0",
			},
		},
		"ports-bluefield-6.8.hex": {
			{
				Handle: pci("0000:03:00.0"), Index: 262143, Type: TypeEth, Flavour: FlavourPhysical,
				Number: Some(uint32(0)), IfIndex: 5, NetdevName: "p0",
			},
			{
				Handle: pci("0000:03:00.0"), Index: 327680, Type: TypeEth, Flavour: FlavourPCIPF,
				Controller: Some(uint32(1)), External: Some(true), PF: Some(uint16(0)), IfIndex: 9, NetdevName: "pf0hpf",
				Function: &Function{HWAddr: mac("5c:25:73:37:70:5a")},
			},
			{
				Handle: pci("0000:03:00.0"), Index: 327681, Type: TypeEth, Flavour: FlavourPCIVF,
				Controller: Some(uint32(1)), External: Some(true), PF: Some(uint16(0)), VF: Some(uint16(65535)),
				IfIndex: 10, NetdevName: "c1pf0vf65535",
				Function: &Function{HWAddr: mac("00:00:00:00:00:00"), State: StateInactive, OpState: OpStateDetached},
			},
			{
				Handle: pci("0000:03:00.0"), Index: 1, Type: TypeEth, Flavour: FlavourPCIVF,
				Controller: Some(uint32(0)), External: Some(false), PF: Some(uint16(0)), VF: Some(uint16(0)),
				IfIndex: 21, NetdevName: "pf0vf0",
			},
			{
				Handle: pci("0000:03:00.0"), Index: 163840, Type: TypeEth, Flavour: FlavourPCISF,
				Controller: Some(uint32(1)), PF: Some(uint16(0)), SF: Some(uint32(77)), IfIndex: 22, NetdevName: "eth1",
			},
			{
				Handle: pci("0000:03:00.0"), Index: 32768, Type: TypeNotSet, Flavour: FlavourPCISF,
				Controller: Some(uint32(0)), External: Some(false), PF: Some(uint16(0)), SF: Some(uint32(4294967295)),
				Function: &Function{HWAddr: mac("00:00:00:00:88:88"), State: StateActive, OpState: OpStateAttached},
			},
			{
				Handle: Handle{Bus: "auxiliary", Device: "mlx5_core.sf.4"}, Index: 1, Type: TypeEth, Flavour: FlavourVirtual,
				IfIndex: 23, NetdevName: "p0sf88",
			},
			{
				Handle: pci("0000:04:00.0"), Index: 2, Type: TypeIB, Flavour: FlavourPhysical, Number: Some(uint32(1)),
			},
			{Handle: pci("0000:04:00.0"), Index: 3, Type: TypeNotSet, Flavour: 9},
		},
		"ports-linux-6.1.hex": captured(),
	} {
		t.Run(file, func(t *testing.T) {
			var got []Port
			for _, body := range bodies(t, golden(t, file)) {
				p, err := decodePort(body)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, p)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("ports (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInfo_KeepsTheBoardsSerialNumberApartFromTheDevices(t *testing.T) {
	for file, want := range map[string]Info{
		"info.hex": {
			Handle:            pci("0000:03:00.0"),
			Driver:            "mlx5_core",
			BoardSerialNumber: "MT2314XZ00YA  ",
			SerialNumber:      "e4397f872e4c11ee8000b83fd2a6f3d2",
			Versions: []Version{
				{VersionFixed, "fw.psid", "MT_0000000884"},
				{VersionRunning, "fw.version", "32.38.1002"},
				{VersionStored, "fw.version", "32.39.2048"},
			},
		},
		"info-linux-6.1.hex": {
			Handle:            Handle{Bus: "platform", Device: "dpusim.0"},
			Driver:            "dpusim",
			BoardSerialNumber: "MT2108X00001",
			SerialNumber:      "MT2108X00001",
		},
	} {
		t.Run(file, func(t *testing.T) {
			got, err := decodeInfo(bodies(t, golden(t, file))[0])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("info (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDevices_DecodeFromTheKernelsBytes(t *testing.T) {
	for file, want := range map[string][]Handle{
		"devices.hex":           {pci("0000:03:00.0"), pci("0000:03:00.1")},
		"devices-linux-6.1.hex": {{Bus: "platform", Device: "dpusim.0"}},
	} {
		t.Run(file, func(t *testing.T) {
			var got []Handle
			for _, body := range bodies(t, golden(t, file)) {
				h, err := decodeDevice(body)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, h)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("devices (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEswitchMode_DecodesFromTheKernelsBytes(t *testing.T) {
	for _, file := range []string{"eswitch.hex", "eswitch-linux-6.1.hex"} {
		mode, err := decodeEswitchMode(bodies(t, golden(t, file))[0])
		if err != nil || mode != EswitchSwitchdev {
			t.Errorf("%s: %v, %v; want switchdev", file, mode, err)
		}
	}
}
