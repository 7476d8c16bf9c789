package doctor

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/diagnose"
)

// upcallsMeaning is how many packets must have been lost, and none have passed, for
// that to be no accident: ovs-vswitchd may just be starting.
const upcallsMeaning = 5

// upcalls: for a packet without a flow the kernel asks ovs-vswitchd. When none of
// these questions arrives no packet ever crosses the bridge, though every port is
// plugged, opened and up; nothing in any database shows it.
func (p *patient) upcalls(c *diagnose.Check) {
	s := p.Datapath
	lost := fmt.Sprintf("of %d packets that had no flow, the kernel lost %d (flows took %d)", s.Missed, s.Lost, s.Hit)
	switch {
	case p.LocalErr == nil && p.Local.BridgeUUID != "" && !p.Local.KernelDatapath():
		c.Unknown("the bridge has a datapath of its own, which the kernel counts nothing of")
	case errors.Is(p.DatapathErr, fs.ErrNotExist):
		c.UnknownUntil("the kernel has no datapath of Open vSwitch yet",
			"start Open vSwitch, which makes it together with the bridge: `systemctl enable --now openvswitch-switch`")
	case p.DatapathErr != nil:
		c.UnknownUntil(p.DatapathErr.Error(), "see what Open vSwitch's own program reads of it: `ovs-dpctl show`")
	case s.Lost > 0 && (p.VSwitchd.State == companion.Gone || p.VSwitchd.State == companion.Silent):
		c.UnknownUntil(lost+": there is nobody to take them", "mend ovs-vswitchd first, as said above")
	case s.Hit == 0 && s.Lost >= s.Missed && s.Lost >= upcallsMeaning:
		c.Fail(fmt.Sprintf("no packet ever crossed: the kernel lost each of the %d that it had to hand to ovs-vswitchd", s.Lost),
			"restart Open vSwitch, which costs nothing while no packet crosses, and keeps the ports: "+
				"`systemctl restart openvswitch-switch` "+
				"Open vSwitch 3.1.0 on one or two CPUs needs it whenever ovs-vswitchd starts within 10 s of boot, 3.1.1 doesn't")
	case s.Lost > 0:
		c.Warn(lost+", since the datapath was made",
			"see whether it grows: `ovs-dpctl show` If not, ovs-vswitchd was away for a moment; if so, it is not there, see vswitchd above, "+
				"or has more new flows to decide on than it can; look at its log, and at: `ovs-appctl upcall/show`")
	default:
		c.OK(fmt.Sprintf("none was lost of %d packets that had no flow", s.Missed))
	}
}
