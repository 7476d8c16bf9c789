package card

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

// fillParents finds the devices that netdevs stand on where rtnetlink doesn't tell them, which
// it does from Linux 5.14 on: as /sys/class/net/NAME/device. Links are all there are, last those
// of before: a netdev keeps its device for as long as it lives.
func fillParents(sysfs string, links, last map[uint32]representor.Link) {
	for _, l := range links {
		if l.Parent != (devlink.Handle{}) || l.TellsPort {
			return // a kernel that tells one tells every one
		}
	}
	for ifindex, l := range links {
		if l.Kind != "" {
			continue // a software device
		}
		l.Parent = last[ifindex].Parent
		if l.Parent == (devlink.Handle{}) {
			// What can't be read is looked for again with the next list.
			l.Parent, _ = readParent(sysfs, netdevRef{l.Name, ifindex})
		}
		links[ifindex] = l
	}
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
