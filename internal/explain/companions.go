package explain

import (
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/reason"
)

// companions warns at the steps whose values a program writes that doesn't answer now: what
// is read there is what the program said last. A step that failed has its reason, which is
// this one if all that it lacks is the program's word.
func (c *chain) companions() {
	if c.placed == nil {
		return
	}
	for _, sight := range c.in.Companions {
		if sight.State != companion.Silent && sight.State != companion.Gone {
			continue
		}
		for _, name := range writes(sight.Name) {
			s, verb := c.step(name), " doesn't answer"
			if sight.State == companion.Gone {
				verb = " doesn't run"
			}
			const remedy = "see what became of it, and what mends it: `representorctl doctor`"
			switch {
			case s.Result == Failed && s.Code == reason.CodeAwaitingOfport:
				s.is(Failed, sight.Name+verb+": "+s.Finding)
				s.Remedy = remedy
			case s.Result == OK || s.Result == Warning:
				s.is(Warning, sight.Name+verb+", so this is what it said last: "+s.Finding+"; without "+sight.Name+" "+companion.Without(sight.Name))
				s.Remedy = remedy
			}
			s.read(sight.Name, string(sight.State))
		}
	}
}

// inTurn leaves out what comes after the OpenFlow port while there is none: ovn-controller
// waits for that, and nothing is to be mended there.
func (c *chain) inTurn() {
	if c.step(Ofport).Result != Failed {
		return
	}
	for _, name := range []Name{OVNInstalled, Up} {
		if s := c.step(name); s.Result == Warning {
			s.is(Skipped, "the step "+string(Ofport)+" comes first")
			s.Remedy = ""
		}
	}
}

// writes are the steps that a companion writes the values of.
func writes(name string) []Name {
	switch name {
	case companion.VSwitchd:
		return []Name{Ofport}
	case companion.Controller:
		return []Name{OVNInstalled, Up}
	}
	return nil
}
