package datapath

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
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

// vport is one port of a datapath.
type vport struct {
	datapath uint32 // ifindex
	number   uint32
	ifindex  uint32 // of the netdev, 0 for none
	kind     uint32 // OVS_VPORT_TYPE_*
	foreign  bool   // the netdev is in another namespace, which has ifindexes of its own
}

// holds reports whether the vport is there for this netdev of our namespace.
func (v vport) holds(ifindex uint32) bool {
	return ifindex != 0 && v.ifindex == ifindex && v.kind == typeNetdev && !v.foreign
}

// kernel is what of a genetlink.Conn is needed.
type kernel interface {
	GetFamily(name string) (genetlink.Family, error)
	Execute(m genetlink.Message, family uint16, flags netlink.HeaderFlags) ([]genetlink.Message, error)
}

// Netdev is a netdev that is to leave the datapath.
type Netdev struct {
	IfIndex uint32
	// Name is its present name.
	Name string
	// Force: see Client.Detach.
	Force bool
}

// detach tells of each netdev, in their order, whether its vport was removed.
func detach(ctx context.Context, k kernel, netdevs []Netdev, tell func(removed bool)) error {
	family, held, err := list(k)
	if err != nil {
		return err
	}
	for _, n := range netdevs {
		removed, err := detachOne(ctx, k, family, held[n.IfIndex], n)
		if err != nil {
			return err
		}
		tell(removed)
	}
	return nil
}

// list gives the vports of all datapaths by the netdevs of our namespace that they are there
// for, and their family.
func list(k kernel) (family uint16, held map[uint32]vport, err error) {
	datapaths, err := k.GetFamily(familyDatapath)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil, nil // no datapath without the module
	}
	if err != nil {
		return 0, nil, fmt.Errorf("family %s: %w", familyDatapath, err)
	}
	vports, err := k.GetFamily(familyVport)
	if err != nil {
		return 0, nil, fmt.Errorf("family %s: %w", familyVport, err)
	}
	answer, err := k.Execute(message(commandGet, versionDatapath, 0, nil), datapaths.ID, netlink.Request|netlink.Dump)
	if err != nil {
		return 0, nil, fmt.Errorf("listing datapaths: %w", err)
	}
	held = map[uint32]vport{}
	for _, m := range answer {
		dp, _, err := split(m.Data)
		if err != nil {
			return 0, nil, err
		}
		if err := listVports(k, vports.ID, dp, held); err != nil {
			return 0, nil, err
		}
	}
	return vports.ID, held, nil
}

// listVports adds those of one datapath. The first datapath that has a netdev counts.
func listVports(k kernel, family uint16, dp uint32, held map[uint32]vport) error {
	answer, err := k.Execute(message(commandGet, versionVport, dp, nil), family, netlink.Request|netlink.Dump)
	if err != nil {
		return fmt.Errorf("listing vports of datapath %d: %w", dp, err)
	}
	for _, m := range answer {
		v, err := decode(m.Data)
		if err != nil || !v.holds(v.ifindex) {
			continue
		}
		if _, known := held[v.ifindex]; !known {
			held[v.ifindex] = v
		}
	}
	return nil
}

// detachOne removes the vport that was listed for a netdev, if there is one.
func detachOne(ctx context.Context, k kernel, family uint16, v vport, n Netdev) (removed bool, err error) {
	if !v.holds(n.IfIndex) {
		return false, nil
	}
	if !n.Force {
		if reached, err := reachable(k, family, n.IfIndex, n.Name); reached || err != nil {
			return false, err
		}
	}
	if ctx.Err() != nil { // nobody waits any more, and what was seen may be old
		return false, context.Cause(ctx)
	}
	return removeIf(k, family, v, n.IfIndex)
}

// removeIf removes a vport if it is the netdev's still: numbers are dealt anew, the lowest
// that is free.
func removeIf(k kernel, family uint16, v vport, ifindex uint32) (bool, error) {
	if again, err := numbered(k, family, v); err != nil || !again.holds(ifindex) {
		return false, err
	}
	err := remove(k, family, v)
	if errors.Is(err, unix.ENODEV) {
		return false, nil // somebody else was faster
	}
	return true, err
}

// reachable reports whether the kernel finds the netdev's vport by a name. What it
// lists is no help: there every vport has the present name of its netdev.
func reachable(k kernel, family uint16, ifindex uint32, name string) (bool, error) {
	attrs := netlink.NewAttributeEncoder()
	attrs.String(attrName, name)
	body, err := attrs.Encode()
	if err != nil {
		return false, fmt.Errorf("encoding: %w", err)
	}
	answer, err := k.Execute(message(commandGet, versionVport, 0, body), family, netlink.Request)
	if errors.Is(err, unix.ENODEV) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for vport %q: %w", name, err)
	}
	for _, m := range answer {
		if v, err := decode(m.Data); err == nil && v.holds(ifindex) {
			return true, nil
		}
	}
	return false, nil
}

// numbered is the vport that has a vport's number now, none if nobody has.
func numbered(k kernel, family uint16, v vport) (vport, error) {
	attrs := netlink.NewAttributeEncoder()
	attrs.Uint32(attrPortNo, v.number)
	body, err := attrs.Encode()
	if err != nil {
		return vport{}, fmt.Errorf("encoding: %w", err)
	}
	answer, err := k.Execute(message(commandGet, versionVport, v.datapath, body), family, netlink.Request)
	if errors.Is(err, unix.ENODEV) {
		return vport{}, nil
	}
	if err != nil {
		return vport{}, fmt.Errorf("looking for vport %d of datapath %d: %w", v.number, v.datapath, err)
	}
	for _, m := range answer {
		if now, err := decode(m.Data); err == nil && now.number == v.number {
			return now, nil
		}
	}
	return vport{}, nil
}

func remove(k kernel, family uint16, v vport) error {
	attrs := netlink.NewAttributeEncoder()
	attrs.Uint32(attrPortNo, v.number)
	body, err := attrs.Encode()
	if err != nil {
		return fmt.Errorf("encoding: %w", err)
	}
	if _, err := k.Execute(message(commandDel, versionVport, v.datapath, body), family, netlink.Request|netlink.Acknowledge); err != nil {
		return fmt.Errorf("removing vport %d of datapath %d: %w", v.number, v.datapath, err)
	}
	return nil
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

func decode(b []byte) (vport, error) {
	dp, rest, err := split(b)
	if err != nil {
		return vport{}, err
	}
	v := vport{datapath: dp}
	attrs, err := netlink.NewAttributeDecoder(rest)
	if err != nil {
		return vport{}, fmt.Errorf("attributes: %w", err)
	}
	for attrs.Next() {
		switch attrs.Type() {
		case attrPortNo:
			v.number = attrs.Uint32()
		case attrType:
			v.kind = attrs.Uint32()
		case attrIfIndex:
			v.ifindex = attrs.Uint32()
		case attrNetNSID:
			v.foreign = true
		}
	}
	if err := attrs.Err(); err != nil {
		return vport{}, fmt.Errorf("attributes: %w", err)
	}
	return v, nil
}
