package explain

import (
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
)

// companions warns at the steps whose values a program writes that doesn't answer now: what
// is read there is what the program said last. A step that failed has its reason, which is
// this one if all that it lacks is the program's word.
func (c *chain) companions() {
	if c.placed == nil {
		return
	}
	writes := map[string][]string{companion.VSwitchd: {diagnose.Ofport}, companion.Controller: {diagnose.OVNInstalled, diagnose.Up}}
	for _, sight := range c.in.Companions {
		if sight.State != companion.Silent && sight.State != companion.Gone {
			continue
		}
		verb := " doesn't answer"
		if sight.State == companion.Gone {
			verb = " doesn't run"
		}
		for _, name := range writes[sight.Name] {
			const remedy = "see what became of it, and what mends it: `representorctl doctor`"
			switch s := c.step(name); {
			case s.Verdict == diagnose.Failed && s.Code == reason.CodeAwaitingOfport:
				s.Fail(sight.Name+verb+": "+s.Finding, remedy)
			case s.Verdict == diagnose.OK || s.Verdict == diagnose.Warning:
				s.Warn(sight.Name+verb+", so this is what it said last: "+s.Finding+"; without "+sight.Name+" "+companion.Without(sight.Name), remedy)
			}
			c.step(name).Note(sight.Name, string(sight.State))
		}
	}
}

// inTurn leaves out what comes after the OpenFlow port while there is none: ovn-controller
// waits for that, and nothing is to be mended there.
func (c *chain) inTurn() {
	if c.step(diagnose.Ofport).Verdict != diagnose.Failed {
		return
	}
	for _, name := range []string{diagnose.OVNInstalled, diagnose.Up} {
		if s := c.step(name); s.Verdict == diagnose.Warning {
			s.Skip("the step " + diagnose.Ofport + " comes first")
		}
	}
}
