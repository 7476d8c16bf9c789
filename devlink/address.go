package devlink

import (
	"context"
	"fmt"
	"net"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netlinkio"
)

// SetFunctionAddress sets the hardware address of the function behind a port, as
// devlink port function set PORT hw_addr does. This needs CAP_NET_ADMIN; without it
// errors.Is(err, os.ErrPermission) holds. errors.Is(err, errors.ErrUnsupported) tells that
// the driver can't, unix.ENODEV that there is no such port. Drivers may give the address to
// the function's own driver only when that starts the next time.
func (c *Client) SetFunctionAddress(ctx context.Context, h Handle, index uint32, address net.HardwareAddr) error {
	ask := append(handleAttributes(h), func(ae *netlink.AttributeEncoder) {
		ae.Uint32(unix.DEVLINK_ATTR_PORT_INDEX, index)
		ae.Nested(unix.DEVLINK_ATTR_PORT_FUNCTION, func(ae *netlink.AttributeEncoder) error {
			ae.Bytes(unix.DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR, address)
			return nil
		})
	})
	what := fmt.Sprintf("set hw_addr of port %s/%d", h, index)
	_, err := netlinkio.Do(ctx, c.kernel, "devlink: "+what, func(s *session) (struct{}, error) {
		body, err := ask.encode()
		if err == nil {
			_, _, err = s.exchange(unix.DEVLINK_CMD_PORT_SET, body, netlink.Request|netlink.Acknowledge)
		}
		return struct{}{}, err
	})
	return err
}
