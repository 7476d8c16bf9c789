package representor

// LinksCurrent reports whether rtnetlink could be read, so that names and ifindexes
// are the present ones whatever is known of the ports; and if not, why.
func (x *Index) LinksCurrent() (bool, string) { return x.linksCurrent, x.linksProblem }

// BlindFor reports whether the ports of a function's devlink instance could not be read
// now, and why. What the Index says of such a function was read before: it may have gone,
// and others may have come.
func (x *Index) BlindFor(f Function) (problem string, blind bool) {
	if !x.complete {
		return x.problem, true
	}
	problem, blind = x.blind[f.Handle]
	return problem, blind
}

// BlindInstances is how many devlink instances have ports that could not be read now, though
// others could be.
func (x *Index) BlindInstances() int { return len(x.blind) }

// Vanished reports whether devlink's list of ports has a function with a netdev that isn't
// among those of our network namespace: it is in another one, or the list is older than
// what is known of netdevs, and the function has another netdev by now.
func (x *Index) Vanished(f Function) bool { return x.vanished[f] }
