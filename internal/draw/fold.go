package draw

import (
	"fmt"
	"slices"
	"strings"

	"github.com/representord/representord/internal/api"
)

const (
	// Beyond roomyMost cells they are drawn small.
	roomyMost = 60
	// fewFunctions of a PF are all drawn.
	fewFunctions = 12
	// pileLeast is the shortest run that becomes a pile.
	pileLeast = 4
	// Beyond manyFunctions runs become piles even where nothing is known of requests,
	// and all that there is to see is the functions themselves.
	manyFunctions = 1024
)

// fold makes piles of runs of functions that nobody asks for, where a PF has many,
// and then sums up.
func (m *model) fold(piles bool) {
	total := 0
	for i := range m.instances {
		in := &m.instances[i]
		in.summary = summary(in)
		for p := range in.pfs() {
			if before := len(p.cells); piles && before > fewFunctions {
				p.cells = fold(p.cells)
				m.piles = m.piles || len(p.cells) < before
			}
			total += len(p.cells)
		}
	}
	if total > roomyMost {
		m.columns = smallColumns(m)
	}
}

func fold(cells []cell) []cell {
	var out []cell
	for i := 0; i < len(cells); {
		j := i + 1
		for j < len(cells) && follows(&cells[j-1], &cells[j]) {
			j++
		}
		if j-i < pileLeast {
			out = append(out, cells[i:j]...)
			i = j
			continue
		}
		pile := cells[i]
		pile.last, pile.pile = &cells[j-1].Representor, j-i
		pile.label += "–" + numberOf(*pile.last)
		out = append(out, pile)
		i = j
	}
	return out
}

// follows tells that two cells may lie on one pile.
func follows(a, b *cell) bool {
	return a.look == none && b.look == none && a.Kind == b.Kind &&
		a.Number != nil && b.Number != nil && *b.Number == *a.Number+1
}

// summary counts what an instance has.
func summary(in *instance) string {
	pfs, kinds, looks := 0, map[string]int{}, map[string]int{}
	for p := range in.pfs() {
		pfs++
		cells := p.cells
		if p.own != nil {
			cells = append(slices.Clone(cells), *p.own)
		}
		for i := range cells {
			kinds[cells[i].Kind]++
			looks[cells[i].look]++
		}
	}
	var parts []string
	for _, of := range []struct {
		n    int
		noun string
	}{{len(in.uplinks), "uplink"}, {pfs, "PF"}, {kinds["vf"], "VF"}, {kinds["sf"], "SF"}} {
		switch of.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+of.noun)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", of.n, of.noun))
		}
	}
	if n := looks["plugged"]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d plugged", n))
	}
	return strings.Join(parts, ", ")
}

// linkState is a netdev's, behind a space, empty when nothing is known of it.
func linkState(netdev string, l *api.Link) string {
	switch {
	case netdev == "" || l == nil:
		return ""
	case !l.Settled:
		return " settling"
	case l.Up:
		return " up"
	}
	return " down"
}
