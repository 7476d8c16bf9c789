package hypervisor

import (
	"fmt"
	"slices"

	"github.com/representord/representord/internal/pci"
)

// groups gathers what many VFs of a PF have in common, so that it is said once.
type groups []group

type group struct {
	first Finding
	vfs   []*pci.VF
}

func (g *groups) add(v *pci.VF, f Finding) {
	at := slices.IndexFunc(*g, func(one group) bool { return one.first.Code == f.Code })
	if at < 0 {
		at = len(*g)
		*g = append(*g, group{first: f})
	}
	(*g)[at].vfs = append((*g)[at].vfs, v)
}

// findings are those of groups, the worst first: the first VF's words, and how many more there are.
func (g *groups) findings(p *pci.PF) []Finding {
	all := make([]Finding, 0, len(*g))
	for _, one := range *g {
		f := one.first
		f.On = one.vfs[0].Address.String()
		if n := len(one.vfs); n > 1 {
			f.On = p.Address.String()
			f.Message += fmt.Sprintf(" (and the same for %d more VFs of PF %s)", n-1, p.Address)
		}
		all = append(all, f)
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return a.harm() - b.harm() })
	return all
}
