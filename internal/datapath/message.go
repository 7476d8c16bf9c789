package datapath

import (
	"encoding/binary"
	"fmt"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
)

// From linux/openvswitch.h. Both families begin with struct ovs_header, which is
// the ifindex of the datapath.
const (
	familyDatapath  = "ovs_datapath"
	familyVport     = "ovs_vport"
	commandDel      = 2 // OVS_VPORT_CMD_DEL
	commandGet      = 3 // OVS_DP_CMD_GET, OVS_VPORT_CMD_GET
	versionDatapath = 2
	versionVport    = 1
	attrPortNo      = 1 // OVS_VPORT_ATTR_PORT_NO
	attrType        = 2 // OVS_VPORT_ATTR_TYPE
	attrName        = 3 // OVS_VPORT_ATTR_NAME
	attrIfIndex     = 8 // OVS_VPORT_ATTR_IFINDEX, from Linux 4.16 on
	attrNetNSID     = 9 // OVS_VPORT_ATTR_NETNSID, for another namespace's netdev only
	typeNetdev      = 1 // OVS_VPORT_TYPE_NETDEV
	headerLen       = 4
)

// family is one of the two generic netlink families, as a connection knows it.
type family struct {
	conn
	id      uint16
	version uint8
}

func familyOf(k conn, name string, version uint8) (family, error) {
	f, err := k.GetFamily(name)
	if err != nil { // os.ErrNotExist without the module
		return family{}, fmt.Errorf("family %s: %w", name, err)
	}
	return family{k, f.ID, version}, nil
}

// ask asks about a datapath, 0 for whichever it may be, and gives the bodies of the messages of the answer.
func (f family) ask(command uint8, flags netlink.HeaderFlags, dp uint32, attrs ...netlink.Attribute) ([][]byte, error) {
	body, err := netlink.MarshalAttributes(attrs)
	if err != nil {
		return nil, fmt.Errorf("encoding: %w", err)
	}
	messages, err := f.Execute(message(command, f.version, dp, body), f.id, flags)
	if err != nil {
		return nil, err
	}
	bodies := make([][]byte, len(messages))
	for i := range messages {
		bodies[i] = messages[i].Data
	}
	return bodies, nil
}

func message(command, version uint8, dp uint32, attrs []byte) genetlink.Message {
	return genetlink.Message{
		Header: genetlink.Header{Command: command, Version: version},
		Data:   append(binary.NativeEndian.AppendUint32(nil, dp), attrs...),
	}
}

// split parts a message into the ifindex of its datapath and its attributes.
func split(b []byte) (uint32, []byte, error) {
	if len(b) < headerLen {
		return 0, nil, fmt.Errorf("a message of %d bytes has no header", len(b))
	}
	return binary.NativeEndian.Uint32(b), b[headerLen:], nil
}

// eachAttribute calls f for each attribute of a message, and gives the ifindex of its datapath.
func eachAttribute(b []byte, f func(*netlink.AttributeDecoder)) (dp uint32, err error) {
	dp, rest, err := split(b)
	if err != nil {
		return 0, err
	}
	attrs, err := netlink.NewAttributeDecoder(rest)
	if err != nil {
		return 0, fmt.Errorf("attributes: %w", err)
	}
	for attrs.Next() {
		f(attrs)
	}
	if err := attrs.Err(); err != nil {
		return 0, fmt.Errorf("attributes: %w", err)
	}
	return dp, nil
}
