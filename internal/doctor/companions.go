package doctor

import (
	"fmt"
	"strings"
	"time"

	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
)

// What mends ovs-vswitchd where it doesn't run, and what to do where it answers nobody who
// waits for longer. That it starts interrupts what flows for as long as ovn-controller takes to
// install the flows anew, so that it is started only where it doesn't run, and restarted by
// nobody's advice.
const (
	startVSwitchd = "start it, or its container; ports stay plugged, and what flows still is interrupted until ovn-controller has installed " +
		"the flows anew: `systemctl start ovs-vswitchd`"
	hungVSwitchd = "If not, see its log, /var/log/openvswitch/ovs-vswitchd.log on Debian. What the kernel has a flow for crosses meanwhile, " +
		"and would be cut while it restarts, so that is for an hour when nobody minds"
)

// The same for ovn-controller; SOCKET stands for where it listens. To stop it in its own way
// takes its tunnels and its Chassis row along, so that nobody is told to.
const (
	startController = "start it, or its container; ports stay plugged, and nothing that flows is cut: `systemctl start ovn-controller`"
	hungController  = "If not, see its log, /var/log/ovn/ovn-controller.log on Debian, and whether the Southbound is too big for it. " +
		"Nothing that flows is cut meanwhile. " +
		"If it must be started anew, with this it leaves its tunnels and its Chassis row, as soon as it answers: " +
		"`ovs-appctl --timeout=30 -t SOCKET exit --restart`"
)

// silenceMeans is for how long a companion must have been silent to be more than busy.
const silenceMeans = time.Minute

// companion: without either, the kernel goes on with the flows it has, and all that is in the
// databases looks well.
func (p *patient) companion(c *diagnose.Check, s companion.Sight, start, hung string) {
	watched, age := p.watched(s.Name)
	if s.State == companion.Unknown && watched.State != companion.Unknown && watched.State != "" {
		s = watched
		s.Why = strings.TrimSuffix("representord sees it so: "+watched.Why, ": ")
	}
	why, without := reason.Line(s.Why), companion.Without(s.Name)
	switch s.State {
	case companion.Answers:
		pid := ""
		if s.PID > 0 {
			pid = fmt.Sprintf("pid %d, ", s.PID)
		}
		c.OK(s.Name + " answers: " + pid + reason.Line(s.Version))
	case companion.Gone:
		c.Fail(s.Name+" doesn't run: "+why+"; "+without, start)
	case companion.Silent:
		patience := strings.ReplaceAll("see whether it answers who waits for longer: `ovs-appctl --timeout=30 -t SOCKET version` "+hung,
			"SOCKET", reason.Shell(s.Socket))
		switch {
		case s.Stopped:
			c.Fail(s.Name+" is stopped: "+why+"; "+without, fmt.Sprintf("let it go on, which costs nothing: `kill -CONT %d`", s.PID))
		case watched.State == companion.Silent && age >= silenceMeans:
			c.Fail(fmt.Sprintf("%s hangs: %s, and none since %s ago; %s", s.Name, why, age.Truncate(time.Second), without), patience)
		default:
			c.Warn(s.Name+" is busy or hangs: "+why+"; if it stays so, "+without, patience)
		}
	case companion.Unknown:
		remedy := ""
		switch {
		case s.Forbidden:
			remedy = diagnose.RunAsRoot
		case s.Why != "":
			remedy = fmt.Sprintf("see whether it runs, and which socket its --unixctl names: `ps -C %s -o pid,args`", s.Name)
		}
		c.UnknownUntil(fmt.Sprintf("whether %s runs can't be told: %s", s.Name, why), remedy)
	}
}

// byController is how to have done what ovn-controller does. One that answers isn't to be
// started: where it runs in a container, that would be a second one.
func (p *patient) byController(does string) string {
	if p.Controller.State == companion.Answers {
		return "ovn-controller " + does + "; it runs, and its log says what keeps it from that: `tail -n 50 /var/log/ovn/ovn-controller.log`"
	}
	return "start ovn-controller, which " + does +
		"; its log says what keeps it from that: `systemctl start ovn-controller; tail -n 50 /var/log/ovn/ovn-controller.log`"
}

// watched is how the daemon sees a companion, and for how long; nothing without the daemon.
func (p *patient) watched(name string) (companion.Sight, time.Duration) {
	if p.Daemon != nil {
		for _, c := range p.Daemon.Companions {
			if c.Name == name {
				return c, p.Now.Sub(c.Since)
			}
		}
	}
	return companion.Sight{}, 0
}
