package representor

import (
	"bytes"
	"cmp"
)

// Compare orders functions: by devlink instance, then controller (none first),
// the host's before our own machine's, then PF, kind and number.
func (f Function) Compare(g Function) int {
	if c := f.Handle.Compare(g.Handle); c != 0 {
		return c
	}
	return cmp.Or(
		compareBools(f.Controller.Present, g.Controller.Present),
		cmp.Compare(f.Controller.Value, g.Controller.Value),
		compareBools(g.External, f.External),
		cmp.Compare(f.PF, g.PF),
		cmp.Compare(f.Kind, g.Kind),
		cmp.Compare(f.Number, g.Number),
	)
}

// compareRepresentors orders by function and then by what tells the entries of a
// function that several ports claim apart, so that the order is always the same.
func compareRepresentors(a, b Representor) int {
	if c := a.Function.Compare(b.Function); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(a.PortIndex, b.PortIndex),
		cmp.Compare(a.IfIndex, b.IfIndex),
		bytes.Compare(a.HWAddr[:], b.HWAddr[:]),
		cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.State, b.State),
		cmp.Compare(a.OpState, b.OpState),
	)
}

// compareBools puts false first.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
