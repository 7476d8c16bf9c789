package representor

import (
	"slices"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
)

// name is a function as a Reason shows it.
func (f Function) name() string { return reason.Name(f.String()) }

// port is the devlink port of a representor as a Reason shows it.
func (r *Representor) port() string {
	return reason.Name(devlink.PortID{Handle: r.Function.Handle, Index: r.PortIndex}.String())
}

// functions gives the names of PFs, sorted and each once.
func functions(pfs []pf) []string {
	names := make([]string, 0, len(pfs))
	for _, p := range pfs {
		names = append(names, p.function.name())
	}
	slices.Sort(names)
	return slices.Compact(names)
}
