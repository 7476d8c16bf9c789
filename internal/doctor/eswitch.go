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

// modes are the devices by what their eswitch is in, each sorted, in words but for the others.
type modes struct {
	switchdev, forbidden, failed []string
	// other are the devices in another mode, as devlink(8) takes them; odd says in which.
	other, odd []string
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
			m.switchdev = append(m.switchdev, name)
		default:
			m.other, m.odd = append(m.other, h.String()), append(m.odd, fmt.Sprintf("%s is in mode %s", name, e.Mode))
		}
	}
	return m
}

// legacy tells that there are eswitches, and that none makes representors.
func (p *patient) legacy() bool {
	m := p.modes()
	return len(m.other) > 0 && len(m.switchdev)+len(m.forbidden)+len(m.failed) == 0
}

// eswitch: a device in another mode than switchdev is a fault if no other one makes
// representors, and else perhaps a plain NIC of the DPU's own.
func (p *patient) eswitch(c *diagnose.Check) {
	m := p.modes()
	good, bad := strings.Join(m.switchdev, ", "), strings.Join(m.odd, ", ")
	switch {
	case bad != "" && good == "":
		c.Fail(bad+"; only in mode switchdev there are representors", diagnose.Switchdev(m.other...))
	case bad != "":
		c.Warn(bad+", and has no representors, while "+good+" is in mode switchdev", "if it serves a host, "+diagnose.Switchdev(m.other...))
	case len(m.forbidden) > 0:
		c.UnknownUntil("reading the mode of "+strings.Join(m.forbidden, ", ")+" needs CAP_NET_ADMIN", diagnose.RunAsRoot)
	case len(m.failed) > 0:
		c.UnknownUntil(strings.Join(m.failed, "; "), "see what devlink says: `devlink dev eswitch show DEVICE`")
	case p.EswitchErr != nil:
		c.UnknownUntil("the devices can't be listed: "+reason.OneLine(p.EswitchErr), "ask again, or devlink itself: `devlink dev`")
	case good == "":
		c.Unknown("no device has one")
	default:
		c.OK(good + " in mode switchdev")
	}
}
