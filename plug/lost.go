package plug

import (
	"maps"

	"github.com/representord/representord/representor"
)

// findLost looks for ports that lost all their rows though nobody took back what they ask
// for. They are as old as before when they get one again, and have a claim to the function, until
// that has a row, by whatever name a kernel had it.
func (h *holder) findLost(x *representor.Index, rows map[string]placed) {
	ports, has := map[string]bool{}, map[representor.Function]bool{}
	for _, r := range rows {
		ports[r.lport], has[r.function] = true, true
	}
	for _, was := range h.rows {
		if was.function.Kind != 0 && !ports[was.lport] && !h.went[was.lport] {
			h.lost[was.function] = was.lport
		}
	}
	h.rows = rows
	clear(h.went)
	maps.DeleteFunc(h.lost, func(function representor.Function, lport string) bool {
		return has[function] || has[x.WithController(function)] || ports[lport]
	})
}
