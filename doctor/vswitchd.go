package doctor

import (
	"fmt"

	"github.com/representord/representord/companion"
	"github.com/representord/representord/control"
)

// ofVSwitchd is what is said where it doesn't answer. That it starts interrupts what flows
// for as long as ovn-controller takes to install the flows anew, so that it is started only
// where it doesn't run, and restarted by nobody's advice.
func ofVSwitchd() about {
	return about{
		check: "vswitchd",
		dark:  "no packet that the kernel has no flow for crosses, and what is plugged now is not opened",
		start: "start it, or its container; ports stay plugged: `systemctl start ovs-vswitchd`",
		hung: "If not, see its log, /var/log/openvswitch/ovs-vswitchd.log on Debian. What the kernel has a flow for crosses meanwhile, and " +
			"would be cut while it restarts, so that is for an hour when nobody minds",
	}
}

// about is what is to be said of a companion.
type about struct {
	// check is the check's name.
	check string
	// dark is what doesn't work without it.
	dark string
	// start mends it where it doesn't run. hung is what to do where it answers nobody who
	// waits for longer.
	start, hung string
}

// vswitchd: without it the kernel goes on with the flows it has, and all that is in
// the databases looks well.
func (p *patient) vswitchd() Check { return p.companion(ofVSwitchd(), p.VSwitchd) }

func (p *patient) companion(a about, s companion.Sight) Check {
	c := Check{Name: a.check, Verdict: Unknown}
	why := control.Harmless(s.Why)
	switch s.State {
	case companion.Answers:
		c.Verdict, c.Finding = OK, s.Name+" answers: "
		if s.PID > 0 {
			c.Finding += fmt.Sprintf("pid %d, ", s.PID)
		}
		c.Finding += control.Harmless(s.Version)
	case companion.Gone:
		c.Verdict, c.Finding, c.Remedy = Fail, s.Name+" doesn't run: "+why+"; "+a.dark, a.start
	case companion.Silent:
		c.Verdict, c.Finding = Warn, s.Name+" is busy or hangs: "+why+"; if it stays so, "+a.dark
		c.Remedy = fmt.Sprintf("see whether it answers who waits for longer: `ovs-appctl --timeout=30 -t %s version` %s", shell(s.Socket), a.hung)
		if s.Stopped {
			c.Verdict, c.Finding = Fail, s.Name+" is stopped: "+why+"; "+a.dark
			c.Remedy = fmt.Sprintf("let it go on, which costs nothing: `kill -CONT %d`", s.PID)
		}
	case companion.Unknown:
		c.Finding = fmt.Sprintf("whether %s runs can't be told: %s", s.Name, why)
		switch {
		case s.Forbidden:
			c.Remedy = "run this as root"
		case s.Why != "":
			c.Remedy = fmt.Sprintf("see whether it runs, and which socket its --unixctl names: `ps -C %s -o pid,args`", s.Name)
		}
	}
	return c
}
