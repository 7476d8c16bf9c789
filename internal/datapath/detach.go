package datapath

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/mdlayher/netlink"
	"github.com/mdlayher/netlink/nlenc"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netlinkio"
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

// Netdev is a netdev that is to leave the datapath.
type Netdev struct {
	IfIndex uint32
	// Name is its present name.
	Name string
	// Force: see Client.Detach.
	Force bool
}

// list gives the vports of all datapaths by the netdevs of our namespace that they are there
// for, and their family. The first datapath that has a netdev counts.
func list(k conn) (vports family, held map[uint32]vport, err error) {
	datapaths, err := familyOf(k, familyDatapath, versionDatapath)
	if errors.Is(err, os.ErrNotExist) {
		return family{}, nil, nil // no datapath without the module
	}
	if err != nil {
		return family{}, nil, err
	}
	if vports, err = familyOf(k, familyVport, versionVport); err != nil {
		return family{}, nil, err
	}
	answer, err := datapaths.ask(commandGet, netlink.Request|netlink.Dump, 0)
	if err != nil {
		return family{}, nil, fmt.Errorf("listing datapaths: %w", err)
	}
	held = map[uint32]vport{}
	for _, body := range answer {
		dp, _, err := split(body)
		if err != nil {
			return family{}, nil, err
		}
		answer, err := vports.ask(commandGet, netlink.Request|netlink.Dump, dp)
		if err != nil {
			return family{}, nil, fmt.Errorf("listing vports of datapath %d: %w", dp, err)
		}
		for _, v := range decodeAll(answer) {
			if _, known := held[v.ifindex]; !known && v.holds(v.ifindex) {
				held[v.ifindex] = v
			}
		}
	}
	return vports, held, nil
}

// detach removes the vport that was listed for a netdev, if there is one, and if it is the
// netdev's still: numbers are dealt anew, the lowest that is free.
func (f family) detach(ctx context.Context, v vport, n Netdev) (removed bool, err error) {
	holds := func(v vport) bool { return v.holds(n.IfIndex) }
	if !holds(v) {
		return false, nil
	}
	if !n.Force {
		// What the kernel lists is no help: there every vport has the present name of its netdev.
		found, err := f.find(0, fmt.Sprintf("vport %q", n.Name), netlink.Attribute{Type: attrName, Data: nlenc.Bytes(n.Name)})
		if err != nil || slices.ContainsFunc(found, holds) {
			return false, err
		}
	}
	if ctx.Err() != nil { // nobody waits any more, and what was seen may be old
		return false, context.Cause(ctx)
	}
	number := netlink.Attribute{Type: attrPortNo, Data: nlenc.Uint32Bytes(v.number)}
	now, err := f.find(v.datapath, fmt.Sprintf("vport %d of datapath %d", v.number, v.datapath), number)
	if err != nil || !slices.ContainsFunc(now, func(now vport) bool { return now.number == v.number && holds(now) }) {
		return false, err
	}
	_, err = f.ask(commandDel, netlink.Request|netlink.Acknowledge, v.datapath, number)
	if errors.Is(err, unix.ENODEV) {
		return false, nil // somebody else was faster
	}
	if err != nil {
		return false, fmt.Errorf("removing vport %d of datapath %d: %w", v.number, v.datapath, err)
	}
	return true, nil
}

// find gives the vports that have what is asked for, none if the kernel knows of none.
func (f family) find(dp uint32, what string, attr netlink.Attribute) ([]vport, error) {
	answer, err := f.ask(commandGet, netlink.Request, dp, attr)
	if errors.Is(err, unix.ENODEV) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", what, err)
	}
	return decodeAll(answer), nil
}

// decodeAll decodes vports, but for those that can't be.
func decodeAll(answer [][]byte) []vport {
	all, _ := netlinkio.Decode("vports", answer, decode)
	return all
}

func decode(b []byte) (v vport, err error) {
	v.datapath, err = eachAttribute(b, func(attrs *netlink.AttributeDecoder) {
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
	})
	if err != nil {
		return vport{}, err
	}
	return v, nil
}
