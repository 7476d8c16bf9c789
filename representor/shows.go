package representor

// Shows reports whether the index shows a representor as another index gave it: the same
// netdev, under the same name, for the same function.
func (x *Index) Shows(r Representor) bool {
	now, ok := x.ByFunction(r.Function)
	return ok && now.IfIndex == r.IfIndex && now.Link.Name == r.Link.Name
}

// Usurps reports whether the index shows something else than a representor's function
// under the name that another index gave for its netdev.
func (x *Index) Usurps(r Representor) bool {
	ifindex, _, ok := x.LinkByName(r.Link.Name)
	return ok && (ifindex != r.IfIndex || !x.Shows(r))
}
