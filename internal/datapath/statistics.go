package datapath

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/mdlayher/netlink"
	"github.com/mdlayher/netlink/nlenc"
	"golang.org/x/sys/unix"
)

// System is the name of the datapath that all bridges share whose datapath_type is
// "system", the default (open_dpif_backer in ofproto/ofproto-dpif.c).
const System = "ovs-system"

// From linux/openvswitch.h.
const (
	attrDatapathName  = 1 // OVS_DP_ATTR_NAME
	attrDatapathStats = 3 // OVS_DP_ATTR_STATS
	statisticsLen     = 4 * 8
)

// Statistics is struct ovs_dp_stats of linux/openvswitch.h. All but Flows only grow,
// from when the datapath was made, which may outlive several ovs-vswitchd.
type Statistics struct {
	// Hit is how many packets a flow of the datapath was there for.
	Hit uint64
	// Missed is how many had to be handed up to ovs-vswitchd, which decides on them
	// and adds a flow for those to come.
	Missed uint64
	// Lost is how many could not be handed up, whether for want of a flow or because a
	// flow said so, and were dropped. It may be more than Missed.
	Lost uint64
	// Flows is how many there are now.
	Flows uint64
}

func statistics(k conn, name string) (Statistics, error) {
	datapaths, err := familyOf(k, familyDatapath, versionDatapath)
	if err != nil {
		return Statistics{}, err
	}
	answer, err := datapaths.ask(commandGet, netlink.Request, 0, netlink.Attribute{Type: attrDatapathName, Data: nlenc.Bytes(name)})
	if errors.Is(err, unix.ENODEV) {
		return Statistics{}, fmt.Errorf("there is no datapath %q: %w", name, os.ErrNotExist)
	}
	if err != nil {
		return Statistics{}, fmt.Errorf("looking for datapath %q: %w", name, err)
	}
	if len(answer) != 1 {
		return Statistics{}, fmt.Errorf("looking for datapath %q: %d answers, where one is due", name, len(answer))
	}
	return decodeStatistics(answer[0])
}

func decodeStatistics(b []byte) (Statistics, error) {
	var told []byte
	_, err := eachAttribute(b, func(attrs *netlink.AttributeDecoder) {
		if attrs.Type() == attrDatapathStats {
			told = attrs.Bytes()
		}
	})
	switch {
	case err != nil:
		return Statistics{}, err
	case told == nil:
		return Statistics{}, errors.New("the datapath tells no statistics")
	case len(told) < statisticsLen: // a later kernel may append to it
		return Statistics{}, fmt.Errorf("statistics of %d bytes, where there are at least %d", len(told), statisticsLen)
	}
	return Statistics{
		Hit: binary.NativeEndian.Uint64(told), Missed: binary.NativeEndian.Uint64(told[8:]),
		Lost: binary.NativeEndian.Uint64(told[16:]), Flows: binary.NativeEndian.Uint64(told[24:]),
	}, nil
}
