//go:build vm

package virtualdpu

import (
	"errors"
	"fmt"
	"os"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
)

// From linux/openvswitch.h. Both families begin with the ifindex of the datapath.
const (
	vportCommandGet  = 3 // OVS_DP_CMD_GET, OVS_VPORT_CMD_GET
	vportAttrType    = 2 // OVS_VPORT_ATTR_TYPE
	vportAttrIfIndex = 8 // OVS_VPORT_ATTR_IFINDEX
	vportTypeNetdev  = 1 // OVS_VPORT_TYPE_NETDEV
)

// Vports are the netdevs, by ifindex, that the kernel's datapaths have open, whatever
// ovs-vswitchd says.
func Vports() (map[int]bool, error) {
	c, err := genetlink.Dial(nil)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	open := map[int]bool{}
	datapaths, err := list(c, "ovs_datapath", 2, make([]byte, 4))
	if err != nil {
		return nil, err
	}
	for _, dp := range datapaths {
		vports, err := list(c, "ovs_vport", 1, dp.Data[:4])
		if err != nil {
			return nil, err
		}
		for _, v := range vports {
			attrs, err := netlink.NewAttributeDecoder(v.Data[4:])
			if err != nil {
				return nil, err
			}
			var kind, ifindex uint32
			for attrs.Next() {
				switch attrs.Type() {
				case vportAttrType:
					kind = attrs.Uint32()
				case vportAttrIfIndex:
					ifindex = attrs.Uint32()
				}
			}
			if kind == vportTypeNetdev && ifindex != 0 {
				open[int(ifindex)] = true
			}
		}
	}
	return open, nil
}

// list dumps what a family has of a datapath, nothing without the module.
func list(c *genetlink.Conn, family string, version uint8, header []byte) ([]genetlink.Message, error) {
	f, err := c.GetFamily(family)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("family %s: %w", family, err)
	}
	m := genetlink.Message{Header: genetlink.Header{Command: vportCommandGet, Version: version}, Data: header}
	found, err := c.Execute(m, f.ID, netlink.Request|netlink.Dump)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", family, err)
	}
	for _, m := range found {
		if len(m.Data) < 4 {
			return nil, fmt.Errorf("%s of %d bytes", family, len(m.Data))
		}
	}
	return found, nil
}
