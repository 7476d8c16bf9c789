package doctor

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
)

// Eswitch is the mode of a device's embedded switch, or why it can't be read.
type Eswitch struct {
	Mode devlink.EswitchMode
	Err  error
}

// modes are the devices by what their eswitch is in, each sorted.
type modes struct {
	switchdev, other  []devlink.Handle
	forbidden, failed []string
}

func (p *patient) modes() modes {
	var m modes
	for _, h := range slices.SortedFunc(maps.Keys(p.Eswitches),
		func(a, b devlink.Handle) int { return strings.Compare(a.String(), b.String()) }) {
		name := reason.Word(h.String())
		switch e := p.Eswitches[h]; {
		case errors.Is(e.Err, os.ErrPermission):
			m.forbidden = append(m.forbidden, name)
		case e.Err != nil:
			m.failed = append(m.failed, fmt.Sprintf("%s: %v", name, e.Err))
		case e.Mode == devlink.EswitchSwitchdev:
			m.switchdev = append(m.switchdev, h)
		default:
			m.other = append(m.other, h)
		}
	}
	return m
}

// legacy tells that there are eswitches, and that none makes representors.
func (p *patient) legacy() bool {
	m := p.modes()
	return len(m.other) > 0 && len(m.switchdev)+len(m.forbidden)+len(m.failed) == 0
}

// switchdev is what makes representors on these devices.
func switchdev(devices []devlink.Handle) string {
	var names []string
	for _, h := range devices {
		names = append(names, h.String())
	}
	return diagnose.Switchdev(names...)
}

// eswitch: a device in another mode than switchdev is a fault if no other one makes
// representors, and else perhaps a plain NIC of the DPU's own.
func (p *patient) eswitch(c *diagnose.Check) {
	m := p.modes()
	var bad, good []string
	for _, h := range m.other {
		bad = append(bad, fmt.Sprintf("%s is in mode %s", reason.Word(h.String()), p.Eswitches[h].Mode))
	}
	for _, h := range m.switchdev {
		good = append(good, reason.Word(h.String()))
	}
	switch {
	case len(bad) > 0 && len(good) == 0:
		c.Fail(strings.Join(bad, ", ")+"; only in mode switchdev there are representors", switchdev(m.other))
	case len(bad) > 0:
		c.Warn(strings.Join(bad, ", ")+", and has no representors, while "+strings.Join(good, ", ")+" is in mode switchdev",
			"if it serves a host, "+switchdev(m.other))
	case len(m.forbidden) > 0:
		c.UnknownUntil("reading the mode of "+strings.Join(m.forbidden, ", ")+" needs CAP_NET_ADMIN", diagnose.RunAsRoot)
	case len(m.failed) > 0:
		c.UnknownUntil(strings.Join(m.failed, "; "), "see what devlink says: `devlink dev eswitch show DEVICE`")
	case p.EswitchErr != nil:
		c.UnknownUntil("the devices can't be listed: "+reason.OneLine(p.EswitchErr), "ask again, or devlink itself: `devlink dev`")
	case len(good) == 0:
		c.Unknown("no device has one")
	default:
		c.OK(strings.Join(good, ", ") + " in mode switchdev")
	}
}
