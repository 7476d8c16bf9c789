package card

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

// parents finds the devices that netdevs stand on where rtnetlink doesn't tell them, which
// it does from Linux 5.14 on: as /sys/class/net/NAME/device.
type parents struct {
	sysfs string
	// known are those that were found: a netdev keeps its device for as long as it lives.
	known map[uint32]devlink.Handle
}

// fill fills in the parents of links, which are all there are. A kernel that tells one
// tells every one.
func (p *parents) fill(links map[uint32]representor.Link) {
	for _, l := range links {
		if l.Parent != (devlink.Handle{}) || l.TellsPort {
			return
		}
	}
	found := make(map[uint32]devlink.Handle, len(p.known))
	for ifindex, l := range links {
		if l.Kind != "" {
			continue // a software device
		}
		parent, ok := p.known[ifindex]
		if !ok {
			parent, _ = readParent(p.sysfs, netdevRef{l.Name, ifindex})
		}
		if parent != (devlink.Handle{}) {
			found[ifindex], l.Parent = parent, parent
			links[ifindex] = l
		}
	}
	p.known = found
}

// readParent reads which device a netdev stands on, and on which bus that is. No driver
// is asked.
func readParent(sysfs string, netdev netdevRef) (devlink.Handle, error) {
	return ofNetdev(sysfs, netdev, func(dir string) (devlink.Handle, error) {
		device, err := os.Readlink(filepath.Join(dir, "device"))
		subsystem, errBus := os.Readlink(filepath.Join(dir, "device", "subsystem"))
		if err := errors.Join(err, errBus); err != nil {
			return devlink.Handle{}, err
		}
		if class := filepath.Base(filepath.Dir(subsystem)); class != "bus" {
			return devlink.Handle{}, fmt.Errorf("%s is on no bus but of the %s %s", device, class, filepath.Base(subsystem))
		}
		return devlink.Handle{Bus: filepath.Base(subsystem), Device: filepath.Base(device)}, nil
	})
}
