package card

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/representor"
)

// macRetry is how often the address of a PF that nothing tells is looked for.
const macRetry = 10 * time.Second

// macStage reads the addresses of host PFs that devlink doesn't tell.
type macStage struct {
	opts Options
	gate *netlinkio.Gate

	// wanted is what was looked for last, due when the files must be read again, even if
	// the same ones are wanted.
	wanted map[representor.Uplink]netdevRef
	due    retry.Due
}

// read reads the files when others are wanted than before, or when it is time.
func (s *macStage) read(ctx context.Context, known *state) (found map[representor.Uplink]representor.MAC, next time.Duration) {
	wanted := wantedUplinks(known.ports.ports, known.links.links)
	if left := s.due.Left(); left > 0 && maps.Equal(wanted, s.wanted) {
		return known.pfMACs, left
	}
	found, err := readPFMACs(ctx, s.gate, s.opts.SysfsRoot, wanted)
	next = s.opts.Audit
	if err != nil {
		s.opts.Log.DebugContext(ctx, "the MAC of a PF is not known", "err", err)
		next = min(next, macRetry)
	}
	s.wanted = wanted
	s.due.In(next)
	return found, next
}

// wantedUplinks finds the host PFs whose MAC devlink doesn't tell, and the netdev
// that may: that of the same card's uplink that has the PF's number. It is none where
// there is no such netdev, or several.
func wantedUplinks(ports []devlink.Port, links map[uint32]representor.Link) map[representor.Uplink]netdevRef {
	wanted := map[representor.Uplink]netdevRef{}
	for i := range ports {
		p := &ports[i]
		if p.Flavour == devlink.FlavourPCIPF && p.PF.Present && lacksMAC(p.Function) {
			wanted[representor.Uplink{Handle: p.Handle, Number: uint32(p.PF.Value)}] = netdevRef{}
		}
	}
	if len(wanted) == 0 {
		return wanted
	}
	netdevs := representor.UplinkNetdevs(ports, links)
	for u := range wanted {
		wanted[u] = onlyVisible(netdevs[u], links)
	}
	return wanted
}

// onlyVisible is the one netdev among these that is in our network namespace, none where
// there are several.
func onlyVisible(ifindexes []uint32, links map[uint32]representor.Link) netdevRef {
	var found netdevRef
	for _, ifindex := range ifindexes {
		link, visible := links[ifindex]
		switch {
		case !visible || ifindex == found.ifindex:
		case found != (netdevRef{}):
			return netdevRef{}
		default:
			found = netdevRef{link.Name, ifindex}
		}
	}
	return found
}

func lacksMAC(f *devlink.Function) bool {
	return f == nil || !slices.ContainsFunc(f.HWAddr, func(b byte) bool { return b != 0 })
}

// readPFMACs reads the addresses that can be found; the error tells of the others.
func readPFMACs(ctx context.Context, gate *netlinkio.Gate, sysfs string,
	wanted map[representor.Uplink]netdevRef) (map[representor.Uplink]representor.MAC, error) {
	macs := make(map[representor.Uplink]representor.MAC, len(wanted))
	var missing []error
	for u, netdev := range wanted {
		if mac, err := readPFMAC(ctx, gate, sysfs, netdev); err == nil {
			macs[u] = mac
		} else {
			missing = append(missing, fmt.Errorf("PF %d of %s: %w", u.Number, u.Handle, err))
		}
	}
	return macs, errors.Join(missing...)
}

// readPFMAC reads the file in which older mlx5 drivers tell the host PF's address,
// below its uplink's netdev. The driver may ask the firmware for it.
func readPFMAC(ctx context.Context, gate *netlinkio.Gate, sysfs string, netdev netdevRef) (representor.MAC, error) {
	if netdev == (netdevRef{}) {
		return representor.MAC{}, errors.New("no uplink netdev")
	}
	bounded, cancel := context.WithTimeout(ctx, fileBound)
	defer cancel()
	return netlinkio.Call(bounded, gate, func() (representor.MAC, error) {
		return ofNetdev(sysfs, netdev, func(dir string) (representor.MAC, error) {
			path := filepath.Join(dir, "smart_nic", "pf", "config")
			text, err := readFile(path)
			if err != nil {
				return representor.MAC{}, err
			}
			mac, err := parsePFConfig(text)
			if err != nil {
				return representor.MAC{}, fmt.Errorf("%s: %w", path, err)
			}
			return mac, nil
		})
	})
}

// parsePFConfig takes the address from the line "MAC        : aa:bb:cc:dd:ee:ff".
func parsePFConfig(text []byte) (representor.MAC, error) {
	for line := range strings.SplitSeq(string(text), "\n") {
		key, value, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(key) != "MAC" {
			continue
		}
		addr, err := net.ParseMAC(strings.TrimSpace(value))
		var mac representor.MAC
		if err != nil || len(addr) != len(mac) {
			return mac, fmt.Errorf("%.40q is not a MAC address", value)
		}
		copy(mac[:], addr)
		if mac.IsZero() || mac[0]&1 != 0 {
			return representor.MAC{}, fmt.Errorf("%s is not the address of a PF", mac)
		}
		return mac, nil
	}
	return representor.MAC{}, errors.New(`no line "MAC"`)
}
