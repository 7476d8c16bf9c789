package hypervisor

import (
	"fmt"
	"slices"

	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
)

// groups gathers what many VFs of a PF have in common, so that it is said once.
type groups []group

type group struct {
	first reason.Reason
	vfs   []*pci.VF
}

func (g *groups) add(v *pci.VF, why reason.Reason) {
	at := slices.IndexFunc(*g, func(one group) bool { return one.first.Code == why.Code })
	if at < 0 {
		at = len(*g)
		*g = append(*g, group{first: why})
	}
	(*g)[at].vfs = append((*g)[at].vfs, v)
}

// findings are those of groups: the first VF's words, and how many more there are.
func (g *groups) findings(p *pci.PF, stops bool) []Finding {
	all := make([]Finding, 0, len(*g))
	for _, one := range *g {
		why, on := one.first, one.vfs[0].Address.String()
		if n := len(one.vfs); n > 1 {
			on = p.Address.String()
			why.Message += fmt.Sprintf(" (and the same for %d more VFs of PF %s)", n-1, p.Address)
		}
		all = append(all, Finding{Stops: stops, On: on, Reason: why})
	}
	return all
}
