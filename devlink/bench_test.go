package devlink

import (
	"fmt"
	"net"
	"testing"

	"github.com/mdlayher/netlink"
)

// manyPorts are the encoded ports of a card with one PF and n-1 VFs.
func manyPorts(tb testing.TB, n int) [][]byte {
	tb.Helper()
	var bodies [][]byte
	for i := range n {
		p := Port{
			Handle: pci("0000:03:00.0"), Index: uint32(i), Type: TypeEth, Flavour: FlavourPCIVF,
			Controller: Some(uint32(1)), External: Some(true), PF: Some(uint16(0)), VF: Some(uint16(i)),
			IfIndex: uint32(100 + i), NetdevName: fmt.Sprintf("pf0vf%d", i),
			Function: &Function{HWAddr: net.HardwareAddr{0, 0x53, 0, 0, byte(i >> 8), byte(i)}, State: StateActive, OpState: OpStateAttached},
		}
		b, err := encodePort(p)
		if err != nil {
			tb.Fatal(err)
		}
		bodies = append(bodies, b)
	}
	return bodies
}

func BenchmarkDecode1000Ports(b *testing.B) {
	bodies := manyPorts(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		for _, body := range bodies {
			if _, err := decodePort(body); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkList1000Ports(b *testing.B) {
	bodies := manyPorts(b, 1000)
	k := &kernel{answer: func(_ uint8, request netlink.Message) ([]netlink.Message, error) {
		return reply(request, 0, bodies...), nil
	}}
	c := k.client()
	defer c.Close()
	b.ReportAllocs()
	for b.Loop() {
		if ports, err := c.Ports(b.Context()); err != nil || len(ports) != 1000 {
			b.Fatalf("%d ports, %v", len(ports), err)
		}
	}
}
