package hypervisor

import (
	"fmt"

	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
)

// groups gathers what many VFs of a PF have in common, so that it is said once.
type groups struct {
	order []reason.Code
	of    map[reason.Code]*group
}

type group struct {
	first reason.Reason
	vfs   []*pci.VF
}

func newGroups() *groups { return &groups{of: map[reason.Code]*group{}} }

func (g *groups) add(v *pci.VF, why reason.Reason) {
	if g.of[why.Code] == nil {
		g.order = append(g.order, why.Code)
		g.of[why.Code] = &group{first: why}
	}
	g.of[why.Code].vfs = append(g.of[why.Code].vfs, v)
}

// findings are those of groups: the first VF's words, and how many more there are.
func (g *groups) findings(p *pci.PF, stops bool) []Finding {
	all := make([]Finding, 0, len(g.order))
	for _, code := range g.order {
		one := g.of[code]
		why, on := one.first, one.vfs[0].Address.String()
		if n := len(one.vfs); n > 1 {
			on = p.Address.String()
			why.Message += fmt.Sprintf(" (and the same for %d more VFs of PF %s)", n-1, p.Address)
		}
		all = append(all, Finding{Stops: stops, On: on, Reason: why})
	}
	return all
}
