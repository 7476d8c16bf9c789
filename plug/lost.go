package plug

import (
	"maps"

	"github.com/representord/representord/representor"
)

// findLost looks for ports that lost all their rows though nobody took back what they ask
// for. They are as old as before when they get one again, and have a claim to the function, until
// that has a row, by whatever name a kernel had it.
func (h *holder) findLost(x *representor.Index, rows map[string][]representor.Function) {
	if h.lost == nil {
		h.lost = map[representor.Function]string{}
	}
	for lport, had := range h.rows {
		for _, function := range had {
			if function.Kind != 0 && len(rows[lport]) == 0 && !h.went[lport] {
				h.lost[function] = lport
			}
		}
	}
	h.rows, h.went = rows, nil
	has := map[representor.Function]bool{}
	for _, functions := range rows {
		for _, function := range functions {
			has[function] = true
		}
	}
	maps.DeleteFunc(h.lost, func(function representor.Function, lport string) bool {
		return has[function] || has[x.WithController(function)] || len(rows[lport]) > 0
	})
}
