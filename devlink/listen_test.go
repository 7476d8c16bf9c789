package devlink

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"github.com/mdlayher/netlink/nltest"
	"golang.org/x/sys/unix"
)

func TestListener_OnlyPortsAndDevicesThatComeChangeOrGoArePokes(t *testing.T) {
	pokes := map[uint8]bool{
		unix.DEVLINK_CMD_NEW: true, unix.DEVLINK_CMD_DEL: true,
		unix.DEVLINK_CMD_PORT_NEW: true, unix.DEVLINK_CMD_PORT_DEL: true,
	}
	for command := range 256 {
		for family, ours := range map[netlink.HeaderType]bool{familyID: true, familyID + 1: false} {
			t.Run(fmt.Sprintf("family %d command %d", family, command), func(t *testing.T) {
				e := &events{family: familyID, conn: genetlink.NewConn(nltest.Dial(func([]netlink.Message) ([]netlink.Message, error) {
					return []netlink.Message{{Header: netlink.Header{Type: family}, Data: []byte{uint8(command), 1, 0, 0}}}, nil
				}))}
				got, err := e.Receive()
				if want := ours && pokes[uint8(command)]; got != want || err != nil {
					t.Errorf("got %v, %v; want %v", got, err, want)
				}
			})
		}
	}
}

func TestListener_AnOverrunOfNotificationsIsRecognised(t *testing.T) {
	e := &events{family: familyID, conn: genetlink.NewConn(nltest.Dial(func([]netlink.Message) ([]netlink.Message, error) {
		return nil, os.NewSyscallError("recvmsg", unix.ENOBUFS)
	}))}
	if got, err := e.Receive(); got || !errors.Is(err, unix.ENOBUFS) {
		t.Errorf("got %v, %v; want ENOBUFS", got, err)
	}
}
