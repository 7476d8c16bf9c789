package representor

import (
	"maps"

	"github.com/representord/representord/devlink"
)

// Class is what devlink ports are counted by.
type Class struct {
	Flavour devlink.Flavour
	// Controller is absent for ports that don't say theirs: those of the switch itself,
	// and all ports of kernels before 5.10.
	Controller devlink.Optional[uint32]
}

func count(ports []devlink.Port) map[Class]int {
	census := map[Class]int{}
	for i := range ports {
		c := Class{Flavour: ports[i].Flavour, Controller: ports[i].Controller}
		if !c.Controller.Present {
			c.Controller.Value = 0
		}
		census[c]++
	}
	return census
}

// Census counts all devlink ports of the card, those that are no representors too.
func (x *Index) Census() map[Class]int { return maps.Clone(x.census) }

// AmbiguousMACs is how many MACs name more than one PF. A request with such a MAC
// isn't followed unless its controller or its card's serial number decides.
func (x *Index) AmbiguousMACs() int {
	owner := map[MAC]Function{}
	shared := map[MAC]bool{}
	for _, p := range x.pfs {
		if p.mac.IsZero() || !x.candidate(p.function) {
			continue
		}
		if other, ok := owner[p.mac]; ok && other != p.function {
			shared[p.mac] = true
		}
		owner[p.mac] = p.function
	}
	return len(shared)
}
