package explain

import "github.com/representord/representord/companion"

// companions warns at the steps whose values a program writes that doesn't answer now: what
// is read there is what the program said last. A step that failed has its reason.
func (c *chain) companions() {
	if c.placed == nil {
		return
	}
	for _, sight := range c.in.Companions {
		if sight.State != companion.Silent && sight.State != companion.Gone {
			continue
		}
		for _, name := range writes(sight.Name) {
			s := c.step(name)
			if s.Result != Failed && s.Result != Skipped {
				s.is(Warning, sight.Name+" doesn't answer, so this is what it said last: "+companion.Without(sight.Name))
				s.Remedy = "see what became of it, and what mends it: `representorctl doctor`"
			}
			s.read(sight.Name, string(sight.State))
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
