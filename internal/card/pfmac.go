package card

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/representor"
)

// maxConfig bounds what is read of a file in sysfs, in bytes; a smart_nic file has a
// few lines.
const maxConfig = 4096

// netdevRef names a netdev as sysfs does, and says which one is meant. The zero value
// is none.
type netdevRef struct {
	name    string
	ifindex uint32
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
	if f == nil {
		return true
	}
	for _, b := range f.HWAddr {
		if b != 0 {
			return false
		}
	}
	return true
}

// macRetry is how often the address of a PF that nothing tells is looked for.
const macRetry = 10 * time.Second

// macReader reads the addresses of host PFs that devlink doesn't tell.
type macReader struct {
	sysfs string
	gate  *netlinkio.Gate
	audit time.Duration
	log   *slog.Logger
	// wanted tells what to look for, found is given what was read.
	wanted func() map[representor.Uplink]netdevRef
	found  func(map[representor.Uplink]representor.MAC)

	last map[representor.Uplink]netdevRef
	// due is when the files must be read next, even if the same ones are wanted.
	due time.Time
}

// read reads the files when others are wanted than before, or when it is time.
func (r *macReader) read(ctx context.Context, _ bool) time.Duration {
	wanted := r.wanted()
	if now := time.Now(); now.Before(r.due) && maps.Equal(wanted, r.last) {
		return r.due.Sub(now)
	}
	macs, err := readPFMACs(ctx, r.gate, r.sysfs, wanted)
	if ctx.Err() != nil {
		return 0
	}
	r.found(macs)
	next := r.audit
	if err != nil {
		r.log.DebugContext(ctx, "the MAC of a PF is not known", "err", err)
		next = min(next, macRetry)
	}
	r.last, r.due = wanted, time.Now().Add(next)
	return next
}

// readPFMACs reads the addresses that can be found; the error tells of the others.
func readPFMACs(ctx context.Context, gate *netlinkio.Gate, sysfs string,
	wanted map[representor.Uplink]netdevRef) (map[representor.Uplink]representor.MAC, error) {
	macs := make(map[representor.Uplink]representor.MAC, len(wanted))
	var missing []error
	for u, netdev := range wanted {
		if netdev == (netdevRef{}) {
			missing = append(missing, fmt.Errorf("PF %d of %s: no uplink netdev", u.Number, u.Handle))
			continue
		}
		mac, err := readPFMAC(ctx, gate, sysfs, netdev)
		if err != nil {
			missing = append(missing, fmt.Errorf("PF %d of %s: %w", u.Number, u.Handle, err))
			continue
		}
		macs[u] = mac
	}
	return macs, errors.Join(missing...)
}

// readPFMAC reads the file in which older mlx5 drivers tell the host PF's address,
// below its uplink's netdev. The driver may ask the firmware for it. The netdev's name
// may be another one's by now, so before and after sysfs must say that it is this one.
func readPFMAC(ctx context.Context, gate *netlinkio.Gate, sysfs string, netdev netdevRef) (representor.MAC, error) {
	if !filepath.IsLocal(netdev.name) || strings.ContainsRune(netdev.name, filepath.Separator) {
		return representor.MAC{}, fmt.Errorf("the netdev is called %q, which is no file name", netdev.name)
	}
	dir := filepath.Join(sysfs, "class", "net", netdev.name)
	path := filepath.Join(dir, "smart_nic", "pf", "config")
	bounded, cancel := context.WithTimeout(ctx, fileBound)
	defer cancel()
	text, err := netlinkio.Call(bounded, gate, func() ([]byte, error) {
		before := isNetdev(dir, netdev.ifindex)
		text, err := readFile(path)
		return text, errors.Join(before, err, isNetdev(dir, netdev.ifindex))
	})
	if err != nil {
		return representor.MAC{}, err
	}
	mac, err := parsePFConfig(text)
	if err != nil {
		return representor.MAC{}, fmt.Errorf("%s: %w", path, err)
	}
	return mac, nil
}

// isNetdev checks that a netdev's directory is that of an ifindex.
func isNetdev(dir string, ifindex uint32) error {
	path := filepath.Join(dir, "ifindex")
	text, err := readFile(path)
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(string(text)); got != strconv.FormatUint(uint64(ifindex), 10) {
		return fmt.Errorf("%s has %.20q, not %d: the netdev was just renamed", path, got, ifindex)
	}
	return nil
}

// readFile reads what is of use of a small file.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxConfig))
}

// parsePFConfig takes the address from the line "MAC        : aa:bb:cc:dd:ee:ff".
func parsePFConfig(text []byte) (representor.MAC, error) {
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		key, value, ok := strings.Cut(s.Text(), ":")
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
