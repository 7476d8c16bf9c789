package api

import (
	"slices"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/cardserial/register"
)

// CardSerials gives the facts as PathSerials shows them.
func (f Facts) CardSerials() Serials {
	r := f.Serials
	out := Serials{
		Registration: !r.Off, Problem: r.Problem,
		Cards: make([]register.Card, 0, len(r.Cards)), Stale: r.Stale, Foreign: r.Foreign,
	}
	if whole, problem := f.Index.Complete(); !whole {
		out.CardProblem = problem
	}
	if f.Chassis != "" {
		out.Key, out.Options = r.Key, r.Options
	}
	var copied []string
	if f.Southbound.Complete && f.Southbound.ChassisKnown {
		out.Southbound = &ChassisOptions{
			Chassis: f.Southbound.Chassis, Options: f.Southbound.CMSOptions, HiddenFromOldNeutron: f.Southbound.HiddenFromOldNeutron,
		}
		copied = cardserial.Published(f.Southbound.CMSOptions)
	}
	for _, c := range r.Cards {
		if out.Southbound != nil {
			c.InSouthbound = new(slices.Contains(copied, c.Serial))
		}
		out.Cards = append(out.Cards, c)
	}
	return out
}
