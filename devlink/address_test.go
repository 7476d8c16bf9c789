package devlink

import (
	"errors"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// acknowledged is the kernel's answer to what was done, or why it wasn't.
func acknowledged(request netlink.Message, code unix.Errno) netlink.Message {
	data := make([]byte, 4, 4+16)
	for i, b := range []byte{byte(-int32(code)), byte(-int32(code) >> 8), byte(-int32(code) >> 16), byte(-int32(code) >> 24)} {
		data[i] = b
	}
	return netlink.Message{
		Header: netlink.Header{Type: netlink.Error, Sequence: request.Header.Sequence, PID: request.Header.PID},
		Data:   append(data, make([]byte, 16)...),
	}
}

func TestSetFunctionAddress_AsksTheKernelForThatPortAndThatAddress(t *testing.T) {
	mac := net.HardwareAddr{0, 0x53, 0, 0, 1, 1}
	var got Port
	var command uint8
	var flags netlink.HeaderFlags
	k := &kernel{answer: func(c uint8, request netlink.Message) ([]netlink.Message, error) {
		command, flags = c, request.Header.Flags
		p, err := decodePort(request.Data[4:]) // behind the header of generic netlink
		if err != nil {
			t.Error(err)
		}
		got = p
		return []netlink.Message{acknowledged(request, 0)}, nil
	}}
	c := k.client()
	defer c.Close()
	if err := c.SetFunctionAddress(t.Context(), pci("0000:03:00.0"), 327681, mac); err != nil {
		t.Fatal(err)
	}
	if got.Handle != pci("0000:03:00.0") || got.Index != 327681 || got.Function == nil ||
		!cmp.Equal([]byte(got.Function.HWAddr), []byte(mac)) {
		t.Errorf("the request says %+v", got)
	}
	if command != unix.DEVLINK_CMD_PORT_SET || flags&(netlink.Request|netlink.Acknowledge) != netlink.Request|netlink.Acknowledge {
		t.Errorf("command %d with flags %v", command, flags)
	}
}

func TestSetFunctionAddress_OfADriverThatCannotIsUnsupported(t *testing.T) {
	k := &kernel{answer: func(_ uint8, request netlink.Message) ([]netlink.Message, error) {
		return []netlink.Message{acknowledged(request, unix.EOPNOTSUPP)}, nil
	}}
	c := k.client()
	defer c.Close()
	if err := c.SetFunctionAddress(t.Context(), pci("0000:03:00.0"), 1, net.HardwareAddr{0, 0x53, 0, 0, 1, 1}); !errors.Is(err,
		errors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
}
